"""docs/guides/conditional-access.md can be followed, in this process, because it is long."""

import json
import re
import shlex
import subprocess
from pathlib import Path

import pytest
from keystead_server.domain.ids import AttemptId, UserId
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.main.config import Config
from keystead_server.main.wiring import open_system
from keystead_server.ports.changes import Add
from keystead_testkit.command_line import invoke
from keystead_testkit.loop import run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "conditional-access.md"
LINES = re.findall(r"^\$ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def sign_in(data: Path, user: str, method: Method) -> None:
    """Put a sign-in of *user* into the log."""

    async def write_row() -> None:
        system = await open_system(Config(data=data))
        (tenant,) = await system.store.tenants.all()
        now = system.services.clock.now()
        row_id = AttemptId(system.services.entropy.new_id(now))
        row = Attempt(
            row_id, tenant.id, now, Purpose.SIGN_IN, method, Result.GRANTED, "granted", "192.0.2.7",
            user_id=UserId(user), username="ada@contoso.example",
        )  # fmt: skip
        await system.store.write(Add(row))
        await system.close()

    run(write_row())


def test_the_guide_can_be_followed_from_a_new_organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    assert invoke(data, "init").exit_code == 0
    ada = json.loads(invoke(data, "user", "create", "ada@contoso.example", "--json").stdout)["id"]
    sign_in(data, ada, Method.TEMPORARY_ACCESS_PASS)
    sign_in(data, ada, Method.PASSKEY)

    said = [(line, typed(data, line)) for line in LINES]

    assert len(LINES) > 20
    told = dict(said)
    assert told["keystead policy what-if ada@contoso.example --method fido2 --enforce"].startswith("They get in.")
    assert "Newly asked for more: 1 sign-ins of 1 people." in told["keystead policy replay --days 30 --enforce"]
    plans = [answer for line, answer in said if line == "keystead policy plan ./access --kind access"]
    assert ["was only reported and is enforced" in plan for plan in plans] == [True, True]
    assert "Newly asked for more: 1 sign-ins" in plans[1]
    explained = told["keystead policy explain ada@contoso.example --kind access"]
    assert "Phishing-resistant sign-in for everybody: applied, and was met" in explained
    assert "taken" in told["keystead policy import ./access --report-only --dry-run"]


def typed(data: Path, line: str) -> str:
    """What *line* says; of other programs' lines nothing."""
    command, *arguments = shlex.split(line)
    if command != "keystead":
        subprocess.run(["/bin/sh", "-c", line], check=True, timeout=10)
        return ""
    done = invoke(data, *arguments)
    assert done.exit_code == 0, f"{line}\n{done.output}"
    assert done.stdout, line
    return done.stdout
