"""The one gate of Conditional Access: asked wherever a session is opened, used, or turned into tokens.

    sign-in     when all that was proved is right, before the session is opened (`at_sign_in`)
    use         at every page for whoever is signed in (`of_session`, from the dispatcher)
    authorize   before an app gets a code, and again when the code becomes tokens
    app         when an app asks for itself (`of_app`)
    API         at each call for a person: what is certain without knowing their place (`surely_blocked`)
    early       before anybody has proved anything (`early`)

It gathers the facts and asks `policy.access.decide`. Where an organisation has no policy it reads nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.app import App
from keystead_server.domain.ids import NOBODY, GroupId, TenantId
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.session import Session
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.acceptances import acceptances_of
from keystead_server.flows.access_facts import Place, Target, app_target, person_of, used_in
from keystead_server.flows.access_rulings import UNRULED, Ruling, ruling_of
from keystead_server.flows.held_methods import HeldMethods
from keystead_server.flows.policies import AccessPolicies, AccessVersion
from keystead_server.policy.access.decide import decide
from keystead_server.policy.access.early import BlockedEarly, Early, MayContinue, decide_early
from keystead_server.policy.access.facts import AppFacts, Facts, Person, Used, Workload
from keystead_server.policy.access.terms import accepted
from keystead_server.policy.access.vocabulary import UNKNOWN, ClientApp, RiskLevel, Unknown
from keystead_server.policy.people import Subject
from keystead_server.ports.clock import Clock
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.risk_signals import Risks, RiskSignals
from keystead_server.ports.store import SessionOwner, Store

# What asks the gate handles its rulings.
__all__ = ["AccessGate", "Ruling"]


@dataclass(frozen=True, slots=True)
class AccessGate:
    store: Store
    clock: Clock
    access: AccessPolicies
    places: GeoIp | None = None
    risks: RiskSignals | None = None
    held: HeldMethods | None = None

    async def of_session(
        self, owner: SessionOwner, visitor: Visitor, target: Target, *, place: Place | None = None
    ) -> Ruling:
        """Judge a session that is there, reaching for *target*; *place* where it is not the visitor's own."""
        now = self.clock.now()
        version = await self.access.at(owner.session.tenant_id, owner.policy_version, now)
        if not version.compiled.live:
            return _unruled(version, owner.user).for_use_of(owner.session, now)
        methods = await self._used(owner.session)
        ruling = await self._rule(version, owner.user, owner.groups, methods, owner.session, visitor, target, place)
        return ruling.for_use_of(owner.session, now)

    async def at_sign_in(
        self,
        user: User,
        session: Session,
        visitor: Visitor,
        *,
        groups: frozenset[GroupId],
        version: AccessVersion,
        passkey: Passkey | None = None,
        access_pass: TemporaryAccessPass | None = None,
    ) -> Ruling:
        """Judge a sign-in for the app that *visitor* comes from; *session* is what it would open.

        Args:
            version: read before anything was judged, so that a right answer reads no more than a wrong one.
        """
        if not version.compiled.live:
            return _unruled(version, user)
        methods, target = used_in(session, passkey, access_pass), app_target(visitor.app_id)
        return await self._rule(version, user, groups, methods, session, visitor, target, None)

    async def of_app(self, app: App, visitor: Visitor) -> Ruling:
        """Judge an app that asks for itself."""
        now = self.clock.now()
        version = await self.access.now(app.tenant_id, now)
        if not version.compiled.live:
            return UNRULED
        facts = self._placed(
            Facts(
                now,
                Workload(app.id),
                apps=(AppFacts(app.id),),
                client=ClientApp.OTHER,
                device=None,
                workload_risk=RiskLevel.NONE,
                flow=None,
                authenticated_at=now,
            ),
            Place.of(visitor),
        )
        return ruling_of(version, decide(version.compiled, facts))

    async def surely_blocked(self, owner: SessionOwner, app: App) -> bool:
        """Whether a policy blocks this person from *app* wherever they are: who calls is the app, not they."""
        now = self.clock.now()
        version = await self.access.at(owner.session.tenant_id, owner.policy_version, now)
        if not version.compiled.live:
            return False
        who = person_of(Subject.of(owner.user, owner.groups))
        facts = Facts(now, who, apps=(AppFacts(app.id),), client=ClientApp.BROWSER, device=UNKNOWN, flow=None)
        return isinstance(decide_early(version.compiled, facts), BlockedEarly)

    async def in_force(self, tenant: TenantId, policy_version: int | None = None) -> AccessVersion:
        """The rules of now; with *policy_version*, which was just read, mostly from memory."""
        now = self.clock.now()
        if policy_version is None:
            return await self.access.now(tenant, now)
        return await self.access.at(tenant, policy_version, now)

    def early(
        self,
        version: AccessVersion,
        visitor: Visitor,
        *,
        subject: Subject | None = None,
        target: Target | None = None,
    ) -> Early:
        """What is certain before anybody has proved anything.

        Without *subject* nobody has said who they are, so only policies that spare nobody are certain: an
        answer that depended on a name would tell strangers who is in which group.
        """
        now = self.clock.now()
        if not version.compiled.live:
            return MayContinue()
        target = target or app_target(visitor.app_id)
        if subject is not None:
            who, compiled = person_of(subject), version.compiled
        else:
            who, compiled = _SOMEBODY, version.sparing_nobody
        # Risk is of a person: before there is one, it is not known.
        facts = self._facts(now, who, target, Place.of(visitor), Risks() if self.risks is None else None)
        return decide_early(compiled, facts)

    async def _rule(
        self,
        version: AccessVersion,
        user: User,
        groups: Iterable[GroupId],
        methods: tuple[Used, ...],
        session: Session,
        visitor: Visitor,
        target: Target,
        place: Place | None,
    ) -> Ruling:
        risks = Risks()
        if self.risks is not None and version.asks_about_risk:
            risks = await self.risks.of(session.tenant_id, user.id, visitor)
        who = person_of(Subject.of(user, frozenset(groups)))
        facts = replace(
            self._facts(self.clock.now(), who, target, place or Place.of(visitor), risks),
            methods=methods,
            authenticated_at=session.signed_in_at,
            password_changeable=await self._password_changeable(version, user, groups, risks),
            accepted_terms=await self._accepted(version, user),
        )
        ruling = ruling_of(version, decide(version.compiled, facts))
        return replace(ruling, emergency=user.id in version.rules.set.break_glass)

    def _facts(self, now: datetime, who: Person, target: Target, place: Place, risks: Risks | None) -> Facts:
        facts = Facts(
            now,
            who,
            apps=target.apps,
            action=target.action,
            contexts=target.contexts,
            client=ClientApp.BROWSER,
            # No device has proved which one it is: that is a finding, not ignorance.
            device=None,
            flow=None,
            sign_in_risk=UNKNOWN if risks is None else risks.sign_in,
            user_risk=UNKNOWN if risks is None else risks.user,
            insider_risk=UNKNOWN if risks is None else risks.insider,
        )
        return self._placed(facts, place)

    def _placed(self, facts: Facts, place: Place) -> Facts:
        country: str | Unknown | None = UNKNOWN
        if self.places is not None and not isinstance(place.address, Unknown):
            country = self.places.country(place.address)
        return replace(facts, address=place.address, country=country, platform=place.platform)

    async def _password_changeable(
        self, version: AccessVersion, user: User, groups: Iterable[GroupId], risks: Risks
    ) -> bool:
        """Whether the person has a password, may go on having one, and a change would lower the risk."""
        if self.held is None or not (version.compiled.asks_for_new_password and risks.can_be_remediated):
            return False
        held = await self.held.of(user, frozenset(groups))
        return held.secrets.password is not None and held.against_using(Method.PASSWORD) is None

    async def _accepted(self, version: AccessVersion, user: User) -> frozenset[str]:
        if not version.compiled.asks_for_terms:
            return frozenset()
        acceptances = await acceptances_of(self.store, user.tenant_id, user.id)
        return accepted(version.rules.terms, acceptances, self.clock.now())

    async def _used(self, session: Session) -> tuple[Used, ...]:
        passkey = access_pass = None
        if session.passkey_id is not None:
            passkey = await self.store.passkeys.get(session.tenant_id, session.passkey_id)
        if session.used(Method.TEMPORARY_ACCESS_PASS):
            access_pass = await self.store.passes.of_user(session.tenant_id, session.user_id)
        return used_in(session, passkey, access_pass)


_SOMEBODY = Person(NOBODY, UNKNOWN, UNKNOWN, UNKNOWN)


def _unruled(version: AccessVersion, user: User) -> Ruling:
    return replace(UNRULED, emergency=True) if user.id in version.rules.set.break_glass else UNRULED
