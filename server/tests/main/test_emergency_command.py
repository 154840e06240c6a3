"""keystead emergency …: accounts that no policy is for."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from keystead_testkit.command_line import invoke

Keystead = Callable[..., Any]
GRACE = "grace@contoso.example"


def troubles(told: Any) -> set[tuple[str, str]]:
    return {(each["account"], each["code"]) for each in told["troubles"]}


def test_accounts_are_named_checked_and_taken_out_again(keystead: Keystead, data: Path) -> None:
    keystead("user", "create", GRACE)
    assert keystead("emergency", "list") == {"accounts": [], "troubles": []}

    keystead("emergency", "add", GRACE)
    checked = invoke(data, "emergency", "check")
    assert checked.exit_code == 1
    assert f"! the emergency account {GRACE} has nothing that it could sign in with" in checked.stdout
    assert ("", "emergency_accounts_too_few") in troubles(keystead("emergency", "list"))

    keystead("emergency", "remove", GRACE)
    assert invoke(data, "emergency", "check").exit_code == 0


def test_somebody_who_is_not_there_is_not_named(keystead: Keystead) -> None:
    assert keystead("emergency", "add", "nobody@contoso.example", fails=True) == "user_unknown"
