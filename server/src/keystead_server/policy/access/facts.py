"""Everything a decision may look at, as one frozen value.

Facts are gathered before policy runs; policy fetches nothing. So a sign-in in the log can be decided
again, and what-if is the live function on supposed facts.

    UNKNOWN   nobody could establish it: conditions on it fail closed (the policy applies, the exclusion does not)
    None      established, and there is none: an unregistered device, an address in no country
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address
from typing import TypeAlias

from keystead_core.fast_init import fast_init

from keystead_server.policy.access.vocabulary import (
    UNKNOWN,
    ClientApp,
    GuestType,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    Unknown,
    UserAction,
)
from keystead_server.policy.strengths.evaluate import Credential

Address: TypeAlias = IPv4Address | IPv6Address
Attribute: TypeAlias = str | tuple[str, ...]
NOBODY: frozenset[str] = frozenset()


def attributes_of(members: Mapping[str, object]) -> dict[str, Attribute]:
    """Put attributes into the form that rules compare: names and values folded, booleans as words, no empty ones.

    An empty value is as good as none: a directory that writes "" for what it does not have must not
    make a device look as if it said something.
    """
    read: dict[str, Attribute] = {}
    for name, value in members.items():
        if isinstance(value, list | tuple):
            parts = tuple(str(part).casefold() for part in value if part not in (None, ""))
            if parts:
                read[name.casefold()] = parts
        elif value is not None and value != "":
            read[name.casefold()] = str(value).casefold()
    return read


@dataclass(frozen=True, slots=True)
class Person:
    """Attributes:
    groups: ids, those of nested groups too.
    roles: ids of directory roles.
    guest: how they are a guest; None for a member.
    home_tenant: of a guest.
    """

    id: str
    groups: frozenset[str] | Unknown = NOBODY
    roles: frozenset[str] | Unknown = NOBODY
    guest: GuestType | Unknown | None = None
    home_tenant: str | None = None


@dataclass(frozen=True, slots=True)
class Workload:
    """A service principal, an agent's too, that signs in as itself.

    Attributes:
        own: registered in this organisation and no other.
        attributes: custom security attributes, as `attributes_of` makes them.
    """

    id: str
    own: bool = True
    attributes: Mapping[str, Attribute] | Unknown = field(default_factory=dict)


@fast_init
@dataclass(frozen=True, slots=True)
class AppFacts:
    """An app that is reached for.

    Attributes:
        suites: names of suites it belongs to, such as `Office365`.
        attributes: custom security attributes, as `attributes_of` makes them.
    """

    id: str
    suites: frozenset[str] = frozenset()
    attributes: Mapping[str, Attribute] | Unknown = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeviceFacts:
    """A registered device that has proved which one it is.

    Attributes:
        joined_here: joined to this organisation by us, which counts as `domainJoinedDevice`.
    """

    attributes: Mapping[str, Attribute]
    joined_here: bool = False

    @classmethod
    def of(cls, members: Mapping[str, object], *, joined_here: bool = False) -> "DeviceFacts":
        return cls(attributes_of(members), joined_here)

    @property
    def is_compliant(self) -> bool:
        return self.attributes.get("iscompliant") == "true"

    @property
    def is_joined(self) -> bool:
        return self.joined_here or self.attributes.get("trusttype") == "serverad"

    @property
    def is_vouched_for(self) -> bool:
        """Somebody manages it, so that extension attributes may be believed (§4.6)."""
        managed = "mdmappid" in self.attributes or self.attributes.get("ismanaged") == "true"
        return managed or self.is_compliant or self.is_joined


@dataclass(frozen=True, slots=True)
class Used:
    """A method that somebody used, and when."""

    credential: Credential
    at: datetime


@dataclass(frozen=True, slots=True)
class Facts:
    """One sign-in, or one use of a session, as far as it is known.

    Attributes:
        apps: what is reached for; empty for an action or a context alone.
        contexts: authentication contexts asked for, `c1` to `c99`.
        trusted: the place is trusted for a reason other than a named location.
        methods: used in this session; none before the first factor.
        authenticated_at: when somebody last proved who they are in it; UNKNOWN has expired under any frequency.
        bound: the session is bound to the device by a key that does not leave it.
        password_changeable: a new password can be set now, and would deal with what asks for it.
    accepted_terms, custom_factors: ids of what is done.
    """

    now: datetime
    who: Person | Workload
    apps: tuple[AppFacts, ...] = ()
    action: UserAction | None = None
    contexts: frozenset[str] = frozenset()
    client: ClientApp | Unknown = UNKNOWN
    platform: Platform | Unknown | None = UNKNOWN
    address: Address | Unknown | None = UNKNOWN
    country: str | Unknown | None = UNKNOWN
    trusted: bool = False
    device: DeviceFacts | Unknown | None = UNKNOWN
    sign_in_risk: RiskLevel | Unknown = UNKNOWN
    user_risk: RiskLevel | Unknown = UNKNOWN
    workload_risk: RiskLevel | Unknown = UNKNOWN
    insider_risk: InsiderRisk | Unknown = UNKNOWN
    flow: TransferMethod | Unknown | None = UNKNOWN
    methods: tuple[Used, ...] = ()
    authenticated_at: datetime | Unknown = UNKNOWN
    bound: bool = False
    password_changed: bool = False
    password_changeable: bool = True
    risk_remediated: bool = False
    approved_app: bool = False
    protected_app: bool = False
    accepted_terms: frozenset[str] = frozenset()
    custom_factors: frozenset[str] = frozenset()


def credentials(methods: Iterable[Used]) -> tuple[Credential, ...]:
    return tuple(used.credential for used in methods)
