"""What containers call: seven addresses, no cookies, JSON that is read strictly."""

from typing import Any

import pytest
from keystead_core.webauthn.aaguids import KEYSTEAD_TPM
from keystead_core.wire import b64url_decode, b64url_encode
from keystead_server.domain.sign_in import Purpose
from keystead_server.http.devices import words
from keystead_server.http.devices.routes import COLLECTING, ENROLLING, ROUTES
from keystead_server.http.graph.sign_ins import _RESOURCES, sign_in
from keystead_server.http.route import Access
from keystead_server.ports.log_queries import SignInRow
from keystead_testkit.device_desk import DeviceDesk, Laptop
from keystead_testkit.office import reason_of
from keystead_testkit.soft_tpm import SoftTpm

BEGIN, FINISH = "/contoso/devices/enrol/begin", "/contoso/devices/enrol/finish"


def said(desk: DeviceDesk, tpm: SoftTpm, **changes: Any) -> dict[str, Any]:
    members: dict[str, Any] = {
        "code": desk.code(),
        "name": "ada's laptop",
        "endorsement_key": b64url_encode(tpm.endorsement_public),
        "attestation_key": b64url_encode(tpm.attestation_public),
        "manufacturer": "id:494E5443",
        "model": "ADL",
        "version": "id:00020258",
        "firmware": "600.18.0.0",
    }
    if tpm.certificate is not None:
        members["endorsement_certificate"] = b64url_encode(tpm.certificate)
    return {name: value for name, value in (members | changes).items() if value is not None}


def post(desk: DeviceDesk, path: str, body: object) -> Any:
    # As a program sends it: no cookie, no Origin.
    return desk.office.http().send("POST", path, json=body)


def answer(tpm: SoftTpm, asked: dict[str, str]) -> dict[str, str]:
    secret = tpm.activate(b64url_decode(asked["credential_blob"]), b64url_decode(asked["secret"]))
    return {"state": asked["state"], "secret": b64url_encode(secret or b"")}


def test_a_device_enrols_registers_and_renews(desk: DeviceDesk) -> None:
    tpm = desk.tpm()
    asked = post(desk, BEGIN, said(desk, tpm))
    assert asked.status_code == 200, asked.text
    enrolled = post(desk, FINISH, answer(tpm, asked.json())).json()

    assert (enrolled["name"], enrolled["trust"]) == ("ada's laptop", "certified")
    chain = [b64url_decode(each) for each in enrolled["certificates"]]
    browser, passkey = desk.office.http(), desk.new_passkey(aaguid=KEYSTEAD_TPM)
    browser.sign_in("contoso", desk.office.passkey)
    assert browser.get("/contoso/account").text.count("ada&#39;s laptop</h3>") == 1
    renewal = post(desk, "/contoso/devices/renew/begin", {"device": enrolled["device"]})
    renewed = post(desk, "/contoso/devices/renew/finish", answer(tpm, renewal.json())).json()
    assert renewed["device"] == enrolled["device"]
    assert b64url_decode(renewed["certificates"][0]) != chain[0]
    assert passkey.aaguid == KEYSTEAD_TPM


def test_a_refusal_has_its_code_words_and_the_number_of_its_row(desk: DeviceDesk) -> None:
    refused = post(desk, BEGIN, said(desk, desk.tpm(), code="AAAA"))

    assert refused.status_code == 403
    body = refused.json()
    (row,) = [row for row in desk.office.rows if row.purpose is Purpose.ENROL_DEVICE]
    assert (body["code"], body["correlationId"]) == ("enrolment_code_invalid", row.id)
    assert row.reason == "enrolment_code_invalid"
    assert "account page" in body["message"]


