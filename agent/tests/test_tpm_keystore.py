"""Keys in a TPM: made there, used there, not usable anywhere else, and guessing is counted there."""

import os
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from keystead_agent.keystore import tpm as tpm_module
from keystead_agent.keystore.bus import Bus, using
from keystead_agent.keystore.errors import (
    GestureRefused,
    KeystoreUnavailable,
    KeystoreUnusable,
    OtherMachine,
    PinLocked,
)
from keystead_agent.keystore.interface import Foundation, Gate, NewKey, PinHash, PublicPoint
from keystead_agent.keystore.packing import Parts
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import AddressError, connector
from keystead_core.tpm import build, commands, policy
from keystead_core.tpm.codes import OWNER, CommandCode, Property
from keystead_core.tpm.commands import Created
from keystead_core.tpm.sessions import EMPTY_PASSWORD
from keystead_testkit import software_tpm
from keystead_testkit.software_tpm import BusTap, SoftwareTpm

pytestmark = pytest.mark.tpm

PIN = PinHash(b"right-pin-hashed")
WRONG = PinHash(b"wrong-pin-hashed")
NEW = PinHash(b"new--pin--hashed")
MESSAGE = b"sign me"
DIGEST = sha256(MESSAGE).digest()


class Container:
    """A foundation, a gate and a key of one keystore."""

    def __init__(self, keystore: TpmKeystore) -> None:
        self.keystore = keystore
        self.foundation: Foundation = keystore.found()
        self.gate: Gate = keystore.make_gate(self.foundation, PIN)
        self.key: NewKey = keystore.create_key(self.foundation, self.gate, PIN, None)

    def sign(self, pin: PinHash = PIN, *, keystore: TpmKeystore | None = None, key: NewKey | None = None) -> bytes:
        return (keystore or self.keystore).sign(self.foundation, self.gate, (key or self.key).blob, pin, DIGEST)


@pytest.fixture
def container(keystore: TpmKeystore) -> Container:
    return Container(keystore)


def verify(public: PublicPoint, signature: bytes, message: bytes = MESSAGE) -> None:
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(public.x, "big"), int.from_bytes(public.y, "big"), ec.SECP256R1()
    )
    numbers.public_key().verify(signature, message, ec.ECDSA(hashes.SHA256()))


@contextmanager
def directly(chip: SoftwareTpm | BusTap) -> Iterator[Bus]:
    """Commands of our own to the chip, past the keystore."""
    transport = connector(chip.address)()
    try:
        yield Bus(transport, os.urandom, time.sleep)
    finally:
        transport.close()


def set_dictionary_attack(tpm: SoftwareTpm, *, tries: int, recovery_seconds: int) -> None:
    """What an administrator does with the lockout password; the agent never does."""
    call = commands.dictionary_attack_parameters(
        max_tries=tries, recovery_seconds=recovery_seconds, lockout_recovery_seconds=1
    )
    with directly(tpm) as bus:
        bus.run(call, EMPTY_PASSWORD)


def test_the_right_pin_signs_with_the_key(container: Container) -> None:
    verify(container.key.public, container.sign())


def test_a_new_key_signs_what_its_maker_makes_of_it(container: Container) -> None:
    made = container.keystore.create_key(
        container.foundation, container.gate, PIN, lambda public: sha256(public.x + public.y).digest()
    )

    assert made.signature is not None
    verify(made.public, made.signature, made.public.x + made.public.y)


def test_a_wrong_pin_signs_nothing_and_the_chip_counts_it(container: Container) -> None:
    with pytest.raises(GestureRefused) as refused:
        container.sign(WRONG)

    assert refused.value.code == "pin_wrong"
    assert refused.value.tries_left == 2
    assert container.keystore.tries().left == 2
    verify(container.key.public, container.sign())


def test_a_wrong_pin_makes_no_key(container: Container, bus: BusTap) -> None:
    bus.frames.clear()

    with pytest.raises(GestureRefused):
        container.keystore.create_key(container.foundation, container.gate, WRONG, None)

    assert CommandCode.CREATE not in bus.commands


