"""A container remembers what was answered, and nothing that it did not write itself."""

import os
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keystead_agent.container.container import Container
from keystead_agent.container.errors import (
    ContainerTampered,
    PasskeyUnknown,
    PinAlreadySet,
    PinNotSet,
    PinUnfit,
    ProviderChanged,
    ProviderUnknown,
)
from keystead_agent.container.records import Account, Contents, Passkey, Provider
from keystead_agent.container.sealing import SealedContents, seal_contents
from keystead_agent.container.vault import FILE_NAME
from keystead_agent.keystore.errors import GestureRefused
from keystead_agent.keystore.private_file import FileNotPrivate
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.values import Foundation, Gate, KeyBlob
from keystead_testkit.clock import FixedClock

PIN, NEW = "137946", "864209"
ALICE = Account(b"alice", "alice@contoso", "Alice")
BOB = Account(b"bob", "bob@contoso", "Bob")
CONTOSO = Provider(
    "id.example.org",
    ("https://id.example.org",),
    "https://id.example.org/contoso/v2.0",
    "Contoso",
    "t1",
    "Contoso",
    "https://id.example.org/contoso",
    datetime(2026, 1, 1, tzinfo=UTC),
)


class Home:
    """Opens the same container again and again, as restarts do."""

    def __init__(self, directory: Path, keystore: SoftwareKeystore, clock: FixedClock) -> None:
        self.directory, self.keystore, self.clock = directory, keystore, clock

    @property
    def file(self) -> Path:
        return self.directory / FILE_NAME

    def open(self) -> Container:
        return Container(self.directory, self.keystore, self.clock.now, os.urandom)

    def with_pin(self) -> Container:
        container = self.open()
        container.enrolments.enrol(CONTOSO)
        container.set_pin(PIN)
        return container


@pytest.fixture
def home(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> Home:
    return Home(tmp_path / "state", software, clock)


def digest(count: int) -> bytes:
    return sha256(str(count).encode()).digest()


def test_an_empty_container_writes_nothing(home: Home) -> None:
    container = home.open()

    assert not home.file.exists()
    assert (container.providers, container.passkeys, container.has_pin) == ((), (), False)


def test_what_was_done_is_there_after_a_restart(home: Home) -> None:
    passkey, _ = home.with_pin().create("id.example.org", ALICE, PIN, None)

    again = home.open()

    assert again.providers == (CONTOSO,)
    assert again.passkeys == (passkey,)
    assert again.has_pin


def test_file_and_directory_are_for_their_owner_alone(home: Home) -> None:
    home.with_pin()

    assert home.file.stat().st_mode & 0o777 == 0o600
    assert home.directory.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("mode", [0o644, 0o660])
def test_refuses_a_file_that_others_may_touch(home: Home, mode: int) -> None:
    home.with_pin()
    home.file.chmod(mode)

    with pytest.raises(FileNotPrivate):
        home.open()


def test_refuses_a_directory_that_others_may_touch(home: Home) -> None:
    home.with_pin()
    home.directory.chmod(0o770)

    with pytest.raises(FileNotPrivate):
        home.open()


def test_every_changed_byte_is_noticed(home: Home) -> None:
    home.with_pin().create("id.example.org", ALICE, PIN, None)
    sealed = home.file.read_bytes()
    key = home.keystore.integrity_key(SealedContents.parse(sealed).foundation)

    @settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(0, len(sealed) - 1), st.integers(1, 255))
    def flip(at: int, by: int) -> None:
        changed = sealed[:at] + bytes([sealed[at] ^ by]) + sealed[at + 1 :]
        with pytest.raises(ContainerTampered):
            SealedContents.parse(changed).open(key)

    flip()


def test_a_tampered_record_gives_a_clear_error(home: Home) -> None:
    home.with_pin().create("id.example.org", ALICE, PIN, None)
    home.file.write_bytes(home.file.read_bytes().replace(b"alice@contoso", b"mallo@contoso"))

    with pytest.raises(ContainerTampered, match="integrity code is wrong") as refused:
        home.open()

    assert refused.value.code == "container_tampered"


@pytest.mark.parametrize("data", [b"", b"\x80", b"\xa0", b"not cbor at all", b"\xff" * 100])
def test_refuses_a_file_of_another_shape(home: Home, data: bytes) -> None:
    home.with_pin()
    home.file.write_bytes(data)

    with pytest.raises(ContainerTampered):
        home.open()


def test_the_mac_covers_where_foundation_ends_and_body_begins() -> None:
    sealed = SealedContents.parse(seal_contents(Contents(Foundation(b"foundation")), b"k" * 32))
    moved = SealedContents(Foundation(sealed.foundation + sealed.body[:1]), sealed.body[1:], sealed.mac)

    with pytest.raises(ContainerTampered, match="integrity code"):
        moved.open(b"k" * 32)


def test_a_container_survives_its_file() -> None:
    moment = datetime(2026, 5, 1, 12, tzinfo=UTC)
    passkey = Passkey(b"c" * 32, "a.example", b"u", "n", "ü", moment, KeyBlob(b"k"), b"x" * 32, b"y" * 32, 7)
    contents = Contents(Foundation(b"f"), Gate(b"g"), (CONTOSO,), (passkey,))

    assert SealedContents.parse(seal_contents(contents, b"k")).open(b"k") == contents


