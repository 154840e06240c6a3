"""A policy asks who is at risk for another password: on their way they change it, and the risk is over."""

from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import User
from keystead_server.flows.authorize import AcceptFirst, ChangePasswordFirst, Denied, Reply
from keystead_server.policy.access.terms import Terms
from keystead_server.policy.access.vocabulary import RiskLevel
from keystead_server.policy.methods.model import FIRST_METHODS
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies, with_terms
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.loop import run
from keystead_testkit.office import PASSWORD, Office, reason_of
from keystead_testkit.relying_party import authorization_parameters

from .policy_forms import words

PAGE = "/contoso/account/password"
ANOTHER = "another good phrase"
CHANGE = {"operator": "AND", "builtInControls": ["mfa", "passwordChange"]}
REMEDIATE = {
    "operator": "AND", "builtInControls": ["riskRemediation"], "authenticationStrength": {"id": PHISHING_RESISTANT},
}  # fmt: skip


def ask(office: Office, grant: dict[str, Any] = CHANGE, *more: dict[str, Any]) -> None:
    asking = policy_body("Risky", userRiskLevels=["high"]) | {"grantControls": grant}
    under_policies(office, asking, *more)
    # Which would switch security defaults on again, and passwords off.
    office.allow_passwords()


def suspect(office: Office, user: User | None = None) -> None:
    office.advance(milliseconds=1)
    supply = office.services.manage_risk.supply
    run(supply(user or office.ada, level="high", event_type="leakedCredentials", says="on a list", by=OPERATOR))


def risk(office: Office) -> RiskLevel:
    return run(office.services.detect_risk.person(office.tenant.id, office.ada.id)).level


@pytest.fixture
def office() -> Office:
    office = Office()
    office.allow_passwords()
    office.with_password()
    suspect(office)
    ask(office)
    return office


@pytest.fixture
def browser(office: Office) -> HttpBrowser:
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    return browser


def change(browser: HttpBrowser, address: str, password: str = ANOTHER) -> Any:
    return browser.submit(address, address, {"password": password, "repeated": password})


def test_who_is_at_risk_changes_the_password_on_the_way_to_an_app(office: Office, browser: HttpBrowser) -> None:
    query = urlencode(authorization_parameters(office.app().app.id))
    there = browser.get(f"/contoso/oauth2/v2.0/authorize?{query}").headers["location"]
    assert there.startswith(f"{PAGE}?continue=")
    assert "Your organisation asks for another password before you go on." in browser.get(there).text

    back = browser.get(change(browser, there).headers["location"])

    assert "code=" in back.headers["location"]
    assert risk(office) is RiskLevel.NONE
    assert office.audit.count("risk.remediated") == 1
    assert browser.get("/contoso/account").status_code == 200


def test_our_own_pages_lead_there_too(office: Office, browser: HttpBrowser) -> None:
    there = browser.get("/contoso/account").headers["location"]
    assert there.startswith(f"{PAGE}?continue=")

    assert change(browser, there).headers["location"] == "/contoso/account"


def test_04_the_same_password_again_is_none_and_changes_nothing(office: Office, browser: HttpBrowser) -> None:
    answer = change(browser, PAGE, PASSWORD)

    assert answer.status_code == 422
    assert "This is the password you have: think of another." in answer.text
    assert risk(office) is RiskLevel.HIGH


def test_18_sessions_from_before_are_over_with_the_risk(office: Office, browser: HttpBrowser) -> None:
    older = office.session()
    office.advance(seconds=1)
    newer = office.session()

    assert reason_of(run(office.services.set_password(newer, ANOTHER))) == "granted"

    now = office.now_of(office.ada)
    assert not older.session.is_open(now, office.clock.now())
    assert newer.session.is_open(now, office.clock.now())
    assert browser.get("/contoso/account").headers["location"].startswith("/contoso/sign-in")