@pytest.mark.parametrize(
    "changes",
    [
        {"code": 1}, {"code": None}, {"name": None}, {"name": ["a"]}, {"endorsement_key": "?"}, {"firmware": "a\0b"},
        {"attestation_key": "A" * 5000}, {"endorsement_certificate": "A" * 8000}, {"endorsement_certificate": 7},
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_so(desk: DeviceDesk, changes: dict[str, Any]) -> None:
    refused = post(desk, BEGIN, said(desk, desk.tpm(), **changes))

    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"state": "a", "state": "b"}', b'"text"', b"{}", b"\xff"])
def test_nonsense_is_no_request(desk: DeviceDesk, route: Any, body: bytes) -> None:
    path = route.path.replace("{tenant}", "contoso")

    refused = desk.office.http().send("POST", path, content=body, headers={"content-type": "application/json"})

    assert (refused.status_code, refused.json()["code"]) == (400, "malformed_request")


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_the_addresses_for_containers_are_counted_sized_and_without_a_session(desk: DeviceDesk, route: Any) -> None:
    path = route.path.replace("{tenant}", "contoso")
    too_much = b"x" * (route.body.max_bytes + 1)
    browser = desk.office.http()

    # Who waits for a person comes back often.
    limit = COLLECTING if path.endswith("collect") else ENROLLING
    assert (route.access, route.limit, route.wants_session) == (Access.PUBLIC, limit, False)
    headers = {"content-type": "application/json"}
    assert browser.send("POST", path, content=too_much, headers=headers).status_code == 413
    assert browser.send("POST", path, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert browser.send("GET", path).status_code == 405
    assert not browser.cookies


def test_whoever_tries_too_often_waits(tmp_path: Any) -> None:
    desk = DeviceDesk(tmp_path, rate_limit_scale=1.0)
    browser = desk.office.http()

    answers = [browser.send("POST", "/contoso/devices/renew/begin", json={"device": "x"}) for _ in range(21)]

    assert [answer.status_code for answer in answers] == [403] * 20 + [429]


def test_every_refusal_has_words_of_its_own(desk: DeviceDesk) -> None:
    tpm = desk.tpm()
    lies: list[dict[str, Any]] = [
        {"attestation_public": b""}, {"endorsement_public": b""}, {"endorsement_certificate": b""}, {"name": ""},
        {"firmware": "?"},
    ]  # fmt: skip
    codes = {reason_of(desk.begin(tpm, **lie)) for lie in lies}

    assert len(codes) == len(lies)
    assert all(words.refused(code) != words.refused("something else") for code in codes)


def test_an_enrolment_stands_in_the_log_that_programs_read(desk: DeviceDesk) -> None:
    desk.enrol()
    (row,) = [row for row in desk.office.rows if row.purpose is Purpose.ENROL_DEVICE]

    shown = sign_in(SignInRow(row, desk.office.ada.username, None, None))

    assert shown["resourceDisplayName"] == "Device enrolment"
    assert set(_RESOURCES) == set(Purpose)


def test_a_device_asks_and_its_person_allows_it_on_their_page(desk: DeviceDesk, laptop: Laptop) -> None:
    request = laptop.unlock_request()
    parts = {name: b64url_encode(getattr(request, name)) for name in ("index_public", "lock", "nonce_tpm")}
    asked = post(desk, "/contoso/devices/unlock/begin", {"device": laptop.device.id, **parts})
    shown = post(desk, "/contoso/devices/unlock/finish", answer(laptop.tpm, asked.json())).json()
    assert shown["address"] == "https://id.example.org/contoso/account/unlock"
    waiting = post(desk, "/contoso/devices/unlock/collect", {"ticket": shown["ticket"]})
    assert (waiting.status_code, waiting.json()) == (200, {"signature": None})

    browser = desk.office.http()
    browser.sign_in("contoso", desk.office.passkey)
    allowed = browser.submit("/contoso/account/unlock", "/contoso/account/unlock", {"code": shown["code"]})

    assert allowed.status_code == 200
    assert "ada&#39;s laptop</strong> forgets the wrong PINs" in allowed.text
    collected = post(desk, "/contoso/devices/unlock/collect", {"ticket": shown["ticket"]}).json()
    assert b64url_decode(collected["signature"])[0] == 0x30
    over = post(desk, "/contoso/devices/unlock/collect", {"ticket": shown["ticket"]})
    assert (over.status_code, over.json()["code"]) == (403, "unlock_over")
