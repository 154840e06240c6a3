"""What a passkey policy must pass before it may be saved: asked when it is previewed, and again when it is saved."""

from keystead_server.domain.ids import GroupId, TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.known_models import KnownModels
from keystead_server.policy.passkeys import document
from keystead_server.policy.passkeys.decide import quarantined
from keystead_server.policy.passkeys.model import ALL_USERS, PasskeyPolicy, Principal, PrincipalType, Subject
from keystead_server.ports.store import Store


async def check(store: Store, models: KnownModels, tenant: TenantId, policy: PasskeyPolicy) -> None:
    """Return when *policy* may be put into force.

    Raises:
        Invalid: a profile lacks a name or a type, it names somebody who is not there, or it would
            leave no administrator able to sign in.
    """
    # What cannot be read again would stop every sign-in of the tenant.
    document.from_text(document.to_text(policy))
    await _check_principals(store, tenant, policy)
    await _check_administrators(store, models, tenant, policy)


async def missing(store: Store, tenant: TenantId, policy: PasskeyPolicy) -> frozenset[Principal]:
    """Groups and users that *policy* names and that are not there (any more)."""
    groups = {group.id for group in await store.groups.all(tenant)} | {ALL_USERS.id}
    gone = set()
    for principal in policy.principals:
        match principal.type:
            case PrincipalType.GROUP if principal.id not in groups:
                gone.add(principal)
            case PrincipalType.USER if await store.users.get(tenant, UserId(principal.id)) is None:
                gone.add(principal)
    return frozenset(gone)


async def _check_principals(store: Store, tenant: TenantId, policy: PasskeyPolicy) -> None:
    for principal in sorted(await missing(store, tenant, policy)):
        where = "excludeTargets" if principal in policy.exclude else "includeTargets"
        if principal.type is PrincipalType.USER:
            raise Invalid("user_unknown", f"there is no user with the id {principal.id!r}", target=where)
        raise Invalid("group_unknown", f"there is no group with the id {principal.id!r}", target=where)


async def _check_administrators(store: Store, models: KnownModels, tenant: TenantId, policy: PasskeyPolicy) -> None:
    """Refuse a policy under which no administrator's passkey would work any more.

    A tenant whose administrators have no passkey yet (they still use their passes) is let through.
    """
    any_passkey = False
    for administrator in await store.users.administrators(tenant):
        groups = frozenset(GroupId(g.id) for g in await store.users.groups_of(tenant, administrator.id))
        for passkey in await store.passkeys.of_user(tenant, administrator.id):
            any_passkey = True
            if quarantined(policy, Subject.of(administrator, groups), models.facts_of(passkey)) is None:
                return
    if any_passkey:
        raise Invalid(
            "locks_out_administrators",
            "under this policy no administrator could sign in with any passkey they have",
        )
