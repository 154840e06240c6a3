"""A Conditional Access policy: Graph's `conditionalAccessPolicy` as frozen values.

A condition that is None is not configured and matches everything. What is ours beyond Graph:
exclusions that end by themselves, and (in the set, not the policy) break-glass accounts.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias

from keystead_server.policy.access.controls import NO_SESSION_CONTROLS, GrantControls, SessionControls
from keystead_server.policy.access.filters.syntax import Rule
from keystead_server.policy.access.vocabulary import (
    ALL,
    ClientApp,
    FilterMode,
    GuestType,
    InsiderRisk,
    Platform,
    RiskLevel,
    State,
    TransferMethod,
    UserAction,
)

Ids: TypeAlias = frozenset[str]
NO_IDS: Ids = frozenset()


@dataclass(frozen=True, slots=True)
class Filter:
    """A rule, and whether what it matches is meant or spared."""

    mode: FilterMode
    rule: Rule


@dataclass(frozen=True, slots=True)
class Guests:
    """Guests of some types. *tenants* None means of any organisation."""

    types: frozenset[GuestType]
    tenants: Ids | None = None


class Excluded(StrEnum):
    USER = "user"
    GROUP = "group"


@dataclass(frozen=True, slots=True)
class ExpiringExclusion:
    """Ours: somebody is spared until a moment, for a reason. Afterwards the policy applies again by itself."""

    kind: Excluded
    id: str
    until: datetime
    because: str


@dataclass(frozen=True, slots=True)
class Users:
    """Attributes:
    include, exclude: ids of users, or `All`, `None`, `GuestsOrExternalUsers`.
    """

    include: Ids = NO_IDS
    exclude: Ids = NO_IDS
    include_groups: Ids = NO_IDS
    exclude_groups: Ids = NO_IDS
    include_roles: Ids = NO_IDS
    exclude_roles: Ids = NO_IDS
    include_guests: Guests | None = None
    exclude_guests: Guests | None = None
    until: tuple[ExpiringExclusion, ...] = ()

    @property
    def includes_nobody(self) -> bool:
        return not (self.include or self.include_groups or self.include_roles or self.include_guests)


@dataclass(frozen=True, slots=True)
class Workloads:
    """Service principals. A policy that names them is about them and not about people."""

    include: Ids = NO_IDS
    exclude: Ids = NO_IDS
    filter: Filter | None = None


@dataclass(frozen=True, slots=True)
class Applications:
    """What is reached for: apps, an action, or what an authentication context protects.

    Attributes:
        filter: with `include`, meant besides *include*; with `exclude`, spared from it.
    """

    include: Ids = NO_IDS
    exclude: Ids = NO_IDS
    actions: frozenset[UserAction] = frozenset()
    contexts: Ids = NO_IDS
    filter: Filter | None = None

    @property
    def is_everything(self) -> bool:
        return ALL in self.include and not self.exclude and self.filter is None


@dataclass(frozen=True, slots=True)
class Platforms:
    """Attributes:
    include: None means any, one that nobody recognises too.
    """

    include: frozenset[Platform] | None = None
    exclude: frozenset[Platform] | None = frozenset()


@dataclass(frozen=True, slots=True)
class Locations:
    """Ids of named locations, or `All`, `AllTrusted`."""

    include: Ids
    exclude: Ids = NO_IDS


@dataclass(frozen=True, slots=True)
class Conditions:
    users: Users = field(default_factory=Users)
    applications: Applications = field(default_factory=Applications)
    workloads: Workloads | None = None
    clients: frozenset[ClientApp] | None = None
    platforms: Platforms | None = None
    locations: Locations | None = None
    device_filter: Filter | None = None
    sign_in_risks: frozenset[RiskLevel] | None = None
    user_risks: frozenset[RiskLevel] | None = None
    workload_risks: frozenset[RiskLevel] | None = None
    insider_risks: frozenset[InsiderRisk] | None = None
    flows: frozenset[TransferMethod] | None = None


@dataclass(frozen=True, slots=True)
class Policy:
    """Attributes:
    grant: None when only the session is decided.
    created_at, modified_at, template_id: carried along; nothing is decided by them.
    """

    id: str
    name: str
    state: State
    conditions: Conditions
    grant: GrantControls | None = None
    session: SessionControls = NO_SESSION_CONTROLS
    description: str = ""
    template_id: str | None = None
    created_at: datetime | None = None
    modified_at: datetime | None = None

    @property
    def blocks(self) -> bool:
        return self.grant is not None and self.grant.blocks

    @property
    def terms_ids(self) -> frozenset[str]:
        return frozenset() if self.grant is None else self.grant.terms_ids
