"""A second opinion on what a decision is: every policy read one by one, with nothing precomputed.

Written from the specification's table (§4.2) and not from the engine. A predicate is a pair: what may be,
and what surely is.
"""

from datetime import timedelta
from typing import NamedTuple

from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.controls import ControlKind, FrequencyScope, Operator
from keystead_server.policy.access.facts import Facts, Person
from keystead_server.policy.access.filters.matching import attributes_match, device_matches
from keystead_server.policy.access.locations import CountryLocation, IpLocation
from keystead_server.policy.access.model import Guests, Policy
from keystead_server.policy.access.vocabulary import ClientApp, GuestType, Platform, RiskLevel, Unknown, UserAction
from keystead_server.policy.strengths.evaluate import is_met
from keystead_server.policy.strengths.model import BUILT_IN, MULTIFACTOR, MethodMode


class P(NamedTuple):
    may: bool
    surely: bool

    def __or__(self, other: "P") -> "P":  # type: ignore[override]
        return P(self.may or other.may, self.surely or other.surely)


def is_(holds: bool) -> P:
    return P(holds, holds)


NEVER, PERHAPS = P(False, False), P(True, False)


def applies(policy_set: PolicySet, policy: Policy, facts: Facts) -> P:
    if policy.state == "disabled":
        return NEVER
    parts = [_who(policy_set, policy, facts), _what(policy, facts), *_the_rest(policy_set, policy, facts)]
    return P(all(part.may for part in parts), all(part.surely for part in parts))


def _minus(included: P, excluded: P) -> P:
    return P(included.may and not excluded.surely, included.surely and not excluded.may)


def _who(policy_set: PolicySet, policy: Policy, facts: Facts) -> P:
    users, workloads = policy.conditions.users, policy.conditions.workloads
    if not isinstance(facts.who, Person):
        if workloads is None:
            return NEVER
        included = facts.who.id in workloads.include
        included |= "ServicePrincipalsInMyTenant" in workloads.include and facts.who.own
        return _minus(is_(included), is_(facts.who.id in workloads.exclude))
    if workloads is not None or facts.who.id in policy_set.break_glass:
        return NEVER
    me = facts.who
    included = is_("All" in users.include or me.id in users.include) | _old_guest(users.include, me)
    included |= _common(users.include_groups, me.groups) | _common(users.include_roles, me.roles)
    included |= _guest(users.include_guests, me)
    excluded = is_(me.id in users.exclude) | _old_guest(users.exclude, me)
    excluded |= _common(users.exclude_groups, me.groups) | _common(users.exclude_roles, me.roles)
    excluded |= _guest(users.exclude_guests, me)
    for one in users.until:
        if facts.now < one.until:
            excluded |= is_(one.id == me.id) if one.kind == "user" else _common(frozenset({one.id}), me.groups)
    return _minus(included, excluded)


def _common(named: frozenset[str], mine: frozenset[str] | Unknown) -> P:
    if isinstance(mine, Unknown):
        return PERHAPS if named else NEVER
    return is_(bool(named & mine))


def _old_guest(named: frozenset[str], me: Person) -> P:
    if "GuestsOrExternalUsers" not in named or me.guest is None:
        return NEVER
    return PERHAPS if isinstance(me.guest, Unknown) else is_(True)


def _guest(guests: Guests | None, me: Person) -> P:
    if guests is None or me.guest is None:
        return NEVER
    if isinstance(me.guest, Unknown):
        return PERHAPS
    if me.guest not in guests.types:
        return NEVER
    if guests.tenants is None:
        return is_(True)
    if me.guest is GuestType.INTERNAL_GUEST:
        return NEVER
    return PERHAPS if me.home_tenant is None else is_(me.home_tenant in guests.tenants)


def _what(policy: Policy, facts: Facts) -> P:
    targets = policy.conditions.applications
    everything = "All" in targets.include
    if not facts.apps and facts.action is None and not facts.contexts:
        return is_(everything)
    found = is_(bool(targets.contexts & facts.contexts))
    if facts.action is not None:
        found |= is_(everything or facts.action in targets.actions)
    for app in facts.apps:
        included = is_(everything or app.id in targets.include)
        excluded = is_(app.id in targets.exclude)
        if targets.filter is not None:
            hit = (
                PERHAPS
                if isinstance(app.attributes, Unknown)
                else is_(attributes_match(targets.filter.rule, app.attributes))
            )
            if targets.filter.mode == "include":
                included |= hit
            else:
                excluded |= hit
        found |= _minus(included, excluded)
    return found


def _the_rest(policy_set: PolicySet, policy: Policy, facts: Facts) -> list[P]:
    conditions = policy.conditions
    clients = conditions.clients
    if clients and ClientApp.EAS_SUPPORTED in clients:
        clients |= {ClientApp.EXCHANGE_ACTIVE_SYNC}
    parts = [
        _one_of(clients, facts.client),
        _one_of(conditions.sign_in_risks, facts.sign_in_risk),
        _one_of(conditions.user_risks, facts.user_risk),
        _one_of(conditions.workload_risks, facts.workload_risk),
        _one_of(conditions.insider_risks, facts.insider_risk),
        _one_of(conditions.flows, facts.flow),
        _platform(policy, facts),
        _where(policy_set, policy, facts),
    ]
    if conditions.device_filter is not None:
        if isinstance(facts.device, Unknown):
            parts.append(PERHAPS)
        else:
            hit = device_matches(conditions.device_filter.rule, facts.device)
            parts.append(is_(hit == (conditions.device_filter.mode == "include")))
    return parts


