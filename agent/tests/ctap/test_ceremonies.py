"""python-fido2, a client that is not ours, registers and signs in over CTAPHID and CTAP 2.1."""

from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from cryptography.exceptions import InvalidSignature
from fido2.client import ClientError
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, Ctap2
from fido2.ctap2.pin import PinProtocolV1, PinProtocolV2
from keystead_agent.gesture.interface import Purpose
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_core.webauthn.aaguids import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM
from keystead_core.wire.base64url import b64url_decode
from keystead_testkit.ctap_agent import PIN, RP_ID, CtapAgent
from keystead_testkit.ctap_site import ERR, OTHER_RP, Site, status_of
from keystead_testkit.hid_reports import MemoryReports
from keystead_testkit.software_tpm import BusTap


def test_says_what_it_is_and_can(agent: CtapAgent, key: MemoryReports) -> None:
    device = key.open()
    info = Ctap2(device).info

    assert info.versions == ["FIDO_2_0", "FIDO_2_1"]
    assert info.aaguid == KEYSTEAD_SOFTWARE.bytes
    assert info.extensions == ["credProtect", "hmac-secret"]
    assert info.options == {
        "rk": True,
        "up": True,
        "uv": True,
        "clientPin": True,
        "pinUvAuthToken": True,
        "alwaysUv": True,
        "makeCredUvNotRqd": False,
        "credMgmt": True,
        "plat": False,
    }
    assert (info.max_msg_size, info.pin_uv_protocols, info.min_pin_length) == (7609, [2, 1], 6)
    assert device.capabilities == 0x01 | 0x04 | 0x08


@pytest.mark.parametrize("protocol", [PinProtocolV1, PinProtocolV2])
@pytest.mark.parametrize("pin", [None, PIN], ids=["at our prompt", "in the client"])
def test_registers_and_signs_in(
    agent: CtapAgent, key: MemoryReports, monkeypatch: pytest.MonkeyPatch, protocol: Any, pin: str | None
) -> None:
    monkeypatch.setattr(ClientPin, "PROTOCOLS", [protocol])
    site = Site(key.open(), pin=pin)

    registered = site.register()
    signed_in = site.sign_in()
    again = site.sign_in(allow=site.known)

    data = registered.response.attestation_object.auth_data
    assert data.flags == data.FLAG.UP | data.FLAG.UV | data.FLAG.AT
    assert registered.response.attestation_object.fmt == "packed"
    assert signed_in.response.user_handle == b"alice"
    assert (signed_in.response.authenticator_data.counter, again.response.authenticator_data.counter) == (1, 2)
    assert signed_in.response.authenticator_data.is_user_verified()


@pytest.mark.tpm
def test_registers_signs_in_and_keeps_a_secret_in_a_tpm(tmp_path: Path, bus: BusTap, keystore: TpmKeystore) -> None:
    salt = b"\x5a" * 32
    (tmp_path / "agent").mkdir()
    with CtapAgent(tmp_path / "agent", keystore) as agent:
        site = Site(agent.plug_in().open())

        registered = site.register(extensions={"hmacCreateSecret": True})
        outputs = [site.sign_in(extensions={"hmacGetSecret": {"salt1": salt}}) for _ in range(2)]

    assert registered.response.attestation_object.auth_data.credential_data.aaguid == KEYSTEAD_TPM.bytes
    secrets = [b64url_decode(output.client_extension_results["hmacGetSecret"]["output1"]) for output in outputs]
    assert secrets[0] == secrets[1]
    assert len(secrets[0]) == 32
    # Neither what went into the chip nor what came out of it was on the bus in the clear.
    assert not bus.carries(salt)
    assert not bus.carries(secrets[0])
    assert not bus.carries(PIN.encode())


def test_every_prompt_names_site_and_what_for(agent: CtapAgent, key: MemoryReports) -> None:
    site = Site(key.open())
    site.register()
    site.sign_in()

    shown = [(prompt.purpose, prompt.site) for prompt in agent.person.prompts]
    assert shown == [(Purpose.CREATE, RP_ID), (Purpose.SIGN_IN, RP_ID)]
    assert all(prompt.requester for prompt in agent.person.prompts)


