"""Two walls: a count of one's own that stops typing mistakes, and the chip's own behind it. And who attacks them."""

import os
import time
from hashlib import sha256

import pytest
from keystead_agent.keystore.bus import Bus, LiveSession, using
from keystead_agent.keystore.errors import GestureRefused, PinBlocked, PinIndexLost, PinLocked
from keystead_agent.keystore.root import find_root
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.tpm_gate import handles_of
from keystead_agent.keystore.transport import connector
from keystead_core.tpm import build, commands, nv
from keystead_core.tpm.codes import CommandCode, NvAttribute, ResponseCode
from keystead_core.tpm.faults import TpmError
from keystead_core.tpm.nv import NvPublic
from keystead_core.tpm.pin_index import TRIES, unlocked
from keystead_core.tpm.sessions import EMPTY_PASSWORD
from keystead_testkit.software_tpm import BusTap, SoftwareTpm
from keystead_testkit.tpm_container import (
    NEW,
    PIN,
    WRONG,
    DyingTransport,
    PulledPlug,
    TpmContainer,
    UnlockAuthority,
    counted_by_the_chip,
    directly,
    set_dictionary_attack,
    verify,
)

pytestmark = pytest.mark.tpm

ALICE = UnlockAuthority(b"alice")


@pytest.fixture
def person(keystore: TpmKeystore) -> TpmContainer:
    """Somebody whose identity provider has no unlock key, or who has none yet."""
    return TpmContainer(keystore)


@pytest.fixture
def member(keystore: TpmKeystore) -> TpmContainer:
    """Somebody whose identity provider can give tries back."""
    return TpmContainer(keystore, ALICE.unlock_key)


def use_up(container: TpmContainer, tries: int = TRIES) -> None:
    for _ in range(tries):
        with pytest.raises(GestureRefused):
            container.sign(WRONG)


def index_of(container: TpmContainer) -> NvPublic:
    index = container.record.index
    assert index is not None
    return index


def test_a_wrong_pin_signs_nothing_and_is_counted_for_this_person_alone(tpm: SoftwareTpm, person: TpmContainer) -> None:
    with pytest.raises(GestureRefused) as refused:
        person.sign(WRONG)

    assert refused.value.code == "pin_wrong"
    assert (refused.value.tries_left, person.left) == (TRIES - 1, TRIES - 1)
    assert counted_by_the_chip(tpm) == 0


def test_the_right_pin_makes_the_count_new(person: TpmContainer) -> None:
    use_up(person, 3)

    person.opens()

    assert person.left == TRIES


@pytest.mark.parametrize("unlock", [None, ALICE.unlock_key])
def test_one_persons_typing_never_locks_another(tpm: SoftwareTpm, keystore: TpmKeystore, unlock: object) -> None:
    bob = TpmContainer(keystore)
    alice = TpmContainer(keystore, ALICE.unlock_key if unlock else None)
    for _ in range(TRIES - 1):
        with pytest.raises(GestureRefused):
            alice.sign(WRONG)
    with pytest.raises((GestureRefused, PinBlocked)):
        alice.sign(WRONG)

    assert bob.left == TRIES
    assert counted_by_the_chip(tpm) == 0
    bob.opens()


def test_the_count_survives_pulling_the_plug(tpm: SoftwareTpm, person: TpmContainer) -> None:
    use_up(person, 4)

    tpm.restart()

    assert person.left == TRIES - 4
    person.opens()


def test_a_used_up_count_refuses_the_right_pin_until_the_provider_unlocks(member: TpmContainer) -> None:
    use_up(member, TRIES - 1)
    with pytest.raises(PinBlocked):
        member.sign(WRONG)

    with pytest.raises(PinBlocked) as blocked:
        member.sign()

    assert blocked.value.code == "pin_blocked"
    assert member.left == 0


def test_without_a_provider_more_tries_are_the_chips(tpm: SoftwareTpm, person: TpmContainer) -> None:
    use_up(person)

    with pytest.raises(GestureRefused) as refused:
        person.sign(WRONG)

    assert refused.value.tries_left == 2
    assert counted_by_the_chip(tpm) == 1
    person.opens()
    assert person.left == TRIES


def test_the_chips_lock_says_how_long_to_wait(tpm: SoftwareTpm, person: TpmContainer) -> None:
    use_up(person)
    use_up(person, 2)
    with pytest.raises(PinLocked):
        person.sign(WRONG)

    with pytest.raises(PinLocked) as locked:
        person.sign()

    assert locked.value.code == "pin_locked"
    assert locked.value.back_after.total_seconds() == 1000
    assert person.left == 0


