"""docs/guides/conditional-access.md can be followed, in this process, because it is long."""

import re
import shlex
import subprocess
from pathlib import Path
from uuid import UUID

import pytest
from keystead_server.domain.ids import AttemptId, PasskeyId
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.domain.user import User
from keystead_server.main.config import Config
from keystead_server.main.wiring import System, open_system
from keystead_server.ports.changes import Add
from keystead_testkit.command_line import invoke
from keystead_testkit.loop import run

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "conditional-access.md"
ADA = "ada@contoso.example"
LINES = re.findall(r"^\$ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def live(data: Path) -> None:
    """The administrator has a passkey, and ada has signed in with a pass and then with a passkey."""

    async def write() -> None:
        system = await open_system(Config(data=data))
        (tenant,) = await system.store.tenants.all()
        for user in await system.store.users.administrators(tenant.id):
            await system.store.write(Add(_passkey(system, user)))
        ada = await system.store.users.by_username(tenant.id, ADA)
        assert ada is not None
        for method in (Method.TEMPORARY_ACCESS_PASS, Method.PASSKEY):
            now = system.services.clock.now()
            row = Attempt(
                AttemptId(system.services.entropy.new_id(now)), tenant.id, now, Purpose.SIGN_IN, method, Result.GRANTED,
                "granted", "192.0.2.7", user_id=ada.id, username=ADA,
            )  # fmt: skip
            await system.store.write(Add(row))
        await system.close()

    run(write())


def _passkey(system: System, user: User) -> Passkey:
    now, entropy = system.services.clock.now(), system.services.entropy
    return Passkey(
        PasskeyId(entropy.new_id(now)), user.tenant_id, user.id, entropy.token(16), b"none", -7, UUID(int=0), 0,
        False, False, (), "none", "none", Proof.NONE, "Laptop", now, user.id,
    )  # fmt: skip


def test_the_guide_can_be_followed_from_a_new_organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    assert invoke(data, "init").exit_code == 0
    assert invoke(data, "user", "create", ADA).exit_code == 0
    live(data)

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
