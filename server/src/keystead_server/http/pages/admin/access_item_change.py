"""A change of one named location, strength or context that waits for its author's yes, as `access_change` has those of policies.

    PutItem     one is new, or instead of one
    DropItem    one is removed

What policies make of the thing changes with it, though nobody changed a policy: therefore it is foreseen as theirs are.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access import items
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.items import ItemKind

KINDS: dict[str, ItemKind[Any]] = {one.noun: one for one in (items.LOCATIONS, items.STRENGTHS, items.CONTEXTS)}


@dataclass(frozen=True, slots=True)
class PutItem:
    """Attributes:
    noun: of its kind.
    body: in Graph's form.
    seen: the digest of what its author saw; empty for a new one.
    """

    noun: str
    id: str
    body: Mapping[str, Any]
    seen: str = ""


@dataclass(frozen=True, slots=True)
class DropItem:
    noun: str
    id: str


def put(rules: AccessRules, change: PutItem, now: datetime) -> AccessRules:
    """Raises Invalid: it cannot be, or somebody else was there meanwhile."""
    kind = KINDS[change.noun]
    fresh, _ = kind.read(change.body, change.id)
    if not change.seen:
        return kind.with_added(rules, fresh, now)
    before = kind.find(rules, change.id)
    if before is None:
        raise meanwhile("somebody else has removed it")
    if change.seen != digest_of(kind.shown(before, rules)):
        raise meanwhile("somebody else changed it while you edited; open it again and compare")
    return kind.with_changed(rules, before, fresh, now)


def dropped(rules: AccessRules, change: DropItem) -> AccessRules:
    """Raises Invalid: a policy names it, or somebody else was there meanwhile."""
    kind = KINDS[change.noun]
    found = kind.find(rules, change.id)
    if found is None:
        raise meanwhile("somebody else has removed it")
    return kind.without(rules, found)


def digest_of(body: Mapping[str, Any]) -> str:
    """What tells a thing in Graph's form from what anybody made of it meanwhile."""
    return sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]


def meanwhile(message: str) -> Invalid:
    return Invalid("policy_changed_meanwhile", message)
