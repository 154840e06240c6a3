"""A change of Conditional Access that waits for its author's yes, and what it makes of the rules.

    Put       a policy, new or instead of one
    Drop      a policy is removed
    GoBack    the whole as an earlier version had it
    PutItem, DropItem    a location, a strength or a context, in `access_item_change`

Sealed into a page by `policy_draft`; made again, on what somebody else saved meanwhile, when it is saved.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_item_change import (
    DropItem,
    PutItem,
    digest_of,
    dropped,
    meanwhile,
    put,
)
from keystead_server.http.pages.next_page import named
from keystead_server.http.problems import NOT_FOUND, Refuse
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.items import stamped
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.writing import policy_to_json

Edit: TypeAlias = Callable[[AccessRules], AccessRules]


@dataclass(frozen=True, slots=True)
class Put:
    """Attributes:
    seen: the digest of the policy that its author saw; empty for a new one.
    """

    policy: Policy
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Drop:
    policy_id: str


@dataclass(frozen=True, slots=True)
class GoBack:
    version: int


Change: TypeAlias = Put | Drop | GoBack | PutItem | DropItem


class Changes:
    """Changes as text, for the seal."""

    kind = "access-change"

    def read(self, text: str) -> Change:
        verb, what = json.loads(text)
        match verb:
            case "put":
                return Put(read_policy(what[0]).policy, what[1])
            case "drop":
                return Drop(what)
            case "put-item":
                return PutItem(*what)
            case "drop-item":
                return DropItem(*what)
            case _:
                return GoBack(what)

    def write(self, change: Change) -> str:
        match change:
            case Put(policy, seen):
                return json.dumps(["put", [policy_to_json(policy, {}), seen]])
            case Drop(policy_id):
                return json.dumps(["drop", policy_id])
            case PutItem(noun, one, body, seen):
                return json.dumps(["put-item", [noun, one, body, seen]])
            case DropItem(noun, one):
                return json.dumps(["drop-item", [noun, one]])
            case GoBack(version):
                return json.dumps(["back", version])


CHANGES = Changes()


def digest(policy: Policy) -> str:
    """What tells a policy from what anybody made of it meanwhile."""
    return digest_of(policy_to_json(policy, {}))


def the_policy(call: Call, rules: AccessRules) -> Policy:
    """The one in the address. Raises Refuse."""
    wanted = named(call, "policy")
    for policy in rules.set.policies:
        if policy.id == wanted:
            return policy
    raise Refuse(NOT_FOUND)


def about(change: Change) -> str:
    """For the audit log."""
    match change:
        case Put(policy):
            return f"policy {policy.id}"
        case Drop(policy_id):
            return f"policy {policy_id}"
        case PutItem(noun, one) | DropItem(noun, one):
            return f"{noun} {one}"
        case GoBack(version):
            return f"version {version} restored"


async def edit_of(call: Call, change: Change, *, over: AccessRules) -> Edit:
    """What *change* does, for `ManageAccess.change`.

    Args:
        over: the rules that its author saw.

    Raises:
        Invalid: it goes back to a version that never was.
    """
    now = call.services.clock.now()
    match change:
        case Put():
            return lambda rules: _put(rules, change, now)
        case Drop(policy_id):
            return lambda rules: _dropped(rules, policy_id)
        case PutItem():
            return lambda rules: put(rules, change, now)
        case DropItem():
            return lambda rules: dropped(rules, change)
        case GoBack(version):
            back = (await call.services.roll_back_access_policy(call.tenant.id, version)).policy
            return lambda rules: _back(rules, back, over)


def _put(rules: AccessRules, change: Put, now: datetime) -> AccessRules:
    policies = rules.set.policies
    before = next((one for one in policies if one.id == change.policy.id), None)
    if change.seen != ("" if before is None else digest(before)):
        raise meanwhile("somebody else changed this policy while you edited; open it again and compare")
    policy = stamped(change.policy, before, now)
    if before is None:
        return _with(rules, (*policies, policy))
    return _with(rules, tuple(policy if one.id == policy.id else one for one in policies))


def _dropped(rules: AccessRules, policy_id: str) -> AccessRules:
    kept = tuple(one for one in rules.set.policies if one.id != policy_id)
    if len(kept) == len(rules.set.policies):
        raise meanwhile("somebody else has removed this policy")
    return _with(rules, kept)


def _back(rules: AccessRules, back: AccessRules, over: AccessRules) -> AccessRules:
    if rules != over:
        raise meanwhile("somebody else changed the policies meanwhile; look at them again")
    return replace(back, pending=None)


def _with(rules: AccessRules, policies: tuple[Policy, ...]) -> AccessRules:
    return replace(rules, set=replace(rules.set, policies=policies))