def test_too_many_wrong_pins_lock_out_the_right_one_too(container: Container) -> None:
    for _ in range(2):
        with pytest.raises(GestureRefused):
            container.sign(WRONG)
    with pytest.raises(PinLocked):
        container.sign(WRONG)

    with pytest.raises(PinLocked) as locked:
        container.sign()

    assert locked.value.code == "pin_locked"
    assert locked.value.back_after == timedelta(seconds=1000)
    assert container.keystore.tries().left == 0


def test_one_try_is_given_back_by_time(tpm: SoftwareTpm, container: Container) -> None:
    set_dictionary_attack(tpm, tries=1, recovery_seconds=1)
    with pytest.raises(PinLocked):
        container.sign(WRONG)

    time.sleep(2.2)

    verify(container.key.public, container.sign())


def test_the_count_survives_pulling_the_plug(tpm: SoftwareTpm, container: Container) -> None:
    set_dictionary_attack(tpm, tries=10, recovery_seconds=1000)
    for _ in range(3):
        with pytest.raises(GestureRefused):
            container.sign(WRONG)

    tpm.restart()

    assert container.keystore.tries().left <= 7
    verify(container.key.public, container.sign())


def test_keys_survive_pulling_the_plug(tpm: SoftwareTpm, container: Container) -> None:
    tpm.restart()

    verify(container.key.public, container.sign())


def test_changing_the_pin_keeps_every_key_with_one_command(container: Container, bus: BusTap) -> None:
    other = container.keystore.create_key(container.foundation, container.gate, PIN, None)
    bus.frames.clear()

    container.gate = container.keystore.change_gate(container.foundation, container.gate, old=PIN, new=NEW)

    assert bus.commands.count(CommandCode.OBJECT_CHANGE_AUTH) == 1
    assert not {CommandCode.CREATE, CommandCode.SIGN} & set(bus.commands)
    for key in (container.key, other):
        verify(key.public, container.sign(NEW, key=key))
    with pytest.raises(GestureRefused):
        container.sign(PIN)


def test_a_wrong_pin_cannot_be_changed(container: Container) -> None:
    with pytest.raises(GestureRefused):
        container.keystore.change_gate(container.foundation, container.gate, old=WRONG, new=NEW)


def test_neither_pin_nor_what_is_made_of_it_is_ever_on_the_bus(container: Container, bus: BusTap) -> None:
    container.sign()
    with pytest.raises(GestureRefused):
        container.sign(WRONG)
    changed = container.keystore.change_gate(container.foundation, container.gate, old=PIN, new=NEW)
    parts = Parts("tpm gate", changed)
    secrets = [
        tpm_module._auth_value(pin, parts.data("salt"), parts.number("cost"))[:size]
        for pin in (PIN, WRONG, NEW)
        for size in (32, 16)
    ]

    assert len(bus.frames) > 40
    for secret in [*secrets, PIN, WRONG, NEW]:
        assert not bus.carries(secret)


def test_the_integrity_key_is_never_on_the_bus(keystore: TpmKeystore, bus: BusTap) -> None:
    foundation = keystore.found()

    key = keystore.integrity_key(foundation)

    assert key == keystore.integrity_key(foundation)
    assert len(key) == 32
    assert not bus.carries(key)
    assert key not in foundation


def test_the_tap_would_have_seen_a_secret(bus: BusTap) -> None:
    template = build.sealed(dictionary_attack_protected=False)

    with directly(bus) as plain:
        primary = plain.run(commands.create_primary(OWNER, build.storage_root_key()), EMPTY_PASSWORD)
        plain.run(commands.create(primary.handle, template, auth=b"in the clear", data=b"x"), EMPTY_PASSWORD)

    assert bus.carries(b"in the clear")


def test_what_is_signed_cannot_be_exchanged_on_the_bus(container: Container, bus: BusTap) -> None:
    bus.frames.clear()

    container.sign()

    # Encrypted and covered by an HMAC: the digest itself is not even to be seen.
    assert not bus.carries(DIGEST)


def test_another_chip_refuses_a_copied_container(container: Container, bus: BusTap) -> None:
    with SoftwareTpm() as other:
        elsewhere = TpmKeystore(connector(other.address), os.urandom, time.sleep)

        with pytest.raises(OtherMachine) as refused:
            container.sign(keystore=elsewhere)
        with pytest.raises(OtherMachine):
            elsewhere.integrity_key(container.foundation)

    assert refused.value.code == "other_machine"