def _one_of(wanted: frozenset[object] | frozenset[str] | None, found: object) -> P:
    if wanted is None:
        return is_(True)
    if isinstance(found, Unknown) or found is RiskLevel.HIDDEN:
        return PERHAPS
    return is_(found in wanted)


def _platform(policy: Policy, facts: Facts) -> P:
    platforms = policy.conditions.platforms
    if platforms is None:
        return is_(True)

    def holds(platform: Platform | None) -> bool:
        if platforms.exclude is None or platform in platforms.exclude:
            return False
        return platforms.include is None or platform in platforms.include

    if isinstance(facts.platform, Unknown):
        every = [holds(one) for one in (*Platform, None)]
        return P(any(every), all(every))
    return is_(holds(facts.platform))


def _where(policy_set: PolicySet, policy: Policy, facts: Facts) -> P:
    locations = policy.conditions.locations
    if locations is None:
        return is_(True)
    included, excluded = NEVER, NEVER
    for one in locations.include:
        included |= _in(policy_set, one, facts)
    for one in locations.exclude:
        excluded |= _in(policy_set, one, facts)
    return _minus(included, excluded)


def _in(policy_set: PolicySet, name: str, facts: Facts) -> P:
    if name == "All":
        return is_(True)
    if name == "AllTrusted":
        found = is_(facts.trusted)
        for one in policy_set.locations:
            if isinstance(one, IpLocation) and one.trusted:
                found |= _in(policy_set, one.id, facts)
        return found
    location = next((one for one in policy_set.locations if one.id == name), None)
    if location is None:
        return PERHAPS
    if isinstance(location, CountryLocation):
        if isinstance(facts.country, Unknown):
            return PERHAPS
        return is_(location.include_unknown if facts.country is None else facts.country in location.countries)
    if isinstance(facts.address, Unknown):
        return PERHAPS
    address = facts.address
    if address is None:
        return NEVER
    return is_(
        any(
            one.first.version == address.version and int(one.first) <= int(address) <= int(one.last)
            for one in location.ranges
        )
    )


def verdict(policy_set: PolicySet, facts: Facts) -> tuple[list[str], str]:
    """Which policies apply, and what comes of it."""
    applied = [one for one in policy_set.policies if applies(policy_set, one, facts).may]
    enforced = [one for one in applied if one.state == "enabled"]
    ids = [one.id for one in applied]
    if any(one.blocks for one in enforced):
        return ids, "block"
    frequencies = [one.session.frequency for one in enforced if one.session.frequency is not None]
    both = [one.limit for one in frequencies if one.scope is FrequencyScope.PRIMARY_AND_SECONDARY]
    age = timedelta.max if isinstance(facts.authenticated_at, Unknown) else facts.now - facts.authenticated_at
    too_old = any(age > limit for limit in both)
    unbound = any(one.session.bound_session for one in enforced) and not facts.bound
    missing = unbound or too_old or not all(_granted(policy_set, one, enforced, frequencies, facts) for one in enforced)
    return ids, "controlsRequired" if missing else "allow"


def _granted(policy_set: PolicySet, policy: Policy, enforced: list[Policy], frequencies: list, facts: Facts) -> bool:  # type: ignore[type-arg]
    if policy.grant is None:
        return True
    registering = facts.action is UserAction.REGISTER_SECURITY_INFO
    own = registering and any(
        one.grant is not None and one.grant.strength_ids and one.conditions.applications.actions for one in enforced
    )
    gives_way = own and not policy.conditions.applications.actions
    credentials = []
    for method in facts.methods:
        single = method.credential.mode in (
            MethodMode.PASSWORD,
            MethodMode.FEDERATED_SINGLE_FACTOR,
            MethodMode.CERTIFICATE_SINGLE_FACTOR,
        )
        limits = [f.limit for f in frequencies if not single or f.scope is FrequencyScope.PRIMARY_AND_SECONDARY]
        if all(facts.now - method.at <= limit for limit in limits):
            credentials.append(method.credential)
    met = []
    for control in policy.grant.controls:
        if control.kind is ControlKind.MFA:
            met.append(is_met(MULTIFACTOR, credentials))
        elif control.kind is ControlKind.STRENGTH:
            strength = BUILT_IN.get(control.id) or policy_set.strengths.get(control.id)
            met.append(gives_way or (strength is not None and is_met(strength, credentials)))
        elif control.kind is ControlKind.COMPLIANT_DEVICE:
            device = facts.device
            met.append(device is not None and not isinstance(device, Unknown) and device.is_compliant)
        elif control.kind is ControlKind.TERMS_OF_USE:
            met.append(control.id in facts.accepted_terms)
        else:
            met.append(False)
    return all(met) if policy.grant.operator is Operator.AND else any(met)
