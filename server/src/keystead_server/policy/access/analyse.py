"""What is wrong with a whole set of policies: found by search over every class of sign-ins, not by sampling.

Each finding that is about a sign-in carries one, so that it can be tried out.
"""

from collections.abc import Iterator
from datetime import datetime

from keystead_server.policy.access.compiled import Compiled, numbers
from keystead_server.policy.access.controls import Control, ControlKind, GrantControls, Operator
from keystead_server.policy.access.demands import asks_no_less, guarantees_strength
from keystead_server.policy.access.facts import Facts
from keystead_server.policy.access.filters.lint import relies_on_absence
from keystead_server.policy.access.finding import Directory, Finding
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.out_of_reach import out_of_reach
from keystead_server.policy.access.universe import Universe
from keystead_server.policy.access.vocabulary import ALL, ALL_TRUSTED, FilterMode, UserAction
from keystead_server.policy.strengths.evaluate import Credential, is_met
from keystead_server.policy.strengths.model import MULTIFACTOR, MethodMode, Strength

BOOTSTRAP = frozenset({MethodMode.PASS_ONE_TIME, MethodMode.PASS_MULTI_USE})
"""What somebody can have who has registered nothing yet."""


def analyse(
    compiled: Compiled, directory: Directory, now: datetime, *, floor: Strength = MULTIFACTOR
) -> tuple[Finding, ...]:
    """All that can be found. *floor* is what nobody should reach an app with less than."""
    return tuple(search(compiled, directory, now, floor=floor))


def search(
    compiled: Compiled, directory: Directory, now: datetime, *, floor: Strength = MULTIFACTOR
) -> Iterator[Finding]:
    """The same one by one, for who may stop looking."""
    # No policy is for break-glass accounts: as the example of a class they would hide whoever else is in it.
    people = [person for person in directory.people if person.id not in compiled.set.break_glass]
    universe = Universe(compiled, people, directory.apps, now)
    yield from gaps(compiled, universe, floor)
    yield from _never_apply(compiled, universe)
    yield from _shadowed(compiled, universe)
    yield from _contradictory(compiled, universe)
    yield from _cannot_be_met(compiled)
    yield from out_of_reach(compiled, directory, now)
    yield from _excluded_from_everything(compiled, directory, universe)
    yield from _deadlocks(compiled, universe)
    yield from _relying_on_absence(compiled)
    yield from _dangling(compiled, directory)


def gaps(compiled: Compiled, universe: Universe, floor: Strength) -> Iterator[Finding]:
    """A way to reach an app with less than *floor*, for each class of apps that has one."""
    sufficient = sum(
        1 << number
        for number in numbers(compiled.enabled)
        if guarantees_strength(compiled.policies[number], floor, compiled.strengths)
    )
    for app in universe.apps:
        witness = universe.find((app,), among=compiled.enabled, none_of=sufficient)
        if witness is not None:
            named = witness.apps[0].id
            yield Finding("gap", (), f"{named} can be reached with less than “{floor.name}”", witness)


def _never_apply(compiled: Compiled, universe: Universe) -> Iterator[Finding]:
    for number in numbers(compiled.live):
        policy = compiled.policies[number]
        if policy.conditions.workloads is None and _somewhere(universe, compiled.live, 1 << number) is None:
            yield Finding("never_applies", (policy.id,), "there is no sign-in that it applies to")


def _somewhere(universe: Universe, among: int, all_of: int, none_of: int = 0) -> Facts | None:
    """A sign-in, whatever it reaches for."""
    for side in (universe.apps, *universe.actions.values(), *universe.contexts.values()):
        witness = universe.find(side, among=among, all_of=all_of, none_of=none_of)
        if witness is not None:
            return witness
    return None


