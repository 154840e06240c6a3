"""What if somebody signed in like this? What is wrong with the set? Both changes nothing, both by the live engine."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TypeAlias
from uuid import UUID

from keystead_core.webauthn import DEFAULT_OFFERED_ALGORITHMS

from keystead_server.domain.ids import GroupId, TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Proof
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.flows.access_facts import OWN_APPS, ROLE_TEMPLATES, modes_of, person_of
from keystead_server.flows.detect_risk import DetectRisk
from keystead_server.flows.policies import MethodsPolicies, PasskeyPolicies
from keystead_server.policy.access.analyse import analyse
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.explain import Explanation, explain
from keystead_server.policy.access.facts import Address, AppFacts, DeviceFacts, Facts, Person, Used
from keystead_server.policy.access.filters.subjects import DEVICE
from keystead_server.policy.access.finding import Directory, Finding
from keystead_server.policy.access.out_of_reach import out_of_reach
from keystead_server.policy.access.template import PRIVILEGED_ROLES
from keystead_server.policy.access.vocabulary import (
    ClientApp,
    InsiderRisk,
    Platform,
    RiskLevel,
    TransferMethod,
    UserAction,
)
from keystead_server.policy.methods.decide import may_use
from keystead_server.policy.passkeys.possible import registrable_models
from keystead_server.policy.people import Subject
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import MethodMode
from keystead_server.ports.clock import Clock
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.risk_signals import Risks
from keystead_server.ports.store import Store

BATCH = 1000


@dataclass(frozen=True, slots=True)
class Supposed:
    """A sign-in as somebody thinks of it.

    Attributes:
        apps: ids; none is the registration of *action*, or nothing in particular.
        country: None for the one that *address* is in.
        device: attributes of a registered device; None for one that is not.
        aaguid, proof: of a passkey among *methods*.
        sign_in_risk, user_risk, insider_risk: None for what is known of the person now.
    """

    apps: tuple[str, ...] = ()
    action: UserAction | None = None
    contexts: frozenset[str] = frozenset()
    methods: tuple[MethodMode, ...] = ()
    aaguid: UUID | None = None
    proof: Proof = Proof.NONE
    address: Address | None = None
    country: str | None = None
    platform: Platform | None = None
    client: ClientApp = ClientApp.BROWSER
    device: dict[str, object] | None = None
    sign_in_risk: RiskLevel | None = None
    user_risk: RiskLevel | None = None
    insider_risk: InsiderRisk | None = None
    flow: TransferMethod | None = None


def address_of(typed: str) -> Address | None:
    """Raises Invalid: it is no address."""
    try:
        return ip_address(typed) if typed else None
    except ValueError:
        raise Invalid("not_an_address", "an address looks like 203.0.113.9 or 2001:db8::9", target="ip") from None


def country_of(typed: str) -> str | None:
    """Raises Invalid: it is no two letters."""
    if typed and not (len(typed) == 2 and typed.isascii() and typed.isalpha()):
        raise Invalid("not_a_country", "a country has two letters, such as NL", target="country")
    return typed.upper() or None


def device_of(lines: Iterable[str]) -> dict[str, object]:
    """The attributes of a registered device, from `name=value` each.

    Raises:
        Invalid: there is none, or one that devices do not have.
    """
    described: dict[str, object] = {}
    for line in filter(None, map(str.strip, lines)):
        name, equals, value = (part.strip() for part in line.partition("="))
        # As rules write them they are `device.…`, which may be copied over.
        name = name.casefold().removeprefix("device.")
        if not equals or DEVICE.operators_of(name) is None:
            says = f"write attributes as in isCompliant=True; {line!r} is none that devices have"
            raise Invalid("device_attribute_unknown", says, target="attributes")
        described[name] = value
    if not described:
        raise Invalid("device_attribute_unknown", "describe the device by at least one attribute", target="attributes")
    return described


@dataclass(frozen=True, slots=True)
class WhatIfAccess:
    store: Store
    clock: Clock
    geo_ip: GeoIp
    risks: DetectRisk

    async def __call__(self, user: User, supposed: Supposed, policies: PolicySet) -> Explanation:
        """Decide about *user* as *supposed* under *policies*, and say of every policy why."""
        return explain(Compiled(policies), await self.facts(user, supposed))

    async def facts(self, user: User, supposed: Supposed) -> Facts:
        """The sign-in as the engine sees it, with the groups and roles that *user* has now."""
        groups = await self.store.users.groups_of(user.tenant_id, user.id)
        who = person_of(Subject.of(user, frozenset(group.id for group in groups)))
        known = await self.risks.known(user.tenant_id, user.id)
        return self._facts(who, supposed, known)

    def _facts(self, who: Person, supposed: Supposed, known: Risks) -> Facts:
        now = self.clock.now()
        country = supposed.country
        if country is None and supposed.address is not None:
            country = self.geo_ip.country(supposed.address)
        credentials = [Credential(mode, supposed.aaguid, supposed.proof) for mode in supposed.methods]
        return Facts(
            now=now,
            who=who,
            apps=tuple(AppFacts(one) for one in supposed.apps),
            action=supposed.action,
            contexts=supposed.contexts,
            client=supposed.client,
            platform=supposed.platform,
            address=supposed.address,
            country=country,
            device=None if supposed.device is None else DeviceFacts.of(supposed.device),
            sign_in_risk=supposed.sign_in_risk or known.sign_in,
            user_risk=supposed.user_risk or known.user,
            insider_risk=supposed.insider_risk or known.insider,
            flow=supposed.flow,
            methods=tuple(Used(each, now) for each in credentials),
            authenticated_at=now,
        )


_Modes: TypeAlias = dict[str, frozenset[MethodMode]]
_Models: TypeAlias = dict[str, frozenset[UUID]]


@dataclass(frozen=True, slots=True)
class AnalyseAccess:
    store: Store
    clock: Clock
    methods: MethodsPolicies
    passkeys: PasskeyPolicies

    async def __call__(self, tenant: TenantId, policies: PolicySet) -> Sequence[Finding]:
        """Everything that can be found wrong with *policies*, over everybody and every app there is.

        Takes seconds for many people and policies: not for a page that is waited for.
        """
        return analyse(Compiled(policies), await self.directory(tenant, policies), self.clock.now())

    async def out_of_reach(self, tenant: TenantId, policies: PolicySet) -> Sequence[Finding]:
        """Of *policies*, those whose strength nobody can meet whom they are for: worth a word before they are saved."""
        compiled = Compiled(policies)
        if not compiled.live & compiled.with_strength:
            return ()
        return tuple(out_of_reach(compiled, await self.directory(tenant, policies), self.clock.now()))

    async def directory(self, tenant: TenantId, policies: PolicySet) -> Directory:
        """Who and what there is, for a search of *policies* that is made elsewhere."""
        people, modes, models = await self._people(tenant, _models_in(policies))
        apps = [app.id for app in await self.store.apps.all(tenant)]
        return Directory(
            people=people,
            apps=[AppFacts(one) for one in (*apps, *OWN_APPS)],
            groups=frozenset(group.id for group in await self.store.groups.all(tenant)),
            # Roles that we do not have are Entra's: naming one is no mistake, though nobody here holds it.
            roles=frozenset(ROLE_TEMPLATES.values()) | frozenset(PRIVILEGED_ROLES),
            modes=modes,
            models=models,
        )

    async def _people(self, tenant: TenantId, named: Sequence[UUID]) -> tuple[list[Person], _Modes, _Models]:
        """Everybody who is switched on, and by id what they can sign in with or register, and of which models."""
        in_groups: dict[UserId, set[GroupId]] = {}
        for group in await self.store.groups.all(tenant):
            for member in await self.store.groups.members(tenant, group.id):
                in_groups.setdefault(member.id, set()).add(group.id)
        policy, passkeys = await self.methods.now(tenant), await self.passkeys.now(tenant)
        people: list[Person] = []
        modes: _Modes = {}
        models: _Models = {}
        after: UserId | None = None
        while batch := await self.store.users.page(tenant, limit=BATCH, after=after):
            for user in batch:
                if user.enabled:
                    subject = Subject.of(user, frozenset(in_groups.get(user.id, ())))
                    people.append(person_of(subject))
                    modes[user.id] = modes_of(one for one in Method if may_use(policy, one, subject) is None)
                    models[user.id] = (
                        registrable_models(passkeys, subject, DEFAULT_OFFERED_ALGORITHMS, named)
                        if named
                        else frozenset()
                    )
            after = batch[-1].id
        return people, modes, models


def _models_in(policies: PolicySet) -> Sequence[UUID]:
    """Every model that a strength of *policies* names."""
    return sorted(
        {one for each in policies.strengths.values() for list_ in each.fido2 for one in list_.allowed_aaguids}
    )
