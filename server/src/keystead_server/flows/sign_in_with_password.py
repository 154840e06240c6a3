"""Sign in with a password: the first of two factors. A password alone opens no session.

SignInWithPassword   name and password → SecondFactorNeeded | Refused
FinishSignIn         that, and a code  → SignedInWithTwo | Refused      (finish_sign_in.py)
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

from keystead_server.domain.ids import NOBODY, AttemptId
from keystead_server.domain.partial_sign_in import PARTIAL_SEAL, PartialSignIn
from keystead_server.domain.password import Password, prepare
from keystead_server.domain.sign_in import Method, Purpose, Result
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_facts import PASSWORD_MODE, REGISTRATION
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.guessing import refuse_guess, settle
from keystead_server.flows.held_methods import Held, HeldMethods
from keystead_server.flows.policies import AccessVersion
from keystead_server.flows.secret_digests import password_secret
from keystead_server.policy.access.early import BlockedEarly, MayContinue
from keystead_server.policy.methods.decide import NotAllowed
from keystead_server.policy.methods.defaults import refuses
from keystead_server.policy.methods.preferred import after_first_factor
from keystead_server.ports.changes import Add, Change, Conflict, Replace
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.password_hasher import PasswordHasher
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import Store

_NO_SECOND_FACTOR = NotAllowed(
    "second_factor_missing",
    "a password alone is not enough, and this account has neither an authenticator app nor recovery codes",
    "Ask an administrator of your organisation for a Temporary Access Pass.",
)


@dataclass(frozen=True, slots=True)
class SecondFactorNeeded:
    """The password was right. Nothing is open yet.

    Attributes:
        sealed: goes through the page of the second factor, for this browser only.
        methods: what they may go on with, as the policy has it offered: best first where it is system-preferred.
            A passkey among them is no second factor, but a sign-in of its own that is better than this one.
    """

    sealed: bytes
    methods: tuple[Method, ...]


Outcome: TypeAlias = SecondFactorNeeded | Refused


@dataclass(frozen=True, slots=True)
class SignInWithPassword:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    hasher: PasswordHasher
    held: HeldMethods
    gate: AccessGate

    async def __call__(self, tenant: Tenant, visitor: Visitor, username: str, typed: str) -> Outcome:
        """Judge what somebody typed. The same work is done whether or not name and password are right."""
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.SIGN_IN, Method.PASSWORD)
        trail.username = username[:256]
        user = await self.store.users.by_username(tenant.id, username)
        trail.user_id = None if user is None else user.id
        looked_up = NOBODY if user is None else user.id
        held = await self.held.of_id(tenant.id, looked_up, frozenset() if user is None else user.roles)
        version = await self.gate.in_force(tenant.id)
        kept = held.secrets.password
        secret = password_secret(self.sealer, looked_up, prepare(typed))
        right = await self.hasher.matches(secret, None if kept is None else kept.hashed)
        if user is None or kept is None or not right:
            return await refuse_guess(trail, user, "no_password" if kept is None else "password_wrong")
        if not user.enabled:
            return await refuse_guess(trail, user, "user_disabled")
        against = _against(held)
        if against is not None:
            refused = await refuse_guess(trail, user, against.code)
            return replace(refused, against=against) if refused.code == against.code else refused
        if not self._leads_somewhere(version, trail, held):
            return await refuse_guess(trail, user, "access_blocked")
        return await self._go_on(trail, user, kept, secret, held)

    def _leads_somewhere(self, version: AccessVersion, trail: Trail, held: Held) -> bool:
        """Whether a password may be part of what policies ask of this person, here or to register something better."""
        for target in (None, REGISTRATION):
            match self.gate.early(version, trail.visitor, subject=held.subject, target=target):
                case BlockedEarly():
                    continue
                case MayContinue() as open_ways if open_ways.offers(PASSWORD_MODE):
                    return True
        return False

    async def _go_on(self, trail: Trail, user: User, kept: Password, secret: bytes, held: Held) -> Outcome:
        changes: list[Change] = [Add(trail.row(Result.INTERRUPTED, "second_factor_needed"))]
        if not self.hasher.is_of_today(kept.hashed):
            changes.append(Replace(kept.rehashed(await self.hasher.hashed(secret)), kept))
        match await settle(trail, user, changes):
            case Refused() as refused:
                return refused
            case Conflict():
                # Changed or removed since it was read: what was typed is the password no more.
                return await trail.refuse("password_wrong", "changed meanwhile")
            case None:
                partial = PartialSignIn(
                    AttemptId(self.entropy.new_id(trail.at)), trail.tenant_id, user.id, kept.id, trail.at
                )
                sealed = self.sealer.seal(PARTIAL_SEAL, partial.to_bytes(), bound_to=trail.visitor.browser)
                return SecondFactorNeeded(sealed, _offered(held))


def _against(held: Held) -> NotAllowed | None:
    """What policy has against this sign-in; asked only once the password was right."""
    against = held.against_using(Method.PASSWORD)
    if against is None:
        against = refuses(held.policy, held.subject, Method.PASSWORD, has_passkey=bool(held.usable))
    return against if against is not None or second_factors(held) else _NO_SECOND_FACTOR


def _offered(held: Held) -> tuple[Method, ...]:
    have = (*second_factors(held), *((Method.PASSKEY,) if held.usable else ()))
    return after_first_factor(held.policy, held.subject, have, first=Method.PASSWORD)


def second_factors(held: Held) -> tuple[Method, ...]:
    """What can follow a password, as far as there is some and the policy lets it."""
    codes = held.secrets.recovery_codes
    there = {
        Method.SOFTWARE_OATH: bool(held.secrets.totp),
        Method.RECOVERY_CODE: codes is not None and codes.left > 0,
    }
    return tuple(method for method, is_there in there.items() if is_there and held.against_using(method) is None)
