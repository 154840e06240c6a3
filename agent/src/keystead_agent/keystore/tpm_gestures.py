"""Past the gate without a PIN, for as long as the daemon remembers what a PIN gave out.

    make_pass   gate's secret → an item of its own, under 32 random bytes that only this process knows
    opened      whichever it is, a PIN or such a pass → the gate's secret

The chip cannot see a finger. So the pass is no second door that is always there: it
is made once a PIN has opened the first one, it is never on the disk, and forgetting
its 32 bytes closes it. It is not under the chip's dictionary-attack counter, for
nobody guesses 32 random bytes.
"""

from typing import Final

from keystead_core.tpm import build, commands
from keystead_core.tpm.codes import ResponseCode, SessionUse
from keystead_core.tpm.faults import TpmError

from keystead_agent.keystore.bus import using
from keystead_agent.keystore.chip import Chip, item_of, packed_item
from keystead_agent.keystore.errors import GesturePassVoid
from keystead_agent.keystore.packing import Parts, pack
from keystead_agent.keystore.tpm_gate import SECRET_BYTES, TpmGate
from keystead_agent.keystore.tpm_opening import open_gate
from keystead_agent.keystore.values import Gate, GesturePass, Opening

_KIND: Final = "tpm gesture pass"
# The chip does not know the item any more, or its secret is another.
_VOID: Final = frozenset({ResponseCode.TPM_RC_BAD_AUTH, ResponseCode.TPM_RC_INTEGRITY})


def make_pass(chip: Chip, secret: bytes) -> GesturePass:
    auth = chip.bus.entropy(SECRET_BYTES)
    item = chip.create(build.sealed(dictionary_attack_protected=False), auth=auth, data=secret)
    return GesturePass(pack(_KIND, packed_item(item)), auth)


def opened(chip: Chip, gate: Gate, opening: Opening) -> bytes:
    """Return the secret behind *gate*.

    Raises:
        GesturePassVoid: the pass opens nothing.
        GestureRefused, PinBlocked, PinIndexLost, TpmError: as `open_gate`.
    """
    if not isinstance(opening, GesturePass):
        return open_gate(chip, TpmGate.unpack(gate), opening)
    try:
        with chip.loaded(item_of(Parts(_KIND, opening.item))) as item:
            return chip.bus.run(commands.unseal(item), using(chip.session, opening.secret, SessionUse.ENCRYPT))
    except TpmError as error:
        if error.base in _VOID:
            raise GesturePassVoid from error
        raise
