"""Issue a Temporary Access Pass to somebody; it replaces the one they had.

IssuePass            the issuer gets the code, once, and hands it over
IssuePass.deliver    nobody gets a code: a link that signs in once goes to the person by mail
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from keystead_server.domain.access_pass import MAX_LENGTH, MIN_LENGTH, TemporaryAccessPass, check_lifetime
from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import GroupId, PassId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import Role, User
from keystead_server.flows.auditing import audited
from keystead_server.flows.letters import Letters
from keystead_server.flows.pass_codes import pass_digest, random_code
from keystead_server.flows.pass_links import seal_link
from keystead_server.flows.policies import MethodsPolicies
from keystead_server.policy.methods.decide import NotAllowed, may_use
from keystead_server.policy.methods.model import MethodsPolicy, PassSettings
from keystead_server.policy.people import Subject
from keystead_server.policy.permissions import check_reach
from keystead_server.ports.changes import Add, Change, Conflict, Remove
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class IssuedPass:
    """Attributes:
    code: shown to the issuer once; we keep only a keyed digest.
    unusable: why its owner cannot sign in with it now. Anybody may be given a pass, and only whom
        the policy includes may use one, so its issuer is told.
    """

    access_pass: TemporaryAccessPass
    code: str
    unusable: NotAllowed | None = None


@dataclass(frozen=True, slots=True)
class DeliveredPass:
    """Attributes:
    access_pass: with the address that its link goes to.
    """

    access_pass: TemporaryAccessPass


@dataclass(frozen=True, slots=True)
class IssuePass:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    methods: MethodsPolicies
    letters: Letters

    async def __call__(
        self,
        user: User,
        *,
        by: Actor,
        lifetime: timedelta | None = None,
        usable_once: bool = False,
        starts_at: datetime | None = None,
        length: int | None = None,
    ) -> IssuedPass:
        """Make a pass for *user*; what is not said is as the policy has it, which may also force one-time use.

        Raises:
            Invalid: for oneself, for an administrator by somebody who is none,
                with a lifetime or length out of range, or somebody else issued one at the same moment.
        """
        _check_issuer(user, by)
        now = self.clock.now()
        policy = await self.methods.now(user.tenant_id)
        lifetime = _lifetime(policy.passes, lifetime)
        length = _length(policy.passes, length)
        usable_once = usable_once or policy.passes.one_time
        code = random_code(self.entropy, length)
        digest = pass_digest(self.sealer, user.id, code)
        access_pass = self._pass(user, by, digest, now, starts_at, lifetime, usable_once=usable_once)
        told = self.letters.to(user, Occasion.PASS_ISSUED, at=now, by=by.called)
        await self._keep(access_pass, user, by, told)
        return IssuedPass(access_pass, code, await self._unusable(policy, user))

    async def deliver(
        self, user: User, *, by: Actor, lifetime: timedelta | None = None, starts_at: datetime | None = None
    ) -> DeliveredPass:
        """Make a pass that works once, and send *user* a link with it. Nobody else ever sees how to use it.

        Raises:
            Invalid: as when issuing; the server sends no mail, nobody knows the person's address, or the policy
                lets them use no pass, so that their link would not work. Nothing was made.
        """
        _check_issuer(user, by)
        if not self.letters.possible:
            raise Invalid(
                "mail_not_configured", "this server sends no mail; set smtp_url, or issue a pass that you hand over"
            )
        if user.mail is None:
            raise Invalid("user_without_mail", "this account has no mail address to send a link to", target="mail")
        policy = await self.methods.now(user.tenant_id)
        lifetime = _lifetime(policy.passes, lifetime)
        unusable = await self._unusable(policy, user)
        if unusable is not None:
            raise Invalid(unusable.code, f"the link would not work: {unusable.says}")
        now = self.clock.now()
        # The digest of nothing that anybody knows: such a pass cannot be typed.
        digest = pass_digest(self.sealer, user.id, self.entropy.token(32).hex())
        access_pass = self._pass(user, by, digest, now, starts_at, lifetime, usable_once=True)
        access_pass = replace(access_pass, delivered_to=user.mail)
        told = self.letters.to(
            user, Occasion.PASS_DELIVERED, at=now, until=access_pass.expires_at, by=by.called,
            link=seal_link(self.sealer, access_pass), expires_at=access_pass.expires_at.isoformat(),
        )  # fmt: skip
        await self._keep(access_pass, user, by, told)
        return DeliveredPass(access_pass)

    def _pass(
        self, user: User, by: Actor, digest: bytes, now: datetime, starts_at: datetime | None, lifetime: timedelta,
        *, usable_once: bool,
    ) -> TemporaryAccessPass:  # fmt: skip
        start = max(starts_at or now, now)
        return TemporaryAccessPass(
            id=PassId(self.entropy.new_id(now)),
            tenant_id=user.tenant_id,
            user_id=user.id,
            digest=digest,
            starts_at=start,
            expires_at=start + lifetime,
            usable_once=usable_once,
            created_at=now,
            created_by=by.id,
        )

    async def _keep(self, access_pass: TemporaryAccessPass, user: User, by: Actor, told: Sequence[Change]) -> None:
        before = await self.store.passes.of_user(user.tenant_id, user.id)
        changes: list[Change] = [
            Add(access_pass),
            audited(
                self.entropy, "pass.issued", tenant=user.tenant_id, at=access_pass.created_at, by=by, target=user.id,
                expires_at=access_pass.expires_at.isoformat(), usable_once=str(access_pass.usable_once),
                delivered_to=access_pass.delivered_to or "",
            ),
            *told,
        ]  # fmt: skip
        if before is not None:
            changes.insert(0, Remove(user.tenant_id, TemporaryAccessPass, before.id))
        # Of two issued at once only one is kept; the other code must not be handed to anybody.
        if isinstance(await self.store.write(*changes), Conflict):
            raise Invalid(
                "pass_changed_meanwhile", "somebody else changed this account or its pass just now; try again"
            )

    async def _unusable(self, policy: MethodsPolicy, user: User) -> NotAllowed | None:
        groups = frozenset(GroupId(group.id) for group in await self.store.users.groups_of(user.tenant_id, user.id))
        return may_use(policy, Method.TEMPORARY_ACCESS_PASS, Subject.of(user, groups))


def _lifetime(settings: PassSettings, wanted: timedelta | None) -> timedelta:
    if wanted is None:
        return settings.default_lifetime
    check_lifetime(wanted)
    if not settings.minimum_lifetime <= wanted <= settings.maximum_lifetime:
        least, most = (
            limit // timedelta(minutes=1) for limit in (settings.minimum_lifetime, settings.maximum_lifetime)
        )
        raise Invalid(
            "lifetime_out_of_range", f"in this organisation a pass lives {least} to {most} minutes", target="lifetime"
        )
    return wanted


def _length(settings: PassSettings, wanted: int | None) -> int:
    if wanted is None:
        return settings.length
    if not MIN_LENGTH <= wanted <= MAX_LENGTH:
        raise Invalid("length_out_of_range", f"a pass has {MIN_LENGTH} to {MAX_LENGTH} characters", target="length")
    return wanted


def _check_issuer(user: User, by: Actor) -> None:
    check_reach(by, user)
    if by.user is None:
        return
    # A pass for oneself would let a stolen session make itself permanent.
    if by.user.id == user.id:
        raise Invalid("pass_for_oneself", "nobody can issue a pass for themselves; ask another administrator")
    # Whoever may help people may not become an administrator by it.
    if user.roles and Role.GLOBAL_ADMINISTRATOR not in by.user.roles:
        raise Invalid("pass_for_administrator", "only a Global Administrator can issue a pass for an administrator")
