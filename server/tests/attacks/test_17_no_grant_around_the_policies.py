"""17: Conditional Access is the only gate: every way to a session, a page or a token asks it. 1, 2, 12, 18, 22 beside it."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.redeem_code import Tokens
from keystead_server.http.route import Access, Reaches
from keystead_server.http.table import routes
from keystead_server.policy.api_permissions import ByToken
from keystead_testkit.access_policies import policy_body, under_policies
from keystead_testkit.api_caller import ask_for_itself, for_person, permitted_app
from keystead_testkit.office import ADDRESS, Office, reason_of

# Where leaving is all that can be done.
WAYS_OUT = {"/{tenant}/account/sign-out", "/{tenant}/sign-out", "/{tenant}/account/sign-out-everywhere"}
# Where a policy is met that asks for nothing else: it shows texts, and opens nothing.
WAYS_ON = {"/{tenant}/terms"}


def block_everybody(office: Office) -> None:
    users = {"includeUsers": ["All"], "excludeUsers": [office.administrator.id]}
    services = policy_body("No services", "block", users={"includeUsers": []})
    services["conditions"]["clientApplications"] = {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]}
    under_policies(office, policy_body("Nobody", "block", users=users), services)


def by_passkey(office: Office) -> Callable[[], Any]:
    return office.sign_in


def by_pass(office: Office) -> Callable[[], Any]:
    code = office.issue_pass().code
    return lambda: office.sign_in_with_pass(code)


def by_code(office: Office) -> Callable[[], Any]:
    app = office.app()
    code = office.code(app)
    return lambda: office.redeem(app, code)


def by_client_credentials(office: Office) -> Callable[[], Any]:
    app = permitted_app(office, application=("User.Read.All",))
    return lambda: ask_for_itself(office, app)


WAYS = {
    "passkey": by_passkey,
    "pass": by_pass,
    "authorization_code": by_code,
    "client_credentials": by_client_credentials,
}


@pytest.mark.parametrize("way", WAYS)
def test_every_way_to_a_session_or_a_token_asks_the_policies(office: Office, way: str) -> None:
    go = WAYS[way](office)

    block_everybody(office)

    assert reason_of(go()) == "access_blocked"
    assert office.log[-1] == "access_blocked"


def test_the_list_of_grants_above_is_whole(office: Office) -> None:
    offered = office.http().get("/contoso/v2.0/.well-known/openid-configuration").json()["grant_types_supported"]

    assert set(offered) <= WAYS.keys()


def test_a_password_asks_them_at_both_of_its_steps(office: Office) -> None:
    office.allow_passwords()
    secret = office.with_password()
    half = office.type_password()
    block_everybody(office)
    office.allow_passwords()

    assert reason_of(office.type_code(half, office.totp(secret))) == "access_blocked"
    assert reason_of(office.type_password()) == "access_blocked"


def test_a_token_for_the_api_ends_with_the_next_call(office: Office) -> None:
    caller = for_person(office, office.session(), "User.Read")
    assert caller.get("/me").status_code == 200

    block_everybody(office)

    assert caller.get("/me").status_code == 401


def test_no_page_for_whoever_is_signed_in_is_outside_of_the_policies() -> None:
    for route in routes():
        if route.access is Access.PUBLIC or isinstance(route.access, ByToken):
            continue
        outside = route.protected_as is Reaches.NOTHING
        assert outside == (route.path in WAYS_OUT | WAYS_ON), route.path
        if "/admin" in route.path:
            assert route.protected_as is Reaches.ADMINISTRATION, route.path


def test_18_an_open_session_goes_no_further_once_a_policy_forbids_it(office: Office) -> None:
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    assert browser.get("/contoso/account").status_code == 200

    block_everybody(office)

    refused = browser.get("/contoso/account")
    assert refused.status_code == 403
    assert "Nobody" not in refused.text
    assert office.log[-1] == "access_blocked"


def test_01_a_blocked_place_is_asked_for_nothing_and_the_steps_behind_the_page_are_shut_too(office: Office) -> None:
    here = {"displayName": "Here", "ipRanges": [{"cidrAddress": f"{ADDRESS}/32"}]}
    blocked = policy_body("Not from here", "block", locations={"includeLocations": ["place-0"]})
    assert office.http().get("/contoso/sign-in").status_code == 200

    # On trial: for good it would be refused, as it keeps every administrator out.
    under_policies(office, blocked, locations=(here,), trial=timedelta(minutes=10))

    page = office.http().get("/contoso/sign-in")
    assert page.status_code == 403
    assert "Not from here" not in page.text
    assert office.log[-1] == "access_blocked"
    assert reason_of(office.sign_in()) == "access_blocked"


def test_12_during_a_lock_out_a_right_pass_is_not_told_from_a_wrong_one_by_a_policy(office: Office) -> None:
    code = office.issue_pass().code
    block_everybody(office)
    for _ in range(10):
        office.sign_in_with_pass("wrong-wrong")

    assert reason_of(office.sign_in_with_pass(code)) == "too_many_attempts"


def test_02_a_step_up_for_one_app_is_judged_anew_for_another(office: Office) -> None:
    first, second = office.app(), office.app(name="Payroll")
    owner = office.session()
    code = office.code(first, owner)
    only_second = {"includeApplications": [second.app.id]}
    body = policy_body("Not payroll", "block", applications=only_second, users={"includeUsers": [office.ada.id]})
    under_policies(office, body)

    assert isinstance(office.redeem(first, code), Tokens)
    assert (
        reason_of(getattr(office.authorize(second, office.owner(owner.session)), "refused", None)) == "access_blocked"
    )


@pytest.mark.parametrize("rule", ["__import__('os')", 'device.model -eq "a" -or (', "(" * 500 + "device.model"])
def test_22_a_filter_is_read_and_never_run(office: Office, rule: str) -> None:
    devices = {"deviceFilter": {"mode": "include", "rule": rule}}

    with pytest.raises(Invalid) as refused:
        under_policies(office, policy_body("Filter", "mfa", devices=devices))

    assert refused.value.code == "filter_malformed"
