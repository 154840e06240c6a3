"""The identity provider gives tries back: once for each statement, to one person, of one computer, now."""

from dataclasses import replace

import pytest
from keystead_agent.keystore import tpm_unlock
from keystead_agent.keystore.bus import using
from keystead_agent.keystore.errors import (
    GestureRefused,
    KeystoreUnavailable,
    NoChip,
    PinBlocked,
    PinIndexLost,
    UnlockRefused,
)
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_core.tpm import commands, nv, pin_index
from keystead_core.tpm.codes import CommandCode, Property
from keystead_core.tpm.errors import UnlockNotOurs
from keystead_core.tpm.faults import TpmError
from keystead_core.tpm.nv import PinCount
from keystead_core.tpm.pin_index import TRIES, reset_digest, unlocked
from keystead_core.tpm.sessions import EMPTY_PASSWORD
from keystead_testkit.software_tpm import BusTap, SoftwareTpm
from keystead_testkit.tpm_container import NEW, PIN, WRONG, TpmContainer, UnlockAuthority, directly

pytestmark = pytest.mark.tpm

ALICE = UnlockAuthority(b"alice")


@pytest.fixture
def blocked(keystore: TpmKeystore) -> TpmContainer:
    container = TpmContainer(keystore, ALICE.unlock_key)
    for _ in range(TRIES):
        with pytest.raises((GestureRefused, PinBlocked)):
            container.sign(WRONG)
    return container


def test_a_signed_statement_gives_all_tries_back(blocked: TpmContainer) -> None:
    request = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)

    blocked.keystore.finish_unlock(ALICE.sign(request))

    assert blocked.left == TRIES
    blocked.opens()


def test_while_the_chip_waits_everything_else_goes_on(blocked: TpmContainer, keystore: TpmKeystore) -> None:
    request = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    bob = TpmContainer(keystore)
    bob.opens()
    with pytest.raises(PinBlocked):
        blocked.sign()

    blocked.keystore.finish_unlock(ALICE.sign(request))

    blocked.opens()
    bob.opens()


def test_a_statement_is_good_for_one_reset(blocked: TpmContainer) -> None:
    signature = ALICE.sign(blocked.keystore.begin_unlock(blocked.foundation, blocked.gate))
    blocked.keystore.finish_unlock(signature)

    with pytest.raises(UnlockRefused):
        blocked.keystore.finish_unlock(signature)
    blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    with pytest.raises(UnlockRefused, match="TPM_RC_SIGNATURE"):
        blocked.keystore.finish_unlock(signature)


def test_a_refused_statement_ends_the_unlock(blocked: TpmContainer) -> None:
    request = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    with pytest.raises(UnlockRefused):
        blocked.keystore.finish_unlock(b"no signature")

    with pytest.raises(UnlockRefused, match="begin again"):
        blocked.keystore.finish_unlock(ALICE.sign(request))
    assert blocked.left == 0


def test_another_providers_statement_is_refused(blocked: TpmContainer) -> None:
    request = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    statement = pin_index.unlock_statement(request, unlock_key=ALICE.name, person=b"alice")

    with pytest.raises(UnlockRefused, match="TPM_RC_SIGNATURE"):
        blocked.keystore.finish_unlock(UnlockAuthority(b"alice").sign_bytes(statement))


@pytest.mark.parametrize("lie", ["person", "count", "moment", "index"])
def test_a_statement_about_something_else_is_refused(blocked: TpmContainer, lie: str) -> None:
    request = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    index = nv.parse_nv_public(request.index_public)
    allowed = reset_digest(index)
    nonce, seconds, person = request.nonce_tpm, pin_index.UNLOCK_SECONDS, b"alice"
    match lie:
        case "person":
            person = b"bob"
        case "count":
            allowed = pin_index.write_digest(index, PinCount(0, 255))
        case "moment":
            nonce = bytes(len(nonce))
        case "index":
            allowed = reset_digest(replace(index, index=index.index + 1))
    statement = nonce + seconds.to_bytes(4, "big") + allowed + person

    with pytest.raises(UnlockRefused):
        blocked.keystore.finish_unlock(ALICE.sign_bytes(statement))
    assert blocked.left == 0


def test_a_statement_for_one_count_writes_no_other(blocked: TpmContainer, tpm: SoftwareTpm) -> None:
    """Signed for "no failures, ten tries", then used to write 255 tries."""
    request = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    statement = ALICE.sign(request)
    unlocking = blocked.keystore._unlocking
    assert unlocking is not None
    tpm_unlock._show(unlocking, tpm_unlock._read(statement))
    bus, handle = unlocking.bus, unlocking.live.session.handle
    bus.run(commands.policy_command_code(handle, CommandCode.NV_WRITE))
    bus.run(commands.policy_or(handle, unlocking.gate.branches.all))
    with pytest.raises(TpmError, match="POLICY_FAIL"):
        bus.run(nv.nv_write(unlocking.index.index, PinCount(0, 255).encoded()), using(unlocking.live))


