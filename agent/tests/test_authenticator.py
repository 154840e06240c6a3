"""make_credential and get_assertion, judged by two verifiers that are not ours."""

import asyncio
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import pytest
import webauthn
from cryptography.hazmat.primitives.serialization import load_der_public_key
from fido2.server import Fido2Server
from fido2.webauthn import AttestationObject, AttestedCredentialData, PublicKeyCredentialRpEntity
from keystead_agent.authenticator import errors
from keystead_agent.authenticator.allow_list import Caller
from keystead_agent.authenticator.approval import Approval
from keystead_agent.authenticator.authenticator import Authenticator
from keystead_agent.container.container import Container
from keystead_agent.container.errors import PinAlreadySet, PinNotSet
from keystead_agent.container.records import Provider
from keystead_agent.gesture.interface import Cancelled, Purpose
from keystead_agent.gesture.scripted import ScriptedGesture
from keystead_agent.keystore.errors import GestureRefused, PinLocked
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_core.webauthn import (
    AssertionExpectation,
    RegistrationExpectation,
    StoredCredential,
    parse_assertion,
    parse_registration,
    verify_assertion,
    verify_registration,
)
from keystead_core.webauthn.aaguids import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_testkit.clock import FixedClock
from keystead_testkit.container_desk import (
    CHALLENGE,
    ORIGIN,
    PAGE,
    PIN,
    RP_ID,
    Desk,
    at_once,
    creation,
    run,
    user,
)
from webauthn.helpers.structs import AttestationFormat

T = TypeVar("T")


