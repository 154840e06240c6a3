"""Registering and signing in through the daemon: what the person is asked, what gets through, and who gives up when."""

import os

import pytest
import webauthn
from keystead_core.link import messages as link
from keystead_core.link.messages import Failed
from keystead_testkit.daemon_desk import (
    CHALLENGE,
    NEW,
    PIN,
    TYPES_THE_PIN,
    WRONG,
    Wire,
    ask,
    assertion,
    creation,
    is_answered,
    is_running,
    refusal,
    wait_until,
)
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import BusTap

pytestmark = pytest.mark.tpm


def test_registers_and_signs_in_and_a_site_believes_it(ready: RunningAgent, pages: PasskeyPages) -> None:
    created = ask(ready, creation(pages.origin))["credential"]
    registered = webauthn.verify_registration_response(
        credential=created,
        expected_challenge=CHALLENGE,
        expected_rp_id="localhost",
        expected_origin=pages.origin,
        require_user_verification=True,
    )

    signed_in = webauthn.verify_authentication_response(
        credential=ask(ready, assertion(pages.origin))["credential"],
        expected_challenge=CHALLENGE,
        expected_rp_id="localhost",
        expected_origin=pages.origin,
        credential_public_key=registered.credential_public_key,
        credential_current_sign_count=0,
        require_user_verification=True,
    )

    assert signed_in.new_sign_count == 1
    prompt = ready.pinentry.asked[-1]
    assert "sign in to localhost" in prompt["desc"]
    assert "Account: alice" in prompt["desc"]
    assert f"({os.getpid()})" in prompt["desc"]


def test_a_stranger_is_refused_before_any_command_to_the_chip(ready: RunningAgent, bus: BusTap) -> None:
    bus.frames.clear()
    prompts = len(ready.pinentry.asked)

    for request in (
        creation("https://evil.test"),
        assertion("https://evil.test"),
        assertion("https://evil.test", rpId="localhost"),
        link.Accounts("1", rp_id="localhost", origin="https://evil.test"),
    ):
        assert refusal(ready, request).name == "SecurityError"

    assert bus.frames == []
    assert len(ready.pinentry.asked) == prompts
    refused = [line for line in ready.log if line["event"] == "request.refused"]
    assert [line["code"] for line in refused][:2] == ["rp_not_enrolled"] * 2
    assert refused[0]["origin"] == "https://evil.test"


def test_the_pin_is_in_no_frame_on_the_bus(ready: RunningAgent, pages: PasskeyPages, bus: BusTap) -> None:
    ask(ready, creation(pages.origin))
    ask(ready, assertion(pages.origin))

    assert len(bus.frames) > 60
    assert not bus.carries(PIN.encode())


def test_a_wrong_pin_is_asked_for_again_and_counted(ready: RunningAgent, pages: PasskeyPages) -> None:
    ask(ready, creation(pages.origin))
    ready.pinentry.answer({"pin": WRONG}, {"pin": PIN})

    ask(ready, assertion(pages.origin))

    assert ready.pinentry.asked[-1]["error"] == "That PIN is not right. 9 tries are left."
    assert ask(ready, link.Status("1"))["keystore"]["tries_left"] == 10


def test_several_wrong_pins_ask_for_a_phrase_and_then_for_patience(ready: RunningAgent, pages: PasskeyPages) -> None:
    ask(ready, creation(pages.origin))
    ready.pinentry.answer({"pin": WRONG, "forever": True})
    assert refusal(ready, assertion(pages.origin)).code == "pin_wrong"

    ready.pinentry.answer({"pin": WRONG}, {"pin": "a1b2c3"}, {"pin": WRONG, "forever": True})
    refused = refusal(ready, assertion(pages.origin))

    errors = [asked["error"] for asked in ready.pinentry.asked[-2:]]
    assert errors == [
        "Several wrong PINs. To go on, type A1B2C3 in place of the PIN.",
        "Thank you. Now type your PIN.",
    ]
    assert refused.code == "pin_wrong"
    ready.pinentry.answer(TYPES_THE_PIN)
    paused = refusal(ready, assertion(pages.origin))
    assert (paused.code, paused.name) == ("pin_paused", "NotAllowedError")
    assert "seconds" in str(paused)
    status = ask(ready, link.Status("1"))
    assert (status["keystore"]["tries_left"], status["pin_guard"]) == (6, "person")


