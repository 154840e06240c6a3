"""A password: one of two factors, never a way in by itself, and off unless a tenant's policy wants it.

What may be one follows NIST SP 800-63B: length and what everybody tries first are judged, and
nothing is asked about kinds of characters.
"""

import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime

from keystead_server.domain.commonest_passwords import COMMONEST
from keystead_server.domain.ids import PasswordId, TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User, fold

MIN_CHARACTERS, MAX_CHARACTERS = 8, 256
_FEWEST_DIFFERENT_CHARACTERS = 4
# A name of one or two letters stands in any sentence.
_SHORTEST_NAME_CHARACTERS = 4


@dataclass(frozen=True, slots=True)
class Password:
    """Somebody's password; one for each person.

    Attributes:
        hashed: what `ports.password_hasher` made of it, with the parameters it used.
    """

    id: PasswordId
    tenant_id: TenantId
    user_id: UserId
    hashed: str
    set_at: datetime

    def rehashed(self, hashed: str) -> "Password":
        return replace(self, hashed=hashed)


def prepare(typed: str) -> str:
    """NFKC: one key press gives different code points on different computers (SP 800-63B §5.1.1.2).

    Cut, so that what is hashed has a bound; nothing that long was ever set.
    """
    return unicodedata.normalize("NFKC", typed[: 4 * MAX_CHARACTERS])[: MAX_CHARACTERS + 1]


def check_password(typed: str, user: User, *, target: str = "password") -> str:
    """Return *typed*, prepared, when *user* may have it as password.

    Raises:
        Invalid: it is too short, too long, or among what is tried first.
    """
    password = prepare(typed)
    if not MIN_CHARACTERS <= len(password) <= MAX_CHARACTERS:
        raise Invalid(
            "password_length", f"a password has {MIN_CHARACTERS} to {MAX_CHARACTERS} characters", target=target
        )
    folded = fold(password)
    if any(name in folded for name in _names(user)):
        raise Invalid("password_like_name", "a password must not hold your name or username", target=target)
    if _skeleton(folded) in COMMONEST or len(set(folded)) < _FEWEST_DIFFERENT_CHARACTERS:
        raise Invalid("password_too_common", "this password is among the first that anybody tries", target=target)
    return password


def _names(user: User) -> list[str]:
    names = [fold(user.username), fold(user.username).partition("@")[0], fold(user.display_name).replace(" ", "")]
    return [name for name in names if len(name) >= _SHORTEST_NAME_CHARACTERS]


def _skeleton(folded: str) -> str:
    """The word without the digits and marks that people put around it: `Welcome2026!` is `welcome`."""
    core = folded.strip("0123456789!?.,-_*#$@+ ")
    return core or folded
