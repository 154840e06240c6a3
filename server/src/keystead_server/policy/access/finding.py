"""What a search through a whole set of policies looks at, and what it finds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from keystead_server.policy.access.facts import AppFacts, Facts, Person
from keystead_server.policy.strengths.model import MethodMode

Modes = frozenset[MethodMode]


@dataclass(frozen=True, slots=True)
class Finding:
    """Attributes:
    kind: stable.
    policies: ids of those it is about.
    says: a sentence.
    witness: a sign-in that shows it.
    """

    kind: str
    policies: tuple[str, ...]
    says: str
    witness: Facts | None = None


@dataclass(frozen=True, slots=True)
class Directory:
    """Who and what there is; what is None is not looked into.

    Attributes:
        modes: what each of *people*, by id, can sign in with or register.
        models: of the models that strengths name, those of which each may register a passkey.
    """

    people: Sequence[Person]
    apps: Sequence[AppFacts] = ()
    groups: frozenset[str] | None = None
    roles: frozenset[str] | None = None
    modes: Mapping[str, Modes] | None = None
    models: Mapping[str, frozenset[UUID]] | None = None
