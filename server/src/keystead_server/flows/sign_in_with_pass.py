"""Sign in with a Temporary Access Pass: the way to the first passkey.

SignInWithPass            a name and a code that somebody typed
SignInWithPass.by_link    the link of a pass that was delivered by mail
"""

from dataclasses import dataclass
from datetime import datetime
from hmac import compare_digest
from typing import TypeAlias

from keystead_server.domain.access_pass import PassState, TemporaryAccessPass, normalise_code
from keystead_server.domain.ids import NOBODY, GroupId, SessionId
from keystead_server.domain.session import SESSION_LIFETIME, Session
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_gate import AccessGate, Ruling
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.emergency import EmergencyAlarm
from keystead_server.flows.guessing import refuse_guess, refuse_guess_by_access, settle
from keystead_server.flows.pass_codes import pass_digest
from keystead_server.flows.pass_links import open_link
from keystead_server.flows.policies import AccessVersion, MethodsPolicies
from keystead_server.policy.methods.decide import may_use
from keystead_server.policy.people import Subject
from keystead_server.ports.changes import Add, Change, Conflict, SpendPass
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import Store

_STATE_CODES = {
    PassState.NOT_YET_VALID: "pass_not_yet_valid",
    PassState.EXPIRED: "pass_expired",
    PassState.ALREADY_USED: "pass_already_used",
}


@dataclass(frozen=True, slots=True)
class SignedInWithPass:
    session: Session
    user: User


Outcome: TypeAlias = SignedInWithPass | Refused


