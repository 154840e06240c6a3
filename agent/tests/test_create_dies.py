"""The power goes, or the daemon is killed, at each command of making a passkey: nothing half made, nothing lost."""

import os
import time
from pathlib import Path

import pytest
from keystead_agent.container.container import Container
from keystead_agent.container.records import Account, Traits
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.values import ToSign
from keystead_core.tpm import commands
from keystead_core.tpm.codes import Property
from keystead_testkit.clock import FixedClock
from keystead_testkit.software_tpm import SoftwareTpm
from keystead_testkit.tpm_container import (
    DyingTransport,
    PulledPlug,
    directly,
    set_dictionary_attack,
)

pytestmark = pytest.mark.tpm

RP_ID, PIN = "id.example.org", "137946"
TRAITS = Traits(hmac_secret=True)
# TPM_PT_HR_TRANSIENT, _HR_LOADED, _HR_PERSISTENT and _NV_INDEX counts (part 2, 6.13).
LOADED, ACTIVE, NV_INDICES, PERSISTENT, TRANSIENT_AVAILABLE = 0x203, 0x205, 0x202, 0x208, 0x207


def held_by(tpm: SoftwareTpm) -> tuple[int, ...]:
    """What the chip keeps: loaded sessions, active ones, NV indices, persistent objects, free transient slots."""
    with directly(tpm) as bus:
        facts = bus.run(commands.get_properties(Property.PERMANENT, 16))
    return tuple(facts[each] for each in (LOADED, ACTIVE, NV_INDICES, PERSISTENT, TRANSIENT_AVAILABLE))


def make(container: Container, user: bytes) -> None:
    container.create(RP_ID, Account(user, "ada", "Ada"), PIN, _to_sign, TRAITS, certified=True)


def _to_sign(_: bytes) -> ToSign:
    return lambda _: bytes(32)


def test_a_passkey_whose_making_dies_at_any_command_leaves_nothing_and_takes_nothing(
    tmp_path: Path, tpm: SoftwareTpm, keystore: TpmKeystore, clock: FixedClock
) -> None:
    # Each unclean start costs a try of the chip's own.
    set_dictionary_attack(tpm, tries=200, recovery_seconds=1000)
    home = tmp_path / "state"
    whole = Container(home, keystore, clock.now, os.urandom)
    whole.set_pin(PIN)
    make(whole, b"first")
    (first,) = whole.passkeys
    before, file = held_by(tpm), (home / "container.cbor").read_bytes()

    for survived in range(1, 120):
        dying = TpmKeystore(lambda left=survived: DyingTransport(tpm, left), os.urandom, time.sleep)  # type: ignore[misc]
        died = _dies(home, dying, clock)
        tpm.restart()
        if not died:
            break
        assert (home / "container.cbor").read_bytes() == file
        assert held_by(tpm) == before
        assert sorted(path.name for path in home.iterdir()) == ["container.cbor"]
    else:
        pytest.fail("the passkey was never made")

    after = Container(home, keystore, clock.now, os.urandom)
    assert [passkey.user_handle for passkey in after.passkeys] == [b"first", b"second"]
    assert held_by(tpm) == before, "a key is in the file, and nothing of it stays in the chip"
    for passkey in (first, after.passkeys[1]):
        count, signature = after.sign(passkey.credential_id, PIN, lambda count: bytes(32))
        assert (count, signature[0]) == (1, 0x30)
    assert after.counted_tries().left == 10, "no command that died was a wrong PIN"


def _dies(home: Path, dying: TpmKeystore, clock: FixedClock) -> bool:
    try:
        make(Container(home, dying, clock.now, os.urandom), b"second")
    except PulledPlug:
        return True
    return False
