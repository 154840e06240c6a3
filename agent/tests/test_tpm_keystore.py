"""Keys in a TPM: made there, used there, not usable anywhere else, and guessing is counted there."""

import os
import socket
import threading
import time
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from keystead_agent.keystore.errors import (
    GestureRefused,
    KeystoreUnavailable,
    KeystoreUnusable,
    OtherMachine,
)
from keystead_agent.keystore.packing import Parts
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import AddressError, connector
from keystead_core.tpm import build, commands, policy
from keystead_core.tpm.codes import OWNER, CommandCode
from keystead_core.tpm.commands import Created
from keystead_core.tpm.sessions import EMPTY_PASSWORD
from keystead_testkit.software_tpm import BusTap, SoftwareTpm
from keystead_testkit.tpm_container import DIGEST, PIN, WRONG, TpmContainer, directly, verify

pytestmark = pytest.mark.tpm


@pytest.fixture
def container(keystore: TpmKeystore) -> TpmContainer:
    return TpmContainer(keystore)


def test_the_right_pin_signs_with_the_key(container: TpmContainer) -> None:
    verify(container.key.public, container.sign())


def test_a_new_key_signs_what_its_maker_makes_of_it(container: TpmContainer) -> None:
    made = container.keystore.create_key(
        container.foundation, container.gate, PIN, lambda public: sha256(public.x + public.y).digest()
    )

    assert made.signature is not None
    verify(made.public, made.signature, made.public.x + made.public.y)


def test_a_wrong_pin_makes_no_key(container: TpmContainer, bus: BusTap) -> None:
    bus.frames.clear()

    with pytest.raises(GestureRefused):
        container.keystore.create_key(container.foundation, container.gate, WRONG, None)

    assert CommandCode.CREATE not in bus.commands


def test_keys_survive_pulling_the_plug(tpm: SoftwareTpm, container: TpmContainer) -> None:
    tpm.restart()

    verify(container.key.public, container.sign())


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


def test_what_is_signed_cannot_be_exchanged_on_the_bus(container: TpmContainer, bus: BusTap) -> None:
    bus.frames.clear()

    container.sign()

    # Encrypted and covered by an HMAC: the digest itself is not even to be seen.
    assert not bus.carries(DIGEST)


def test_another_chip_refuses_a_copied_container(container: TpmContainer, bus: BusTap) -> None:
    with SoftwareTpm() as other:
        elsewhere = TpmKeystore(connector(other.address), os.urandom, time.sleep)

        with pytest.raises(OtherMachine) as refused:
            container.sign(keystore=elsewhere)
        with pytest.raises(OtherMachine):
            elsewhere.integrity_key(container.foundation)

    assert refused.value.code == "other_machine"


def test_a_root_key_that_is_not_the_pinned_one_gets_no_session(container: TpmContainer) -> None:
    """A salt for a key of somebody on the bus would be the end of all secrets there."""
    with SoftwareTpm() as other, BusTap(other) as bus:
        elsewhere = TpmKeystore(connector(bus.address), os.urandom, time.sleep)

        with pytest.raises(OtherMachine):
            container.sign(keystore=elsewhere)

        assert not {CommandCode.START_AUTH_SESSION, CommandCode.LOAD} & set(bus.commands)


def test_another_chip_refuses_copied_keys_even_under_its_own_foundation(container: TpmContainer) -> None:
    with SoftwareTpm() as other:
        elsewhere = TpmKeystore(connector(other.address), os.urandom, time.sleep)
        foundation = elsewhere.found()

        with pytest.raises(OtherMachine):
            elsewhere.sign(foundation, container.gate, container.key.blob, PIN, DIGEST)
        with pytest.raises(OtherMachine):
            elsewhere.sign(foundation, elsewhere.make_gate(foundation, PIN), container.key.blob, PIN, DIGEST)


def test_a_copied_chip_would_be_the_same_chip(tpm: SoftwareTpm, container: TpmContainer, tmp_path: Path) -> None:
    """What an emulator allows and a chip does not: it shows that the refusals above are about the chip."""
    tpm.copy_state(tmp_path / "clone")

    with SoftwareTpm(tmp_path / "clone") as clone:
        verify(
            container.key.public, container.sign(keystore=TpmKeystore(connector(clone.address), os.urandom, time.sleep))
        )


def test_a_key_of_one_gate_does_not_open_by_another(container: TpmContainer) -> None:
    other = TpmContainer(container.keystore)

    with pytest.raises(KeystoreUnusable, match="BAD_AUTH"):
        other.keystore.sign(other.foundation, other.gate, container.key.blob, PIN, DIGEST)


def test_the_chip_computes_the_same_policy_as_we_do(container: TpmContainer, tpm: SoftwareTpm) -> None:
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


def test_a_tampered_key_is_refused(container: TpmContainer) -> None:
    blob = bytearray(container.key.blob)
    blob[60] ^= 1

    with pytest.raises((OtherMachine, KeystoreUnusable)):
        container.keystore.sign(container.foundation, container.gate, bytes(blob), PIN, DIGEST)  # type: ignore[arg-type]


def test_a_signature_is_over_what_was_asked(container: TpmContainer) -> None:
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


