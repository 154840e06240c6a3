"""Which system a container's file was written on: a hint for whoever finds the file beside another chip.

It only chooses words. What it says is not proven, and nothing is opened or kept shut because of it: the chip
alone decides that.
"""

import hmac
from dataclasses import dataclass
from typing import Final

from keystead_agent.keystore.errors import ChipExchanged, MachineCloned, OtherMachine

# machine-id(5) asks that the id itself stay where it is, and gives programs a keyed hash of it.
_KEY: Final = b"keystead container: the system that wrote it"
MARK_BYTES: Final = 16


@dataclass(frozen=True, slots=True)
class Machine:
    """Attributes:
    mark: of the installed system; empty where it has no id.
    virtual: a hypervisor runs it.
    """

    mark: bytes = b""
    virtual: bool = False

    @classmethod
    def of(cls, machine_id: str, *, virtual: bool) -> "Machine":
        said = machine_id.strip()
        return cls(hmac.digest(_KEY, said.encode(), "sha256")[:MARK_BYTES] if said else b"", virtual)

    def why_other(self, mark: bytes) -> OtherMachine:
        """What became of a container that bears *mark* and is of another chip than this machine's."""
        if not mark or mark != self.mark:
            return OtherMachine()
        return MachineCloned() if self.virtual else ChipExchanged()


UNKNOWN: Final = Machine()
