"""Change Conditional Access: one policy, location, strength or context at a time, or several together.

Each change is read, made and saved as a new version of the whole, and made again on what somebody else
saved meanwhile. With *trial* it holds until then and no longer, unless somebody confirms it from a
sign-in that is newer than the change: whoever locked themselves out only has to wait.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import GroupId, TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.flows.access_facts import Place
from keystead_server.flows.access_kind import AccessKind
from keystead_server.flows.policies import AccessPolicies, AccessVersion, MethodsPolicies
from keystead_server.flows.policy_kinds import check
from keystead_server.flows.save_policy import SavePolicy
from keystead_server.policy.access.compiled import Compiled
from keystead_server.policy.access.document import AccessRules, Pending
from keystead_server.policy.access.model import NO_IDS, Excluded, Locations, Policy
from keystead_server.policy.access.vocabulary import ALL, ALL_TRUSTED, GUESTS, NONE, State
from keystead_server.ports.clock import Clock
from keystead_server.ports.store import SessionOwner, Store

Edit = Callable[[AccessRules], AccessRules]
MIN_TRIAL, MAX_TRIAL = timedelta(minutes=1), timedelta(days=1)
_TRIES = 5


@dataclass(frozen=True, slots=True)
class ManageAccess:
    store: Store
    clock: Clock
    kind: AccessKind
    save: SavePolicy[AccessRules]
    access: AccessPolicies
    methods: MethodsPolicies

    async def change(
        self,
        tenant: TenantId,
        edit: Edit,
        *,
        by: Actor,
        about: str,
        seen: Place | None = None,
        trial: timedelta | None = None,
    ) -> PolicyDocument:
        """Save what *edit* makes of the rules in force.

        Args:
            about: what is changed, for the audit log.
            seen: from where the one who saves is signed in, if it is a person at our pages.
            trial: how long it holds without being confirmed.

        Raises:
            Invalid: it cannot be, or would keep every administrator, or the one who saves, out.
        """
        if trial is not None and not MIN_TRIAL <= trial <= MAX_TRIAL:
            raise Invalid("trial_out_of_range", "a trial takes between a minute and a day", target="trial")
        for _ in range(_TRIES):
            saved = await self.access.saved(tenant)
            now = self.clock.now()
            before = saved.at(now)
            if before.rules.pending is not None:
                raise _on_trial()
            after = edit(before.rules)
            await self._check(tenant, before, after, by=by, seen=seen, on_trial=trial is not None)
            pending = None if trial is None else Pending(now + trial, before.version)
            try:
                return await self.save(
                    tenant, replace(after, pending=pending), by=by, expected=saved.version, about={"about": about}
                )
            except Invalid as invalid:
                if invalid.code != "policy_changed_meanwhile":
                    raise
        raise Invalid("policy_changed_meanwhile", "others keep changing the policies; try again")

    async def against(
        self, tenant: TenantId, after: AccessRules, *, by: Actor, seen: Place | None = None
    ) -> Invalid | None:
        """Why *after* cannot be saved now, or None; *seen* as for `change`."""
        before = await self.access.now(tenant, self.clock.now())
        try:
            if before.rules.pending is not None:
                raise _on_trial()
            await self._check(tenant, before, after, by=by, seen=seen, on_trial=False)
            await check(self.store, self.kind, tenant, after)
        except Invalid as invalid:
            return invalid
        return None

    async def against_names(self, tenant: TenantId, policy: Policy, among: AccessRules) -> Invalid | None:
        """What *policy* names and what is not there, among the locations and strengths of *among*."""
        try:
            await self._names_what_is_there(tenant, policy, among)
        except Invalid as invalid:
            return invalid
        return None

    async def confirm(self, owner: SessionOwner) -> PolicyDocument:
        """Keep what is on trial: its author, or another administrator, has shown that one still gets in.

        Raises:
            Invalid: nothing is on trial, or the sign-in is older than the change.
        """
        tenant = owner.session.tenant_id
        saved = await self._on_trial(tenant)
        written = await self.store.policies.current(tenant, self.kind.kind)
        if written is None or owner.session.signed_in_at <= written.changed_at:
            raise Invalid("confirmation_needs_new_sign_in", "sign in anew, to show that you can, and confirm then")
        rules = replace(saved.rules, pending=None)
        return await self.save(
            tenant, rules, by=Actor(owner.user), expected=saved.version, about={"about": "trial confirmed"}
        )

    async def take_back(self, tenant: TenantId, *, by: Actor) -> PolicyDocument:
        """End the trial now: the version before it holds again.

        Raises:
            Invalid: nothing is on trial.
        """
        saved = await self._on_trial(tenant)
        return await self._restore(tenant, saved, by, "trial taken back")

    async def end_trial(self, tenant: TenantId, *, by: Actor) -> PolicyDocument | None:
        """Write down that a trial is over, if one is; it has had no effect since its end."""
        saved = await self.access.saved(tenant)
        if saved.rules.pending is None or saved.at(self.clock.now()) is saved:
            return None
        return await self._restore(tenant, saved, by, "trial not confirmed")

    async def _on_trial(self, tenant: TenantId) -> AccessVersion:
        saved = await self.access.saved(tenant)
        if saved.rules.pending is None or saved.at(self.clock.now()) is not saved:
            raise Invalid("nothing_on_trial", "no change is on trial")
        return saved

    async def _restore(self, tenant: TenantId, saved: AccessVersion, by: Actor, about: str) -> PolicyDocument:
        before = saved.fallback
        rules, number = (self.kind.first, 0) if before is None else (before.rules, before.version)
        return await self.save(tenant, rules, by=by, expected=saved.version, restores=number, about={"about": about})

    # -- what must hold ------------------------------------------------------------------------------

    async def _check(
        self,
        tenant: TenantId,
        before: AccessVersion,
        after: AccessRules,
        *,
        by: Actor,
        seen: Place | None,
        on_trial: bool,
    ) -> None:
        known = {policy.id: policy for policy in before.rules.set.policies}
        fresh = [policy for policy in after.set.policies if known.get(policy.id) != policy]
        await self._not_beside_security_defaults(tenant, fresh)
        for policy in fresh:
            await self._names_what_is_there(tenant, policy, after)
        for gone in sorted(before.rules.set.terms - after.set.terms):
            in_use(after, lambda policy: policy.terms_ids, gone)
        for account in after.set.break_glass - before.rules.set.break_glass:
            await self._user_there(tenant, account, "breakGlass")
        if by.user is not None and not on_trial:
            ways = await self.kind.ways_of(by.user, seen)
            then = await self.kind.gets_in(Compiled(after.set), by.user, ways)
            if not then and await self.kind.gets_in(before.compiled, by.user, ways):
                raise Invalid("locks_out_yourself", "under this policy you could not administer any more")

    async def _not_beside_security_defaults(self, tenant: TenantId, fresh: list[Policy]) -> None:
        enabled = any(policy.state is State.ENABLED for policy in fresh)
        if enabled and (await self.methods.now(tenant)).security_defaults:
            raise Invalid(
                "security_defaults_on",
                "security defaults are on: switch them off before a policy is enabled; report-only is possible beside them",
                target="state",
            )

    async def _names_what_is_there(self, tenant: TenantId, policy: Policy, after: AccessRules) -> None:
        users, locations = policy.conditions.users, policy.conditions.locations or Locations(NO_IDS)
        for name, ids in (("includeUsers", users.include), ("excludeUsers", users.exclude)):
            for one in sorted(ids - {ALL, NONE, GUESTS}):
                await self._user_there(tenant, one, f"conditions.users.{name}")
        for name, ids in (("includeGroups", users.include_groups), ("excludeGroups", users.exclude_groups)):
            for one in sorted(ids):
                await self._group_there(tenant, one, f"conditions.users.{name}")
        for spared in users.until:
            there = self._user_there if spared.kind is Excluded.USER else self._group_there
            await there(tenant, spared.id, "conditions.users.expiringExclusions")
        places = {location.id for location in after.set.locations} | {ALL, ALL_TRUSTED}
        for name, ids in (("includeLocations", locations.include), ("excludeLocations", locations.exclude)):
            for one in sorted(ids - places):
                target = f"conditions.locations.{name}"
                raise Invalid("location_unknown", f"there is no named location with the id {one!r}", target=target)
        for one in sorted(policy.terms_ids - after.set.terms):
            target = "grantControls.termsOfUse"
            raise Invalid("terms_unknown", f"there are no terms of use with the id {one!r}", target=target)
        for one in () if policy.grant is None else policy.grant.strength_ids:
            if one not in after.set.all_strengths:
                target = "grantControls.authenticationStrength"
                raise Invalid("strength_unknown", f"there is no strength with the id {one!r}", target=target)

    async def _user_there(self, tenant: TenantId, one: str, target: str) -> None:
        if await self.store.users.get(tenant, UserId(one)) is None:
            raise Invalid("user_unknown", f"there is no user with the id {one!r}", target=target)

    async def _group_there(self, tenant: TenantId, one: str, target: str) -> None:
        if await self.store.groups.get(tenant, GroupId(one)) is None:
            raise Invalid("group_unknown", f"there is no group with the id {one!r}", target=target)


def _on_trial() -> Invalid:
    return Invalid("policy_on_trial", "a change is on trial: confirm it, take it back, or wait")


def in_use(rules: AccessRules, named: Callable[[Policy], frozenset[str]], one: str) -> None:
    """Raises Invalid: a policy names *one*, which is about to be removed.

    Otherwise the policy would go on, and mean something else.
    """
    for policy in rules.set.policies:
        if one in named(policy):
            raise Invalid("in_use", f"the policy {policy.name!r} names it; change that first", target="id")


def stamped(policy: Policy, before: Policy | None, now: datetime) -> Policy:
    """*policy* as it is saved now."""
    if before is None:
        return replace(policy, created_at=now, modified_at=None)
    return replace(policy, created_at=before.created_at, modified_at=now)
