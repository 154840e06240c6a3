"""What lies in a folder that one can keep in git: a file for each policy, location, strength and text of terms of use."""

import re
from collections.abc import Mapping
from typing import Any

from keystead_server.policy.access.bundle import BREAK_GLASS, CONTEXTS, Item, Kind, items_of
from keystead_server.policy.access.document import AccessRules, context_to_json
from keystead_server.policy.access.location_document import location_to_json
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.terms import Terms, terms_to_json
from keystead_server.policy.access.writing import policy_to_json
from keystead_server.policy.strengths.document import strength_to_json
from keystead_server.policy.strengths.model import Strength

ORGANISATION_FILE = "organisation.json"
_NOT_IN_NAMES = re.compile(r"[^a-z0-9]+")
# Ours, as the number of a text's version is: a folder goes into any organisation.
_OURS = frozenset({"createdDateTime", "modifiedDateTime", "version"})


def files(rules: AccessRules) -> dict[str, dict[str, Any]]:
    """Path → what to write there: in Graph's shapes, without times, named for people."""
    made: dict[str, dict[str, Any]] = {}
    for kind in Kind:
        for item in sorted(items_of(rules, kind), key=lambda one: (one.name, one.id)):
            body = {name: value for name, value in _to_json(item).items() if name not in _OURS}
            made[_path(kind, item, made)] = body
    told = [context_to_json(one) for one in rules.contexts]
    made[ORGANISATION_FILE] = {BREAK_GLASS: sorted(rules.set.break_glass), CONTEXTS: told}
    return made


def _to_json(item: Item) -> dict[str, Any]:
    match item:
        case Terms():
            return terms_to_json(item)
        case Policy():
            # A strength of the organisation has its own file.
            return policy_to_json(item, {})
        case Strength():
            return strength_to_json(item)
        case _:
            return location_to_json(item)


def _path(kind: Kind, item: Item, taken: Mapping[str, object]) -> str:
    slug = _NOT_IN_NAMES.sub("-", item.name.casefold()).strip("-")[:60] or "unnamed"
    path = f"{kind.value}/{slug}.json"
    # Two of one name: the id tells them apart, and nothing in a name leads out of the folder.
    return path if path not in taken else f"{kind.value}/{slug}-{_NOT_IN_NAMES.sub('-', item.id.casefold())}.json"
