"""What stands against a policy that was typed, what it may not mean, and for how many people it is.

Nothing is saved and nothing is replayed, so that it can be asked while somebody types.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.access_reach import Reach
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_desk import Standing
from keystead_server.http.pages.admin.access_fields import place_of
from keystead_server.http.pages.admin.access_form import AccessForm, Principals
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors
from keystead_server.http.pages.admin.policy_people import ids_of
from keystead_server.policy.access.lint import Warned, remarks
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.words import Sentence, sentence
from keystead_server.policy.loose import Note

# Ours to give, and no policy's to bring along.
_OURS = ("id", "createddatetime", "modifieddatetime")


@dataclass(frozen=True, slots=True)
class Checked:
    """Attributes:
    policy: None when it cannot be one.
    warned: what it may not mean, by field.
    notes: how what was pasted was adapted.
    """

    policy: Policy | None
    errors: Errors = NO_ERRORS
    warned: Mapping[str, tuple[str, ...]] | None = None
    reach: Reach | None = None
    sentence: Sentence | None = None
    notes: tuple[Note, ...] = ()

    def at(self, field: str) -> tuple[str, ...]:
        return (self.warned or {}).get(field, ())


async def principals(call: Call, form: AccessForm) -> tuple[Principals, Errors]:
    """Everybody who was typed, by id, and who of them is not there."""
    typed = form.usernames
    spared = [row.who for row in form.until]
    groups = {group.name: group.id for group in await call.services.store.groups.all(call.tenant.id)}
    users, unknown = await ids_of(call, typed | {"until": [who for who in spared if who not in groups]})
    return Principals(users, {who: groups[who] for who in spared if who in groups}), unknown


async def check_form(call: Call, form: AccessForm, now: Standing, policy_id: str) -> Checked:
    who, unknown = await principals(call, form)
    if not form.text("name"):
        unknown = Errors({**unknown.by_field, "name": "Give the policy a name."})
    if unknown.by_field:
        return Checked(None, unknown)
    return await _check(call, form.to_json(who), now, policy_id)


async def check_json(call: Call, text: str, now: Standing, policy_id: str) -> Checked:
    """As `check_form`, of a policy as JSON; a complaint stands under `json` and names its property."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError) as error:
        return Checked(None, Errors({"json": f"This is not JSON: {error}."}))
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if str(name).casefold() not in _OURS}
    return await _check(call, body, now, policy_id, in_json=True)


async def _check(call: Call, body: Any, now: Standing, policy_id: str, *, in_json: bool = False) -> Checked:
    try:
        imported = read_policy(body, new_id=policy_id)
    except Invalid as invalid:
        return Checked(None, _errors(invalid, in_json=in_json))
    missing = await call.services.manage_access.against_names(call.tenant.id, imported.policy, now.rules)
    names = await now.names_with(call, imported.policy)
    reach = None
    if imported.policy.conditions.workloads is None:
        users, spared = imported.policy.conditions.users, now.rules.set.break_glass
        reach = await call.services.access_reach(call.tenant.id, users, break_glass=spared)
    found = remarks(imported.policy, now.rules.set, call.services.clock.now())
    return Checked(
        imported.policy if missing is None else None,
        NO_ERRORS if missing is None else _errors(missing, in_json=in_json),
        _by_field(found),
        reach,
        sentence(imported.policy, names),
        imported.notes,
    )


def _by_field(found: tuple[Warned, ...]) -> dict[str, tuple[str, ...]]:
    by_field: dict[str, tuple[str, ...]] = {}
    for one in found:
        field = place_of(one.target)
        by_field[field] = (*by_field.get(field, ()), one.says[:1].upper() + one.says[1:] + ".")
    return by_field


def _errors(invalid: Invalid, *, in_json: bool) -> Errors:
    (message,) = Errors.of(invalid).by_field.values()
    if in_json:
        return Errors({"json": f"{invalid.target}: {message}" if invalid.target else message})
    place = place_of(invalid.target or "")
    return Errors({place: message if place or not invalid.target else f"{message} ({invalid.target})"})
