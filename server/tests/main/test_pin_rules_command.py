"""keystead pin-rules: show, set, history."""

import json
from pathlib import Path

from keystead_testkit.command_line import invoke


def test_rules_are_set_one_by_one_and_every_version_is_kept(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert invoke(data, "init").exit_code == 0
    assert "Nobody has set any" in invoke(data, "pin-rules", "show").stdout

    first = invoke(data, "pin-rules", "set", "--minimum", "8", "--digits", "require")
    second = invoke(data, "pin-rules", "set", "--history", "5", "--expiry-days", "365", "--json")

    assert "Saved as version 1." in first.stdout
    assert json.loads(second.stdout) == {
        "version": 2, "minimum": 8, "digits": "require", "lowercase": "allow", "uppercase": "allow",
        "special": "allow", "history": 5, "expiryDays": 365,
    }  # fmt: skip
    kept = json.loads(invoke(data, "pin-rules", "history", "--json").stdout)
    assert [(row["version"], row["by"], row["history"]) for row in kept] == [(2, "operator", 5), (1, "operator", 0)]


def test_rules_that_no_pin_could_meet_are_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert invoke(data, "init").exit_code == 0
    nothing = [f"--{name}=disallow" for name in ("digits", "lowercase", "uppercase", "special")]

    refused = invoke(data, "pin-rules", "set", *nothing, "--json")

    assert json.loads(refused.stdout)["error"]["code"] == "pin_rules_invalid"
