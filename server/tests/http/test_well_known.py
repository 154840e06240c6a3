"""What browsers look for on the relying party's host, and what a related origin may and may not do."""

import pytest
from keystead_testkit.office import Office, reason_of

RELATED = "https://login.contoso.example"


@pytest.fixture
def related() -> Office:
    return Office(related_origins=(RELATED,))


def test_without_the_setting_only_our_own_origin_is_named(office: Office) -> None:
    assert office.http().get("/.well-known/webauthn").json() == {"origins": ["https://id.example.org"]}


def test_related_origins_are_named_to_browsers(related: Office) -> None:
    answer = related.http().get("/.well-known/webauthn")

    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {"origins": ["https://id.example.org", RELATED]}


def test_a_passkey_used_on_a_page_of_a_related_origin_signs_in(related: Office) -> None:
    passkey = related.with_passkey(related.ada)

    assert reason_of(related.sign_in(passkey, origin=RELATED)) == "granted"
    assert reason_of(related.sign_in(passkey, origin=f"{RELATED}.evil.example")) == "origin_not_allowed"


def test_without_the_setting_such_a_page_is_refused(office: Office) -> None:
    assert reason_of(office.sign_in(office.with_passkey(office.ada), origin=RELATED)) == "origin_not_allowed"


@pytest.mark.parametrize("origin", [RELATED, "https://id.example", "https", "https://id.example.org.evil.example"])
def test_a_page_of_another_origin_does_not_send_our_forms(related: Office, origin: str) -> None:
    answer = related.http().send(
        "POST",
        "/contoso/sign-in/options",
        content=b"{}",
        headers={"content-type": "application/json", "origin": origin},
    )

    assert (answer.status_code, answer.json()["code"]) == (403, "cross_site_request")


def test_passkey_endpoints_lead_to_the_account_of_the_only_organisation(office: Office) -> None:
    assert office.http().get("/.well-known/passkey-endpoints").json() == {
        "enroll": "https://id.example.org/contoso/account/passkeys/new",
        "manage": "https://id.example.org/contoso/account",
    }


def test_with_several_organisations_passkey_endpoints_lead_to_the_start(office: Office) -> None:
    office.found("fabrikam")

    assert office.http().get("/.well-known/passkey-endpoints").json() == {
        "enroll": "https://id.example.org/",
        "manage": "https://id.example.org/",
    }