def test_asks_again_when_the_chip_says_so(tpm: SoftwareTpm, bus: BusTap, container: TpmContainer) -> None:
    tpm.restart()
    bus.frames.clear()

    verify(container.key.public, container.sign())

    # The first use of a protected object after start-up is answered by TPM_RC_RETRY.
    at = next(index for index, frame in enumerate(bus.frames) if not frame.sent and frame.command_code == 0x922)
    assert bus.frames[at - 1].data == bus.frames[at + 1].data


def test_no_chip_is_said_in_a_sentence(tmp_path: Path) -> None:
    absent = TpmKeystore(connector(f"swtpm:path={tmp_path}/nothing"), os.urandom, time.sleep)

    with pytest.raises(KeystoreUnavailable, match="No TPM emulator answers"):
        absent.tries()
    with pytest.raises(KeystoreUnavailable, match="There is no TPM at"):
        TpmKeystore(connector(f"device:{tmp_path}/tpmrm0"), os.urandom, time.sleep).tries()


def test_a_chip_that_dies_is_said_in_a_sentence(tpm: SoftwareTpm, container: TpmContainer) -> None:
    tpm.kill()

    with pytest.raises(KeystoreUnavailable):
        container.sign()


@pytest.mark.parametrize("address", ["", "/dev/tpmrm0", "device:tpm0", "swtpm:", "swtpm:port=1", "mssim:host=a"])
def test_a_bad_address_says_what_to_write(address: str) -> None:
    with pytest.raises(AddressError, match="device:/dev/tpmrm0"):
        connector(address)


def test_another_keystores_bytes_are_not_taken_for_ones_own(
    container: TpmContainer, software: SoftwareKeystore
) -> None:
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
    TpmContainer(keystore).sign()

    assert CommandCode.DICTIONARY_ATTACK_PARAMETERS not in bus.commands
    assert CommandCode.DICTIONARY_ATTACK_LOCK_RESET not in bus.commands


def make_root(tpm: SoftwareTpm, where: Path) -> None:
    attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"
    algorithm = ["-G", "ecc256:aes128cfb", "-a", attributes]
    tpm.run_tool("tpm2_createprimary", "-C", "o", *algorithm, "-c", f"{where}/srk.ctx")
    tpm.run_tool("tpm2_flushcontext", "-t")


def test_tpm2_tools_see_a_key_that_cannot_leave(tools: SoftwareTpm, tmp_path: Path) -> None:
    container = TpmContainer(TpmKeystore(connector(tools.address), os.urandom, time.sleep))
    parts = Parts("tpm key 2", container.key.blob)
    key = Created(parts.data("private"), parts.data("public"))
    (tmp_path / "pub").write_bytes(len(key.public).to_bytes(2, "big") + key.public)
    (tmp_path / "priv").write_bytes(len(key.private).to_bytes(2, "big") + key.private)

    make_root(tools, tmp_path)
    files = ["-C", f"{tmp_path}/srk.ctx", "-u", f"{tmp_path}/pub", "-r", f"{tmp_path}/priv"]
    tools.run_tool("tpm2_load", *files, "-c", f"{tmp_path}/key.ctx")
    tools.run_tool("tpm2_flushcontext", "-t")
    seen = tools.run_tool("tpm2_readpublic", "-c", f"{tmp_path}/key.ctx")

    assert "value: fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|sign\n" in seen
    assert f"x: {container.key.public.x.hex()}" in seen


def test_an_administrators_root_key_is_used_when_it_is_there(tools: SoftwareTpm, tmp_path: Path) -> None:
    make_root(tools, tmp_path)
    tools.run_tool("tpm2_evictcontrol", "-C", "o", "-c", f"{tmp_path}/srk.ctx", "0x81000001")
    tools.run_tool("tpm2_flushcontext", "-t")
    tools.run_tool("tpm2_changeauth", "-c", "owner", "a password")

    container = TpmContainer(TpmKeystore(connector(tools.address), os.urandom, time.sleep))

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

    container = TpmContainer(TpmKeystore(connector(tools.address), os.urandom, time.sleep))

    verify(container.key.public, container.sign())


def test_a_root_key_that_appears_later_does_not_replace_the_pinned_one(tools: SoftwareTpm, tmp_path: Path) -> None:
    container = TpmContainer(TpmKeystore(connector(tools.address), os.urandom, time.sleep))
    attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|restricted|decrypt"

    persist(tools, tmp_path, ["-G", "ecc256:aes128cfb", "-a", attributes])

    verify(container.key.public, container.sign())


def persist(tpm: SoftwareTpm, where: Path, algorithm: list[str]) -> None:
    tpm.run_tool("tpm2_createprimary", "-C", "o", *algorithm, "-c", f"{where}/other.ctx")
    tpm.run_tool("tpm2_evictcontrol", "-C", "o", "-c", f"{where}/other.ctx", "0x81000001")
    tpm.run_tool("tpm2_flushcontext", "-t")


def test_an_owner_password_without_a_root_key_is_said_in_a_sentence(tools: SoftwareTpm) -> None:
    tools.run_tool("tpm2_changeauth", "-c", "owner", "a password")

    with pytest.raises(KeystoreUnusable, match="owner password is set"):
        TpmKeystore(connector(tools.address), os.urandom, time.sleep).found()
