"""What CTAP asks of every keystore besides signatures: to check a PIN, and to keep a key for secrets."""

import hmac as standard
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from keystead_agent.container.container import Container
from keystead_agent.container.errors import PasskeyUnknown, PinNotSet
from keystead_agent.container.pin import hash_pin
from keystead_agent.container.records import Account, Traits
from keystead_agent.container.stored import from_cbor, to_cbor
from keystead_agent.keystore.errors import GestureRefused, OtherMachine
from keystead_agent.keystore.interface import Keystore
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_core.wire.cbor import decode_cbor, encode_cbor
from keystead_testkit.clock import FixedClock
from keystead_testkit.software_tpm import BusTap, SoftwareTpm

PIN, WRONG = hash_pin("137946"), hash_pin("000001")
MESSAGES = [b"m" * 32, b"n" * 32]


class Kept:
    def __init__(self, keystore: Keystore) -> None:
        self.keystore = keystore
        self.foundation = keystore.found()
        self.gate = keystore.make_gate(self.foundation, PIN)
        self.key = keystore.create_hmac_key(self.foundation, self.gate, PIN)

    def hmac(self, pin: bytes = PIN, key: bytes | None = None) -> list[bytes]:
        return self.keystore.hmac(self.foundation, self.gate, key or self.key, pin, MESSAGES)  # type: ignore[arg-type]


@pytest.fixture(params=["tpm", "software"])
def kept(request: pytest.FixtureRequest) -> Kept:
    return Kept(request.getfixturevalue("keystore" if request.param == "tpm" else "software"))


@pytest.mark.tpm
def test_a_key_gives_the_same_for_the_same_and_another_key_something_else(kept: Kept) -> None:
    other = kept.keystore.create_hmac_key(kept.foundation, kept.gate, PIN)

    assert kept.hmac() == kept.hmac()
    assert len({*kept.hmac(), *kept.hmac(key=other)}) == 4
    assert {len(secret) for secret in kept.hmac()} == {32}


@pytest.mark.tpm
@pytest.mark.parametrize(
    "act",
    [
        lambda kept: kept.hmac(WRONG),
        lambda kept: kept.keystore.create_hmac_key(kept.foundation, kept.gate, WRONG),
        lambda kept: kept.keystore.check(kept.foundation, kept.gate, WRONG),
    ],
    ids=["hmac", "create", "check"],
)
def test_a_wrong_pin_gives_nothing_makes_nothing_and_is_counted(kept: Kept, act: Callable[[Kept], object]) -> None:
    before = kept.keystore.tries(kept.gate).left

    with pytest.raises(GestureRefused):
        act(kept)

    assert kept.keystore.tries(kept.gate).left == before - 1


@pytest.mark.tpm
def test_a_pin_is_checked_without_using_a_key(kept: Kept) -> None:
    kept.keystore.check(kept.foundation, kept.gate, PIN)


@pytest.mark.tpm
def test_neither_message_nor_secret_is_on_the_bus_and_nothing_stays_in_the_chip(
    keystore: TpmKeystore, bus: BusTap, tpm: SoftwareTpm
) -> None:
    kept = Kept(keystore)

    secrets = kept.hmac()

    for secret in (*MESSAGES, *secrets):
        assert not bus.carries(secret)
    # Three objects and three sessions are all the room there is: what stays behind would be felt.
    for _ in range(4):
        kept.hmac()


@pytest.mark.tpm
def test_another_chip_has_no_use_for_the_key(keystore: TpmKeystore) -> None:
    kept = Kept(keystore)

    with SoftwareTpm() as other:
        thief = TpmKeystore(connector(other.address), lambda count: b"\5" * count, time.sleep)
        with pytest.raises(OtherMachine):
            thief.hmac(kept.foundation, kept.gate, kept.key, PIN, MESSAGES)


def test_a_software_key_is_hmac_sha_256(software: SoftwareKeystore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "_entropy", lambda count: b"\7" * count)
    kept = Kept(software)

    assert kept.hmac() == [standard.digest(b"\7" * 32, message, "sha256") for message in MESSAGES]


@pytest.fixture
def container(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> Container:
    container = Container(tmp_path / "state", software, clock.now, bytes)
    container.set_pin("137946")
    return container


def test_a_passkey_without_a_secret_has_none_to_give(container: Container) -> None:
    passkey, _ = container.create("id.example.org", Account(b"a", "a", "A"), PIN, None)

    with pytest.raises(PasskeyUnknown):
        container.secrets(passkey.credential_id, PIN, MESSAGES)


def test_what_a_site_asked_for_is_kept_on_the_disk(
    container: Container, tmp_path: Path, software: SoftwareKeystore, clock: FixedClock
) -> None:
    traits = Traits(protection=3, discoverable=False, hmac_secret=True)
    passkey, _ = container.create("id.example.org", Account(b"a", "a", "A"), "137946", None, traits)
    secrets = container.secrets(passkey.credential_id, PIN, MESSAGES)

    again = Container(tmp_path / "state", software, clock.now, bytes)

    kept = again.passkey(passkey.credential_id)
    assert (kept.protection, kept.discoverable) == (3, False)
    assert again.secrets(passkey.credential_id, PIN, MESSAGES) == secrets


def test_containers_from_before_there_were_secrets_are_read(container: Container) -> None:
    container.create("id.example.org", Account(b"a", "a", "A"), PIN, None)
    contents = container.snapshot()
    assert contents is not None
    stored = decode_cbor(to_cbor(contents))
    assert isinstance(stored, dict)
    for passkey in stored["passkeys"]:
        del passkey["protection"], passkey["discoverable"], passkey["secret"]

    older = from_cbor(contents.foundation, encode_cbor(stored))

    assert older == contents


def test_resetting_deletes_passkeys_and_pin_for_good(
    container: Container, tmp_path: Path, software: SoftwareKeystore, clock: FixedClock
) -> None:
    container.create("id.example.org", Account(b"a", "a", "A"), PIN, None)
    changes = container.pin_changes

    container.reset()

    again = Container(tmp_path / "state", software, clock.now, bytes)
    assert (again.passkeys, again.has_pin) == ((), False)
    assert container.pin_changes > changes
    with pytest.raises(PinNotSet):
        container.check_pin(PIN)
