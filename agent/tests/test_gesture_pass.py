"""What a PIN has opened, a finger or a face may open, until it is forgotten."""

import asyncio
import os
from pathlib import Path

import pytest
from keystead_agent.authenticator.approval import Approval
from keystead_agent.authenticator.errors import NotApproved
from keystead_agent.container.container import Container
from keystead_agent.container.ladder import PHRASE
from keystead_agent.container.records import Account
from keystead_agent.daemon.offloading import OneThread
from keystead_agent.gesture.interface import Cancelled, Prompt, Purpose, Verified
from keystead_agent.gesture.scripted import ScriptedGesture
from keystead_agent.keystore.errors import GesturePassVoid, GestureRefused, PinPaused
from keystead_agent.keystore.interface import Keystore
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.values import GesturePass
from keystead_testkit.clock import FixedClock

PIN, WRONG, NEW = "137946", "000001", "864209"
SITE = "id.example.org"
ADA = Account(b"ada", "ada@example.org", "Ada")
TOUCH = Verified("fingerprint")


@pytest.fixture(params=["software", "keystore"])
def either(request: pytest.FixtureRequest) -> Keystore:
    """Each keystore in its turn: in a file, and in a TPM."""
    made: Keystore = request.getfixturevalue(request.param)
    return made


def container_on(keystore: Keystore, directory: Path, clock: FixedClock) -> tuple[Container, bytes]:
    opened = Container(directory / "state", keystore, clock.now, os.urandom)
    opened.set_pin(PIN)
    passkey, _ = opened.create(SITE, ADA, PIN, None)
    return opened, passkey.credential_id


def digest_for(sign_count: int) -> bytes:
    return bytes(28) + sign_count.to_bytes(4, "big")


def held(container: Container) -> GesturePass:
    made = container.gesture_pass
    assert made is not None
    return made


def test_a_pass_signs_as_the_pin_does(either: Keystore, tmp_path: Path, clock: FixedClock) -> None:
    container, passkey = container_on(either, tmp_path, clock)
    assert container.gesture_pass is None

    container.admit_gestures(PIN)
    count, signature = container.sign(passkey, held(container), digest_for)

    assert count == 1
    assert signature


def test_a_wrong_pin_makes_no_pass(either: Keystore, tmp_path: Path, clock: FixedClock) -> None:
    container, _ = container_on(either, tmp_path, clock)

    with pytest.raises(GestureRefused):
        container.admit_gestures(WRONG)

    assert container.gesture_pass is None


def test_a_pass_with_another_secret_opens_nothing(either: Keystore, tmp_path: Path, clock: FixedClock) -> None:
    container, _ = container_on(either, tmp_path, clock)
    contents = container.snapshot()
    assert contents is not None
    assert contents.gate is not None
    container.admit_gestures(PIN)
    spoiled = GesturePass(held(container).item, bytes(32))

    with pytest.raises(GesturePassVoid):
        either.create_hmac_key(contents.foundation, contents.gate, spoiled)


def test_a_pass_is_never_on_the_disk(software: SoftwareKeystore, tmp_path: Path, clock: FixedClock) -> None:
    container, passkey = container_on(software, tmp_path, clock)
    container.admit_gestures(PIN)
    container.sign(passkey, held(container), digest_for)

    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

    assert held(container).secret not in kept
    assert held(container).item not in kept
    assert repr(held(container)) == "GesturePass()"
    assert Container(tmp_path / "state", software, clock.now, os.urandom).gesture_pass is None


@pytest.mark.parametrize("end", ["void", "change", "reset"])
def test_a_pass_that_was_copied_before_its_end_is_void(
    software: SoftwareKeystore, tmp_path: Path, clock: FixedClock, end: str
) -> None:
    container, passkey = container_on(software, tmp_path, clock)
    container.admit_gestures(PIN)
    copied = held(container)
    approved_before = container.pin_changes
    match end:
        case "void":
            container.void_approvals()
        case "change":
            container.change_pin(old=PIN, new=NEW)
        case _:
            container.reset()
            container.set_pin(PIN)
            passkey = container.create(SITE, ADA, PIN, None)[0].credential_id

    with pytest.raises(GesturePassVoid):
        container.sign(passkey, copied, digest_for)

    assert container.gesture_pass is None
    assert container.pin_changes > approved_before