@dataclass(frozen=True, slots=True)
class SignInWithPass:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    methods: MethodsPolicies
    gate: AccessGate
    alarm: EmergencyAlarm

    async def __call__(self, tenant: Tenant, visitor: Visitor, username: str, code: str) -> Outcome:
        """Judge what somebody typed. The same work is done whether or not the name is known."""
        now = self.clock.now()
        trail = start_trail(
            self.store, self.entropy, tenant.id, visitor, now, Purpose.SIGN_IN, Method.TEMPORARY_ACCESS_PASS
        )
        trail.username = username[:256]
        user = await self.store.users.by_username(tenant.id, username)
        looked_up = NOBODY if user is None else user.id
        access_pass = await self.store.passes.of_user(tenant.id, looked_up)
        groups = frozenset(GroupId(group.id) for group in await self.store.users.groups_of(tenant.id, looked_up))
        policy, version = await self.methods.now(tenant.id), await self.gate.in_force(tenant.id)
        trail.user_id = None if user is None else user.id
        judged = self._judge(user, access_pass, code, now)
        if isinstance(judged, str):
            return await refuse_guess(trail, user, judged)
        # Only now: to whoever does not hold the pass, nothing may tell what the policy says of its owner.
        against = may_use(policy, Method.TEMPORARY_ACCESS_PASS, Subject.of(judged[0], groups))
        if against is not None:
            return await refuse_guess(trail, user, against.code, against.says)
        return await self._grant(trail, *judged, groups, version)

    async def by_link(self, tenant: Tenant, visitor: Visitor, link: str) -> Outcome:
        """Judge the link of a delivered pass: ours, for this organisation, and for the pass that its person has now."""
        now = self.clock.now()
        trail = start_trail(
            self.store, self.entropy, tenant.id, visitor, now, Purpose.SIGN_IN, Method.TEMPORARY_ACCESS_PASS
        )
        opened = open_link(self.sealer, tenant.id, link)
        if opened is None:
            return await trail.refuse("pass_link_not_ours")
        pass_id, trail.user_id = opened
        user = await self.store.users.get(tenant.id, trail.user_id)
        access_pass = await self.store.passes.of_user(tenant.id, trail.user_id)
        # Replaced or removed since: what the link was for is no more.
        if user is None or access_pass is None or access_pass.id != pass_id:
            return await trail.refuse("no_pass")
        trail.username = user.username
        usable = self._usable(user, access_pass, now)
        if isinstance(usable, str):
            return await trail.refuse(usable)
        groups = frozenset(GroupId(group.id) for group in await self.store.users.groups_of(tenant.id, user.id))
        against = may_use(await self.methods.now(tenant.id), Method.TEMPORARY_ACCESS_PASS, Subject.of(user, groups))
        if against is not None:
            return await trail.refuse(against.code, against.says)
        return await self._grant_by_link(trail, user, access_pass, groups)

    async def _grant_by_link(
        self, trail: Trail, user: User, access_pass: TemporaryAccessPass, groups: frozenset[GroupId]
    ) -> Outcome:
        session, changes = _session(trail, user, access_pass)
        version = await self.gate.in_force(trail.tenant_id)
        ruling = await self._rule(trail, user, session, access_pass, groups, version)
        if ruling.blocks:
            return await trail.refuse_access(ruling)
        changes = [Add(trail.granted()), *changes, *await self.alarm(ruling, user, trail)]
        # Not put in order with guesses: nobody guesses a seal, and whoever types wrong passes must not hold it up.
        if isinstance(await self.store.write(*changes), Conflict):
            return await trail.refuse("pass_already_used")
        return SignedInWithPass(session, user)

    def _judge(
        self, user: User | None, access_pass: TemporaryAccessPass | None, code: str, now: datetime
    ) -> str | tuple[User, TemporaryAccessPass]:
        """The reason to refuse, or whose usable pass it is."""
        presented = pass_digest(self.sealer, "" if user is None else user.id, normalise_code(code))
        right = compare_digest(presented, bytes(32) if access_pass is None else access_pass.digest)
        if user is None:
            return "user_unknown"
        if access_pass is None:
            return "no_pass"
        if not right:
            return "pass_wrong"
        return self._usable(user, access_pass, now)

    def _usable(
        self, user: User, access_pass: TemporaryAccessPass, now: datetime
    ) -> str | tuple[User, TemporaryAccessPass]:
        """The reason to refuse a pass that is theirs, or both."""
        if not user.enabled:
            return "user_disabled"
        return _STATE_CODES.get(access_pass.state(now), (user, access_pass))

    async def _grant(
        self,
        trail: Trail,
        user: User,
        access_pass: TemporaryAccessPass,
        groups: frozenset[GroupId],
        version: AccessVersion,
    ) -> Outcome:
        session, changes = _session(trail, user, access_pass)
        ruling = await self._rule(trail, user, session, access_pass, groups, version)
        if ruling.blocks:
            return await refuse_guess_by_access(trail, user, ruling)
        changes = [Add(trail.granted()), *changes, *await self.alarm(ruling, user, trail)]
        match await settle(trail, user, changes):
            case Refused() as refused:
                return refused
            case Conflict():
                return await trail.refuse("pass_already_used")
            case None:
                return SignedInWithPass(session, user)

    async def _rule(
        self,
        trail: Trail,
        user: User,
        session: Session,
        access_pass: TemporaryAccessPass,
        groups: frozenset[GroupId],
        version: AccessVersion,
    ) -> Ruling:
        ruling = await self.gate.at_sign_in(
            user, session, trail.visitor, groups=groups, version=version, access_pass=access_pass
        )
        trail.access = ruling.record
        return ruling


def _session(trail: Trail, user: User, access_pass: TemporaryAccessPass) -> tuple[Session, list[Change]]:
    """The session that a usable pass opens, and what is written with it beside the attempt."""
    now = trail.at
    session = Session(
        id=SessionId(trail.id),
        tenant_id=trail.tenant_id,
        user_id=user.id,
        methods=(Method.TEMPORARY_ACCESS_PASS,),
        acr="mfa",
        signed_in_at=now,
        # What was obtained with a pass ends with the pass.
        expires_at=min(now + SESSION_LIFETIME, access_pass.expires_at),
    )
    changes: list[Change] = [Add(session)]
    if access_pass.usable_once:
        changes.insert(0, SpendPass(trail.tenant_id, access_pass.id, now))
    return session, changes
