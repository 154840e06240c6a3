"""One person's PIN_FAIL index in the chip: made, read, reset, taken away.

Who may do what is in the index's own policy (`core.tpm.pin_index`); here are the
commands that go through it.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Final, TypeAlias

from keystead_core.tpm import commands, nv
from keystead_core.tpm.codes import CommandCode, ResponseCode, SessionUse
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.faults import TpmError
from keystead_core.tpm.nv import NvPublic, PinCount
from keystead_core.tpm.pin_index import ATTRIBUTES, Branches, unlocked
from keystead_core.tpm.sessions import EMPTY_PASSWORD

from keystead_agent.keystore.bus import Bus, LiveSession, using
from keystead_agent.keystore.chip import Chip
from keystead_agent.keystore.errors import PinIndexLost

Proof: TypeAlias = Callable[[LiveSession], None]
"""Satisfies a policy session, up to the command code, with what the branch to be taken asks for."""

# The chip has no such indices, no room, or an owner's password that we do not know.
_CANNOT_DEFINE: Final = frozenset(
    {
        ResponseCode.TPM_RC_ATTRIBUTES,
        ResponseCode.TPM_RC_VALUE,
        ResponseCode.TPM_RC_BAD_AUTH,
        ResponseCode.TPM_RC_AUTH_FAIL,
        ResponseCode.TPM_RC_NV_SPACE,
        ResponseCode.TPM_RC_NV_SIZE,
        ResponseCode.TPM_RC_COMMAND_CODE,
    }
)


def define_index(chip: Chip, handles: tuple[int, ...], branches: Branches, auth: bytes) -> NvPublic | None:
    """Define an index at the first of *handles* that is free or holds a leftover of ours.

    Returns:
        It, not yet written; None if this chip gives us none.
    """
    for handle in handles:
        if not _make_room(chip.bus, handle):
            continue
        index = branches.index(handle)
        try:
            chip.bus.run(nv.nv_define(index, auth), using(chip.session, attributes=SessionUse.DECRYPT))
        except TpmError as error:
            if error.base in _CANNOT_DEFINE:
                return None
            raise
        return index
    return None


def _make_room(bus: Bus, handle: int) -> bool:
    """An index that was never finished, or never taken away: the power went out. Anything else stays."""
    try:
        there = bus.run(nv.nv_read_public(handle))
    except TpmError as error:
        if error.base == ResponseCode.TPM_RC_HANDLE:
            return True
        raise
    except TpmStructureInvalid:
        return False
    return _is_ours(there) and undefine_index(bus, handle)


def holds_leftover(bus: Bus, handle: int) -> bool:
    """Whether a container's handle, which its gate does not use, has an index all the same."""
    try:
        return _is_ours(bus.run(nv.nv_read_public(handle)))
    except (TpmError, TpmStructureInvalid):
        return False


def _is_ours(there: NvPublic) -> bool:
    return there.unwritten().attributes == ATTRIBUTES


def undefine_index(bus: Bus, handle: int) -> bool:
    """Return whether there was one and it is gone; the owner's password may be in the way."""
    with suppress(TpmError):
        bus.run(nv.nv_undefine(handle), EMPTY_PASSWORD)
        return True
    return False


def write_index(chip: Chip, index: NvPublic, branches: Branches, prove: Proof) -> NvPublic:
    """Reset the count of *index* through the branch that *prove* takes; return it as written."""
    chip.bus.learn(index.index, index.name)
    with chip.policy_session() as live:
        prove(live)
        write_proven(chip.bus, index, branches, live)
    return index.written()


def write_proven(bus: Bus, index: NvPublic, branches: Branches, live: LiveSession) -> None:
    handle = live.session.handle
    bus.run(commands.policy_command_code(handle, CommandCode.NV_WRITE))
    bus.run(commands.policy_or(handle, branches.all))
    bus.run(nv.nv_write(index.index, unlocked().encoded()), using(live))
    bus.learn(index.index, index.written().name)


def read_count(bus: Bus, index: NvPublic, branches: Branches) -> PinCount:
    """Raises PinIndexLost if the index is not the one that was made, or is gone."""
    require_index(bus, index)
    with bus.policy_session() as live:
        handle = live.session.handle
        bus.run(commands.policy_command_code(handle, CommandCode.NV_READ))
        bus.run(commands.policy_or(handle, branches.all))
        return bus.run(nv.nv_read_pin_count(index.index), using(live))


def require_index(bus: Bus, index: NvPublic) -> None:
    """Raises PinIndexLost."""
    try:
        there = bus.run(nv.nv_read_public(index.index))
    except (TpmError, TpmStructureInvalid) as error:
        raise PinIndexLost from error
    if there != index:
        raise PinIndexLost
    bus.learn(index.index, index.name)