def test_a_try_of_the_chip_is_given_back_by_time(tpm: SoftwareTpm, person: TpmContainer) -> None:
    set_dictionary_attack(tpm, tries=1, recovery_seconds=1)
    use_up(person)
    with pytest.raises(PinLocked):
        person.sign(WRONG)

    time.sleep(2.2)

    person.opens()


def test_a_wrong_pin_changes_no_pin_and_is_counted(person: TpmContainer) -> None:
    with pytest.raises(GestureRefused):
        person.keystore.change_gate(person.foundation, person.gate, old=WRONG, new=NEW)

    assert person.left == TRIES - 1


def test_another_pin_keeps_every_key_at_a_price_that_does_not_grow(person: TpmContainer, bus: BusTap) -> None:
    prices = []
    for _ in range(2):
        bus.frames.clear()
        person.keystore.change_gate(person.foundation, person.gate, old=PIN, new=NEW)
        prices.append(len([code for code in bus.commands if code != CommandCode.NV_UNDEFINE_SPACE]))
        others = [person.new_key() for _ in range(3)]
    former = person.gate

    person.gate = person.keystore.change_gate(person.foundation, former, old=PIN, new=NEW)
    person.keystore.retire_gate(person.foundation, former)

    assert prices[0] == prices[1]
    for key in (person.key, *others):
        verify(key.public, person.sign(NEW, key=key))
    with pytest.raises(GestureRefused):
        person.sign(PIN)


@pytest.mark.parametrize("unlock", [None, ALICE.unlock_key])
def test_a_pin_change_that_dies_at_any_command_loses_nothing(
    tpm: SoftwareTpm, unlock: object, keystore: TpmKeystore
) -> None:
    container = TpmContainer(keystore, ALICE.unlock_key if unlock else None)
    # Each unclean start costs a try of the chip's own.
    set_dictionary_attack(tpm, tries=100, recovery_seconds=1000)
    for survived in range(1, 60):
        dying = TpmKeystore(lambda left=survived: DyingTransport(tpm, left), os.urandom, time.sleep)  # type: ignore[misc]
        try:
            changed = dying.change_gate(
                container.foundation, container.gate, old=PIN, new=NEW, unlock=container.record.unlock
            )
        except PulledPlug:
            tpm.restart()
            container.opens(PIN)
        else:
            break
    else:
        pytest.fail("the change never came to its end")

    # The file with the new gate is never written: the old one still opens.
    container.opens(PIN)
    # It is written, and the power goes before the old gate is retired.
    container.gate = changed
    tpm.restart()
    container.opens(NEW)
    # What was left behind is in nobody's way.
    again = container.keystore.change_gate(container.foundation, container.gate, old=NEW, new=PIN)
    container.gate = again
    container.opens(PIN)


def test_an_old_copy_of_the_file_does_not_open_with_the_old_pin(member: TpmContainer) -> None:
    stolen = member.gate
    member.gate = member.keystore.change_gate(member.foundation, stolen, old=PIN, new=NEW, unlock=ALICE.unlock_key)
    member.keystore.retire_gate(member.foundation, stolen)

    member.gate = stolen
    with pytest.raises(PinIndexLost):
        member.sign(PIN)


def test_enrolling_keeps_the_keys_and_hands_the_count_to_the_provider(person: TpmContainer) -> None:
    former = person.gate
    person.gate = person.keystore.change_gate(person.foundation, former, old=PIN, new=PIN, unlock=ALICE.unlock_key)
    person.keystore.retire_gate(person.foundation, former)

    assert person.keystore.guard(former) == "person"
    assert person.keystore.guard(person.gate) == "provider"
    person.opens()


def test_attack_the_owner_cannot_write_the_index_to_guess_for_ever(member: TpmContainer, tpm: SoftwareTpm) -> None:
    """The oracle: guess, reset with the owner's empty password, guess again, unseen by the chip's own counter."""
    use_up(member, TRIES - 1)
    index = index_of(member)

    with directly(tpm) as bus:
        bus.learn(index.index, index.name)
        for authorise in (nv.nv_write(index.index, unlocked().encoded()), owner_write(index)):
            with pytest.raises(TpmError) as refused:
                bus.run(authorise, EMPTY_PASSWORD)
            assert refused.value.base in (
                ResponseCode.TPM_RC_NV_AUTHORIZATION,
                ResponseCode.TPM_RC_AUTH_UNAVAILABLE,
            )

    assert member.left == 1


def owner_write(index: NvPublic) -> commands.Call[None]:
    call = nv.nv_write(index.index, unlocked().encoded())
    owner = 0x40000001
    return commands.Call(call.code, (owner, index.index), call.parameters, call.read, call.authorised)