def test_a_root_key_that_is_not_the_pinned_one_gets_no_session(container: Container) -> None:
    """A salt for a key of somebody on the bus would be the end of all secrets there."""
    with SoftwareTpm() as other, BusTap(other) as bus:
        elsewhere = TpmKeystore(connector(bus.address), os.urandom, time.sleep)

        with pytest.raises(OtherMachine):
            container.sign(keystore=elsewhere)

        assert not {CommandCode.START_AUTH_SESSION, CommandCode.LOAD} & set(bus.commands)


def test_another_chip_refuses_copied_keys_even_under_its_own_foundation(container: Container) -> None:
    with SoftwareTpm() as other:
        elsewhere = TpmKeystore(connector(other.address), os.urandom, time.sleep)
        foundation = elsewhere.found()

        with pytest.raises(OtherMachine):
            elsewhere.sign(foundation, container.gate, container.key.blob, PIN, DIGEST)
        with pytest.raises(OtherMachine):
            elsewhere.sign(foundation, elsewhere.make_gate(foundation, PIN), container.key.blob, PIN, DIGEST)


def test_a_copied_chip_would_be_the_same_chip(tpm: SoftwareTpm, container: Container, tmp_path: Path) -> None:
    """What an emulator allows and a chip does not: it shows that the refusals above are about the chip."""
    tpm.copy_state(tmp_path / "clone")

    with SoftwareTpm(tmp_path / "clone") as clone:
        verify(container.key.public, container.sign(keystore=TpmKeystore(connector(clone.address), os.urandom, time.sleep)))


def test_a_key_of_one_gate_does_not_open_by_another(container: Container) -> None:
    foreign = container.keystore.make_gate(container.foundation, NEW)

    with pytest.raises(KeystoreUnusable, match="POLICY_FAIL"):
        container.keystore.sign(container.foundation, foreign, container.key.blob, NEW, DIGEST)


def test_the_chip_computes_the_same_policy_as_we_do(container: Container, tpm: SoftwareTpm) -> None:
    with directly(tpm) as bus, bus.policy_session() as session:
        run, handle = bus.run, session.session.handle

        run(commands.policy_command_code(handle, CommandCode.SIGN))
        digest = policy.after_command_code(policy.NO_POLICY, CommandCode.SIGN)
        assert run(commands.policy_get_digest(handle)) == digest
        run(commands.policy_auth_value(handle))
        digest = policy.after_auth_value(digest)
        assert run(commands.policy_get_digest(handle)) == digest
        run(commands.policy_or(handle, (digest, bytes(32))))
        assert run(commands.policy_get_digest(handle)) == policy.either(digest, bytes(32))


def test_nothing_is_left_behind_in_the_chip(container: Container, tpm: SoftwareTpm) -> None:
    set_dictionary_attack(tpm, tries=20, recovery_seconds=1000)
    for _ in range(4):
        container.sign()
        with pytest.raises(GestureRefused):
            container.sign(WRONG)

    with directly(tpm) as bus:
        facts = bus.run(commands.get_properties(Property.PERMANENT, 8))
    sessions_loaded, sessions_active, room_for_objects = facts[0x203], facts[0x205], facts[0x207]
    assert (sessions_loaded, sessions_active, room_for_objects) == (0, 0, 3)


def test_a_tampered_key_is_refused(container: Container) -> None:
    blob = bytearray(container.key.blob)
    blob[60] ^= 1

    with pytest.raises((OtherMachine, KeystoreUnusable)):
        container.keystore.sign(container.foundation, container.gate, bytes(blob), PIN, DIGEST)  # type: ignore[arg-type]


def test_a_signature_is_over_what_was_asked(container: Container) -> None:
    with pytest.raises(InvalidSignature):
        verify(container.key.public, container.sign(), b"something else")


