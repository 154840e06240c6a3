"""What saving, previewing and going back ask about a policy, whichever kind it is.

PasskeyKind and MethodsKind know their documents and whom a policy would lock out; what must hold for
every policy before it may be saved is `check`, asked when it is previewed, and again when it is saved.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

from keystead_server.domain import policy_document
from keystead_server.domain.access_pass import PassState
from keystead_server.domain.ids import GroupId, TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.flows.held_methods import Held
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import AccessPolicies, MethodsPolicies, PasskeyPolicies
from keystead_server.flows.usable_passkeys import usable_of
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.methods import document as methods_document
from keystead_server.policy.methods.model import FIRST_METHODS, MethodsPolicy
from keystead_server.policy.passkeys import document as passkeys_document
from keystead_server.policy.passkeys.model import FIRST_POLICY, PasskeyPolicy
from keystead_server.policy.people import ALL_USERS, Principal, PrincipalType, Subject
from keystead_server.ports.clock import Clock
from keystead_server.ports.store import Store

Policy = TypeVar("Policy")


class PolicyKind(Protocol[Policy]):
    """Attributes:
    kind: as `PolicyDocument` has it.
    called: as sentences name it.
    event: of the audit log, when one is saved.
    first: what every organisation begins with.
    """

    @property
    def kind(self) -> str: ...
    @property
    def called(self) -> str: ...
    @property
    def event(self) -> str: ...
    @property
    def first(self) -> Policy: ...

    def read(self, text: str) -> Policy: ...
    def write(self, policy: Policy) -> str: ...
    def principals(self, policy: Policy) -> frozenset[Principal]: ...

    def place(self, policy: Policy, principal: Principal) -> str:
        """The property that names *principal*."""
        ...

    def without(self, policy: Policy, gone: frozenset[Principal]) -> Policy: ...

    def told(self, policy: Policy) -> Mapping[str, str]:
        """What the audit line says of it besides its version."""
        ...

    async def against(self, tenant: TenantId, policy: Policy) -> Invalid | None:
        """What stands against *policy* beside the other policies of the organisation, or None."""
        ...

    async def locks_out(self, tenant: TenantId, policy: Policy) -> bool:
        """Whether some administrator can sign in now, and none could under *policy*."""
        ...


async def check(store: Store, kind: PolicyKind[Policy], tenant: TenantId, policy: Policy) -> None:
    """Return when *policy* may be put into force.

    Raises:
        Invalid: what it says cannot be, it names somebody who is not there, or it would leave no
            administrator able to sign in.
    """
    # What cannot be read again would stop every sign-in of the tenant.
    kind.read(kind.write(policy))
    for principal in sorted(await missing(store, tenant, kind.principals(policy))):
        where = kind.place(policy, principal)
        if principal.type is PrincipalType.USER:
            raise Invalid("user_unknown", f"there is no user with the id {principal.id!r}", target=where)
        raise Invalid("group_unknown", f"there is no group with the id {principal.id!r}", target=where)
    refusal = await kind.against(tenant, policy)
    if refusal is not None:
        raise refusal
    if await kind.locks_out(tenant, policy):
        raise Invalid(
            "locks_out_administrators", "under this policy no administrator could sign in with what they have"
        )


async def missing(store: Store, tenant: TenantId, named: frozenset[Principal]) -> frozenset[Principal]:
    """Groups and users of *named* that are not there (any more)."""
    groups = {group.id for group in await store.groups.all(tenant)} | {ALL_USERS.id}
    gone = set()
    for principal in named:
        match principal.type:
            case PrincipalType.GROUP if principal.id not in groups:
                gone.add(principal)
            case PrincipalType.USER if await store.users.get(tenant, UserId(principal.id)) is None:
                gone.add(principal)
    return frozenset(gone)


async def in_force(store: Store, kind: PolicyKind[Policy], tenant: TenantId) -> tuple[int, Policy]:
    """The policy now, and its version; 0 before the first change."""
    written = await store.policies.current(tenant, kind.kind)
    return (0, kind.first) if written is None else (written.version, kind.read(written.body))


async def _subject(store: Store, user: User) -> Subject:
    groups = await store.users.groups_of(user.tenant_id, user.id)
    return Subject.of(user, frozenset(GroupId(group.id) for group in groups))


@dataclass(frozen=True, slots=True)
class PasskeyKind:
    """The passkey policy."""

    store: Store
    models: KnownModels
    kind: str = policy_document.PASSKEYS
    called: str = "passkey policy"
    event: str = "passkey_policy.changed"
    first: PasskeyPolicy = FIRST_POLICY

    def read(self, text: str) -> PasskeyPolicy:
        return passkeys_document.from_text(text)

    def write(self, policy: PasskeyPolicy) -> str:
        return passkeys_document.to_text(policy)

    def principals(self, policy: PasskeyPolicy) -> frozenset[Principal]:
        return policy.principals

    def place(self, policy: PasskeyPolicy, principal: Principal) -> str:
        return "excludeTargets" if principal in policy.exclude else "includeTargets"

    def without(self, policy: PasskeyPolicy, gone: frozenset[Principal]) -> PasskeyPolicy:
        kept = tuple(target for target in policy.include if target.who not in gone)
        return replace(policy, include=kept, exclude=policy.exclude - gone)

    def told(self, policy: PasskeyPolicy) -> Mapping[str, str]:
        return {"profiles": ", ".join(profile.name for profile in policy.profiles)}

    async def against(self, tenant: TenantId, policy: PasskeyPolicy) -> Invalid | None:
        return None

    async def locks_out(self, tenant: TenantId, policy: PasskeyPolicy) -> bool:
        """A tenant whose administrators have no passkey yet (they still use their passes) is let through."""
        any_passkey = False
        for administrator in await self.store.users.administrators(tenant):
            subject = await _subject(self.store, administrator)
            held = await self.store.passkeys.of_user(tenant, administrator.id)
            if await usable_of(held, self.store, self.models, policy, subject):
                return False
            any_passkey = any_passkey or bool(held)
        return any_passkey


@dataclass(frozen=True, slots=True)
class MethodsKind:
    """The Authentication methods policy."""

    store: Store
    clock: Clock
    models: KnownModels
    passkeys: PasskeyPolicies
    methods: MethodsPolicies
    access: AccessPolicies
    kind: str = policy_document.METHODS
    called: str = "Authentication methods policy"
    event: str = "methods_policy.changed"
    first: MethodsPolicy = FIRST_METHODS

    def read(self, text: str) -> MethodsPolicy:
        return methods_document.from_text(text)

    def write(self, policy: MethodsPolicy) -> str:
        return methods_document.to_text(policy)

    def principals(self, policy: MethodsPolicy) -> frozenset[Principal]:
        return policy.principals

    def place(self, policy: MethodsPolicy, principal: Principal) -> str:
        return next(
            (
                f"authenticationMethodConfigurations[{i}]"
                for i, each in enumerate(policy.configurations)
                if principal in each.include | each.exclude
            ),
            "registrationEnforcement"
            if principal in policy.campaign.include | policy.campaign.exclude
            else "systemCredentialPreferences",
        )

    def without(self, policy: MethodsPolicy, gone: frozenset[Principal]) -> MethodsPolicy:
        return replace(
            policy,
            configurations=tuple(
                replace(each, include=each.include - gone, exclude=each.exclude - gone)
                for each in policy.configurations
            ),
            campaign=replace(
                policy.campaign, include=policy.campaign.include - gone, exclude=policy.campaign.exclude - gone
            ),
            preferred=replace(
                policy.preferred, include=policy.preferred.include - gone, exclude=policy.preferred.exclude - gone
            ),
        )

    def told(self, policy: MethodsPolicy) -> Mapping[str, str]:
        on = [each.method.value for each in policy.configurations if each.enabled]
        return {"enabled": ", ".join(on), "security_defaults": str(policy.security_defaults)}

    async def against(self, tenant: TenantId, policy: MethodsPolicy) -> Invalid | None:
        """Security defaults do not go beside policies of Conditional Access that are on, nor the other way round."""
        if not policy.security_defaults or (await self.methods.now(tenant)).security_defaults:
            return None
        saved = await self.access.saved(tenant)
        # What a trial takes the place of comes back by itself.
        versions = (saved, saved.fallback) if saved.rules.pending is not None else (saved,)
        policies = [one for version in versions if version is not None for one in version.rules.set.policies]
        if not any(one.state is State.ENABLED for one in policies):
            return None
        return Invalid(
            "access_policies_on",
            "policies of Conditional Access are on: switch them off, or to report-only, before security defaults",
            target="isSecurityDefaultsEnabled",
        )

    async def locks_out(self, tenant: TenantId, policy: MethodsPolicy) -> bool:
        """An account with neither passkey, pass nor password is let through: nothing is taken from it."""
        before, passkeys = await self.methods.now(tenant), await self.passkeys.now(tenant)
        anybody = False
        for administrator in await self.store.users.administrators(tenant):
            subject = await _subject(self.store, administrator)
            kept = await self.store.passkeys.of_user(tenant, administrator.id)
            usable = await usable_of(kept, self.store, self.models, passkeys, subject)
            secrets = await self.store.secrets.of_user(tenant, administrator.id)
            access_pass = await self.store.passes.of_user(tenant, administrator.id)
            # One that has not begun is none today.
            has_pass = access_pass is not None and access_pass.state(self.clock.now()) is PassState.USABLE
            now, then = (Held(subject, each, kept, usable, secrets) for each in (before, policy))
            if _way_in(then, has_pass):
                return False
            anybody = anybody or _way_in(now, has_pass)
        return anybody


def _way_in(held: Held, has_pass: bool) -> bool:
    return held.way_in or (has_pass and held.against_using(Method.TEMPORARY_ACCESS_PASS) is None)
