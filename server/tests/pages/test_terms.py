"""Terms of use: read on our page, accepted or declined, and asked for again when they are others."""

import re
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.authorize import AcceptFirst, Denied, Reply, SignInFirst
from keystead_server.policy.access.terms import Terms
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies, with_terms
from keystead_testkit.http_browser import HttpBrowser, form_token
from keystead_testkit.loop import run
from keystead_testkit.office import Office
from keystead_testkit.relying_party import authorization_parameters

RULES = Terms("t1", "House rules", "Be kind.\nSecond line.\n\nNo <b>shouting</b>.")
PAGE = "/contoso/terms"


@pytest.fixture
def office() -> Office:
    office = Office()
    under_policies(office)
    with_terms(office, RULES)
    asked_for(office)
    return office


def asked_for(office: Office, **more: Any) -> None:
    under_policies(office, policy_body("Terms", terms=["t1"], **more))


def accept(office: Office, terms: Terms = RULES) -> None:
    office.advance(milliseconds=1)
    run(office.services.accept_terms.accept(office.session(), {terms.id: terms.digest}))


@pytest.fixture
def browser(office: Office) -> HttpBrowser:
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    return browser


def decide(browser: HttpBrowser, page: Any, verdict: str, **changes: Any) -> Any:
    action = re.search(r'<form class="stack" method="post" action="([^"]+)"', page.text)
    read = re.search(r'name="read" value="([^"]+)"', page.text)
    assert action is not None
    assert read is not None
    fields = {"form_token": form_token(page), "verdict": verdict, "read": read[1]} | changes
    return browser.post_form(action[1], fields)


def test_an_app_gets_its_answer_once_the_terms_are_accepted(office: Office, browser: HttpBrowser) -> None:
    query = urlencode(authorization_parameters(office.app().app.id))
    to_terms = browser.get(f"/contoso/oauth2/v2.0/authorize?{query}")
    assert to_terms.headers["location"].startswith(f"{PAGE}?continue=")

    page = browser.get(to_terms.headers["location"])
    assert "Be kind.<br>Second line." in page.text
    assert "No &lt;b&gt;shouting&lt;/b&gt;." in page.text
    on = decide(browser, page, "accept")
    back = browser.get(on.headers["location"])

    assert "code=" in back.headers["location"]
    assert office.audit.count("terms.accepted") == 1
    assert "nothing that you have not accepted" in browser.get(PAGE).text


def test_our_own_pages_wait_for_it_too(office: Office, browser: HttpBrowser) -> None:
    to_terms = browser.get("/contoso/account")
    assert to_terms.headers["location"].startswith(f"{PAGE}?continue=")

    on = decide(browser, browser.get(to_terms.headers["location"]), "accept")

    assert (on.status_code, on.headers["location"]) == (303, "/contoso/account")
    assert browser.get("/contoso/account").status_code == 200


def test_who_declines_goes_nowhere_and_may_come_back(office: Office, browser: HttpBrowser) -> None:
    page = browser.get(PAGE)

    declined = decide(browser, page, "decline")

    assert declined.status_code == 403
    assert "You declined, so you cannot go on" in declined.text
    assert "terms_declined" in office.log
    assert browser.get("/contoso/account").status_code == 303
    assert decide(browser, declined, "accept").status_code == 303
    assert browser.get("/contoso/account").status_code == 200


@pytest.mark.parametrize("read", ["", "t1", "t1:", "other:0", f"t2:{RULES.digest}"])
def test_01_a_form_that_names_no_text_accepts_none(office: Office, browser: HttpBrowser, read: str) -> None:
    decide(browser, browser.get(PAGE), "accept", read=read)

    assert "terms.accepted" not in office.audit
    assert browser.get("/contoso/account").status_code == 303


def test_01_what_was_changed_while_it_was_read_is_not_accepted(office: Office, browser: HttpBrowser) -> None:
    page = browser.get(PAGE)
    with_terms(office, RULES.saved("Be kinder.", None))

    answer = decide(browser, page, "accept")

    assert answer.status_code == 409
    assert "Be kinder." in answer.text
    assert "terms.accepted" not in office.audit


def test_02_what_somebody_else_accepted_counts_for_nobody_else(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")
    accept(office)

    assert isinstance(office.authorize(office.app(), office.session()), Reply)
    assert isinstance(office.authorize(office.app(), office.session_by_pass(grace)), AcceptFirst)


def test_another_text_is_asked_for_again_and_the_same_one_is_not(office: Office) -> None:
    accept(office)
    app = office.app()

    newer = RULES.saved("Be kinder.", None)
    with_terms(office, newer)
    assert (newer.version, type(office.authorize(app, office.session()))) == (2, AcceptFirst)

    with_terms(office, RULES)
    assert isinstance(office.authorize(app, office.session()), Reply)


def test_an_acceptance_may_end_by_itself(office: Office) -> None:
    yearly = RULES.saved(RULES.text, timedelta(days=365))
    with_terms(office, yearly)
    accept(office)
    app = office.app()
    office.advance(days=364)
    assert isinstance(office.authorize(app, office.session()), Reply)

    office.advance(days=2)

    assert isinstance(office.authorize(app, office.session()), AcceptFirst)
    accept(office)
    assert isinstance(office.authorize(app, office.session()), Reply)


def test_an_app_that_wants_nothing_shown_hears_that_more_is_needed(office: Office) -> None:
    outcome = office.authorize(office.app(), office.session(), prompt="none")

    assert getattr(outcome, "error", "") == "interaction_required"


def test_a_stronger_sign_in_is_asked_for_before_the_terms(office: Office) -> None:
    under_policies(office, policy_body("Terms", terms=["t1"]), policy_body("Strong", strength=PHISHING_RESISTANT))

    assert isinstance(office.authorize(office.app(), office.session_by_pass(office.ada)), SignInFirst)
    assert isinstance(office.authorize(office.app(), office.session()), AcceptFirst)


def test_what_cannot_be_met_anyway_does_not_ask_for_terms_first(office: Office) -> None:
    under_policies(
        office,
        policy_body("Terms", terms=["t1"]),
        policy_body("Device", "compliantDevice", users={"includeUsers": [office.ada.id]}),
    )

    assert isinstance(office.authorize(office.app(), office.session()), Denied)


def test_terms_keep_no_administrator_out(office: Office) -> None:
    under_policies(office)
    office.with_passkey(office.administrator)

    asked_for(office)


def test_terms_that_a_policy_names_stay(office: Office) -> None:
    with pytest.raises(Invalid) as refused:
        with_terms(office)

    assert refused.value.code == "in_use"


def test_nobody_reads_them_without_being_signed_in(office: Office) -> None:
    assert office.http().get(PAGE).status_code == 303