@pytest.fixture
def desk(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> Desk:
    return Desk(tmp_path / "state", software, clock)


@pytest.fixture
def tpm_desk(tmp_path: Path, keystore: TpmKeystore, clock: FixedClock) -> Desk:
    return Desk(tmp_path / "state", keystore, clock)


def authenticator_data(credential: dict[str, Any]) -> bytes:
    return b64url_decode(credential["response"]["authenticatorData"])


def by_py_webauthn(credential: dict[str, Any]) -> Any:
    return webauthn.verify_registration_response(
        credential=credential,
        expected_challenge=CHALLENGE,
        expected_rp_id=RP_ID,
        expected_origin=ORIGIN,
        require_user_verification=True,
    )


@pytest.mark.tpm
@pytest.mark.parametrize("attestation", ["none", "direct"])
def test_a_passkey_in_a_tpm_registers_and_signs_in_at_py_webauthn(tpm_desk: Desk, attestation: str) -> None:
    created = tpm_desk.create(attestation=attestation)
    registered = by_py_webauthn(created)

    signed_in = webauthn.verify_authentication_response(
        credential=tpm_desk.get(),
        expected_challenge=CHALLENGE,
        expected_rp_id=RP_ID,
        expected_origin=ORIGIN,
        credential_public_key=registered.credential_public_key,
        credential_current_sign_count=registered.sign_count,
        require_user_verification=True,
    )

    assert registered.fmt == (AttestationFormat.NONE if attestation == "none" else AttestationFormat.PACKED)
    assert registered.user_verified
    assert signed_in.user_verified
    assert signed_in.new_sign_count == 1
    assert signed_in.credential_backed_up is False


@pytest.mark.tpm
def test_a_passkey_in_a_tpm_registers_and_signs_in_at_python_fido2(tpm_desk: Desk) -> None:
    server = Fido2Server(PublicKeyCredentialRpEntity(name="Contoso", id=RP_ID), attestation="direct")
    state = {"challenge": b64url_encode(CHALLENGE), "user_verification": "required"}

    data = server.register_complete(state, tpm_desk.create(attestation="direct"))
    assert data.credential_data is not None
    server.authenticate_complete(state, [AttestedCredentialData(data.credential_data)], tpm_desk.get())

    assert data.counter == 0


@pytest.mark.tpm
def test_our_own_verifier_agrees(tpm_desk: Desk, clock: FixedClock) -> None:
    origins = frozenset({ORIGIN})
    expected = RegistrationExpectation(CHALLENGE, origins, RP_ID, algorithms=(-7,))
    registered = verify_registration(
        parse_registration(tpm_desk.create(attestation="direct")), expected, now=clock.now()
    )
    stored = StoredCredential(registered.credential_id, registered.public_key, 0, backup_eligible=False)

    signed_in = verify_assertion(
        parse_assertion(tpm_desk.get()), AssertionExpectation(CHALLENGE, origins, RP_ID), stored
    )

    assert (registered.attestation.format, registered.attestation.kind) == ("packed", "self")
    assert registered.aaguid == KEYSTEAD_TPM
    assert (signed_in.sign_count, signed_in.user_verified, signed_in.backup_eligible) == (1, True, False)


def test_the_registration_says_what_a_browser_would_say(desk: Desk) -> None:
    created = desk.create(extensions={"credProps": True})

    response = created["response"]
    key = load_der_public_key(b64url_decode(response["publicKey"]))
    attestation = AttestationObject(b64url_decode(response["attestationObject"]))
    client_data = json.loads(b64url_decode(response["clientDataJSON"]))
    assert created["id"] == created["rawId"] == b64url_encode(attestation.auth_data.credential_data.credential_id)
    assert (created["type"], created["authenticatorAttachment"]) == ("public-key", "platform")
    assert created["clientExtensionResults"] == {"credProps": {"rk": True}}
    assert (response["transports"], response["publicKeyAlgorithm"]) == (["internal"], -7)
    assert bytes(attestation.auth_data) == authenticator_data(created)
    x = attestation.auth_data.credential_data.public_key[-2]
    assert key.public_numbers().x == int.from_bytes(x, "big")  # type: ignore[union-attr]
    assert client_data == {
        "type": "webauthn.create",
        "challenge": b64url_encode(CHALLENGE),
        "origin": ORIGIN,
        "crossOrigin": False,
    }


def test_extension_results_are_given_only_when_asked_for(desk: Desk) -> None:
    assert desk.create()["clientExtensionResults"] == {}


def test_flags_say_present_and_verified_and_never_backed_up(desk: Desk) -> None:
    assert authenticator_data(desk.create())[32] == 0x45
    assert authenticator_data(desk.get())[32] == 0x05


def test_without_attestation_the_aaguid_is_zero(desk: Desk) -> None:
    assert authenticator_data(desk.create())[37:53] == bytes(16)
    assert authenticator_data(desk.create(attestation="none"))[37:53] == bytes(16)


@pytest.mark.parametrize("conveyance", ["direct", "indirect", "enterprise"])
def test_with_attestation_the_aaguid_tells_a_file_from_a_chip(desk: Desk, conveyance: str) -> None:
    assert authenticator_data(desk.create(attestation=conveyance))[37:53] == KEYSTEAD_SOFTWARE.bytes


@pytest.mark.tpm
def test_the_chips_aaguid_is_another_one(tpm_desk: Desk) -> None:
    assert authenticator_data(tpm_desk.create(attestation="direct"))[37:53] == KEYSTEAD_TPM.bytes


def test_every_assertion_counts_one_more(desk: Desk) -> None:
    desk.create()

    counts = [int.from_bytes(authenticator_data(desk.get())[33:37], "big") for _ in range(3)]

    assert counts == [1, 2, 3]


def test_the_user_handle_comes_back(desk: Desk) -> None:
    desk.create()

    assert b64url_decode(desk.get()["response"]["userHandle"]) == b"alice"


def test_the_person_sees_site_account_and_asker(desk: Desk) -> None:
    desk.create()
    desk.get()

    for prompt, purpose in zip(desk.person.prompts, [Purpose.CREATE, Purpose.SIGN_IN], strict=True):
        assert prompt.purpose is purpose
        assert (prompt.site, prompt.account, prompt.requester) == (RP_ID, "alice@contoso", "chromium (7)")
        assert prompt.tries_left == 5


def test_a_framed_page_is_named_with_what_is_around_it(desk: Desk) -> None:
    framed = Caller(ORIGIN, top_origin="https://blog.example")

    created = desk.create(caller=framed)

    client_data = json.loads(b64url_decode(created["response"]["clientDataJSON"]))
    assert (client_data["crossOrigin"], client_data["topOrigin"]) == (True, "https://blog.example")
    assert desk.person.prompts[0].site == "id.example.org (in a page of https://blog.example)"


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "https://id.example.org.evil.test", "https://evil.example.org"]
)
def test_a_site_that_is_not_enrolled_is_refused_before_anything_happens(desk: Desk, origin: str) -> None:
    host = origin.removeprefix("https://")

    for work in (
        lambda: desk.create(caller=Caller(origin), rp={"id": host, "name": "x"}),
        lambda: desk.create(caller=Caller(origin), rp={"name": "x"}),
        lambda: desk.get(caller=Caller(origin), rpId=host),
        lambda: desk.get(caller=Caller(origin), rpId=None),
        lambda: desk.authenticator.accounts(Caller(origin), host),
    ):
        with pytest.raises(errors.RpNotEnrolled) as refused:
            work()
        assert (refused.value.code, refused.value.name) == ("rp_not_enrolled", "SecurityError")
    assert desk.person.prompts == []


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "http://id.example.org",
        "https://id.example.org:8443",
        "https://sub.id.example.org",
        "https://id.example.org/",
        "https://ID.example.org",
        "",
    ],
)
def test_another_page_may_not_use_an_enrolled_rp_id(desk: Desk, origin: str) -> None:
    desk.create()
    asked = len(desk.person.prompts)

    for work in (
        lambda: desk.create(caller=Caller(origin)),
        lambda: desk.get(caller=Caller(origin)),
        lambda: desk.authenticator.accounts(Caller(origin), RP_ID),
    ):
        with pytest.raises(errors.OriginNotEnrolled) as refused:
            work()
        assert (refused.value.code, refused.value.name) == ("origin_not_enrolled", "SecurityError")
    assert len(desk.person.prompts) == asked


