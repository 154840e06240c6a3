"""An organisation's Conditional Access as it is kept: one document, versions of which are dated and attributed.

    policies, namedLocations, authenticationStrengths     in Graph's form, as they are imported and exported
    authenticationContexts                                names for c1 to c99
    termsOfUse                                            texts that people accept
    breakGlass                                            ids of accounts that no policy is for
    pending                                               until when it holds unless somebody confirms it

What cannot be read again is never saved: it would stop every sign-in.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.location_document import location_to_json, read_location
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.terms import Terms, read_terms, terms_to_json
from keystead_server.policy.access.writing import policy_to_json
from keystead_server.policy.loose import Members, Notes, malformed
from keystead_server.policy.strengths.document import read_strength, strength_to_json

_Item = TypeVar("_Item")


@dataclass(frozen=True, slots=True)
class Context:
    """An authentication context: what an app may ask for, and what policies may protect.

    Attributes:
        available: apps may ask for it.
    """

    id: str
    name: str
    description: str = ""
    available: bool = True


@dataclass(frozen=True, slots=True)
class Pending:
    """Saved on trial.

    Attributes:
        until: from then on the version before holds again, by itself.
        before: the number of that version; 0 for what every organisation begins with.
    """

    until: datetime
    before: int


@dataclass(frozen=True, slots=True)
class AccessRules:
    """Everything that Conditional Access of one organisation consists of."""

    set: PolicySet = field(default_factory=PolicySet)
    contexts: tuple[Context, ...] = ()
    terms: tuple[Terms, ...] = ()
    pending: Pending | None = None

    def with_terms(self, terms: Iterable[Terms]) -> "AccessRules":
        """With exactly these; decisions know them by their ids."""
        kept = tuple(terms)
        return replace(self, terms=kept, set=replace(self.set, terms=frozenset(one.id for one in kept)))

    def with_text(self, terms: Terms) -> "AccessRules":
        """With *terms* in place of those of their id, or behind all others.

        Raises:
            Invalid: others are called so.
        """
        if any(one.name == terms.name and one.id != terms.id for one in self.terms):
            raise Invalid("terms_malformed", "other terms are called so already", target="displayName")
        if any(one.id == terms.id for one in self.terms):
            return self.with_terms(terms if one.id == terms.id else one for one in self.terms)
        return self.with_terms((*self.terms, terms))

    def without_text(self, own_id: str) -> "AccessRules":
        return self.with_terms(one for one in self.terms if one.id != own_id)


FIRST_ACCESS = AccessRules()


def to_text(rules: AccessRules) -> str:
    return json.dumps(to_json(rules), separators=(",", ":"))


def to_json(rules: AccessRules) -> dict[str, Any]:
    kept = rules.set
    pending = rules.pending
    return {
        # A strength is named by its id: written out in each policy it would go stale.
        "policies": [policy_to_json(one, {}) for one in kept.policies],
        "namedLocations": [location_to_json(one) for one in kept.locations],
        "authenticationStrengths": [strength_to_json(one) for one in kept.strengths.values()],
        "authenticationContexts": [context_to_json(one) for one in rules.contexts],
        "breakGlass": sorted(kept.break_glass),
        "termsOfUse": [terms_to_json(one) for one in rules.terms],
        "pending": None if pending is None else {"until": pending.until.isoformat(), "before": pending.before},
    }


def from_text(text: str) -> AccessRules:
    """Read what `to_text` wrote.

    Raises:
        Invalid: it is none; `target` names the property.
    """
    try:
        body = json.loads(text)
    except ValueError:
        raise malformed("it is not JSON", "$") from None
    return from_json(body)


def from_json(body: object) -> AccessRules:
    members = Members(body, "", Notes())
    policies = _each(members, "policies", lambda one, _: read_policy(one).policy)
    locations = _each(members, "namedLocations", lambda one, at: read_location(one, where=at).location)
    strengths = _each(members, "authenticationStrengths", lambda one, at: read_strength(one, where=at).strength)
    rules = AccessRules(
        PolicySet(
            policies=policies,
            locations=locations,
            strengths={one.id: one for one in strengths},
            break_glass=members.ids("breakGlass"),
        ),
        contexts=_each(members, "authenticationContexts", lambda one, at: read_context(one, where=at)),
        pending=_pending(members.object("pending")),
    ).with_terms(_each(members, "termsOfUse", lambda one, at: read_terms(one, where=at)))
    members.refuse_left()
    _only_once((one.id for one in policies), "policies")
    _only_once((one.id for one in locations), "namedLocations")
    _only_once((one.id for one in strengths), "authenticationStrengths")
    _only_once((one.id for one in rules.contexts), "authenticationContexts")
    _only_once((one.id for one in rules.terms), "termsOfUse")
    return rules


def _each(members: Members, name: str, read: Callable[[Any, str], _Item]) -> tuple[_Item, ...]:
    return tuple(read(one, f"{name}[{number}]") for number, one in enumerate(members.items(name)))


def _only_once(ids: Iterable[str], name: str) -> None:
    seen: set[str] = set()
    for one in ids:
        # Policies are found by their ids in the log; two of one name would be told apart by nobody.
        if not one or one in seen:
            raise malformed("an id is missing or stands there twice", name)
        seen.add(one)


def read_context(body: object, *, context_id: str = "", where: str = "") -> Context:
    """Read an authentication context; *context_id* where it does not say its own.

    Raises:
        Invalid: it is none; `target` names the property.
    """
    members = Members(body, where, Notes())
    own = (members.text("id") or context_id).casefold()
    if not (own.startswith("c") and own[1:].isdecimal() and own == f"c{int(own[1:])}" and 1 <= int(own[1:]) <= 99):
        raise malformed("authentication contexts are called c1 to c99", members.at("id"))
    available = members.flag("isAvailable")
    context = Context(
        own,
        members.must_text("displayName"),
        members.text("description") or "",
        True if available is None else available,
    )
    members.refuse_left()
    return context


def context_to_json(context: Context) -> dict[str, Any]:
    return {
        "id": context.id,
        "displayName": context.name,
        "description": context.description,
        "isAvailable": context.available,
    }


def _pending(members: Members | None) -> Pending | None:
    if members is None:
        return None
    until, before = members.moment("until"), members.number("before")
    members.refuse_left()
    if until is None or before is None:
        raise Invalid("policy_malformed", "pending says until when and what comes back", target="pending")
    return Pending(until, before)
