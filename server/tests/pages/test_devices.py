"""Enrolled computers on the pages: the code for one's own, and what administrators do about them."""

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.device import DeviceState, EndorsementTrust
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.user import Role
from keystead_server.ports.changes import Replace
from keystead_testkit.loop import run

ENROL = "/example/account/devices/new"


@pytest.fixture
def bob(office: Any) -> Any:
    return office.person("bob@example.org")


def state_of(office: Any, device: Any) -> DeviceState:
    kept = run(office.store.devices.get(office.tenant.id, device.id))
    return kept.state  # type: ignore[no-any-return]


def test_a_person_gets_a_command_with_a_code(office: Any, bob: Any) -> None:
    browser = office.signed_in(bob)

    answer = browser.submit(ENROL, ENROL, {})

    assert answer.status_code == 200
    assert re.search(r"keystead-agent enrol https://id\.example\.org/example --code [A-Za-z0-9_-]{91}<", answer.text), (
        answer.text
    )


def test_no_code_is_given_to_somebody_who_signed_in_long_ago(office: Any, bob: Any) -> None:
    browser = office.signed_in(bob)
    token = office.form_token(browser.get(ENROL))
    office.clock.advance(timedelta(minutes=6))

    answers = [browser.get(ENROL), browser.post_form(ENROL, {}, token=token)]

    assert [answer.status_code for answer in answers] == [200, 422]
    for answer in answers:
        assert "--code" not in answer.text
        assert "within the last five minutes" in answer.text
        assert "/example/sign-in?continue=" in answer.text


def test_ones_own_computers_stand_on_the_account_page(office: Any, bob: Any) -> None:
    office.keep_device(bob, name="Bob's <laptop>", trust=EndorsementTrust.FIRST_USE)

    text = office.signed_in(bob).get("/example/account").text

    assert "Bob&#39;s &lt;laptop&gt;" in text
    assert "Nobody whom your organisation trusts has certified its security chip." in text
    assert "TPM by INTC, ADL, firmware 600.18.0.0" in text


def test_a_passkey_says_which_computer_it_is_on_and_when_that_is_out(office: Any, bob: Any) -> None:
    browser, device = office.signed_in(bob), office.keep_device(bob, name="Old tower")
    (passkey,) = office.passkeys_of(bob)
    run(office.store.write(Replace(_on(passkey, device), passkey)))

    assert "It is on the computer Old tower." in browser.get("/example/account").text

    run(office.store.write(Replace(device.in_state(DeviceState.DISABLED), device)))

    assert (
        "Not accepted at sign-in now: the computer of the passkey is disabled." in browser.get("/example/account").text
    )


def _on(passkey: Passkey, device: Any) -> Passkey:
    return replace(passkey, device_id=device.id)


@pytest.mark.parametrize(
    ("verb", "state", "says"),
    [
        ("disable", DeviceState.DISABLED, "The computer is disabled"),
        ("withdraw", DeviceState.ATTESTATION_WITHDRAWN, "key is withdrawn for good"),
        ("withdraw-chip", DeviceState.ENDORSEMENT_WITHDRAWN, "chip is withdrawn for good"),
    ],
)
def test_an_administrator_ends_a_computer(office: Any, bob: Any, verb: str, state: DeviceState, says: str) -> None:
    device, ada = office.keep_device(bob), office.signed_in(office.ada)
    page = f"/example/admin/devices/{device.id}"

    answer = ada.submit(page, f"{page}/{verb}", {})

    assert answer.status_code == 303
    assert says in ada.get(answer.headers["location"]).text
    assert state_of(office, device) is state


def test_an_administrator_enables_and_removes_a_computer(office: Any, bob: Any) -> None:
    device, ada = office.keep_device(bob, state=DeviceState.DISABLED), office.signed_in(office.ada)
    page = f"/example/admin/devices/{device.id}"

    assert ada.submit(page, f"{page}/enable", {}).status_code == 303
    assert state_of(office, device) is DeviceState.ENABLED
    removed = ada.submit(page, f"{page}/remove", {})
    assert "The computer was removed" in ada.get(removed.headers["location"]).text
    assert ada.get(page).status_code == 404


@pytest.mark.parametrize("verb", ["enable", "remove", "disable"])
def test_what_cannot_be_is_said_on_the_page(office: Any, bob: Any, verb: str) -> None:
    device, ada = office.keep_device(bob, state=DeviceState.ENDORSEMENT_WITHDRAWN), office.signed_in(office.ada)
    page = f"/example/admin/devices/{device.id}"

    answer = ada.post_form(f"{page}/{verb}", {}, token=office.form_token(ada.get("/example/account")))

    assert answer.status_code == 422
    assert state_of(office, device) is DeviceState.ENDORSEMENT_WITHDRAWN


def test_who_helps_people_sees_computers_and_cannot_lock_an_administrator_out_by_one(office: Any, bob: Any) -> None:
    device = office.keep_device(office.ada)
    helper = office.signed_in(office.person("helper@example.org", roles=frozenset({Role.AUTHENTICATION_ADMINISTRATOR})))

    text = helper.get(f"/example/admin/devices/{device.id}").text

    assert "What is known about it" in text
    assert "Disable" not in text


def test_a_page_of_computers_leads_to_the_next(office: Any, bob: Any) -> None:
    for number in range(51):
        office.keep_device(bob, name=f"Computer {number}")
    ada = office.signed_in(office.ada)

    first = ada.get("/example/admin/devices").text

    after = re.search(r'href="\?after=([^"]+)"', first)
    assert after
    assert "Computer 50<" in ada.get(f"/example/admin/devices?after={after[1]}").text
    assert "Computer 50<" not in first


def test_on_a_persons_page_stand_the_computers_they_enrolled(office: Any, bob: Any) -> None:
    device = office.keep_device(bob, name="Bob's tower")

    text = office.signed_in(office.ada).get(f"/example/admin/users/{bob.id}").text

    assert f"/example/admin/devices/{device.id}" in text
    assert "Bob&#39;s tower" in text
