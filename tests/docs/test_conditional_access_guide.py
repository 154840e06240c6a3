"""docs/guides/conditional-access.md can be followed, in this process, because it is long."""

import re
import shlex
from pathlib import Path

import pytest
from keystead_testkit.command_line import invoke

PAGE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "conditional-access.md"
LINES = re.findall(r"^\$ keystead (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


def test_the_guide_can_be_followed_from_a_new_organisation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    data = tmp_path / "data"
    assert invoke(data, "init").exit_code == 0
    assert invoke(data, "user", "create", "ada@contoso.example").exit_code == 0

    said = {}
    for line in LINES:
        done = invoke(data, *shlex.split(line))
        assert done.exit_code == 0, f"{line}\n{done.output}"
        said[line] = done.stdout

    assert len(LINES) > 15
    assert all(said.values())
    assert said["policy what-if ada@contoso.example --method fido2 --enforce"].startswith("They get in.")
    assert said["policy apply ./access --kind access --yes"].startswith("Nothing changes")
    assert "taken" in said["policy import ./access --report-only --dry-run"]
