"""Whether emergency accounts would do their work on the day they are needed.

No policy is for them, so nothing else notices that one lost its key, was switched off, or was never tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

TRIED_WITHIN = timedelta(days=90)
CHECKED_EVERY = timedelta(days=30)
FEWEST = 2


@dataclass(frozen=True, slots=True)
class Trouble:
    """Attributes:
    code: stable.
    says: in words, with `{name}` for the account's.
    """

    code: str
    says: str


MISSING = Trouble(code="emergency_account_missing", says="the emergency account {name} does not exist any more")
DISABLED = Trouble(code="emergency_account_disabled", says="the emergency account {name} is switched off")
NOT_ADMINISTRATOR = Trouble(
    code="emergency_account_not_administrator", says="the emergency account {name} is no Global Administrator"
)
NO_METHOD = Trouble(
    code="emergency_account_without_method", says="the emergency account {name} has nothing that it could sign in with"
)
NOT_TRIED = Trouble(
    code="emergency_account_not_tried",
    says="nobody has tried the emergency account {name} for 90 days: sign in with it once",
)
TOO_FEW = Trouble(
    code="emergency_accounts_too_few", says="there are fewer than two emergency accounts; one alone can fail"
)


@dataclass(frozen=True, slots=True)
class EmergencyAccount:
    """Attributes:
    name: None when there is no such account any more.
    can_sign_in: by a method of its own that is registered and accepted now; a pass is none.
    last_sign_in_at: None when it never signed in, as far as the log goes back.
    """

    id: str
    name: str | None
    enabled: bool = False
    administers: bool = False
    can_sign_in: bool = False
    last_sign_in_at: datetime | None = None

    def troubles(self, now: datetime) -> tuple[Trouble, ...]:
        if self.name is None:
            return (MISSING,)
        tried = self.last_sign_in_at is not None and now - self.last_sign_in_at <= TRIED_WITHIN
        found = (
            (not self.enabled, DISABLED),
            (not self.administers, NOT_ADMINISTRATOR),
            (not self.can_sign_in, NO_METHOD),
            (not tried, NOT_TRIED),
        )
        return tuple(trouble for holds, trouble in found if holds)


@dataclass(frozen=True, slots=True)
class EmergencyReport:
    """Attributes:
    is_wanted: there are policies, or accounts named: without either nobody can be locked out by a policy.
    """

    accounts: Sequence[EmergencyAccount]
    is_wanted: bool
    at: datetime

    @property
    def troubles(self) -> tuple[tuple[str, Trouble], ...]:
        """Each with the account's name, or its id where it has none; about all of them together, with an empty one."""
        found = [(one.name or one.id, trouble) for one in self.accounts for trouble in one.troubles(self.at)]
        if self.is_wanted and len(self.accounts) < FEWEST:
            found.append(("", TOO_FEW))
        return tuple(found)


def trouble_words(name: str, trouble: Trouble) -> str:
    return trouble.says.format(name=name)