def test_attack_an_index_with_a_known_pin_in_the_old_ones_place_opens_nothing(
    member: TpmContainer, tpm: SoftwareTpm
) -> None:
    """Undefine, define the same with an authValue of one's own. It would have the same Name once it is written."""
    index = index_of(member)
    with directly(tpm) as bus, find_root(bus, pinned=None) as root, bus.salted_session(root) as session:
        bus.run(nv.nv_undefine(index.index), EMPTY_PASSWORD)
        bus.run(nv.nv_define(index.unwritten(), b"evil"), EMPTY_PASSWORD)
        bus.learn(index.index, index.unwritten().name)

        # It lends its authValue to nothing before it is written, and
        with bus.salted_session(root, policy=True) as live, pytest.raises(TpmError):
            bus.run(commands.policy_secret(index.index, live.session.handle), using(session, b"evil"))
        # there is no way to write it without the provider or the container's secret.
        with bus.salted_session(root, policy=True) as live, pytest.raises(TpmError) as refused:
            write_without_right(bus, member, index, live)
        assert refused.value.base in (ResponseCode.TPM_RC_VALUE, ResponseCode.TPM_RC_POLICY_FAIL)

    with pytest.raises(PinIndexLost):
        member.sign()


def write_without_right(bus: Bus, container: TpmContainer, index: NvPublic, live: LiveSession) -> None:
    bus.run(commands.policy_command_code(live.session.handle, CommandCode.NV_WRITE))
    bus.run(commands.policy_or(live.session.handle, container.record.branches.all))
    bus.run(nv.nv_write(index.index, unlocked().encoded()), using(live))


def test_attack_an_index_with_other_rights_in_the_old_ones_place_opens_nothing(
    member: TpmContainer, tpm: SoftwareTpm
) -> None:
    index = index_of(member)
    owner_write_right = NvAttribute(1 << 1)
    forged = NvPublic(index.index, index.unwritten().attributes | owner_write_right, index.policy, index.size)
    with directly(tpm) as bus:
        bus.run(nv.nv_undefine(index.index), EMPTY_PASSWORD)
        bus.run(nv.nv_define(forged, member.record.secrets(WRONG).index), EMPTY_PASSWORD)
        bus.run(owner_write(forged), EMPTY_PASSWORD)

    for pin in (PIN, WRONG):
        with pytest.raises(PinIndexLost):
            member.sign(pin)
    assert counted_by_the_chip(tpm) == 0


@pytest.mark.parametrize("used_up", [False, True])
def test_attack_nv_change_auth_is_no_oracle(member: TpmContainer, tpm: SoftwareTpm, used_up: bool) -> None:
    """NV_ChangeAuth compares the authValue of an index even past its limit, so no branch may lead to it."""
    if used_up:
        use_up(member, TRIES - 1)
        with pytest.raises(PinBlocked):
            member.sign(WRONG)
    index, right = index_of(member), member.record.secrets(PIN).index
    with directly(tpm) as bus, find_root(bus, pinned=None) as root, bus.salted_session(root, policy=True) as live:
        bus.learn(index.index, index.name)
        bus.run(commands.policy_command_code(live.session.handle, CommandCode.NV_CHANGE_AUTH))
        bus.run(commands.policy_auth_value(live.session.handle))
        live.session = live.session.after_policy_auth_value()
        with pytest.raises(TpmError) as refused:
            bus.run(nv.nv_change_auth(index.index, b"new"), using(live, right, answered_with=b"new"))

    assert refused.value.base == ResponseCode.TPM_RC_POLICY_FAIL


def test_attack_the_door_answers_no_guess_that_did_not_pass_the_index(member: TpmContainer, tpm: SoftwareTpm) -> None:
    """ObjectChangeAuth and Unseal with the right authValue, but without the index: refused alike."""
    right = member.record.secrets(PIN).door
    with (
        directly(tpm) as bus,
        find_root(bus, pinned=None) as root,
        bus.salted_session(root) as session,
        bus.loaded(root.handle, member.record.door, session) as door,
    ):
        for call in (commands.unseal(door), commands.object_change_auth(door, root.handle, b"x")):
            with pytest.raises(TpmError) as refused:
                bus.run(call, using(session, right))
            assert refused.value.base in (ResponseCode.TPM_RC_AUTH_UNAVAILABLE, ResponseCode.TPM_RC_AUTH_TYPE)
    assert counted_by_the_chip(tpm) == 0


def test_the_door_behind_a_forged_count_is_under_the_chips_counter(person: TpmContainer, tpm: SoftwareTpm) -> None:
    template = build.sealed(dictionary_attack_protected=True, policy=bytes(32))

    assert person.record.door.public[4:8] == template[4:8]
    assert not int.from_bytes(template[4:8], "big") & build.Attribute.NO_DA
    assert not int.from_bytes(template[4:8], "big") & build.Attribute.USER_WITH_AUTH