@pytest.mark.parametrize(
    "answer", [b"", b"\x80\x01", b"\x80\x01\0\0\0\x05\0\0\0\0", b"\x80\x01\xff\xff\xff\xff\0\0\0\0"]
)
def test_what_is_no_tpm_is_said_in_a_sentence(tmp_path: Path, answer: bytes) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(tmp_path / "s"))
    listener.listen()

    def impostor() -> None:
        connection, _ = listener.accept()
        connection.recv(4096)
        connection.sendall(answer)
        connection.close()

    thread = threading.Thread(target=impostor)
    thread.start()
    with pytest.raises(KeystoreUnavailable):
        TpmKeystore(connector(f"swtpm:path={tmp_path}/s"), os.urandom, time.sleep).tries()
    thread.join()
    listener.close()


def test_asks_again_when_the_chip_says_so(tpm: SoftwareTpm, bus: BusTap, container: Container) -> None:
    tpm.restart()
    bus.frames.clear()

    verify(container.key.public, container.sign())

    # The first use of a protected object after start-up is answered by TPM_RC_RETRY.
    at = next(index for index, frame in enumerate(bus.frames) if not frame.sent and frame.command_code == 0x922)
    assert bus.frames[at - 1].data == bus.frames[at + 1].data


def test_the_chip_certifies_for_the_key_that_a_pin_opened(container: Container) -> None:
    """The commands on which attestation will stand."""
    foundation, key = Parts("tpm foundation", container.foundation), Parts("tpm key", container.key.blob)
    item = Created(foundation.data("private"), foundation.data("public"))
    signer = Created(key.data("private"), key.data("public"))
    gate = tpm_module._Gate.unpack(container.gate)

    with container.keystore._chip_of(container.foundation) as chip, container.keystore._opened(chip, gate, PIN) as pin:
        with chip.loaded(item) as subject, chip.loaded(signer) as handle:
            call = commands.certify(subject, handle, b"qualifying")
            certified = chip.bus.run(call, using(chip.session), using(pin))
        assert len(chip.bus.run(commands.get_random(16))) == 16

    verify(container.key.public, encode_dss_signature(certified.signature.r, certified.signature.s), certified.attested)
    assert b"qualifying" in certified.attested
    assert build.name(item.public) in certified.attested


def test_no_chip_is_said_in_a_sentence(tmp_path: Path) -> None:
    absent = TpmKeystore(connector(f"swtpm:path={tmp_path}/nothing"), os.urandom, time.sleep)

    with pytest.raises(KeystoreUnavailable, match="No TPM emulator answers"):
        absent.tries()
    with pytest.raises(KeystoreUnavailable, match="There is no TPM at"):
        TpmKeystore(connector(f"device:{tmp_path}/tpmrm0"), os.urandom, time.sleep).tries()


def test_a_chip_that_dies_is_said_in_a_sentence(tpm: SoftwareTpm, container: Container) -> None:
    tpm.kill()

    with pytest.raises(KeystoreUnavailable):
        container.sign()


@pytest.mark.parametrize("address", ["", "/dev/tpmrm0", "device:tpm0", "swtpm:", "swtpm:port=1", "mssim:host=a"])
def test_a_bad_address_says_what_to_write(address: str) -> None:
    with pytest.raises(AddressError, match="device:/dev/tpmrm0"):
        connector(address)


def test_another_keystores_bytes_are_not_taken_for_ones_own(container: Container, software: SoftwareKeystore) -> None:
    foreign = software.found()

    with pytest.raises(KeystoreUnusable):
        container.keystore.integrity_key(foreign)


def test_the_chip_describes_itself_and_its_weak_settings(keystore: TpmKeystore) -> None:
    described = keystore.describe()

    assert described.kind == "tpm"
    assert described.maker == "IBM"
    assert "TPM 2.0" in described.label
    assert any("lockout password is empty" in warning for warning in described.warnings)


def test_setting_up_changes_no_setting_of_the_chip(keystore: TpmKeystore, bus: BusTap) -> None:
    Container(keystore).sign()

    assert CommandCode.DICTIONARY_ATTACK_PARAMETERS not in bus.commands
    assert CommandCode.DICTIONARY_ATTACK_LOCK_RESET not in bus.commands


@pytest.fixture
def tools() -> Iterator[SoftwareTpm]:
    if not software_tpm.is_available() or not software_tpm.has_tools():
        pytest.skip("swtpm and tpm2-tools are needed: apt-get install swtpm tpm2-tools")
    with SoftwareTpm(transport="tcp") as running:
        yield running