def _shadowed(compiled: Compiled, universe: Universe) -> Iterator[Finding]:
    """Policies that change nothing, because wherever they apply others ask no less."""
    no_less = _no_less(compiled)
    for number in numbers(compiled.enabled & compiled.with_grant):
        policy = compiled.policies[number]
        mask = _overshadowing(compiled, number, no_less[compiled.grant_of[number]])
        if not mask or _somewhere(universe, compiled.enabled, 1 << number) is None:
            continue
        if _somewhere(universe, compiled.enabled, 1 << number, mask) is None:
            ids = tuple(compiled.policies[one].id for one in numbers(mask))
            yield Finding("shadowed", (policy.id, *ids), "wherever it applies, one of the others asks no less")


def _no_less(compiled: Compiled) -> list[tuple[int, int]]:
    """For each distinct demand, the policies that ask for more than it, and those that ask for the same."""
    # Many policies ask for the same: their demands are compared, and not they.
    one_of = [next(iter(compiled.chosen(mask))) for _, mask in compiled.grants]
    found = []
    for wanted in one_of:
        more = same = 0
        for asking, (_, mask) in zip(one_of, compiled.grants, strict=True):
            if asks_no_less(asking, wanted, compiled.strengths):
                if asks_no_less(wanted, asking, compiled.strengths):
                    same |= mask
                else:
                    more |= mask
        found.append((more, same))
    return found


def _overshadowing(compiled: Compiled, number: int, no_less: tuple[int, int]) -> int:
    """The policies that may stand for the one with this *number*."""
    more, same = no_less
    # Of two that ask the same, the one that comes first in the set is the one to keep.
    mask = (more | same & ((1 << number) - 1)) & compiled.enabled & ~(1 << number)
    # Where actions and all resources meet, strengths give way to one another: neither stands for the other.
    acting = compiled.targets.with_action
    mask &= acting if acting >> number & 1 else ~acting
    session = compiled.session_of[number]
    return mask if session < 0 else mask & compiled.sessions[session][1]


def _contradictory(compiled: Compiled, universe: Universe) -> Iterator[Finding]:
    """Session controls that say opposite things of one sign-in; the stricter wins, which one of the two did not mean."""
    with_browser = [n for n in numbers(compiled.enabled) if compiled.policies[n].session.persistent_browser is not None]
    for position, one in enumerate(with_browser):
        for other in with_browser[position + 1 :]:
            first, second = compiled.policies[one], compiled.policies[other]
            if first.session.persistent_browser is not second.session.persistent_browser:
                witness = _somewhere(universe, compiled.enabled, 1 << one | 1 << other)
                if witness is not None:
                    says = "one keeps the browser signed in, the other forbids it, and both apply to one sign-in"
                    yield Finding("contradictory", (first.id, second.id), says, witness)


def _cannot_be_met(compiled: Compiled) -> Iterator[Finding]:
    for policy in compiled.chosen(compiled.live):
        if policy.grant is not None and not policy.blocks and not _can_be_met(policy.grant, compiled):
            yield Finding("cannot_be_met", (policy.id,), "it asks for what nobody can meet here, so it blocks")


def _can_be_met(grant: GrantControls, compiled: Compiled) -> bool:
    possible = [_exists(control, compiled) for control in grant.controls]
    return all(possible) if grant.operator is Operator.AND else any(possible)


def _exists(control: Control, compiled: Compiled) -> bool:
    match control.kind:
        case ControlKind.CUSTOM_FACTOR:
            return False
        case ControlKind.STRENGTH:
            return control.id in compiled.strengths
        case ControlKind.TERMS_OF_USE:
            return control.id in compiled.set.terms
        case _:
            return True


def _excluded_from_everything(compiled: Compiled, directory: Directory, universe: Universe) -> Iterator[Finding]:
    uncovered = {one.mask for one in universe.people if not one.mask & compiled.enabled}
    if not uncovered or not compiled.enabled:
        return
    for person in directory.people:
        spared = person.id in compiled.set.break_glass
        if not spared and not universe.mask_of(person) & compiled.enabled:
            witness = universe.plain(person)
            yield Finding("excluded_from_everything", (), f"no enabled policy is for {person.id}", witness)


