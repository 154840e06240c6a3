"""What can be written, as values.

A flow decides, then hands the store a handful of changes that happen together or not at all:

    written = await store.write(Add(attempt), PasskeyUsed(…), Add(session))

Being values, they can be retried after a serialisation failure, grouped with other people's
into one commit, and run against memory, SQLite and PostgreSQL by one test suite.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from keystead_core.fast_init import fast_init

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.app import App
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.ids import (
    AppId,
    DeviceId,
    GrantId,
    GroupId,
    HelloKeyId,
    LetterId,
    PassId,
    PasskeyId,
    PasswordId,
    RecoveryCodesId,
    SessionId,
    TenantId,
    TotpId,
    UserId,
)
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.letter import Letter
from keystead_server.domain.log_chain import ChainId, LogCheckpoint
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.password import Password
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import Group, User

Noun: TypeAlias = (
    Tenant
    | User
    | Group
    | Passkey
    | TemporaryAccessPass
    | Password
    | TotpAuthenticator
    | RecoveryCodes
    | HelloKey
    | Letter
    | App
    | Session
    | Grant
    | Attempt
    | AuditEvent
    | SigningKey
    | PolicyDocument
    | LogCheckpoint
    | Device
    | Authority
)

Replaceable: TypeAlias = (
    Tenant
    | User
    | Group
    | Passkey
    | Password
    | TotpAuthenticator
    | RecoveryCodes
    | App
    | SigningKey
    | Device
    | Authority
)


@fast_init
@dataclass(frozen=True, slots=True)
class Add:
    """Insert; refused when its key, or a name that must be unique, is taken.

    Unique besides ids: a tenant's name; in a tenant the folded username, the folded group name
    and the credential id; one TemporaryAccessPass, Password and RecoveryCodes for each user;
    one HelloKey for each user and device; a PolicyDocument's version; a
    LogCheckpoint's number.

    What is added to the logs is chained by the store in the same transaction (domain/log_chain.py).
    """

    value: Noun


@dataclass(frozen=True, slots=True)
class Replace:
    """Put *value* in the place of the one with its id; refused when there is none.

    With *before*, it is refused too when what is stored is not that any more: otherwise whoever
    renames an account would undo that somebody closed it in the meantime.

    For Tenant, User, Group, Passkey, Password, TotpAuthenticator, RecoveryCodes, App and SigningKey.
    """

    value: Replaceable
    before: Replaceable | None = None


@fast_init
@dataclass(frozen=True, slots=True)
class PasskeyUsed:
    """Record a verified assertion on its passkey, and from where it came; refused when the passkey is gone."""

    tenant_id: TenantId
    passkey_id: PasskeyId
    sign_count: int
    backed_up: bool
    at: datetime
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class PutOff:
    """Take a letter in hand: it is due again at *until*. Refused when it is gone, or was taken since it was *seen* due."""

    tenant_id: TenantId
    letter_id: LetterId
    seen: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class SpendPass:
    """Mark a one-time pass as used; refused when it was used, replaced or removed meanwhile."""

    tenant_id: TenantId
    pass_id: PassId
    at: datetime


@dataclass(frozen=True, slots=True)
class TotpUsed:
    """Record an accepted code; refused when the app is gone, or a code of that step or a later one was accepted."""

    tenant_id: TenantId
    totp_id: TotpId
    step: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Snooze:
    """Count that the registration campaign asked somebody; refused when the user is gone."""

    tenant_id: TenantId
    user_id: UserId
    at: datetime


@dataclass(frozen=True, slots=True)
class CountGuess:
    """A guess at this person was judged when *number* had been before it; refused when there are more by now.

    So whoever sends a hundred guesses at once has them judged one after the other, each with the
    failures of those before it in view (domain/guesses.py).
    """

    tenant_id: TenantId
    user_id: UserId
    number: int


@dataclass(frozen=True, slots=True)
class TakeBackSnooze:
    """Count one asking less, never under none, and forget when it was. Never refused."""

    tenant_id: TenantId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class CloseSession:
    """End a session; closing a closed one keeps the first moment. Never refused."""

    tenant_id: TenantId
    session_id: SessionId
    at: datetime


@dataclass(frozen=True, slots=True)
class RevokeGrant:
    """End what was issued for a code. Never refused."""

    tenant_id: TenantId
    grant_id: GrantId
    at: datetime


@dataclass(frozen=True, slots=True)
class Join:
    """Put a user into a group of the same tenant; being in it already is fine."""

    tenant_id: TenantId
    group_id: GroupId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class Leave:
    """Take a user out of a group. Never refused."""

    tenant_id: TenantId
    group_id: GroupId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class Remove:
    """Delete; refused when it is not there. A user's or group's memberships, all that a user signs in with, and their
    letters go with it.


    Attempts, audit events and grants stay: logs do not forget.
    """

    tenant_id: TenantId
    kind: (
        type[User]
        | type[Group]
        | type[Passkey]
        | type[TemporaryAccessPass]
        | type[Password]
        | type[TotpAuthenticator]
        | type[RecoveryCodes]
        | type[HelloKey]
        | type[App]
        | type[Letter]
        | type[Device]
    )
    id: (
        UserId
        | GroupId
        | PasskeyId
        | PassId
        | PasswordId
        | TotpId
        | RecoveryCodesId
        | HelloKeyId
        | AppId
        | LetterId
        | DeviceId
    )


@dataclass(frozen=True, slots=True)
class BumpPolicyVersion:
    """The tenant's policies changed: what was compiled for the old version is stale."""

    tenant_id: TenantId


@dataclass(frozen=True, slots=True)
class KeepsAnAdministrator:
    """After the changes before this one an enabled administrator is left; refused, with them, when there is none.

    It stands last, and units of one tenant that hold it are judged one after the other: of two administrators
    who close each other's accounts in the same instant, one fails.
    """

    tenant_id: TenantId


@dataclass(frozen=True, slots=True)
class HeadBound:
    """A checkpoint binds this chain up to this link; when the chain has moved on, it is still unbound. Never refused."""

    chain_id: ChainId
    number: int


Change: TypeAlias = (
    Add
    | Replace
    | PasskeyUsed
    | PutOff
    | SpendPass
    | TotpUsed
    | CountGuess
    | Snooze
    | TakeBackSnooze
    | CloseSession
    | RevokeGrant
    | Join
    | Leave
    | Remove
    | BumpPolicyVersion
    | KeepsAnAdministrator
    | HeadBound
)


@dataclass(frozen=True, slots=True)
class Written:
    """All changes are durable."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Nothing was written, because *change* was refused."""

    change: Change
