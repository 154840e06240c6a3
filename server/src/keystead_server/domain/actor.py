"""Who changes something."""

from dataclasses import dataclass

from keystead_server.domain.app import App
from keystead_server.domain.ids import AppId, UserId
from keystead_server.domain.user import User


@dataclass(frozen=True, slots=True)
class Actor:
    """A signed-in administrator, the person themself, an app, or the operator at the command line (neither).

    Attributes:
        app: the app that asked; with a user it acts for them, without one by itself.
    """

    user: User | None
    app: App | None = None

    @property
    def id(self) -> UserId | AppId | None:
        """Whose doing the log calls it; None is the operator."""
        if self.user is not None:
            return self.user.id
        return None if self.app is None else self.app.id

    @property
    def is_operator(self) -> bool:
        return self.user is None and self.app is None

    @property
    def is_app_alone(self) -> bool:
        return self.user is None and self.app is not None

    @property
    def called(self) -> str:
        """Who it was, as other people read it."""
        if self.user is not None:
            return self.user.username
        return "the operator of this server" if self.app is None else f"the app {self.app.name}"


OPERATOR = Actor(None)
