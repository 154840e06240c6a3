"""Who types the PIN where, what comes of wrong ones, and a finger in its place."""

from pathlib import Path

import pytest
from fido2.client import ClientError
from fido2.ctap import CtapError
from fido2.ctap2 import ClientPin, Ctap2
from keystead_testkit.ctap_agent import PIN, RP_ID, CtapAgent
from keystead_testkit.ctap_site import ERR, NEW, WRONG, Site
from keystead_testkit.hid_reports import MemoryReports


def test_both_ways_of_typing_a_pin_come_to_the_same(tmp_path: Path) -> None:
    with CtapAgent(tmp_path, pin=None) as agent:
        device = agent.plug_in().open()
        ctap = Ctap2(device)
        assert ctap.info.options["clientPin"] is False

        ClientPin(ctap).set_pin(PIN)
        Site(device).register()
        ClientPin(ctap).change_pin(PIN, NEW)
        agent.person.types = NEW
        ctap.get_assertion(RP_ID, bytes(32))

        assert ctap.get_info().options["clientPin"] is True
        assert agent.container.passkeys[0].sign_count == 1


def test_a_program_cannot_set_the_first_pin_behind_the_persons_back(tmp_path: Path) -> None:
    with CtapAgent(tmp_path, pin=None) as agent:
        agent.person.agrees = False
        pin = ClientPin(Ctap2(agent.plug_in().open()))

        with pytest.raises(CtapError, match="OPERATION_DENIED"):
            pin.set_pin(PIN)

        assert not agent.container.has_pin


@pytest.mark.parametrize("unfit", ["1234", "111111", "123456"])
def test_the_rules_for_pins_hold_in_a_client_too(agent: CtapAgent, key: MemoryReports, unfit: str) -> None:
    with pytest.raises(CtapError, match="PIN_POLICY_VIOLATION"):
        ClientPin(Ctap2(key.open())).change_pin(PIN, unfit)


def test_wrong_pins_are_counted_and_three_in_a_row_end_the_conversation(agent: CtapAgent, key: MemoryReports) -> None:
    pin = ClientPin(Ctap2(key.open()))
    assert pin.get_pin_retries()[0] == 5

    for expected in (ERR.PIN_INVALID, ERR.PIN_INVALID, ERR.PIN_AUTH_BLOCKED, ERR.PIN_AUTH_BLOCKED):
        with pytest.raises(CtapError) as refused:
            pin.get_pin_token(WRONG, ClientPin.PERMISSION.GET_ASSERTION, RP_ID)
        assert refused.value.code == expected

    assert pin.get_pin_retries() == (2, 1)
    with pytest.raises(CtapError, match="PIN_AUTH_BLOCKED"):
        pin.get_pin_token(PIN, ClientPin.PERMISSION.GET_ASSERTION, RP_ID)


def test_a_locked_pin_is_locked_for_every_client(agent: CtapAgent) -> None:
    for _ in range(2):
        pin = ClientPin(Ctap2(agent.plug_in().open()))
        for _ in range(3):
            with pytest.raises(CtapError):
                pin.get_pin_token(WRONG, ClientPin.PERMISSION.GET_ASSERTION, RP_ID)
    fresh = Ctap2(agent.plug_in().open())

    with pytest.raises(CtapError, match="PIN_BLOCKED"):
        ClientPin(fresh).get_pin_token(PIN, ClientPin.PERMISSION.GET_ASSERTION, RP_ID)
    with pytest.raises(CtapError, match="UV_BLOCKED"):
        ClientPin(fresh).get_uv_token(ClientPin.PERMISSION.GET_ASSERTION, RP_ID)


def test_three_wrong_pins_at_our_prompt_verify_nobody(agent: CtapAgent, key: MemoryReports) -> None:
    agent.person.types = WRONG

    with pytest.raises(CtapError, match="UV_INVALID"):
        ClientPin(Ctap2(key.open())).get_uv_token(ClientPin.PERMISSION.GET_ASSERTION, RP_ID)

    assert len(agent.person.prompts) == 3


def test_after_one_pin_a_finger_does_until_the_session_is_left(agent: CtapAgent, key: MemoryReports) -> None:
    agent.person.offers_more = True
    site = Site(key.open())
    site.register()
    agent.person.touches, agent.person.types = True, None

    signed_in = site.sign_in()
    agent.container.void_approvals()
    with pytest.raises(ClientError):
        site.sign_in()

    assert signed_in.response.authenticator_data.is_user_verified()
    assert [prompt.other_gestures for prompt in agent.person.prompts] == [False, True, False]


def test_a_token_of_a_finger_is_void_once_the_session_is_left(agent: CtapAgent, key: MemoryReports) -> None:
    """Attack: a program has a token made by the owner's finger, and spends it after the screen was locked."""
    agent.person.offers_more = True
    device = key.open()
    site = Site(device)
    site.register()
    agent.person.touches = True
    client_pin, permissions = ClientPin(Ctap2(device)), ClientPin.PERMISSION.GET_ASSERTION
    token = client_pin.get_uv_token(permissions, RP_ID)
    digest = bytes(32)
    proof = client_pin.protocol.authenticate(token, digest)

    agent.container.void_approvals()

    with pytest.raises(CtapError) as refused:
        Ctap2(device).get_assertion(RP_ID, digest, pin_uv_param=proof, pin_uv_protocol=client_pin.protocol.VERSION)
    assert refused.value.code == ERR.PIN_AUTH_INVALID
