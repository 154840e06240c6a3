"""Reads of what people sign in with, and of the letters that tell them about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from keystead_core.fast_init import fast_init

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.device import DeviceState
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.ids import (
    GroupId,
    PasskeyId,
    TenantId,
    UserId,
)
from keystead_server.domain.letter import Letter
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import User


@fast_init
@dataclass(frozen=True, slots=True)
class PasskeyOwner:
    """What a sign-in, and a list of what could sign in, needs to know about a passkey, in one read.

    Attributes:
        device: the state of the device that vouched for it; None when none did, or when that is gone.
    """

    passkey: Passkey
    user: User
    groups: frozenset[GroupId]
    policy_version: int
    device: DeviceState | None = None


class Passkeys(Protocol):
    async def owner_of(self, tenant: TenantId, credential_id: bytes) -> PasskeyOwner | None:
        """The passkey with this credential id, whose it is, and what policy asks about; one query."""
        ...

    async def get(self, tenant: TenantId, passkey: PasskeyId) -> Passkey | None: ...

    async def of_user(self, tenant: TenantId, user: UserId) -> Sequence[Passkey]:
        """Oldest first."""
        ...

    async def page(self, tenant: TenantId, *, limit: int, after: PasskeyId | None = None) -> Sequence[PasskeyOwner]:
        """Up to *limit* passkeys with their owners in order of id, from the one behind *after*.

        Others have their turn before each page.
        """
        ...

    async def count(self, tenant: TenantId) -> int: ...

    async def count_on_behalf(self, tenant: TenantId) -> int:
        """Those that somebody else than their owner registered: they say nothing about whom passkeys reached."""
        ...


class Passes(Protocol):
    async def of_user(self, tenant: TenantId, user: UserId) -> TemporaryAccessPass | None: ...


@dataclass(frozen=True, slots=True)
class Secrets:
    """What somebody has set up besides passkeys and a pass, in one read.

    Attributes:
        totp, hello_keys: oldest first.
    """

    password: Password | None = None
    totp: tuple[TotpAuthenticator, ...] = ()
    recovery_codes: RecoveryCodes | None = None
    hello_keys: tuple[HelloKey, ...] = ()

    @property
    def all(self) -> tuple[Password | TotpAuthenticator | RecoveryCodes | HelloKey, ...]:
        found = (self.password, *self.totp, self.recovery_codes, *self.hello_keys)
        return tuple(each for each in found if each is not None)


class AllSecrets(Protocol):
    async def of_user(self, tenant: TenantId, user: UserId) -> Secrets: ...


class Letters(Protocol):
    async def due(self, now: datetime, *, limit: int) -> Sequence[Letter]:
        """Letters of every tenant that are to be sent now, those due longest first."""
        ...
