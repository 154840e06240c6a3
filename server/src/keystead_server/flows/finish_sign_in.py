"""The second factor: a code of an authenticator app, or a recovery code, after a right password."""

from dataclasses import dataclass, replace
from typing import TypeAlias

from keystead_server.domain.access_pass import normalise_code
from keystead_server.domain.ids import SessionId
from keystead_server.domain.partial_sign_in import PARTIAL_SEAL, PartialSignIn
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.session import SESSION_LIFETIME, Session
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import TotpAuthenticator, looks_like_totp, normalise_totp, steps_of
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.emergency import EmergencyAlarm
from keystead_server.flows.guessing import refuse_guess, refuse_guess_by_access, settle
from keystead_server.flows.held_methods import Held, HeldMethods
from keystead_server.flows.policies import AccessVersion
from keystead_server.flows.secret_digests import open_totp, recovery_digest
from keystead_server.policy.methods.decide import NotAllowed
from keystead_server.policy.methods.defaults import refuses
from keystead_server.ports.changes import Add, Change, Conflict, Replace, TotpUsed
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class SignedInWithTwo:
    session: Session
    user: User


Outcome: TypeAlias = SignedInWithTwo | Refused


@dataclass(frozen=True, slots=True)
class _Right:
    """What was typed is right; *spends* makes sure that it is so once."""

    spends: Change
    credential_id: bytes | None = None


@dataclass(frozen=True, slots=True)
class FinishSignIn:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    held: HeldMethods
    gate: AccessGate
    alarm: EmergencyAlarm

    async def __call__(self, tenant: Tenant, visitor: Visitor, sealed: bytes, typed: str) -> Outcome:
        """Judge a code typed into the page that *sealed* came from. A wrong one may be followed by another."""
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.SIGN_IN, Method.SOFTWARE_OATH)
        code = normalise_totp(typed)
        if not looks_like_totp(code):
            trail.method, code = Method.RECOVERY_CODE, normalise_code(typed)
        partial = self._partial(tenant, visitor, sealed)
        if partial is None:
            return await trail.refuse("partial_not_ours")
        user = await self.store.users.get(tenant.id, partial.user_id)
        if user is None:
            return await trail.refuse("user_unknown")
        trail.user_id, trail.username = user.id, user.username
        held, version = await self.held.of(user), await self.gate.in_force(tenant.id)
        if self._is_over(partial, user, held, trail):
            return await trail.refuse("partial_expired")
        return await self._judge(trail, partial, user, held, code, version)

    def _partial(self, tenant: Tenant, visitor: Visitor, sealed: bytes) -> PartialSignIn | None:
        """What we sealed for this browser and tenant; None for anything else."""
        try:
            partial = PartialSignIn.from_bytes(self.sealer.open(PARTIAL_SEAL, sealed, bound_to=visitor.browser))
        except SealBroken:
            return None
        return partial if partial.tenant_id == tenant.id else None

    def _is_over(self, partial: PartialSignIn, user: User, held: Held, trail: Trail) -> bool:
        password = held.secrets.password
        changed = password is None or password.id != partial.password_id
        return partial.is_over(trail.at) or changed or partial.at < user.sessions_valid_from

    async def _judge(
        self, trail: Trail, partial: PartialSignIn, user: User, held: Held, code: str, version: AccessVersion
    ) -> Outcome:
        if trail.method is Method.SOFTWARE_OATH:
            judged = self._judge_totp(held.secrets.totp, user, code, trail)
        else:
            judged = self._judge_recovery_code(held.secrets.recovery_codes, user, code, trail)
        if isinstance(judged, str):
            return await refuse_guess(trail, user, judged)
        if not user.enabled:
            return await refuse_guess(trail, user, "user_disabled")
        against = _against(held, trail.method)
        if against is not None:
            refused = await refuse_guess(trail, user, against.code)
            return replace(refused, against=against) if refused.code == against.code else refused
        return await self._grant(trail, partial, user, judged, held, version)

    def _judge_totp(self, totp: tuple[TotpAuthenticator, ...], user: User, code: str, trail: Trail) -> str | _Right:
        """The first app that makes this code; the reason to refuse when none does, or it was accepted before."""
        reason, right = "totp_wrong", None
        # Through all of them whatever is found, so that time does not tell which app a code is of.
        for app in totp:
            try:
                secret = open_totp(self.sealer, user.id, app.id, app.sealed_secret)
            except SealBroken:
                continue
            for step in steps_of(secret, code, trail.at):
                if step <= app.last_step:
                    reason = "totp_replayed"
                elif right is None:
                    right = _Right(
                        TotpUsed(user.tenant_id, app.id, step, trail.at), bytes.fromhex(app.id.replace("-", ""))
                    )
        return right or reason

    def _judge_recovery_code(self, codes: RecoveryCodes | None, user: User, code: str, trail: Trail) -> str | _Right:
        digest = recovery_digest(self.sealer, user.id, code)
        # Digests under our key: nothing is learnt from how many of their bytes are equal.
        if codes is None or digest not in codes.digests:
            return "recovery_code_wrong"
        return _Right(Replace(codes.without(digest, at=trail.at), codes))

    async def _grant(
        self, trail: Trail, partial: PartialSignIn, user: User, right: _Right, held: Held, version: AccessVersion
    ) -> Outcome:
        trail.credential_id = right.credential_id
        session = Session(
            id=SessionId(partial.id),
            tenant_id=trail.tenant_id,
            user_id=user.id,
            methods=(Method.PASSWORD, trail.method),
            acr="mfa",
            signed_in_at=trail.at,
            expires_at=trail.at + SESSION_LIFETIME,
        )
        ruling = await self.gate.at_sign_in(user, session, trail.visitor, groups=held.subject.groups, version=version)
        if ruling.blocks:
            return await refuse_guess_by_access(trail, user, ruling)
        trail.access, session = ruling.record, ruling.opens(session)
        # The row has the id of the partial sign-in, which is spent by it; wrong codes have rows of their own.
        granted = replace(trail.granted(), id=partial.id)
        changes = (
            Add(granted),
            right.spends,
            Add(session),
            *await self.alarm(ruling, user, trail),
        )
        match await settle(trail, user, changes):
            case Refused() as refused:
                return refused
            case Conflict(TotpUsed()):
                return await trail.refuse("totp_replayed")
            case Conflict(Replace()):
                return await trail.refuse("recovery_code_wrong", "used meanwhile")
            case Conflict():
                trail.id = partial.id
                return await trail.refuse_spent()
            case None:
                return SignedInWithTwo(session, user)


def _against(held: Held, second: Method) -> NotAllowed | None:
    """What policy has against this sign-in by now; asked only once both factors were right."""
    for method in (Method.PASSWORD, second):
        against = held.against_using(method)
        if against is None:
            against = refuses(held.policy, held.subject, method, has_passkey=bool(held.usable))
        if against is not None:
            return against
    return None