def test_a_pin_typed_in_the_client_still_needs_a_yes_that_names_the_account(
    agent: CtapAgent, key: MemoryReports
) -> None:
    site = Site(key.open(), pin=PIN)
    site.register()
    site.sign_in()

    assert agent.person.questions == [
        f"Create a passkey for alice at {RP_ID} on this computer?",
        f"Sign in to {RP_ID} as alice?",
    ]
    agent.person.agrees = False
    with pytest.raises(ClientError) as refused:
        site.sign_in()
    assert status_of(refused) == ERR.OPERATION_DENIED


def test_the_account_is_chosen_at_our_own_prompt(agent: CtapAgent, key: MemoryReports) -> None:
    site = Site(key.open())
    site.register("alice")
    site.register("bob")
    agent.person.picks = 1

    signed_in = site.sign_in()

    assert agent.person.questions == ["bob", "alice"]
    assert signed_in.response.user_handle == b"alice"


def test_a_site_that_is_not_enrolled_is_refused_and_nobody_is_asked(agent: CtapAgent, key: MemoryReports) -> None:
    for visit in ("register", "sign_in"):
        for pin in (None, PIN):
            with pytest.raises(ClientError) as refused:
                getattr(Site(key.open(), "evil.example", pin=pin), visit)()
            assert status_of(refused) == ERR.NOT_ALLOWED

    assert agent.person.prompts == []
    assert '"code": "rp_not_enrolled"' in agent.log


def test_the_allow_list_is_asked_without_a_token_too(agent: CtapAgent, key: MemoryReports) -> None:
    ctap = Ctap2(key.open())
    user, es256 = {"id": b"a", "name": "a"}, [{"type": "public-key", "alg": -7}]

    with pytest.raises(CtapError, match="NOT_ALLOWED"):
        ctap.make_credential(bytes(32), {"id": "evil.example", "name": "Evil"}, user, es256)
    with pytest.raises(CtapError, match="NOT_ALLOWED"):
        ctap.get_assertion("evil.example", bytes(32))

    assert agent.person.prompts == []