def _deadlocks(compiled: Compiled, universe: Universe) -> Iterator[Finding]:
    """Registering that asks for what only somebody has who has registered already."""
    own_strength = compiled.enabled & compiled.targets.with_action & compiled.with_strength
    for number in numbers(compiled.enabled & compiled.with_grant & ~compiled.blocking):
        policy = compiled.policies[number]
        for action, says in _DEADLOCKS.items():
            if not _keeps_newcomers_out(policy, action, compiled):
                continue
            # §4.4: a strength of the action's own takes the place of those of all resources.
            gives_way = action is UserAction.REGISTER_SECURITY_INFO and not policy.conditions.applications.actions
            keeps_anyway = not gives_way or _keeps_newcomers_out(policy, action, compiled, without_strengths=True)
            none_of = 0 if keeps_anyway else own_strength
            among = compiled.enabled
            witness = universe.find(universe.actions[action], among=among, all_of=1 << number, none_of=none_of)
            if witness is not None:
                yield Finding("deadlock", (policy.id,), says, witness)


_DEADLOCKS = {
    UserAction.REGISTER_SECURITY_INFO: "to register a first passkey it asks for what a newcomer cannot have",
    UserAction.REGISTER_DEVICE: "to register a device it asks for a device that is registered",
}


def _keeps_newcomers_out(
    policy: Policy, action: UserAction, compiled: Compiled, *, without_strengths: bool = False
) -> bool:
    if policy.grant is None:
        return False
    possible = [_newcomer_meets(one, action, compiled, without_strengths) for one in policy.grant.controls]
    return not (all(possible) if policy.grant.operator is Operator.AND else any(possible))


def _newcomer_meets(control: Control, action: UserAction, compiled: Compiled, without_strengths: bool) -> bool:
    match control.kind:
        case ControlKind.COMPLIANT_DEVICE | ControlKind.JOINED_DEVICE:
            return action is not UserAction.REGISTER_DEVICE
        case ControlKind.MFA | ControlKind.STRENGTH if action is UserAction.REGISTER_SECURITY_INFO:
            if without_strengths and control.kind is ControlKind.STRENGTH:
                return True
            strength = MULTIFACTOR if control.kind is ControlKind.MFA else compiled.strengths.get(control.id)
            return strength is not None and is_met(strength, [Credential(mode) for mode in BOOTSTRAP])
        case _:
            return True


def _relying_on_absence(compiled: Compiled) -> Iterator[Finding]:
    for policy in compiled.chosen(compiled.live):
        filter_ = policy.conditions.device_filter
        if filter_ is not None and relies_on_absence(filter_.rule):
            effect = "spares" if filter_.mode is FilterMode.EXCLUDE else "is meant for"
            says = f"it {effect} devices that are not registered, by what they do not have"
            yield Finding("relies_on_absence", (policy.id,), says)


def _dangling(compiled: Compiled, directory: Directory) -> Iterator[Finding]:
    known_people = frozenset(person.id for person in directory.people) | {ALL, "None", "GuestsOrExternalUsers"}
    for policy in compiled.policies:
        users, locations = policy.conditions.users, policy.conditions.locations
        named = (
            ("user", users.include | users.exclude, known_people),
            ("group", users.include_groups | users.exclude_groups, directory.groups),
            ("role", users.include_roles | users.exclude_roles, directory.roles),
            (
                "location",
                locations.include | locations.exclude if locations else frozenset(),
                compiled.places.ids | {ALL, ALL_TRUSTED},
            ),
            ("strength", frozenset(policy.grant.strength_ids if policy.grant else ()), frozenset(compiled.strengths)),
        )
        for kind, ids, known in named:
            for one in sorted(ids - known) if known is not None else ():
                yield Finding("dangling", (policy.id,), f"it names the {kind} {one}, which does not exist")
