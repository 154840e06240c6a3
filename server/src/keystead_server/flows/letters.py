"""Writing a letter to the owner of an account, for the outbox and in the same write as what it tells of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.ids import LetterId
from keystead_server.domain.letter import KEPT_FOR, Letter, Occasion
from keystead_server.domain.user import User
from keystead_server.ports.changes import Add
from keystead_server.ports.clock import Entropy
from keystead_server.ports.sealer import Sealer

_SEAL = "letter"


@dataclass(frozen=True, slots=True)
class Letters:
    """Attributes:
    possible: whether the settings name a mail server; without one nothing is written.
    """

    entropy: Entropy
    sealer: Sealer
    possible: bool

    def to(
        self, user: User, occasion: Occasion, /, *, at: datetime, until: datetime | None = None, **told: str
    ) -> list[Add]:
        """The change that tells *user*, or none where they cannot be told.

        Args:
            until: when the letter is of no use any more; three days from now unless given.
        """
        if not self.possible or user.mail is None:
            return []
        letter_id = LetterId(self.entropy.new_id(at))
        sealed = self.sealer.seal(_SEAL, json.dumps(told).encode(), bound_to=letter_id.encode())
        expires_at = at + KEPT_FOR if until is None else min(until, at + KEPT_FOR)
        return [Add(Letter(letter_id, user.tenant_id, user.id, occasion, user.mail, sealed, at, at, expires_at))]


def open_letter(sealer: Sealer, letter: Letter) -> Mapping[str, str]:
    """What *letter* is worded from.

    Raises:
        SealBroken: somebody changed it, or it was sealed under another master key.
    """
    told: dict[str, str] = json.loads(sealer.open(_SEAL, letter.sealed, bound_to=letter.id.encode()))
    return told