def test_a_client_without_tokens_is_asked_for_by_us(agent: CtapAgent, key: MemoryReports) -> None:
    """CTAP 2.0, as ssh and older libraries speak it."""
    ctap = Ctap2(key.open())
    user, es256 = {"id": b"a", "name": "ada"}, [{"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -7}]

    made = ctap.make_credential(bytes(32), {"id": RP_ID, "name": "x"}, user, es256, options={"rk": True})
    got = ctap.get_assertion(RP_ID, bytes(32))

    got.verify(bytes(32), made.auth_data.credential_data.public_key)
    assert got.auth_data.is_user_verified()
    assert [(prompt.purpose, prompt.account) for prompt in agent.person.prompts] == [
        (Purpose.CREATE, "ada"),
        (Purpose.SIGN_IN, "ada"),
    ]


def test_a_silent_question_finds_a_passkey_and_signs_nothing(agent: CtapAgent, key: MemoryReports) -> None:
    site = Site(key.open())
    site.register()
    ctap = Ctap2(key.open())
    asked = len(agent.person.prompts)

    found = ctap.get_assertion(RP_ID, bytes(32), options={"up": False})

    assert found.auth_data.flags == 0
    assert found.user is None
    with pytest.raises(InvalidSignature):
        found.verify(bytes(32), site.known[0].public_key)
    with pytest.raises(CtapError, match="NO_CREDENTIALS"):
        ctap.get_assertion(OTHER_RP, bytes(32), options={"up": False})
    assert len(agent.person.prompts) == asked


@pytest.mark.parametrize(
    ("level", "without_a_list", "with_a_list"), [(1, True, True), (2, False, True), (3, False, False)]
)
def test_protected_passkeys_are_not_found_silently(
    agent: CtapAgent, key: MemoryReports, level: int, without_a_list: bool, with_a_list: bool
) -> None:
    ctap = Ctap2(key.open())
    user, es256 = {"id": b"a", "name": "ada"}, [{"type": "public-key", "alg": -7}]
    made = ctap.make_credential(
        bytes(32), {"id": RP_ID, "name": "x"}, user, es256, extensions={"credProtect": level}, options={"rk": True}
    )
    listed = [{"type": "public-key", "id": made.auth_data.credential_data.credential_id}]

    def is_found(allow: Any) -> bool:
        try:
            return bool(ctap.get_assertion(RP_ID, bytes(32), allow, options={"up": False}))
        except CtapError:
            return False

    assert made.auth_data.extensions == {"credProtect": level}
    assert (is_found(None), is_found(listed)) == (without_a_list, with_a_list)
    assert ctap.get_assertion(RP_ID, bytes(32)).auth_data.is_user_verified()


def test_an_excluded_passkey_is_told_after_a_person_was_there(agent: CtapAgent, key: MemoryReports) -> None:
    site = Site(key.open())
    site.register()

    with pytest.raises(ClientError) as refused:
        site.register(exclude=site.known)

    assert refused.value.code == ClientError.ERR.DEVICE_INELIGIBLE
    assert len(agent.container.passkeys) == 1
    assert agent.person.prompts[-1].purpose is Purpose.CREATE


def test_without_a_token_an_excluded_passkey_is_told_with_consent_alone(agent: CtapAgent, key: MemoryReports) -> None:
    site = Site(key.open())
    site.register()
    ctap = Ctap2(key.open())
    user, es256 = {"id": b"a", "name": "ada"}, [{"type": "public-key", "alg": -7}]
    exclude = [{"type": "public-key", "id": site.known[0].credential_id}]

    agent.person.agrees = False
    with pytest.raises(CtapError, match="OPERATION_DENIED"):
        ctap.make_credential(bytes(32), {"id": RP_ID, "name": "x"}, user, es256, exclude)
    agent.person.agrees = True
    with pytest.raises(CtapError, match="CREDENTIAL_EXCLUDED"):
        ctap.make_credential(bytes(32), {"id": RP_ID, "name": "x"}, user, es256, exclude)


def test_a_secret_is_of_its_passkey_and_its_salt(agent: CtapAgent, key: MemoryReports) -> None:
    site, other = Site(key.open()), Site(key.open(), OTHER_RP)
    for each in (site, other):
        each.register(extensions={"hmacCreateSecret": True})

    def secret(of: Site, *salts: bytes) -> list[bytes]:
        asked = {f"salt{number}": salt for number, salt in enumerate(salts, 1)}
        output = of.sign_in(extensions={"hmacGetSecret": asked}).client_extension_results["hmacGetSecret"]
        return [output[name] for name in ("output1", "output2") if output[name]]

    one, two = b"1" * 32, b"2" * 32
    assert secret(site, one, two) == [*secret(site, one), *secret(site, two)]
    assert len({*secret(site, one, two), *secret(other, one, two)}) == 4


def test_a_passkey_without_a_secret_signs_in_without_one(agent: CtapAgent, key: MemoryReports) -> None:
    site = Site(key.open())
    site.register()

    signed_in = site.sign_in(extensions={"hmacGetSecret": {"salt1": b"1" * 32}})

    assert signed_in.response.authenticator_data.extensions is None


def test_cancelling_closes_the_window(agent: CtapAgent, key: MemoryReports) -> None:
    agent.person.is_away = True
    cancel = Event()
    heard: list[Any] = []
    ctap = Ctap2(key.open())

    def visit() -> None:
        with pytest.raises(CtapError) as refused:
            ctap.selection(event=cancel, on_keepalive=heard.append)
        heard.append(refused.value.code)

    visiting = Thread(target=visit)
    visiting.start()
    agent.person.wait_until_asked()
    while not heard:
        pass
    cancel.set()
    visiting.join(timeout=10)

    assert heard[-1] == ERR.KEEPALIVE_CANCEL
    assert heard[0] == 2, "user presence needed"
    assert agent.person.closed_windows == 1


def test_a_passkey_that_need_not_be_found_is_found_by_its_id_alone_and_replaces_nothing(
    agent: CtapAgent, key: MemoryReports
) -> None:
    ctap = Ctap2(key.open())
    user, es256 = {"id": b"a", "name": "ada"}, [{"type": "public-key", "alg": -7}]
    made = [
        ctap.make_credential(bytes(32), {"id": RP_ID, "name": "x"}, user, es256, options=options)
        for options in ({"rk": True}, {"rk": False}, None, {"rk": True})
    ]
    ids = [each.auth_data.credential_data.credential_id for each in made]

    found = ctap.get_assertion(RP_ID, bytes(32))

    assert {passkey.credential_id for passkey in agent.container.passkeys} == set(ids[1:])
    assert found.credential["id"] == ids[3]
    assert agent.person.questions == []
