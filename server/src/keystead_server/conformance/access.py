"""Sets of policies and sign-ins, one answer each: the door for outside Conditional Access cases.

    {"name": "set:X", "policies": […], "namedLocations": […], "authenticationStrengths": […]}
        → what was taken, how it was adapted, and what was refused with code and target
    {"name": …, "set": "X", "signIn": {…}}
        → {"name", "applies": [policy ids], "decision", "unmet": […]}

The shapes are Graph's; docs/reference/conformance-access.md has them, and what is assumed of a fact that
is not given. The decision is that of the very function that serves people.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

from keystead_server.conformance.record import RecordMalformed, members, text, texts
from keystead_server.conformance.sign_in_facts import read_facts
from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.controls import Control
from keystead_server.policy.access.decide import Decision, Verdict
from keystead_server.policy.access.explain import Explanation, explain
from keystead_server.policy.access.grants import why_unmet
from keystead_server.policy.access.location_document import read_location
from keystead_server.policy.access.locations import NamedLocation
from keystead_server.policy.access.reading import Imported, read_policy
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.loose import Note
from keystead_server.policy.strengths.document import read_strength
from keystead_server.policy.strengths.model import Strength

_Read = TypeVar("_Read")
_PREFIX = "set:"
SIGN_IN_FREQUENCY = "signInFrequency"
BOUND_SESSION = "secureSignInSession"


@dataclass(slots=True)
class _Taken(Generic[_Read]):
    """What a list held, and what is told of each of its entries."""

    by_id: dict[str, _Read] = field(default_factory=dict)
    told: list[dict[str, object]] = field(default_factory=list)


class AccessDoor:
    """Keeps the sets that it was given, and answers sign-ins over them."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self._sets: dict[str, Compiled] = {}

    def answer(self, record: Mapping[str, object]) -> dict[str, object]:
        """Take a set, or decide a sign-in; a record that is neither is answered with the reason."""
        try:
            name = text(record, "name")
            if name.startswith(_PREFIX) and "signIn" not in record:
                return {"name": name, **self._take_set(name, record)}
            return {"name": name, **self._decide(record)}
        except (RecordMalformed, Invalid) as refused:
            return {"name": record.get("name"), "decision": None, "reason": f"{refused.code}: {refused}"}

    def _take_set(self, name: str, record: Mapping[str, object]) -> dict[str, object]:
        policies = _read_each(_items(record, "policies"), "policy", _policy)
        locations = _read_each(_items(record, "namedLocations"), "location", _location)
        strengths = _read_each(_items(record, "authenticationStrengths"), "strength", _strength)
        # A policy may carry its strength whole, as exports do; the list of strengths goes before it.
        carried = {one.id: one for each in policies.by_id.values() for one in each.strengths}
        self._sets[name.removeprefix(_PREFIX)] = Compiled(
            PolicySet(
                policies=tuple(one.policy for one in policies.by_id.values()),
                locations=tuple(locations.by_id.values()),
                strengths=carried | strengths.by_id,
                break_glass=texts(record, "breakGlass"),
                terms=texts(record, "termsOfUse"),
            )
        )
        return {
            "policies": policies.told,
            "namedLocations": locations.told,
            "authenticationStrengths": strengths.told,
        }

    def _decide(self, record: Mapping[str, object]) -> dict[str, object]:
        wanted = text(record, "set").removeprefix(_PREFIX)
        compiled = self._sets.get(wanted)
        if compiled is None:
            raise RecordMalformed(f"there is no set {wanted!r}")
        asked = frozenset(control for grant, _ in compiled.grants for control in grant.controls)
        return _told(compiled, explain(compiled, read_facts(members(record, "signIn"), record, self._clock, asked)))


def _told(compiled: Compiled, explanation: Explanation) -> dict[str, object]:
    decision = explanation.decision
    missing = [control for prompt in decision.prompts for control in prompt.any_of]
    unmet = list(dict.fromkeys(control.kind.value for control in missing))
    if decision.sign_in_again and decision.verdict is not Verdict.BLOCK:
        unmet.append(SIGN_IN_FREQUENCY)
    if decision.not_bound:
        unmet.append(BOUND_SESSION)
    return {
        "applies": [one.policy_id for one in decision.applied],
        "decision": decision.verdict.value,
        "unmet": unmet,
        "blockedBy": list(decision.blocked_by),
        "unmetDetails": [_detail(compiled, control) for control in missing],
        "reportOnly": _report_only(compiled, decision),
        "notEnoughInformation": [one.policy.id for one in explanation.policies if one.lacks_information],
        "analysisReasons": {one.policy.id: one.analysis_reasons for one in explanation.policies},
    }


def _detail(compiled: Compiled, control: Control) -> dict[str, str]:
    says = why_unmet(control, compiled.strengths, compiled.set.terms)
    return {"control": control.kind.value, "id": control.id, "says": says}


def _report_only(compiled: Compiled, decision: Decision) -> dict[str, str]:
    observed = {policy.id for policy in compiled.policies if policy.state is State.REPORT_ONLY}
    return {one.policy_id: one.result.value for one in decision.applied if one.policy_id in observed}


def _read_each(
    items: list[Any], kind: str, read: Callable[[object, str], tuple[str, _Read, Iterable[Note]]]
) -> _Taken[_Read]:
    """Read each entry by itself: one that is refused does not spoil the others."""
    taken: _Taken[_Read] = _Taken()
    for number, body in enumerate(items):
        told: dict[str, object] = {"index": number}
        try:
            one_id, one, notes = read(body, f"{kind}-{number}")
            if one_id in taken.by_id:
                raise Invalid("policy_malformed", "two have the same id", target="id")
            taken.by_id[one_id] = one
            told |= {"id": one_id, "taken": True, "adapted": [{"target": n.target, "how": n.says} for n in notes]}
        except Invalid as refused:
            told |= {"taken": False, "code": refused.code, "target": refused.target, "message": refused.message}
        taken.told.append(told)
    return taken


def _policy(body: object, new_id: str) -> tuple[str, Imported, Iterable[Note]]:
    imported = read_policy(body, new_id=new_id)
    return imported.policy.id, imported, imported.notes


def _location(body: object, new_id: str) -> tuple[str, NamedLocation, Iterable[Note]]:
    imported = read_location(body, new_id=new_id)
    return imported.location.id, imported.location, imported.notes


def _strength(body: object, new_id: str) -> tuple[str, Strength, Iterable[Note]]:
    imported = read_strength(body, new_id=new_id)
    return imported.strength.id, imported.strength, imported.notes


def _items(record: Mapping[str, object], name: str) -> list[Any]:
    items = record.get(name)
    if isinstance(items, dict) and isinstance(items.get("value"), list):
        # A collection as Graph answers it.
        items = items["value"]
    if items is not None and not isinstance(items, list):
        raise RecordMalformed(f"{name} is not a list")
    return items or []
