"""Class 3: the way to a first passkey is proven on the server, for one person of one tenant."""

import pytest
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.office import Office


@pytest.mark.parametrize("name", ["verified", "enrolled", "keystead-contoso", "__Host-keystead-contoso", "session"])
@pytest.mark.parametrize("value", ["true", "1", "ada@contoso.example", "eyJhbGciOiJub25lIn0.e30."])
def test_no_cookie_somebody_wrote_themselves_opens_registration(office: Office, name: str, value: str) -> None:
    browser = office.http()
    browser.cookies |= {name: value, "user": office.ada.id}

    answer = browser.post_json("/contoso/account/passkeys/options", {})

    assert (answer.status_code, answer.json()["code"]) == (401, "not_signed_in")


def test_opening_the_link_signs_nobody_in_and_spends_nothing(office: Office) -> None:
    code = office.issue_pass(usable_once=True).code
    browser = office.http()

    # Mail scanners open links; only the button does something.
    for _ in range(3):
        assert browser.get(f"/contoso/sign-in/pass?user={office.ada.username}&pass={code}").status_code == 200

    assert "__Host-keystead-contoso" not in browser.cookies
    assert browser.sign_in_with_pass("contoso", office.ada.username, code).status_code == 303


def test_a_pass_of_another_tenant_opens_nothing_here(office: Office) -> None:
    fabrikam, _ = office.found("fabrikam")
    namesake = office.add_person(office.ada.username, tenant=fabrikam)
    code = office.issue_pass(namesake).code
    browser = office.http()

    assert browser.sign_in_with_pass("contoso", office.ada.username, code).status_code == 401

    assert "__Host-keystead-contoso" not in browser.cookies


def test_a_passkey_is_registered_for_whoever_holds_the_session_whatever_the_answer_says(
    office: Office, browser: HttpBrowser
) -> None:
    victim = office.add_person("victim@contoso.example")
    options = browser.post_json("/contoso/account/passkeys/options", {}).json()
    passkey = office.new_passkey()
    answer = passkey.register_with(options) | {"userId": victim.id, "user": victim.username}

    browser.post_json(f"/contoso/account/passkeys?user={victim.id}", answer)

    passkey.user_handle = victim.handle
    assert browser.sign_in("contoso", passkey).json()["code"] in ("user_handle_mismatch", "passkey_unknown")


def test_one_pass_registers_for_its_own_user_only(office: Office) -> None:
    victim = office.add_person("victim@contoso.example")
    code = office.issue_pass().code

    assert office.http().sign_in_with_pass("contoso", victim.username, code).status_code == 401


def test_a_challenge_begun_by_one_person_is_not_finished_by_the_next_in_the_same_browser(office: Office) -> None:
    browser = office.http()
    browser.sign_in_with_pass("contoso", office.ada.username, office.issue_pass().code)
    options = browser.post_json("/contoso/account/passkeys/options", {}).json()
    mallory = office.add_person("mallory@contoso.example")
    browser.sign_in_with_pass("contoso", mallory.username, office.issue_pass(mallory).code)

    answer = browser.post_json("/contoso/account/passkeys", office.new_passkey().register_with(options))

    assert answer.json()["code"] == "challenge_not_ours"