def test_while_no_pin_is_looked_at_no_finger_is(software: SoftwareKeystore, tmp_path: Path, clock: FixedClock) -> None:
    container, passkey = container_on(software, tmp_path, clock)
    container.admit_gestures(PIN)
    guess_until_paused(container)

    with pytest.raises(PinPaused):
        container.sign(passkey, held(container), digest_for)


def guess_until_paused(container: Container) -> None:
    for typed in (WRONG, WRONG, WRONG, PHRASE, WRONG):
        with pytest.raises(GestureRefused):
            container.check_pin(typed)


def test_a_finger_forgets_no_wrong_pins(software: SoftwareKeystore, tmp_path: Path, clock: FixedClock) -> None:
    """Attack: guess a few PINs between two touches of the owner, day after day, and never meet the phrase."""
    container, passkey = container_on(software, tmp_path, clock)
    container.admit_gestures(PIN)
    with pytest.raises(GestureRefused):
        container.check_pin(WRONG)
    before = container.snapshot()
    assert before is not None

    container.sign(passkey, held(container), digest_for)

    after = container.snapshot()
    assert after is not None
    assert after.pin.ladder == before.pin.ladder


def approval(container: Container, *answers: str | Verified | Cancelled) -> tuple[Approval, ScriptedGesture]:
    gesture = ScriptedGesture(list(answers), offers_more=True)
    return Approval(container, gesture, OneThread()), gesture


def sign_in(asking: Approval, passkey: bytes) -> int:
    def act(opening: str | GesturePass) -> int:
        return asking.container.sign(passkey, opening, digest_for)[0]

    return asyncio.run(asking.with_gesture(Prompt(Purpose.SIGN_IN, SITE), act))


def test_a_finger_does_only_after_a_pin(software: SoftwareKeystore, tmp_path: Path, clock: FixedClock) -> None:
    container, passkey = container_on(software, tmp_path, clock)
    asking, gesture = approval(container, PIN, TOUCH)

    assert sign_in(asking, passkey) == 1
    assert sign_in(asking, passkey) == 2

    assert [prompt.other_gestures for prompt in gesture.prompts] == [False, True]


def test_a_finger_that_nobody_asked_for_approves_nothing(
    software: SoftwareKeystore, tmp_path: Path, clock: FixedClock
) -> None:
    container, passkey = container_on(software, tmp_path, clock)
    asking, _ = approval(container, TOUCH)

    with pytest.raises(NotApproved):
        sign_in(asking, passkey)

    assert container.passkey(passkey).sign_count == 0


def test_a_pin_is_not_changed_by_a_finger(software: SoftwareKeystore, tmp_path: Path, clock: FixedClock) -> None:
    container, _ = container_on(software, tmp_path, clock)
    container.admit_gestures(PIN)
    asking, gesture = approval(container, TOUCH)

    with pytest.raises(NotApproved):
        asyncio.run(asking.change_pin("test"))

    assert not gesture.prompts[0].other_gestures


def test_a_pass_that_ends_under_the_finger_is_followed_by_the_pin(
    software: SoftwareKeystore, tmp_path: Path, clock: FixedClock
) -> None:
    container, passkey = container_on(software, tmp_path, clock)
    container.admit_gestures(PIN)

    class LocksAtTheTouch(ScriptedGesture):
        async def ask_pin(self, prompt: Prompt) -> str | Verified | Cancelled:
            container.void_approvals()
            return await ScriptedGesture.ask_pin(self, prompt)

    gesture = LocksAtTheTouch([TOUCH, PIN])
    asking = Approval(container, gesture, OneThread())

    assert sign_in(asking, passkey) == 1
    assert [prompt.other_gestures for prompt in gesture.prompts] == [True, False]
    assert "once" in gesture.prompts[1].error


def test_after_a_pin_change_the_pin_that_was_is_not_tried_again(
    software: SoftwareKeystore, tmp_path: Path, clock: FixedClock
) -> None:
    """It would be counted as a wrong one."""
    container, _ = container_on(software, tmp_path, clock)
    asking, _ = approval(container, WRONG, NEW, PIN)

    asyncio.run(asking.change_pin("test"))

    assert software.tries().left == software.tries().limit
    assert container.gesture_pass is None
