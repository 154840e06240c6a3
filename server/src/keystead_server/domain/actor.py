"""Who changes something."""

from dataclasses import dataclass

from keystead_server.domain.ids import UserId
from keystead_server.domain.user import User


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in administrator, the person themself, or the operator at the command line (no user)."""

    user: User | None

    @property
    def id(self) -> UserId | None:
        return None if self.user is None else self.user.id

    @property
    def called(self) -> str:
        """Who it was, as other people read it."""
        return "the operator of this server" if self.user is None else self.user.username


OPERATOR = Actor(None)