def test_the_server_signs_nothing_but_the_reset_of_its_own_persons_index(blocked: TpmContainer) -> None:
    request = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    index = nv.parse_nv_public(request.index_public)
    lies = [
        replace(request, index_public=replace(index, policy=bytes(32)).encoded()),
        replace(request, index_public=replace(index, size=16).encoded()),
        replace(request, index_public=replace(index, attributes=index.attributes | 1 << 1).encoded()),
        replace(request, lock=bytes(34)),
        replace(request, nonce_tpm=request.nonce_tpm + b"more"),
    ]

    for lie in lies:
        with pytest.raises(UnlockNotOurs) as refused:
            ALICE.sign(lie)
        assert refused.value.code == "unlock_not_ours"
    with pytest.raises(UnlockNotOurs):
        pin_index.unlock_statement(request, unlock_key=ALICE.name, person=b"bob")
    with pytest.raises(UnlockNotOurs):
        pin_index.unlock_statement(request, unlock_key=UnlockAuthority().name, person=b"alice")


def test_beginning_again_forgets_what_was_begun(blocked: TpmContainer) -> None:
    first = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    second = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)

    assert first.nonce_tpm != second.nonce_tpm
    blocked.keystore.finish_unlock(ALICE.sign(second))
    blocked.opens()


def test_an_unlock_leaves_nothing_behind_in_the_chip(blocked: TpmContainer, tpm: SoftwareTpm) -> None:
    for _ in range(4):
        blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    with pytest.raises(UnlockRefused):
        blocked.keystore.finish_unlock(b"")

    with directly(tpm) as bus:
        facts = bus.run(commands.get_properties(Property.PERMANENT, 8))
    assert (facts[0x203], facts[0x205], facts[0x207]) == (0, 0, 3)


def test_the_plug_pulled_between_begin_and_finish_costs_only_a_new_beginning(
    blocked: TpmContainer, tpm: SoftwareTpm, bus: BusTap
) -> None:
    request = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    tpm.restart()
    with pytest.raises(KeystoreUnavailable):
        blocked.keystore.finish_unlock(ALICE.sign(request))

    assert blocked.left == 0
    again = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)
    blocked.keystore.finish_unlock(ALICE.sign(again))
    blocked.opens()


def test_a_lost_index_is_made_again_with_the_pin_and_a_statement(blocked: TpmContainer, tpm: SoftwareTpm) -> None:
    index = blocked.record.index
    assert index is not None
    with directly(tpm) as bus:
        bus.run(nv.nv_undefine(index.index), EMPTY_PASSWORD)
    with pytest.raises(PinIndexLost):
        blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)

    request = blocked.keystore.begin_unlock(blocked.foundation, blocked.gate, PIN)
    blocked.keystore.finish_unlock(ALICE.sign(request))

    assert nv.parse_nv_public(request.index_public) == index.unwritten()
    blocked.opens()


def test_a_container_without_a_provider_has_nothing_to_unlock(keystore: TpmKeystore) -> None:
    container = TpmContainer(keystore)

    with pytest.raises(UnlockRefused, match="No identity provider"):
        keystore.begin_unlock(container.foundation, container.gate)


def test_after_another_pin_the_provider_still_has_its_say(blocked: TpmContainer) -> None:
    blocked.keystore.finish_unlock(ALICE.sign(blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)))
    former = blocked.gate
    blocked.gate = blocked.keystore.change_gate(blocked.foundation, former, old=PIN, new=NEW, unlock=ALICE.unlock_key)
    blocked.keystore.retire_gate(blocked.foundation, former)
    for _ in range(TRIES):
        with pytest.raises((GestureRefused, PinBlocked)):
            blocked.sign(PIN)

    blocked.keystore.finish_unlock(ALICE.sign(blocked.keystore.begin_unlock(blocked.foundation, blocked.gate)))

    blocked.opens(NEW)


def test_a_software_keystore_has_nothing_to_unlock(software: SoftwareKeystore) -> None:
    foundation = software.found()
    gate = software.make_gate(foundation, PIN, ALICE.unlock_key)

    with pytest.raises(NoChip) as refused:
        software.begin_unlock(foundation, gate)
    with pytest.raises(NoChip):
        software.finish_unlock(b"")

    assert refused.value.code == "no_chip"
    assert unlocked() == PinCount(0, TRIES)
