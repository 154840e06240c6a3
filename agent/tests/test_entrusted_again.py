"""Who gives tries back changes with the keys and the enrolments: at the next PIN, and the chip holds one index still."""

import os
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from keystead_agent.container.container import Container
from keystead_agent.container.errors import PinNotSet
from keystead_agent.container.pin import hash_pin
from keystead_agent.container.records import Proof, Provider
from keystead_agent.keystore.errors import GestureRefused, UnlockRefused
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_core.tpm.pin_index import TRIES, unlock_statement
from keystead_testkit.clock import NOON, FixedClock
from keystead_testkit.software_tpm import SoftwareTpm
from keystead_testkit.tpm_container import UnlockAuthority, nv_indices

pytestmark = pytest.mark.tpm

PIN, WRONG = "137946", "000001"
HERE = "https://id.example.org"


def enrol(container: Container, tenant: str, authority: UnlockAuthority) -> None:
    url = f"{HERE}/{tenant}"
    provider = Provider("id.example.org", (HERE,), f"{url}/v2.0", tenant, "t", tenant, url, NOON)
    container.enrolments.enrol(provider)
    tell(container, tenant, authority)


def tell(container: Container, tenant: str, authority: UnlockAuthority) -> None:
    """As an enrolment or a renewal does: the key to which the count is to be entrusted."""
    proof = Proof(f"{HERE}/{tenant}/v2.0", "0198", "laptop", (b"leaf", b"authority"), NOON + timedelta(days=30))
    container.enrolments.keep_proof(replace(proof, unlock=authority.unlock_key))


def types(container: Container) -> None:
    """The right PIN, and what the daemon does after it."""
    container.check_pin(PIN)
    container.settle_unlock(PIN)


def unlocks(container: Container, authority: UnlockAuthority) -> None:
    with pytest.raises(GestureRefused):
        container.check_pin(WRONG)
    assert container.tries().left == TRIES - 1
    container.finish_unlock(authority.sign(container.begin_unlock()))
    assert container.tries().left == TRIES


@pytest.fixture
def container(tmp_path: Path, keystore: TpmKeystore, clock: FixedClock) -> Container:
    container = Container(tmp_path / "state", keystore, clock.now, os.urandom)
    container.set_pin(PIN)
    return container


def test_after_a_rotation_the_next_pin_entrusts_the_count_to_the_new_key(
    container: Container, tpm: SoftwareTpm
) -> None:
    former, present = UnlockAuthority(b"ada on 0198"), UnlockAuthority(b"ada on 0198")
    enrol(container, "contoso", former)
    types(container)
    held = nv_indices(tpm)

    tell(container, "contoso", present)
    unlocks(container, former)
    types(container)

    unlocks(container, present)
    with pytest.raises(UnlockRefused, match="TPM_RC_SIGNATURE"):
        container.finish_unlock(former.sign_bytes(_statement(container, present)))
    assert len(nv_indices(tpm)) == len(held) == 1, "the former index is gone"


def _statement(container: Container, authority: UnlockAuthority) -> bytes:
    return unlock_statement(container.begin_unlock(), unlock_key=authority.name, person=authority.person)


def test_when_its_provider_is_unenrolled_another_one_has_the_say_from_the_next_pin_on(
    container: Container, tpm: SoftwareTpm
) -> None:
    contoso, fabrikam = UnlockAuthority(b"ada at contoso"), UnlockAuthority(b"ada at fabrikam")
    enrol(container, "contoso", contoso)
    enrol(container, "fabrikam", fabrikam)
    types(container)
    unlocks(container, contoso)

    container.enrolments.unenrol(f"{HERE}/contoso")
    with pytest.raises(UnlockRefused):
        container.enrolments.unlocker()
    types(container)

    assert container.enrolments.unlocker()[0].name == "fabrikam"
    unlocks(container, fabrikam)
    assert len(nv_indices(tpm)) == 1


def test_without_any_provider_the_count_is_the_persons_own_again(container: Container, tpm: SoftwareTpm) -> None:
    enrol(container, "contoso", UnlockAuthority())
    types(container)
    assert container.guard == "provider"

    container.enrolments.unenrol(f"{HERE}/contoso")
    types(container)

    assert container.guard == "person"
    assert len(nv_indices(tpm)) == 1


def test_enrolled_again_the_same_person_has_the_say_with_the_new_key(container: Container, tpm: SoftwareTpm) -> None:
    former, present = UnlockAuthority(), UnlockAuthority()
    enrol(container, "contoso", former)
    types(container)
    container.enrolments.unenrol(f"{HERE}/contoso")
    enrol(container, "contoso", present)

    types(container)

    unlocks(container, present)
    assert len(nv_indices(tpm)) == 1


def test_a_reset_leaves_no_index_in_the_chip_whoever_has_the_say(container: Container, tpm: SoftwareTpm) -> None:
    enrol(container, "contoso", UnlockAuthority())
    types(container)
    container.change_pin(old=PIN, new="864209")

    container.reset()

    assert nv_indices(tpm) == ()
    assert container.leftovers() == 0
    with pytest.raises(PinNotSet):
        container.tries()


def test_what_a_killed_program_leaves_of_a_former_pin_is_told_and_goes_with_the_next_one(
    container: Container, tpm: SoftwareTpm, keystore: TpmKeystore
) -> None:
    """As where the file is written, and the former gate not yet retired."""
    contents = container.snapshot()
    assert contents is not None
    assert contents.gate is not None
    keystore.change_gate(contents.foundation, contents.gate, old=hash_pin(PIN), new=hash_pin(PIN))
    assert (container.leftovers(), len(nv_indices(tpm))) == (1, 2)

    container.change_pin(old=PIN, new="864209")

    assert (container.leftovers(), len(nv_indices(tpm))) == (0, 1)
