"""keystead risk …"""

from collections.abc import Callable
from typing import Any

Keystead = Callable[..., Any]
GRACE = "grace@contoso.example"


def test_what_was_found_is_kept_shown_confirmed_and_dismissed(keystead: Keystead) -> None:
    keystead("user", "create", GRACE)
    assert keystead("risk", "list") == []

    keystead("risk", "supply", GRACE, "--level", "medium", "--reason", "seen on a list")
    shown = keystead("risk", "show", GRACE)
    assert (shown["level"], shown["because"][0]["says"]) == ("medium", "seen on a list")

    keystead("risk", "confirm", GRACE)
    (listed,) = keystead("risk", "list")
    assert (listed["username"], listed["level"], listed["confirmed"]) == (GRACE, "high", True)

    keystead("risk", "dismiss", GRACE)
    assert keystead("risk", "show", GRACE)["level"] == "none"


def test_a_reason_of_two_lines_is_refused(keystead: Keystead) -> None:
    keystead("user", "create", GRACE)

    supplied = ("risk", "supply", GRACE, "--level", "low", "--reason", "one\nanother")

    assert keystead(*supplied, fails=True) == "risk_malformed"


def test_an_insider_risk_and_a_risk_of_sign_ins_are_supplied_for_some_days(keystead: Keystead) -> None:
    keystead("user", "create", GRACE)

    keystead("risk", "insider", GRACE, "--level", "elevated", "--reason", "case 7", "--days", "7")
    keystead("risk", "supply", GRACE, "--about", "signin", "--level", "low", "--reason", "a network", "--days", "1")

    (listed,) = keystead("risk", "list")
    assert (listed["level"], listed["sign_in_level"], listed["insider_level"]) == ("none", "low", "elevated")
    keystead("risk", "insider", GRACE, "--level", "none", "--reason", "closed")
    assert keystead("risk", "show", GRACE)["insider_level"] == "none"
