"""Each of our codes that the sign-in log can hold has its number."""

import re
from pathlib import Path

from keystead_server.http.graph.aadsts import ERROR_NUMBERS, METHOD_FAILED, error_number

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")
IN_THE_LOG = {
    code
    for code, shows in re.findall(r"^\| `([a-z_]+)` \|.*\| ([^|]*) \|$", PAGE, re.MULTILINE)
    if "sign-in log" in shows
}


def test_every_reason_of_the_log_has_a_number_and_nothing_else_has() -> None:
    assert set(ERROR_NUMBERS) - {"granted"} == IN_THE_LOG


def test_only_what_was_granted_is_zero() -> None:
    assert [code for code, number in ERROR_NUMBERS.items() if number == 0] == ["granted"]
    assert error_number("a_code_of_a_later_version") == METHOD_FAILED
