"""The PIN of a container, through its file and its keystore: the ladder, history, expiry, a provider's say, crashes."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from keystead_agent.container.container import Container
from keystead_agent.container.errors import PinExpired, PinNotSet, PinUnfit
from keystead_agent.container.pin import hash_pin
from keystead_agent.container.pin_rules import PinRules
from keystead_agent.container.records import Account
from keystead_agent.container.vault import FILE_NAME
from keystead_agent.keystore.errors import (
    GestureRefused,
    NoChip,
    PhraseTyped,
    PhraseWanted,
    PinBlocked,
    PinPaused,
)
from keystead_agent.keystore.interface import Keystore
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.tpm_gate import TpmGate
from keystead_core.tpm import nv
from keystead_core.tpm.faults import TpmError
from keystead_core.tpm.pin_index import TRIES
from keystead_testkit.clock import FixedClock
from keystead_testkit.software_tpm import SoftwareTpm
from keystead_testkit.tpm_container import UnlockAuthority, directly

PIN, NEW, WRONG = "137946", "864209", "000001"
ALICE = Account(b"alice", "alice@contoso", "Alice")
PROVIDER = UnlockAuthority(b"alice")
MINUTE = timedelta(minutes=1)


class Person:
    """Opens the same container again and again, types into it, and waits."""

    def __init__(self, directory: Path, keystore: Keystore, clock: FixedClock, rules: PinRules | None = None) -> None:
        self.directory, self.keystore, self.clock, self.rules = directory, keystore, clock, rules or PinRules()
        self.container = self.open()
        self.container.set_pin(PIN)
        self.passkey, _ = self.container.create("id.example.org", ALICE, PIN, None)

    def open(self) -> Container:
        self.container = Container(self.directory, self.keystore, self.clock.now, os.urandom, self.rules)
        return self.container

    def types(self, typed: str) -> int:
        count, _ = self.container.sign(self.passkey.credential_id, typed, lambda _: bytes(32))
        return count

    def fails(self, typed: str = WRONG, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(GestureRefused):
                self.types(typed)


@pytest.fixture
def person(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> Person:
    return Person(tmp_path, software, clock)


@pytest.fixture
def owner(tmp_path: Path, keystore: TpmKeystore, clock: FixedClock) -> Person:
    """The same with a TPM."""
    tmp_path.chmod(0o700)
    return Person(tmp_path, keystore, clock)


def test_after_three_wrong_pins_no_pin_is_looked_at_before_the_phrase(person: Person) -> None:
    person.fails(times=3)
    left = person.container.counted_tries().left

    with pytest.raises(PhraseWanted) as wanted:
        person.types(PIN)

    assert wanted.value.code == "pin_phrase_wanted"
    assert person.container.counted_tries().left == left
    with pytest.raises(PhraseTyped) as typed:
        person.types("a1b2c3")
    assert typed.value.code == "pin_phrase_typed"
    assert person.types(PIN)


def test_then_one_try_and_then_a_wait(person: Person) -> None:
    person.fails(times=3)
    person.fails("A1B2C3")
    person.fails()

    with pytest.raises(PinPaused) as paused:
        person.types(PIN)
    with pytest.raises(PinPaused):
        person.container.tries()

    assert paused.value.code == "pin_paused"
    assert paused.value.back_after == MINUTE
    person.clock.advance(MINUTE)
    assert person.types(PIN)


def test_the_right_pin_leads_back_to_the_foot_of_the_ladder(person: Person) -> None:
    person.fails(times=2)
    person.types(PIN)

    person.fails(times=3)

    with pytest.raises(PhraseWanted):
        person.types(PIN)


def test_a_restart_is_no_way_round_the_ladder(person: Person) -> None:
    person.fails(times=3)
    person.open()
    with pytest.raises(PhraseWanted):
        person.types(PIN)
    person.fails("A1B2C3")
    person.fails()

    person.open()

    with pytest.raises(PinPaused):
        person.types(PIN)


def test_taking_back_a_passkey_takes_back_no_wrong_pin(person: Person) -> None:
    before = person.container.snapshot()
    person.fails(times=3)

    person.container.put_back(before)

    with pytest.raises(PhraseWanted):
        person.types(PIN)


def test_former_pins_are_refused_as_many_as_the_rules_say(
    tmp_path: Path, software: SoftwareKeystore, clock: FixedClock
) -> None:
    person = Person(tmp_path, software, clock, PinRules(history=2))
    person.container.change_pin(old=PIN, new=NEW)

    for known in (PIN, NEW):
        with pytest.raises(PinUnfit, match="last 2"):
            person.container.change_pin(old=NEW, new=known)

    person.container.change_pin(old=NEW, new="975318")
    person.container.change_pin(old="975318", new=PIN)
    assert person.types(PIN)


def test_the_history_can_be_read_by_nobody_without_the_pin(
    tmp_path: Path, software: SoftwareKeystore, clock: FixedClock
) -> None:
    """Digests of former PINs without a key would be something to try PINs against."""
    person = Person(tmp_path, software, clock, PinRules(history=5))
    contents = person.container.snapshot()
    assert contents is not None
    assert contents.gate is not None
    (kept,) = contents.pin.former

    with pytest.raises(GestureRefused):
        software.gated_secret(contents.foundation, contents.gate, b"wrong-pin-hashed", b"PIN history")  # type: ignore[arg-type]

    assert len(kept) == 32


def test_without_a_rule_nothing_of_former_pins_is_kept(person: Person) -> None:
    person.container.change_pin(old=PIN, new=NEW)

    contents = person.container.snapshot()
    assert contents is not None
    assert contents.pin.former == ()
    person.container.change_pin(old=NEW, new=PIN)


def test_an_expired_pin_opens_nothing_but_its_own_change(
    tmp_path: Path, software: SoftwareKeystore, clock: FixedClock
) -> None:
    person = Person(tmp_path, software, clock, PinRules(expiry=timedelta(days=30)))
    clock.advance(timedelta(days=30))

    with pytest.raises(PinExpired, match="pin change") as expired:
        person.types(PIN)
    with pytest.raises(PinExpired):
        person.container.create("id.example.org", replace(ALICE, user_handle=b"bob"), PIN, None)

    assert expired.value.code == "pin_expired"
    person.container.change_pin(old=PIN, new=NEW)
    assert person.types(NEW)


@pytest.mark.tpm
def test_a_provider_is_given_the_say_and_uses_it(owner: Person) -> None:
    owner.container.entrust(PROVIDER.unlock_key, PIN)
    owner.open()
    assert owner.container.guard == "provider"
    owner.fails(times=3)
    owner.fails("A1B2C3")
    for _ in range(TRIES - 4):
        owner.fails()
        owner.clock.advance(10 * MINUTE)
    with pytest.raises(PinBlocked):
        owner.types(WRONG)
    with pytest.raises(PinBlocked):
        owner.container.tries()

    request = owner.container.begin_unlock()
    owner.container.finish_unlock(PROVIDER.sign(request))

    assert owner.container.tries().left == TRIES
    assert owner.types(PIN)


@pytest.mark.tpm
def test_a_wrong_pin_gives_nobody_a_say(owner: Person) -> None:
    with pytest.raises(GestureRefused):
        owner.container.entrust(PROVIDER.unlock_key, WRONG)

    assert owner.container.guard == "person"
    assert owner.container.tries().left == TRIES - 1


@pytest.mark.tpm
def test_another_pin_leaves_the_say_with_the_provider(owner: Person) -> None:
    owner.container.entrust(PROVIDER.unlock_key, PIN)

    owner.container.change_pin(old=PIN, new=NEW)

    assert owner.container.guard == "provider"
    assert owner.types(NEW)


@pytest.mark.tpm
def test_a_full_disk_during_a_pin_change_leaves_the_former_pin(owner: Person) -> None:
    obstacle = owner.directory / f".{FILE_NAME}.new"
    obstacle.mkdir()
    with pytest.raises(OSError):
        owner.container.change_pin(old=PIN, new=NEW)
    obstacle.rmdir()

    owner.open()

    assert owner.types(PIN)
    owner.container.change_pin(old=PIN, new=NEW)
    assert owner.types(NEW)


@pytest.mark.tpm
def test_the_attestation_key_is_made_once_and_kept(owner: Person) -> None:
    first = owner.container.enrolments.identity()

    owner.open()

    assert owner.container.enrolments.identity() == first
    _, made = owner.container.create(
        "id.example.org", replace(ALICE, user_handle=b"bob"), PIN, lambda _: lambda _: bytes(32), certified=True
    )
    assert made.certification is not None


def test_a_software_container_certifies_nothing(person: Person) -> None:
    with pytest.raises(NoChip):
        person.container.enrolments.identity()
    with pytest.raises(NoChip):
        person.container.create("id.example.org", ALICE, PIN, lambda _: lambda _: bytes(32), certified=True)
    assert person.container.guard == "file"


def test_there_is_nothing_to_unlock_without_a_pin(
    tmp_path: Path, software: SoftwareKeystore, clock: FixedClock
) -> None:
    container = Container(tmp_path, software, clock.now, os.urandom)

    assert container.guard is None
    for ask in (container.begin_unlock, container.tries, lambda: container.finish_unlock(b"")):
        with pytest.raises(PinNotSet):
            ask()


def test_a_pin_that_was_typed_elsewhere_meets_no_phrase_and_the_same_waits(person: Person) -> None:
    """A CTAP client cannot ask for a phrase; it has its own rule of three."""
    for _ in range(4):
        with pytest.raises(GestureRefused) as refused:
            person.container.check_pin(hash_pin(WRONG))
        assert refused.value.code == "pin_wrong"

    with pytest.raises(PinPaused):
        person.container.check_pin(hash_pin(PIN))

    person.clock.advance(MINUTE)
    person.container.check_pin(hash_pin(PIN))
    person.fails(times=3)


def test_a_pin_that_was_only_checked_leads_back_to_the_foot_of_the_ladder_too(person: Person) -> None:
    person.fails(times=2)

    person.container.check_pin(PIN)

    person.fails(times=3)


@pytest.mark.tpm
def test_after_a_reset_nothing_of_the_pin_is_left_in_the_chip(owner: Person, tpm: SoftwareTpm) -> None:
    owner.fails(times=3)
    contents = owner.container.snapshot()
    assert contents is not None
    assert contents.gate is not None
    index = TpmGate.unpack(contents.gate).index
    assert index is not None

    owner.container.reset()

    with directly(tpm) as bus, pytest.raises(TpmError, match="TPM_RC_HANDLE"):
        bus.run(nv.nv_read_public(index.index))
    owner.container.set_pin(NEW)
    assert owner.container.tries().left == TRIES


@pytest.mark.tpm
def test_a_reset_leaves_the_say_with_the_provider(owner: Person) -> None:
    owner.container.entrust(PROVIDER.unlock_key, PIN)

    owner.container.reset()
    owner.container.set_pin(NEW)

    assert owner.container.guard == "provider"