def run_tool(tpm: SoftwareTpm, *arguments: str) -> str:
    environment = {**os.environ, "TPM2TOOLS_TCTI": tpm.tcti}
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def make_root(tpm: SoftwareTpm, where: Path) -> None:
    attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"
    algorithm = ["-G", "ecc256:aes128cfb", "-a", attributes]
    run_tool(tpm, "tpm2_createprimary", "-C", "o", *algorithm, "-c", f"{where}/srk.ctx")
    run_tool(tpm, "tpm2_flushcontext", "-t")


def test_tpm2_tools_see_a_key_that_cannot_leave(tools: SoftwareTpm, tmp_path: Path) -> None:
    container = Container(TpmKeystore(connector(tools.address), os.urandom, time.sleep))
    parts = Parts("tpm key", container.key.blob)
    key = Created(parts.data("private"), parts.data("public"))
    (tmp_path / "pub").write_bytes(len(key.public).to_bytes(2, "big") + key.public)
    (tmp_path / "priv").write_bytes(len(key.private).to_bytes(2, "big") + key.private)

    make_root(tools, tmp_path)
    files = ["-C", f"{tmp_path}/srk.ctx", "-u", f"{tmp_path}/pub", "-r", f"{tmp_path}/priv"]
    run_tool(tools, "tpm2_load", *files, "-c", f"{tmp_path}/key.ctx")
    run_tool(tools, "tpm2_flushcontext", "-t")
    seen = run_tool(tools, "tpm2_readpublic", "-c", f"{tmp_path}/key.ctx")

    assert "value: fixedtpm|fixedparent|sensitivedataorigin|sign\n" in seen
    assert f"x: {container.key.public.x.hex()}" in seen
    assert f"authorization policy: {build_policy(container).hex()}" in seen


def build_policy(container: Container) -> bytes:
    return policy.after_secret(policy.NO_POLICY, build.name(Parts("tpm gate", container.gate).data("public")))


def test_an_administrators_root_key_is_used_when_it_is_there(tools: SoftwareTpm, tmp_path: Path) -> None:
    make_root(tools, tmp_path)
    run_tool(tools, "tpm2_evictcontrol", "-C", "o", "-c", f"{tmp_path}/srk.ctx", "0x81000001")
    run_tool(tools, "tpm2_flushcontext", "-t")
    run_tool(tools, "tpm2_changeauth", "-c", "owner", "a password")

    container = Container(TpmKeystore(connector(tools.address), os.urandom, time.sleep))

    verify(container.key.public, container.sign())


@pytest.mark.parametrize(
    "algorithm",
    [
        ["-G", "ecc256", "-a", "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|sign"],
        ["-G", "rsa2048"],
    ],
)
def test_what_is_no_parent_is_not_used_as_root_key(tools: SoftwareTpm, tmp_path: Path, algorithm: list[str]) -> None:
    persist(tools, tmp_path, algorithm)

    container = Container(TpmKeystore(connector(tools.address), os.urandom, time.sleep))

    verify(container.key.public, container.sign())


def test_a_root_key_that_appears_later_does_not_replace_the_pinned_one(tools: SoftwareTpm, tmp_path: Path) -> None:
    container = Container(TpmKeystore(connector(tools.address), os.urandom, time.sleep))
    attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt"

    persist(tools, tmp_path, ["-G", "ecc256:aes128cfb", "-a", attributes])

    verify(container.key.public, container.sign())


def persist(tpm: SoftwareTpm, where: Path, algorithm: list[str]) -> None:
    run_tool(tpm, "tpm2_createprimary", "-C", "o", *algorithm, "-c", f"{where}/other.ctx")
    run_tool(tpm, "tpm2_evictcontrol", "-C", "o", "-c", f"{where}/other.ctx", "0x81000001")
    run_tool(tpm, "tpm2_flushcontext", "-t")


def test_an_owner_password_without_a_root_key_is_said_in_a_sentence(tools: SoftwareTpm) -> None:
    run_tool(tools, "tpm2_changeauth", "-c", "owner", "a password")

    with pytest.raises(KeystoreUnusable, match="owner password is set"):
        TpmKeystore(connector(tools.address), os.urandom, time.sleep).found()