def test_the_sign_counter_is_on_the_disk_before_the_signature_is_out(home: Home) -> None:
    container = home.with_pin()
    passkey, _ = container.create("id.example.org", ALICE, PIN, None)

    counts = [container.sign(passkey.credential_id, PIN, digest)[0] for _ in range(3)]

    assert counts == [1, 2, 3]
    assert home.open().passkey(passkey.credential_id).sign_count == 3


def test_a_signature_that_cannot_be_counted_does_not_leave(home: Home) -> None:
    container = home.with_pin()
    passkey, _ = container.create("id.example.org", ALICE, PIN, None)
    (home.directory / f".{FILE_NAME}.new").mkdir()  # as if the disk were full

    with pytest.raises(OSError, match="directory"):
        container.sign(passkey.credential_id, PIN, digest)

    (home.directory / f".{FILE_NAME}.new").rmdir()
    assert container.sign(passkey.credential_id, PIN, digest)[0] == 1


def test_a_wrong_pin_counts_no_signature(home: Home) -> None:
    container = home.with_pin()
    passkey, _ = container.create("id.example.org", ALICE, PIN, None)

    with pytest.raises(GestureRefused):
        container.sign(passkey.credential_id, "wrong pin", digest)

    assert container.passkey(passkey.credential_id).sign_count == 0


def test_a_new_passkey_takes_the_place_of_one_for_the_same_account(home: Home) -> None:
    container = home.with_pin()
    container.create("id.example.org", ALICE, PIN, None)
    bob, _ = container.create("id.example.org", BOB, PIN, None)

    newer, _ = container.create("id.example.org", ALICE, PIN, None)

    assert container.passkeys == (bob, newer)


def test_what_reached_nobody_can_be_put_back(home: Home) -> None:
    container = home.with_pin()
    older, _ = container.create("id.example.org", ALICE, PIN, None)
    before = container.snapshot()
    container.create("id.example.org", ALICE, PIN, None)

    container.put_back(before)

    assert container.passkeys == home.open().passkeys == (older,)


def test_nothing_is_done_without_a_pin(home: Home) -> None:
    container = home.open()
    container.enrolments.enrol(CONTOSO)

    with pytest.raises(PinNotSet):
        container.create("id.example.org", ALICE, PIN, None)
    with pytest.raises(PinNotSet):
        container.change_pin(old=PIN, new=NEW)


def test_a_pin_is_set_once_and_then_changed_by_who_knows_it(home: Home) -> None:
    container = home.with_pin()
    passkey, _ = container.create("id.example.org", ALICE, PIN, None)

    with pytest.raises(PinAlreadySet):
        container.set_pin(NEW)
    with pytest.raises(GestureRefused):
        container.change_pin(old=NEW, new="975318")
    with pytest.raises(PinUnfit):
        container.change_pin(old=PIN, new="111111")
    container.change_pin(old=PIN, new=NEW)

    assert home.open().sign(passkey.credential_id, NEW, digest)[0] == 1


def test_an_unfit_pin_is_not_set(home: Home) -> None:
    container = home.open()

    with pytest.raises(PinUnfit):
        container.set_pin("123456")

    assert not container.has_pin


def test_enrolling_again_refreshes(home: Home) -> None:
    container = home.with_pin()
    more = Provider(**{**_members(CONTOSO), "origins": ("https://id.example.org", "https://my.id.example.org")})

    container.enrolments.enrol(more)

    assert container.providers == (more,)


def test_a_provider_cannot_become_another_relying_party(home: Home) -> None:
    container = home.with_pin()

    with pytest.raises(ProviderChanged) as refused:
        container.enrolments.enrol(Provider(**{**_members(CONTOSO), "rp_id": "example.org"}))

    assert refused.value.code == "provider_changed"
    assert container.providers == (CONTOSO,)


def test_unenrolling_takes_the_passkeys_that_no_other_tenant_uses(home: Home) -> None:
    container = home.with_pin()
    container.create("id.example.org", ALICE, PIN, None)
    fabrikam = {"issuer": "https://id.example.org/fabrikam/v2.0", "url": "https://id.example.org/fabrikam"}
    container.enrolments.enrol(Provider(**{**_members(CONTOSO), **fabrikam}))

    assert container.enrolments.unenrol("https://id.example.org/fabrikam") == 0
    assert container.enrolments.unenrol("id.example.org") == 1

    assert (container.providers, container.passkeys) == ((), ())
    with pytest.raises(ProviderUnknown):
        container.enrolments.unenrol("id.example.org")


def test_removing_takes_one_passkey(home: Home) -> None:
    container = home.with_pin()
    alice, _ = container.create("id.example.org", ALICE, PIN, None)
    bob, _ = container.create("id.example.org", BOB, PIN, None)

    container.remove(alice.credential_id)

    assert home.open().passkeys == (bob,)
    with pytest.raises(PasskeyUnknown):
        container.remove(alice.credential_id)


def _members(provider: Provider) -> dict[str, object]:
    return {name: getattr(provider, name) for name in Provider.__dataclass_fields__}