def test_04_a_sign_in_that_is_not_fresh_changes_no_password(office: Office, browser: HttpBrowser) -> None:
    office.advance(minutes=6)

    there = browser.get("/contoso/account").headers["location"]

    assert "Sign in again" in browser.get(there).text
    assert risk(office) is RiskLevel.HIGH


def test_03_a_recovery_code_changes_a_password_and_no_risk(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")
    owner = office.session_by_pass(grace)
    run(office.services.set_password(owner, PASSWORD))
    codes = office.with_recovery_codes(owner)
    suspect(office, grace)
    owner = office.session_by_password(codes[0], username=grace.username)

    run(office.services.set_password(owner, ANOTHER))

    assert run(office.services.detect_risk.person(office.tenant.id, grace.id)).level is RiskLevel.HIGH
    assert "risk.remediated" not in office.audit


def test_what_somebody_confirmed_is_not_over_with_a_password(office: Office, browser: HttpBrowser) -> None:
    run(office.services.manage_risk.confirm([office.ada], by=OPERATOR))

    refused = browser.get("/contoso/account")

    assert (refused.status_code, "password" in refused.text) == (403, False)
    assert "somebody must look at the risk of the account first" in refused.text
    assert reason_of(run(office.services.set_password(office.session(), ANOTHER))) == "granted"
    assert risk(office) is RiskLevel.HIGH


def without_password(office: Office) -> None:
    password = run(office.store.secrets.of_user(office.tenant.id, office.ada.id)).password
    assert password is not None
    run(office.services.manage_methods.remove_own(office.session(), password.id))


def with_passwords_off(office: Office) -> None:
    office.save_methods(replace(FIRST_METHODS, security_defaults=False))


@pytest.mark.parametrize("lacking", [without_password, with_passwords_off])
@pytest.mark.parametrize("grant", [CHANGE, REMEDIATE])
def test_where_there_is_no_password_nothing_proposes_one(office: Office, lacking: Any, grant: dict[str, Any]) -> None:
    ask(office, grant)
    lacking(office)
    browser = office.http()
    browser.sign_in("contoso", office.passkey)

    for address in ("/contoso/account", PAGE):
        refused = browser.get(address)
        assert (refused.status_code, "password" in words(refused)) == (403, False)
        assert "Ask an administrator" in refused.text
    assert isinstance(office.authorize(office.app(), office.session()), Denied)


def test_remediation_of_a_risk_is_a_new_password_too(office: Office) -> None:
    ask(office, REMEDIATE)
    owner = office.session()
    assert isinstance(office.authorize(office.app(), owner), ChangePasswordFirst)

    run(office.services.set_password(owner, ANOTHER))

    assert isinstance(office.authorize(office.app(), owner), Reply)


def test_terms_come_after_the_password(office: Office) -> None:
    under_policies(office)
    with_terms(office, Terms("t1", "House rules", "Be kind."))
    ask(office, CHANGE, policy_body("Terms", terms=["t1"]))
    owner = office.session()
    assert isinstance(office.authorize(office.app(), owner), ChangePasswordFirst)

    run(office.services.set_password(owner, ANOTHER))

    assert isinstance(office.authorize(office.app(), owner), AcceptFirst)


def test_17_a_block_is_not_lifted_by_a_password(office: Office, browser: HttpBrowser) -> None:
    ask(office, CHANGE, policy_body("No way", "block", users={"includeUsers": [office.ada.id]}))

    assert browser.get(PAGE).status_code == 403


def test_17_the_other_pages_stay_closed_until_it_is_changed(browser: HttpBrowser) -> None:
    for path in ("/contoso/account", "/contoso/account/passkeys/new", "/contoso/account/authenticator-apps/new"):
        assert browser.get(path).headers["location"].startswith(f"{PAGE}?continue="), path


def test_an_app_that_wants_nothing_shown_hears_that_more_is_needed(office: Office) -> None:
    outcome = office.authorize(office.app(), office.session(), prompt="none")

    assert getattr(outcome, "error", "") == "interaction_required"