def test_an_enrolled_page_may_not_use_a_parent_domain(desk: Desk) -> None:
    with pytest.raises(errors.RpNotEnrolled):
        desk.create(rp={"id": "example.org", "name": "x"})


def test_the_default_rp_id_is_the_pages_host(desk: Desk) -> None:
    desk.create(rp={"name": "Contoso"})

    assert desk.get(rpId=None)


def test_a_wrong_pin_is_asked_for_again_with_the_tries_left(desk: Desk) -> None:
    desk.create()

    assert desk.get("000001", "000002", PIN)

    assert [prompt.tries_left for prompt in desk.person.prompts[1:]] == [5, 4, 3]
    assert desk.person.prompts[-1].error == "That PIN is not right. 3 tries are left."


def test_three_wrong_pins_end_the_ceremony(desk: Desk) -> None:
    desk.create()

    with pytest.raises(GestureRefused) as refused:
        desk.get("000001", "000002", "000003", PIN)

    assert refused.value.tries_left == 2


def test_a_paused_container_asks_nobody(desk: Desk) -> None:
    desk.create()
    with pytest.raises(GestureRefused):
        desk.get("000001", "000002", "000003")
    with pytest.raises(GestureRefused):
        desk.get("000004", "A1B2C3", "000005")
    asked = len(desk.person.prompts)

    with pytest.raises(PinLocked) as paused:
        desk.get(PIN)

    assert paused.value.code == "pin_paused"
    assert len(desk.person.prompts) == asked


@pytest.mark.parametrize(
    ("cancelled", "refusal"),
    [(Cancelled(), errors.NotApproved), (Cancelled(timed_out=True), errors.NobodyAnswered)],
)
def test_no_is_no(desk: Desk, cancelled: Cancelled, refusal: type[errors.AuthenticatorError]) -> None:
    with pytest.raises(refusal) as refused:
        desk.create(cancelled)

    assert refused.value.name == "NotAllowedError"
    assert desk.container.passkeys == ()