def test_nothing_is_unlocked_that_no_provider_may_unlock(ready: RunningAgent) -> None:
    assert refusal(ready, link.Unlock("1")).code == "unlock_refused"
    assert refusal(ready, link.UnlockWait("2")).code == "unlock_refused"


def test_the_pin_is_changed_and_passkeys_stay(ready: RunningAgent, pages: PasskeyPages) -> None:
    created = ask(ready, creation(pages.origin))["credential"]["id"]
    ready.pinentry.answer({"pin": PIN}, {"pin": NEW})
    ask(ready, link.ChangePin("1"))

    ready.pinentry.answer({"pin": NEW})

    assert ask(ready, assertion(pages.origin))["credential"]["id"] == created


def test_no_is_no(ready: RunningAgent, pages: PasskeyPages) -> None:
    ready.pinentry.answer({"cancel": True})

    refused = refusal(ready, creation(pages.origin))

    assert (refused.code, refused.name) == ("not_approved", "NotAllowedError")
    assert ask(ready, link.ListPasskeys("1"))["passkeys"] == []


def test_after_several_refusals_nothing_is_asked(ready: RunningAgent, pages: PasskeyPages) -> None:
    ready.pinentry.answer({"cancel": True, "forever": True})
    for _ in range(5):
        assert refusal(ready, creation(pages.origin)).code == "not_approved"
    prompts = len(ready.pinentry.asked)

    assert refusal(ready, creation(pages.origin)).code == "too_many_prompts"

    assert len(ready.pinentry.asked) == prompts


def test_a_second_ceremony_is_busy_and_does_not_disturb_the_first(
    ready: RunningAgent, pages: PasskeyPages, wire: Wire
) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin, "first"))
    window = ready.pinentry.wait_until_asked(asked + 1)

    assert refusal(ready, creation(pages.origin)).code == "busy"
    assert ask(ready, link.Accounts("1", rp_id="localhost", origin=pages.origin)) == {"accounts": []}

    assert is_running(window["pid"])


def test_cancelling_closes_the_window_and_rejects_with_abort_error(
    ready: RunningAgent, pages: PasskeyPages, wire: Wire
) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin, "create"))
    window = ready.pinentry.wait_until_asked(asked + 1)

    wire.say(link.Cancel("stop", target="create"))

    replies = {reply.id: reply for reply in (wire.hear(), wire.hear()) if reply is not None}
    assert replies["stop"] == link.Done("stop", {})
    cancelled = replies["create"]
    assert isinstance(cancelled, Failed)
    assert (cancelled.code, cancelled.name) == ("cancelled", "AbortError")
    wait_until(lambda: not is_running(window["pid"]))


def test_cancelling_what_is_not_there_is_no_error(line: Wire) -> None:
    line.say(link.Cancel("stop", target="nothing"))

    assert line.hear() == link.Done("stop", {})


def test_hanging_up_closes_the_window_and_frees_the_place(ready: RunningAgent, pages: PasskeyPages, wire: Wire) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin))
    window = ready.pinentry.wait_until_asked(asked + 1)

    wire.hang_up()

    wait_until(lambda: not is_running(window["pid"]))
    ready.pinentry.answer(TYPES_THE_PIN)
    # The place is free once the daemon has heard that the window's process ended.
    wait_until(lambda: is_answered(ready, creation(pages.origin)))


def test_stopping_closes_the_window_and_ends_cleanly(ready: RunningAgent, pages: PasskeyPages, wire: Wire) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin))
    window = ready.pinentry.wait_until_asked(asked + 1)

    assert ready.stop() == 0

    assert not is_running(window["pid"])
    assert not ready.socket.exists()
    assert ready.log[-1]["event"] == "daemon.stopped"
