"""Policies → index, made once when they change.

Every policy is a bit. For each fact that a condition can ask about there is a table from its value to
the policies that it lets through, so that what applies to a sign-in is the conjunction of a dozen
integers, however many policies there are. Only filters are left to be asked one by one, of the few
policies that everything else lets through.
"""

from collections.abc import Callable, Hashable, Iterable
from typing import Final, TypeVar

from keystead_server.policy.access.controls import (
    NEW_PASSWORD,
    NO_SESSION_CONTROLS,
    ControlKind,
    GrantControls,
    SessionControls,
)
from keystead_server.policy.access.dimensions import (
    GuestRule,
    People,
    PlacesOfPolicies,
    PlatformsOfPolicies,
    Services,
    Targets,
    clients_of,
)
from keystead_server.policy.access.locations import Places
from keystead_server.policy.access.masks import EVERY, ByValue, Named, bits, numbers, union
from keystead_server.policy.access.model import Conditions, Policy
from keystead_server.policy.access.policy_set import PolicySet
from keystead_server.policy.access.session import Session
from keystead_server.policy.access.vocabulary import State

# Whoever decides needs the index and what it is made of.
__all__ = ["EVERY", "MAX_MERGED", "Compiled", "GuestRule", "Named", "PolicySet", "numbers"]

_Demand = TypeVar("_Demand", bound=Hashable)

MAX_MERGED: Final = 1024


class Compiled:
    """An organisation's policies, ready to decide. Made once; never changed.

    Attributes:
        merged: what sessions come to under some of `sessions` together, by their positions: few of the many
            there could be are ever met.
    """

    def __init__(self, policy_set: PolicySet) -> None:
        policies = list(policy_set.policies)
        self.set = policy_set
        self.policies = policy_set.policies
        self.strengths = policy_set.all_strengths
        self.places = Places(policy_set.locations)
        self.enabled = bits(policies, lambda p: p.state is State.ENABLED)
        self.observed = bits(policies, lambda p: p.state is State.REPORT_ONLY)
        self.live = self.enabled | self.observed
        self.blocking = bits(policies, lambda p: p.blocks)
        self.with_strength = bits(policies, lambda p: p.grant is not None and p.grant.asks(ControlKind.STRENGTH))
        self.people = People(policies)
        self.services = Services(policies)
        self.targets = Targets(policies)
        self.locations = PlacesOfPolicies(policies, self.places)
        self.platforms = PlatformsOfPolicies(policies)
        self.clients = ByValue(policies, clients_of)
        self.sign_in_risks = ByValue(policies, lambda p: p.conditions.sign_in_risks)
        self.user_risks = ByValue(policies, lambda p: p.conditions.user_risks)
        # Whose risk must be found out before anything is decided: finding it out costs a query.
        self.asks_about_risk = bool(self.live & bits(policies, lambda p: _asks_about_risk(p.conditions)))
        self.workload_risks = ByValue(policies, lambda p: p.conditions.workload_risks)
        self.insider_risks = ByValue(policies, lambda p: p.conditions.insider_risks)
        self.flows = ByValue(policies, lambda p: p.conditions.flows)
        self.device_filtered = bits(policies, lambda p: p.conditions.device_filter is not None)
        # Many policies ask for the same: each distinct demand is looked at once for each decision.
        self.grants: tuple[tuple[GrantControls, int], ...] = _distinct(policies, lambda p: p.grant)
        # Whether a new password is any use is looked up only where one is asked for.
        self.asks_for_new_password = any(
            any(grant.asks(kind) for kind in NEW_PASSWORD) for grant, mask in self.grants if mask & self.live
        )
        # What somebody has accepted is read only where it is asked about.
        self.asks_for_terms = any(
            grant.asks(ControlKind.TERMS_OF_USE) for grant, mask in self.grants if mask & self.live
        )
        self.sessions: tuple[tuple[SessionControls, int], ...] = _distinct(
            policies, lambda p: None if p.session == NO_SESSION_CONTROLS else p.session
        )
        self.merged: dict[tuple[int, ...], Session] = {}
        self.is_enforced = [policy.state is State.ENABLED for policy in policies]
        self.grant_of = _positions(len(policies), self.grants)
        self.session_of = _positions(len(policies), self.sessions)
        self.with_grant = union(mask for _, mask in self.grants)
        self.with_session = union(mask for _, mask in self.sessions)

    def chosen(self, mask: int) -> tuple[Policy, ...]:
        """The policies of *mask*, in their order."""
        return tuple(self.policies[number] for number in numbers(mask))


def _asks_about_risk(conditions: Conditions) -> bool:
    return bool(conditions.sign_in_risks or conditions.user_risks or conditions.insider_risks)


def _distinct(
    policies: Iterable[Policy], demand: Callable[[Policy], _Demand | None]
) -> tuple[tuple[_Demand, int], ...]:
    masks: dict[_Demand, int] = {}
    for number, policy in enumerate(policies):
        wanted = demand(policy)
        if wanted is not None:
            masks[wanted] = masks.get(wanted, 0) | 1 << number
    return tuple(masks.items())


def _positions(count: int, demands: tuple[tuple[object, int], ...]) -> list[int]:
    positions = [-1] * count
    for position, (_, mask) in enumerate(demands):
        for number in numbers(mask):
            positions[number] = position
    return positions