def test_without_a_pin_nobody_is_asked_for_it(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> None:
    desk = Desk.__new__(Desk)
    desk.container = Container(tmp_path / "state", software, clock.now, os.urandom)
    issuer, enrolled = f"{ORIGIN}/v2.0", datetime(2026, 1, 1, tzinfo=UTC)
    desk.container.enrolments.enrol(Provider(RP_ID, (ORIGIN,), issuer, "Contoso", "t", "Contoso", ORIGIN, enrolled))
    desk.person = ScriptedGesture([])

    with pytest.raises(PinNotSet):
        desk.create()

    assert desk.person.prompts == []


def test_an_excluded_credential_is_told_only_with_consent(desk: Desk) -> None:
    here = desk.create()["id"]
    exclude = [{"type": "public-key", "id": here}]

    with pytest.raises(errors.CredentialExcluded) as refused:
        desk.create(True, excludeCredentials=exclude)
    with pytest.raises(errors.NotApproved):
        desk.create(False, excludeCredentials=exclude)

    assert (refused.value.code, refused.value.name) == ("credential_excluded", "InvalidStateError")
    assert len(desk.container.passkeys) == 1


def test_excluding_others_changes_nothing(desk: Desk) -> None:
    desk.create(excludeCredentials=[{"type": "public-key", "id": "AAAA"}, {"type": "other", "id": 7}])

    assert len(desk.container.passkeys) == 1


@pytest.mark.parametrize(
    "parameters", [[{"type": "public-key", "alg": -257}], [{"type": "other", "alg": -7}], [{"alg": -7}], [7]]
)
def test_a_site_that_takes_no_es256_is_told_so(desk: Desk, parameters: list[Any]) -> None:
    with pytest.raises(errors.AlgorithmNotSupported) as refused:
        desk.create(pubKeyCredParams=parameters)

    assert refused.value.name == "NotSupportedError"


def test_a_site_that_names_no_algorithm_takes_es256(desk: Desk) -> None:
    assert desk.create(pubKeyCredParams=[])


def test_a_site_that_wants_a_security_key_does_not_get_a_platform_one(desk: Desk) -> None:
    with pytest.raises(errors.AttachmentNotOurs):
        desk.create(authenticatorSelection={"authenticatorAttachment": "cross-platform"})


@pytest.mark.parametrize(
    "changes",
    [
        {"challenge": None},
        {"challenge": ""},
        {"challenge": 7},
        {"challenge": "AAA="},
        {"challenge": "A" * 2000},
        {"rp": None},
        {"rp": {"id": 7, "name": "x"}},
        {"user": None},
        {"user": {"id": "", "name": "a", "displayName": "a"}},
        {"user": {"id": "A" * 88, "name": "a", "displayName": "a"}},
        {"user": {"id": "AQ", "displayName": "a"}},
        {"pubKeyCredParams": None},
        {"pubKeyCredParams": "ES256"},
        {"excludeCredentials": {}},
        {"excludeCredentials": [{"type": "public-key", "id": "A"}]},
        {"excludeCredentials": [{"type": "public-key", "id": "AAAA"}] * 513},
        {"authenticatorSelection": []},
        {"extensions": 7},
    ],
)
def test_malformed_options_are_refused_with_their_reason(desk: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(errors.OptionsInvalid) as refused:
        desk.create(**changes)

    assert refused.value.code == "options_invalid"
    assert desk.person.prompts == []


def test_the_only_passkey_needs_no_choice(desk: Desk) -> None:
    desk.create()

    assert desk.get(PIN)


def test_among_several_accounts_the_person_chooses(desk: Desk) -> None:
    desk.create(user=user("alice"))
    desk.create(user=user("bob"))

    chosen = desk.get(1, PIN)

    assert desk.person.questions == ["bob@contoso", "alice@contoso"]
    assert b64url_decode(chosen["response"]["userHandle"]) == b"alice"
    assert desk.person.prompts[-1].account == "alice@contoso"


def test_choosing_none_is_a_refusal(desk: Desk) -> None:
    desk.create(user=user("alice"))
    desk.create(user=user("bob"))

    with pytest.raises(errors.NotApproved):
        desk.get(Cancelled())


def test_what_was_chosen_in_autofill_is_not_asked_again(desk: Desk) -> None:
    desk.create(user=user("alice"))
    bob = desk.create(user=user("bob"))["id"]

    assert desk.get(PIN, chosen=bob)["id"] == bob


@pytest.mark.parametrize("chosen", ["AAAA", "not base64url!", ""])
def test_a_choice_that_is_not_here_is_refused(desk: Desk, chosen: str) -> None:
    desk.create()

    with pytest.raises(errors.NoPasskey):
        desk.get(chosen=chosen)


def test_only_allowed_credentials_are_used(desk: Desk) -> None:
    alice = desk.create(user=user("alice"))["id"]
    desk.create(user=user("bob"))

    assert desk.get(PIN, allowCredentials=[{"type": "public-key", "id": alice}])["id"] == alice
    with pytest.raises(errors.NoPasskey) as refused:
        desk.get(allowCredentials=[{"type": "public-key", "id": "AAAA"}])
    assert (refused.value.code, refused.value.name) == ("no_passkey", "NotAllowedError")


def test_autofill_names_accounts_without_asking_anybody(desk: Desk) -> None:
    alice = desk.create(user=user("alice"))["id"]
    bob = desk.create(user=user("bob"))["id"]
    asked = len(desk.person.prompts)

    assert desk.authenticator.accounts(PAGE, RP_ID) == [
        {"credential": bob, "name": "bob@contoso", "display_name": "Bob"},
        {"credential": alice, "name": "alice@contoso", "display_name": "Alice"},
    ]
    assert len(desk.person.prompts) == asked


def test_a_ceremony_given_up_half_way_leaves_the_container_as_it_was(desk: Desk) -> None:
    older = desk.create()["id"]

    async def gone_after_the_key_was_made(work: Callable[[], T]) -> T:
        made = work()
        if isinstance(made, tuple):
            raise asyncio.CancelledError
        return made

    authenticator = Authenticator(desk.container, ScriptedGesture([PIN]), gone_after_the_key_was_made)
    with pytest.raises(asyncio.CancelledError):
        run(authenticator.make_credential(PAGE, creation()))

    assert [b64url_encode(passkey.credential_id) for passkey in desk.container.passkeys] == [older]


def approval(desk: Desk, *answers: str | Cancelled) -> Approval:
    desk.person = ScriptedGesture(list(answers))
    return Approval(desk.container, desk.person, at_once)


def test_changing_the_pin_asks_for_the_old_one_then_the_new_one(desk: Desk) -> None:
    desk.create()

    run(approval(desk, PIN, "864209").change_pin("cli"))

    assert [prompt.purpose for prompt in desk.person.prompts] == [Purpose.CHANGE_PIN, Purpose.SET_PIN]
    assert desk.get("864209")


def test_changing_the_pin_with_a_wrong_old_one_asks_for_it_again_and_keeps_the_new_one(desk: Desk) -> None:
    desk.create()

    run(approval(desk, "000001", "864209", PIN).change_pin("cli"))

    assert desk.person.prompts[-1].error == "That PIN is not right. 4 tries are left."
    assert desk.get("864209")


def test_an_unfit_new_pin_is_asked_for_again_with_the_reason(desk: Desk) -> None:
    run(approval(desk, PIN, "123456", "864209").change_pin("cli"))

    assert "straight sequence" in desk.person.prompts[-1].error


def test_a_pin_is_not_set_twice(desk: Desk) -> None:
    with pytest.raises(PinAlreadySet):
        run(approval(desk).set_pin("cli"))


def test_not_wanting_a_new_pin_keeps_the_old_one(desk: Desk) -> None:
    desk.create()

    with pytest.raises(errors.NotApproved):
        run(approval(desk, PIN, Cancelled()).change_pin("cli"))

    assert desk.get(PIN)
