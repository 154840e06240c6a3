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
# On Microsoft's page of error codes, of those that we use.
PUBLISHED = frozenset(
    {
        50011, 50034, 50053, 50056, 50057, 50072, 50074, 50076, 50126, 50155, 50173, 53003, 54005, 70000, 70001, 70003,
        70008, 70011, 75011, 130005, 130008, 135010, 135011, 530032, 530035, 7000215, 9002313,
    }
)  # fmt: skip
REPORTED = frozenset({METHOD_FAILED, 135016, 135017, 135018})


def test_every_reason_of_the_log_has_a_number_and_nothing_else_has() -> None:
    assert set(ERROR_NUMBERS) - {"granted"} == IN_THE_LOG


def test_no_number_is_our_own_invention() -> None:
    assert set(ERROR_NUMBERS.values()) == PUBLISHED | REPORTED | {0}


def test_only_what_was_granted_is_zero() -> None:
    assert [code for code, number in ERROR_NUMBERS.items() if number == 0] == ["granted"]
    assert error_number("a_code_of_a_later_version") == METHOD_FAILED
