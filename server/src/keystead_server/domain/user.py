"""People, and the groups and roles they are in."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from keystead_core.fast_init import fast_init

from keystead_server.domain.ids import GroupId, TenantId, UserId
from keystead_server.domain.invalid import Invalid

MAX_NAME_CHARACTERS = 256
HANDLE_BYTES = 32
_USERNAME = re.compile(r"[^\s@\x00-\x1f\x7f]{1,113}(?:@[^\s@\x00-\x1f\x7f]{1,142})?")


class Role(StrEnum):
    """Directory roles, by Entra's names."""

    GLOBAL_ADMINISTRATOR = "Global Administrator"
    AUTHENTICATION_ADMINISTRATOR = "Authentication Administrator"
    GLOBAL_READER = "Global Reader"


@fast_init
@dataclass(frozen=True, slots=True)
class User:
    """A person's account.

    Attributes:
        username: what they type and what apps get as `preferred_username`; may change.
        handle: WebAuthn's user handle: 32 random bytes that never change and say nothing,
            so that a renamed account keeps its passkeys.
        sessions_valid_from: sessions opened before this moment are over
            ("sign out everywhere").
        mail: where they are told what happens to their account; None where nobody said.
            Never a name to sign in with, and never what two accounts are joined by.
    """

    id: UserId
    tenant_id: TenantId
    username: str
    display_name: str
    handle: bytes
    created_at: datetime
    sessions_valid_from: datetime
    enabled: bool = True
    roles: frozenset[Role] = frozenset()
    mail: str | None = None

    @property
    def is_administrator(self) -> bool:
        return Role.GLOBAL_ADMINISTRATOR in self.roles

    def disabled(self) -> "User":
        return replace(self, enabled=False)

    def signed_out_everywhere(self, *, at: datetime) -> "User":
        return replace(self, sessions_valid_from=at)


@dataclass(frozen=True, slots=True)
class Group:
    id: GroupId
    tenant_id: TenantId
    name: str
    created_at: datetime


def fold(username: str) -> str:
    """The form in which two usernames are compared: NFKC, case-folded, trimmed.

    We fold ourselves and store the result, because databases' collations differ.
    """
    return unicodedata.normalize("NFKC", username.strip()).casefold()


def check_username(username: str) -> str:
    """Return *username*, trimmed and in NFC, when it can be one.

    Raises:
        Invalid: it cannot; the message says what may be written.
    """
    trimmed = unicodedata.normalize("NFC", username.strip())
    printable = all(unicodedata.category(c)[0] != "C" for c in trimmed)
    if not _USERNAME.fullmatch(trimmed) or not printable:
        raise Invalid(
            "username_invalid",
            'a username has no spaces and looks like "ada@example.org" or "ada"',
            target="username",
        )
    return trimmed


def check_display_name(name: str, *, target: str = "display_name") -> str:
    """Return *name*, trimmed and in NFC, when it can stand on a page and in a log.

    Raises:
        Invalid: it is empty, longer than 256 characters, or holds control characters or line separators.
    """
    trimmed = unicodedata.normalize("NFC", name.strip())
    # Bidirectional overrides (category Cf) let a name pose as another one on an approval page; line and
    # paragraph separators (Zl, Zp) begin a new line where a name stands in a log.
    barred = any(unicodedata.category(c)[0] == "C" or unicodedata.category(c) in ("Zl", "Zp") for c in trimmed)
    if not trimmed or len(trimmed) > MAX_NAME_CHARACTERS or barred:
        raise Invalid(
            "display_name_invalid",
            f"a name has 1 to {MAX_NAME_CHARACTERS} characters and no control characters",
            target=target,
        )
    return trimmed