@pytest.mark.parametrize("how", ["undefined", "defined anew by somebody else"])
def test_without_a_provider_the_right_pin_mends_a_lost_index(person: TpmContainer, tpm: SoftwareTpm, how: str) -> None:
    index = index_of(person)
    with directly(tpm) as bus:
        bus.run(nv.nv_undefine(index.index), EMPTY_PASSWORD)
        if how != "undefined":
            bus.run(nv.nv_define(index.unwritten(), b"evil"), EMPTY_PASSWORD)

    with pytest.raises(GestureRefused) as refused:
        person.sign(WRONG)
    assert refused.value.tries_left == 2
    person.opens()

    assert person.left == TRIES


def test_a_lost_index_of_a_member_is_said_in_a_sentence(member: TpmContainer, tpm: SoftwareTpm) -> None:
    with directly(tpm) as bus:
        bus.run(nv.nv_undefine(index_of(member).index), EMPTY_PASSWORD)

    with pytest.raises(PinIndexLost, match="Unlock this computer") as lost:
        member.sign()

    assert lost.value.code == "pin_index_lost"


def test_an_index_of_somebody_else_is_left_alone(tpm: SoftwareTpm, keystore: TpmKeystore) -> None:
    foundation = keystore.found()
    first = handles_of(foundation)[0]
    theirs = NvPublic(first, NvAttribute(1 << 1 | 1 << 17), b"", 8)
    with directly(tpm) as bus:
        bus.run(nv.nv_define(theirs, b""), EMPTY_PASSWORD)

    keystore.make_gate(foundation, PIN)

    with directly(tpm) as bus:
        assert bus.run(nv.nv_read_public(first)) == theirs


def test_where_the_owner_has_a_password_the_chips_counter_stands_alone(tools: SoftwareTpm, tmp_path: object) -> None:
    attributes = "fixedtpm|fixedparent|sensitivedataorigin|userwithauth|noda|restricted|decrypt"
    tools.run_tool("tpm2_createprimary", "-C", "o", "-G", "ecc256:aes128cfb", "-a", attributes, "-c", f"{tmp_path}/srk")
    tools.run_tool("tpm2_evictcontrol", "-C", "o", "-c", f"{tmp_path}/srk", "0x81000001")
    tools.run_tool("tpm2_flushcontext", "-t")
    tools.run_tool("tpm2_changeauth", "-c", "owner", "a password")
    keystore = TpmKeystore(connector(tools.address), os.urandom, time.sleep)
    container = TpmContainer(keystore, ALICE.unlock_key)

    with pytest.raises(GestureRefused) as refused:
        container.sign(WRONG)

    assert keystore.guard(container.gate) == "chip"
    assert refused.value.tries_left == container.left == 2
    container.opens()
    container.gate = keystore.change_gate(container.foundation, container.gate, old=PIN, new=NEW)
    container.opens(NEW)


def test_tpm2_tools_see_an_index_that_counts_and_that_the_owner_cannot_write(tools: SoftwareTpm) -> None:
    keystore = TpmKeystore(connector(tools.address), os.urandom, time.sleep)
    container = TpmContainer(keystore, ALICE.unlock_key)
    with pytest.raises(GestureRefused):
        container.sign(WRONG)

    seen = tools.run_tool("tpm2_nvreadpublic", f"{index_of(container).index:#x}")

    assert "friendly: policywrite|nt|authread|policyread|no_da|written" in seen
    assert "value: 0x220C0088" in seen  # nt is 8, PIN_FAIL
    assert f"authorization policy: {index_of(container).policy.hex().upper()}" in seen
    assert index_of(container).name.hex() in seen
    with pytest.raises(RuntimeError):
        tools.run_tool("tpm2_nvwrite", f"{index_of(container).index:#x}", "-C", "o", "-i", "/dev/null")


def test_tpm2_tools_load_the_unlock_key_under_the_name_that_we_compute(tools: SoftwareTpm, tmp_path: object) -> None:
    public = build.external_key(ALICE.unlock_key.x, ALICE.unlock_key.y)
    where = f"{tmp_path}/key"
    with open(where, "wb") as file:
        file.write(len(public).to_bytes(2, "big") + public)

    tools.run_tool("tpm2_loadexternal", "-C", "n", "-u", where, "-c", f"{where}.ctx", "-n", f"{where}.name")

    with open(f"{where}.name", "rb") as file:
        assert file.read() == ALICE.name
    assert ALICE.name == b"\x00\x0b" + sha256(public).digest()
