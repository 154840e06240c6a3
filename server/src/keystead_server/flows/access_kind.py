"""Conditional Access as a policy that is saved, and whom it would keep out of administration."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from keystead_server.domain import policy_document
from keystead_server.domain.access_pass import PassState, TemporaryAccessPass
from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.flows.access_facts import (
    ADMINISTRATION,
    NOWHERE_KNOWN,
    Place,
    pass_credential,
    passkey_credential,
    person_of,
)
from keystead_server.flows.held_methods import Held, HeldMethods
from keystead_server.flows.policies import AccessPolicies
from keystead_server.policy.access import document
from keystead_server.policy.access.compiled import Compiled
from keystead_server.policy.access.decide import Verdict, decide
from keystead_server.policy.access.document import FIRST_ACCESS, AccessRules
from keystead_server.policy.access.facts import Facts, Used
from keystead_server.policy.access.vocabulary import UNKNOWN, ClientApp, InsiderRisk, RiskLevel, State, Unknown
from keystead_server.policy.people import Principal, Subject
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import MethodMode
from keystead_server.ports.clock import Clock
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Way:
    """How somebody could sign in: with these methods, from a place where they were seen with them."""

    credentials: tuple[Credential, ...]
    place: Place


@dataclass(frozen=True, slots=True)
class AccessKind:
    """Conditional Access."""

    store: Store
    clock: Clock
    held: HeldMethods
    access: AccessPolicies
    places: GeoIp | None = None
    kind: str = policy_document.ACCESS
    called: str = "Conditional Access policy"
    event: str = "access_policy.changed"
    first: AccessRules = FIRST_ACCESS

    def read(self, text: str) -> AccessRules:
        return document.from_text(text)

    def write(self, policy: AccessRules) -> str:
        return document.to_text(policy)

    def principals(self, policy: AccessRules) -> frozenset[Principal]:
        """Nobody's: what was removed since stays named, harmlessly, as no id is given twice.

        Whether what a policy names is there is asked when that policy is written (`manage_access`).
        """
        return frozenset()

    def place(self, policy: AccessRules, principal: Principal) -> str:
        return self.kind

    def without(self, policy: AccessRules, gone: frozenset[Principal]) -> AccessRules:
        return policy

    def told(self, policy: AccessRules) -> Mapping[str, str]:
        states = [one.state for one in policy.set.policies]
        told = {"enabled": str(states.count(State.ENABLED)), "report_only": str(states.count(State.REPORT_ONLY))}
        if policy.pending is not None:
            told["on_trial_until"] = policy.pending.until.isoformat()
        return told

    async def against(self, tenant: TenantId, policy: AccessRules) -> Invalid | None:
        """Security defaults are asked of what is new alone, by `manage_access`."""
        return None

    async def locks_out(self, tenant: TenantId, policy: AccessRules) -> bool:
        """What is on trial reverts by itself, so it locks nobody out for good."""
        if policy.pending is not None:
            return False
        then, now = Compiled(policy.set), await self.access.now(tenant, self.clock.now())
        anybody = False
        for administrator in await self.store.users.administrators(tenant):
            ways = await self.ways_of(administrator)
            if await self.gets_in(then, administrator, ways):
                return False
            anybody = anybody or await self.gets_in(now.compiled, administrator, ways)
        return anybody

    async def gets_in(self, compiled: Compiled, user: User, ways: Sequence[Way]) -> bool:
        """Whether *user* could administer under *compiled* by one of *ways*."""
        groups = await self.store.users.groups_of(user.tenant_id, user.id)
        subject = Subject.of(user, frozenset(group.id for group in groups))
        who, now = person_of(subject), self.clock.now()
        for way in ways:
            country: str | Unknown | None = UNKNOWN
            if self.places is not None and not isinstance(way.place.address, Unknown):
                country = self.places.country(way.place.address)
            facts = Facts(
                now,
                who,
                apps=ADMINISTRATION.apps,
                client=ClientApp.BROWSER,
                platform=way.place.platform,
                address=way.place.address,
                country=country,
                device=None,
                sign_in_risk=RiskLevel.NONE,
                user_risk=RiskLevel.NONE,
                insider_risk=InsiderRisk.NONE,
                flow=None,
                methods=tuple(Used(each, now) for each in way.credentials),
                authenticated_at=now,
                # Whoever is asked to accept terms can: that keeps nobody out.
                accepted_terms=compiled.set.terms,
            )
            if decide(compiled, facts).verdict is Verdict.ALLOW:
                return True
        return False

    async def ways_of(self, user: User, seen: Place | None = None) -> tuple[Way, ...]:
        """Every way in that *user* has now, from *seen*, or else from where each was last used."""
        held = await self.held.of(user)
        kept = await self.store.passes.of_user(user.tenant_id, user.id)
        usable = kept is not None and kept.state(self.clock.now()) is PassState.USABLE
        return tuple(_ways(held, kept if usable else None, seen))


def _ways(held: Held, access_pass: TemporaryAccessPass | None, seen: Place | None) -> Iterator[Way]:
    for passkey in held.usable:
        last = NOWHERE_KNOWN
        if passkey.last_used_address:
            last = Place.said(passkey.last_used_address, passkey.last_used_agent)
        yield Way((passkey_credential(passkey),), seen or last)
    anywhere = seen or NOWHERE_KNOWN
    if held.secrets.password is not None and held.secrets.totp and held.against_using(Method.PASSWORD) is None:
        yield Way((Credential(MethodMode.PASSWORD), Credential(MethodMode.SOFTWARE_OATH)), anywhere)
    if access_pass is not None and held.against_using(Method.TEMPORARY_ACCESS_PASS) is None:
        yield Way((pass_credential(access_pass),), anywhere)
