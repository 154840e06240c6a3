"""What is kept is listed, renamed and deleted, one by one or all at once, by whom a person lets."""

from hashlib import sha256
from pathlib import Path

import pytest
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, CredentialManagement, Ctap2
from keystead_testkit.ctap_agent import PIN, RP_ID, CtapAgent
from keystead_testkit.ctap_site import OTHER_RP, Site
from keystead_testkit.hid_reports import MemoryReports


def test_passkeys_are_listed_renamed_and_deleted(agent: CtapAgent, key: MemoryReports) -> None:
    device = key.open()
    alice, other = Site(device), Site(device, OTHER_RP)
    alice.register("alice")
    alice.register("bob")
    other.register("carol")
    ctap = Ctap2(device)
    pin = ClientPin(ctap)
    manage = CredentialManagement(ctap, pin.protocol, pin.get_pin_token(PIN, ClientPin.PERMISSION.CREDENTIAL_MGMT))

    rps = manage.enumerate_rps()
    credentials = manage.enumerate_creds(rps[0][CredentialManagement.RESULT.RP_ID_HASH])
    bob = credentials[0]
    manage.update_user_info(
        bob[CredentialManagement.RESULT.CREDENTIAL_ID], {"id": b"bob", "name": "robert", "displayName": "Robert"}
    )
    manage.delete_cred(credentials[1][CredentialManagement.RESULT.CREDENTIAL_ID])

    assert manage.get_metadata() == {1: 2, 2: 254}
    assert [rp[CredentialManagement.RESULT.RP]["id"] for rp in rps] == [RP_ID, OTHER_RP]
    assert [each[CredentialManagement.RESULT.USER]["name"] for each in credentials] == ["bob", "alice"]
    assert [passkey.name for passkey in agent.container.passkeys] == ["robert", "carol"]


def test_management_needs_its_own_permission(agent: CtapAgent, key: MemoryReports) -> None:
    device = key.open()
    Site(device).register()
    ctap = Ctap2(device)
    pin = ClientPin(ctap)
    token = pin.get_pin_token(PIN, ClientPin.PERMISSION.GET_ASSERTION, RP_ID)

    with pytest.raises(CtapError, match="PIN_AUTH_INVALID"):
        CredentialManagement(ctap, pin.protocol, token).enumerate_rps()


def test_a_management_token_for_one_site_does_not_reach_another(agent: CtapAgent, key: MemoryReports) -> None:
    device = key.open()
    Site(device).register()
    Site(device, OTHER_RP).register()
    ctap = Ctap2(device)
    pin = ClientPin(ctap)
    manage = CredentialManagement(
        ctap, pin.protocol, pin.get_pin_token(PIN, ClientPin.PERMISSION.CREDENTIAL_MGMT, OTHER_RP)
    )
    foreign = agent.container.passkeys_for(RP_ID)[0].credential_id

    with pytest.raises(CtapError, match="PIN_AUTH_INVALID"):
        manage.get_metadata()
    with pytest.raises(CtapError, match="PIN_AUTH_INVALID"):
        manage.enumerate_creds(sha256(RP_ID.encode()).digest())
    with pytest.raises(CtapError, match="PIN_AUTH_INVALID"):
        manage.delete_cred({"type": "public-key", "id": foreign})

    assert len(agent.container.passkeys) == 2


def test_reset_names_what_is_lost_and_keeps_what_is_enrolled(agent: CtapAgent, key: MemoryReports) -> None:
    device = key.open()
    Site(device).register()
    Ctap2(device).reset()

    assert agent.person.questions == [f"Delete all 1 passkeys on this computer ({RP_ID}) and the PIN, for good?"]
    assert agent.container.passkeys == ()
    assert not agent.container.has_pin
    assert [provider.rp_id for provider in agent.container.providers] == [RP_ID, OTHER_RP]


def test_reset_is_refused_without_a_yes_or_too_late(agent: CtapAgent, key: MemoryReports) -> None:
    ctap = Ctap2(key.open())
    agent.person.agrees = False
    with pytest.raises(CtapError, match="OPERATION_DENIED"):
        ctap.reset()
    agent.person.agrees, agent.later = True, 10.1
    with pytest.raises(CtapError, match="NOT_ALLOWED"):
        ctap.reset()

    assert agent.container.has_pin
    assert '"code": "reset_too_late"' in agent.log


def test_a_site_that_the_person_named_may_ask_and_unenrolling_others_leaves_its_passkeys(tmp_path: Path) -> None:
    with CtapAgent(tmp_path, sites=frozenset({"ssh:"})) as agent:
        ctap = Ctap2(agent.plug_in().open())
        user, es256 = {"id": bytes(32), "name": "openssh"}, [{"type": "public-key", "alg": -7}]

        made = [ctap.make_credential(bytes(32), {"id": "ssh:", "name": "ssh"}, user, es256) for _ in range(2)]
        agent.container.enrolments.unenrol(RP_ID)

        for each in made:
            credential = each.auth_data.credential_data
            allow = [{"type": "public-key", "id": credential.credential_id}]
            ctap.get_assertion("ssh:", bytes(32), allow).verify(bytes(32), credential.public_key)
        with pytest.raises(CtapError, match="NOT_ALLOWED"):
            ctap.get_assertion("ssh:other", bytes(32))
