"""Unlock a computer: what the page says to who may, to who may not yet, and to a wrong code."""

from datetime import timedelta
from typing import Any

import pytest

UNLOCK = "/example/account/unlock"


@pytest.fixture
def bob(office: Any) -> Any:
    return office.person("bob@example.org")


def test_ones_own_computer_leads_to_the_page(office: Any, bob: Any) -> None:
    office.keep_device(bob, name="Tower")

    assert f'href="{UNLOCK}">Unlock this computer' in office.signed_in(bob).get("/example/account").text


def test_a_wrong_code_is_answered_in_words_and_kept_in_the_field(office: Any, bob: Any) -> None:
    browser = office.signed_in(bob)

    answer = browser.submit(UNLOCK, UNLOCK, {"code": "<b>BCDF"})

    assert answer.status_code == 422
    assert "No computer of yours shows this code." in answer.text
    assert 'value="&lt;b&gt;BCDF"' in answer.text
    assert office.attempts()[0].reason == "unlock_code_unknown"


def test_who_signed_in_long_ago_signs_in_again_first(office: Any, bob: Any) -> None:
    browser = office.signed_in(bob)
    token = office.form_token(browser.get(UNLOCK))
    office.clock.advance(timedelta(minutes=6))

    answers = [browser.get(UNLOCK), browser.post_form(UNLOCK, {"code": "BCDF-2345"}, token=token)]

    assert [answer.status_code for answer in answers] == [200, 422]
    for answer in answers:
        assert "within the last five minutes" in answer.text
        assert "/example/sign-in?continue=" in answer.text
        assert 'name="code"' not in answer.text


def test_nobody_who_is_not_signed_in_sees_the_page(office: Any) -> None:
    answer = office.browser().get(UNLOCK)

    assert answer.status_code == 303
    assert "/example/sign-in" in answer.headers["location"]


def test_codes_are_tried_slowly(office: Any, bob: Any) -> None:
    """Attack class 12: ten a minute, however many sessions."""
    from keystead_server.http.pages.routes import ROUTES
    from keystead_server.http.route import TYPING_A_CODE

    (route,) = [each for each in ROUTES if each.path == "/{tenant}/account/unlock" and each.method == "POST"]

    assert route.limit is TYPING_A_CODE
    assert route.from_our_pages
