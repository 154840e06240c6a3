"""All that one organisation's decisions depend on, before it is made into an index."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from keystead_server.policy.access.locations import NamedLocation
from keystead_server.policy.access.model import Policy
from keystead_server.policy.strengths.model import BUILT_IN, Strength


@dataclass(frozen=True, slots=True)
class PolicySet:
    """All that decisions of one organisation depend on.

    Attributes:
        break_glass: ids of the accounts that no policy is for, so that nobody can lock out everybody.
        terms: ids of the terms of use that can be accepted here.
    """

    policies: tuple[Policy, ...] = ()
    locations: tuple[NamedLocation, ...] = ()
    strengths: Mapping[str, Strength] = field(default_factory=dict)
    break_glass: frozenset[str] = frozenset()
    terms: frozenset[str] = frozenset()

    @property
    def all_strengths(self) -> Mapping[str, Strength]:
        """Those of the set and, under their ids always, those built in."""
        return {**self.strengths, **BUILT_IN}
