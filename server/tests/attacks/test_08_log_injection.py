"""Class 8: what strangers write stays text in a log: one row each, one line each, and never a name of ours.

That the process's own lines are kept apart, whatever stands in them, is in `tests/main/test_logging.py`; that a
letter's header takes no line break in `tests/mail/test_smtp.py`.
"""

import io
import json
from collections.abc import Iterator

import pytest
import structlog
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.invalid import Invalid
from keystead_server.main.cli.frame import table
from keystead_server.main.logging import configure
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.loop import run
from keystead_testkit.office import Office

FORGED = "2026-01-01T00:00:00Z [info     ] server.started           forged=1"
NASTY = [
    f"x\n{FORGED}",
    f"x\r\n{FORGED}",
    f"x\x85{FORGED}",
    f"x\u2028{FORGED}",
    "\x1b[2J\x1b[1;1H",
    "a\0b",
    "\u202etxt.exe",
]


@pytest.fixture(params=["text", "json"])
def said(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What the process writes, in either format."""
    stream = io.StringIO()
    configure(request.param, stream)
    yield stream
    structlog.reset_defaults()


@pytest.mark.parametrize("nasty", NASTY)
def test_what_is_typed_at_the_sign_in_adds_no_line(office: Office, said: io.StringIO, nasty: str) -> None:
    browser = office.http()

    browser.sign_in_with_pass("contoso", nasty, nasty)
    browser.get("/contoso/sign-in?continue=" + "x" * 20)
    browser.post_form("/contoso/oauth2/v2.0/token", {"client_id": nasty, "grant_type": nasty, "code": nasty})

    lines = said.getvalue().splitlines()
    assert not [line for line in lines if line.startswith(FORGED)]
    assert not [line for line in lines if not (line.startswith("{") and json.loads(line)) and "[" not in line]
    assert not set(said.getvalue()) & set("\x1b\r\0\u202e")


def test_what_a_browser_calls_itself_is_kept_as_text_of_one_row(office: Office) -> None:
    browser = office.http()
    before = len(office.rows)

    browser.get("/contoso/sign-in")
    options = browser.post_json("/contoso/sign-in/options", {}).json()
    answer = office.passkey.answer_to(options)
    browser.post_json("/contoso/sign-in/assertion", answer, user_agent="Mozilla\x1b[2J\tFirefox\x85x")

    (row,) = office.rows[before:]
    shown = table([{"agent": row.user_agent, "reason": row.reason}], ("agent", "reason"), empty="")
    assert row.reason == "granted"
    assert len(shown.splitlines()) == 2
    assert "\x1b" not in shown


@pytest.mark.parametrize("nasty", NASTY)
def test_a_row_of_the_log_is_one_line_on_a_terminal(office: Office, nasty: str) -> None:
    office.http().sign_in_with_pass("contoso", nasty, "wrong")

    row = office.rows[-1]
    shown = table(
        [{"username": row.username, "detail": row.detail, "reason": row.reason}],
        ("username", "detail", "reason"),
        empty="",
    )

    assert len(shown.splitlines()) == 2
    assert not set(shown) & set("\x1b\r\0\u202e\u2028\x85")


@pytest.mark.parametrize("nasty", NASTY)
def test_no_name_that_stands_in_the_audit_log_holds_a_control_character(office: Office, nasty: str) -> None:
    manage = office.services.manage_user

    with pytest.raises(Invalid):
        run(manage.rename(office.ada, username=nasty, display_name="Ada", by=OPERATOR))
    with pytest.raises(Invalid):
        run(manage.rename(office.ada, username="ada", display_name=f"Ada{nasty}x", by=OPERATOR))
    with pytest.raises(Invalid):
        office.app(name=f"Timesheets{nasty}x")


@pytest.mark.parametrize("nasty", [*NASTY, "granted", "signature_invalid"])
def test_the_reason_in_the_log_is_never_what_the_browser_sent(office: Office, browser: HttpBrowser, nasty: str) -> None:
    options = browser.post_json("/contoso/account/passkeys/options", {}).json()

    office.advance(seconds=1)
    told = {"challenge": options["challenge"], "error": nasty}
    assert browser.post_json("/contoso/account/passkeys/abandoned", told).status_code == 204

    assert (office.rows[-1].reason, office.rows[-1].detail) == ("browser_error", "")
