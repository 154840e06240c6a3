"""What changes between two policy sets, as sentences: for a plan, a history, a preview."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.location_document import location_to_json
from keystead_server.policy.access.locations import NamedLocation
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.names import NO_NAMES, Names
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.access.words import sentence
from keystead_server.policy.access.writing import policy_to_json
from keystead_server.policy.strengths.document import strength_to_json
from keystead_server.policy.strengths.model import Strength

STATES: Mapping[State, str] = {
    State.ENABLED: "enforced",
    State.REPORT_ONLY: "only reported",
    State.DISABLED: "switched off",
}


def differences(before: PolicySet, after: PolicySet, names: Names = NO_NAMES) -> tuple[str, ...]:
    """Every change that decides or describes something; times and the order of policies do not."""
    return (
        *_policies(_by_id(before.policies), _by_id(after.policies), names),
        *_others("Location", _by_id(before.locations), _by_id(after.locations)),
        *_others("Strength", before.strengths, after.strengths),
        *_ids("Break-glass accounts", before.break_glass, after.break_glass, names),
        *_ids("Terms of use", before.terms, after.terms, names),
    )


def _by_id(items: Any) -> dict[str, Any]:
    return {item.id: item for item in items}


def _policies(before: Mapping[str, Policy], after: Mapping[str, Policy], names: Names) -> Iterator[str]:
    for one_id, policy in after.items():
        if one_id not in before:
            yield f"New policy “{policy.name}”: {sentence(policy, names)}"
        else:
            yield from _policy(before[one_id], policy, names)
    for one_id, policy in before.items():
        if one_id not in after:
            yield f"Policy “{policy.name}” is removed. It said: {sentence(policy, names)}"


def _policy(was: Policy, now: Policy, names: Names) -> Iterator[str]:
    if was.name != now.name:
        yield f"Policy “{was.name}” is called “{now.name}”."
    if was.state is not now.state:
        yield f"Policy “{now.name}” was {STATES[was.state]} and is {STATES[now.state]}."
    old, new = _meaning(was), _meaning(now)
    for path in sorted(old.keys() | new.keys()):
        if old.get(path) != new.get(path):
            yield f"Policy “{now.name}”, {path}: {_changed(old.get(path), new.get(path), names)}"
    if old != new:
        yield f"  It says now: {sentence(now, names)}"


_NO_MEANING = {"id", "templateId", "displayName", "state", "createdDateTime", "modifiedDateTime"}


def _meaning(policy: Policy) -> dict[str, Any]:
    body = policy_to_json(policy, {})
    return dict(_leaves({name: value for name, value in body.items() if name not in _NO_MEANING}, ""))


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, member in value.items():
            yield from _leaves(member, f"{path}.{name}" if path else name)
    elif value not in (None, []):
        yield path, value


def _changed(was: Any, now: Any, names: Names) -> str:
    if isinstance(was, list | None) and isinstance(now, list | None):
        return _lists(was or [], now or [], names)
    return f"{_told(was, names)} → {_told(now, names)}"


def _lists(was: list[Any], now: list[Any], names: Names) -> str:
    gone = [f"- {_told(one, names)}" for one in was if one not in now]
    new = [f"+ {_told(one, names)}" for one in now if one not in was]
    return ", ".join([*gone, *new])


def _told(value: Any, names: Names) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        return names.of(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        told = {name: _told(member, names) for name, member in value.items() if name not in _UNTOLD}
        # Of a range of addresses there is nothing to say but the range.
        return next(iter(told.values())) if len(told) == 1 else ", ".join(f"{name} {one}" for name, one in told.items())
    if isinstance(value, list):
        return ", ".join(_told(one, names) for one in value)
    return str(value)


def _others(
    kind: str, before: Mapping[str, NamedLocation | Strength], after: Mapping[str, NamedLocation | Strength]
) -> Iterator[str]:
    for one_id, item in after.items():
        was = before.get(one_id)
        if was is None:
            yield f"New {kind.casefold()} “{item.name}”."
        elif _meant(was) != _meant(item):
            told = _leaves(_json(was), ""), _leaves(_json(item), "")
            old, new = (dict(each) for each in told)
            paths = sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))
            changes = "; ".join(
                f"{_CALLED.get(path, path)}: {_changed(old.get(path), new.get(path), NO_NAMES)}" for path in paths
            )
            yield f"{kind} “{item.name}”: {changes}"
    for one_id, item in before.items():
        if one_id not in after:
            yield f"{kind} “{item.name}” is removed."


# What a part of a list is called by and which kind it is of changes with it, and says nothing by itself.
_UNTOLD = frozenset({"@odata.type", "id"})
_CALLED = {
    "displayName": "name",
    "description": "description",
    "ipRanges": "addresses",
    "isTrusted": "trusted",
    "countriesAndRegions": "countries",
    "includeUnknownCountriesAndRegions": "addresses in no known country",
    "allowedCombinations": "any one of",
    "combinationConfigurations": "models and issuers",
    "minimumProof": "proof of binding",
}


def _meant(item: NamedLocation | Strength) -> NamedLocation | Strength:
    """*item* without what says only when it was made, or by which id a part of it is named."""
    if isinstance(item, Strength):
        fido2 = tuple(replace(one, id="") for one in item.fido2)
        return replace(item, fido2=fido2, certificates=tuple(replace(one, id="") for one in item.certificates))
    return replace(item, created_at=None, modified_at=None)


def _json(item: NamedLocation | Strength) -> dict[str, Any]:
    item = _meant(item)
    return strength_to_json(item) if isinstance(item, Strength) else location_to_json(item)


def _ids(what: str, before: frozenset[str], after: frozenset[str], names: Names) -> Iterator[str]:
    if before != after:
        yield f"{what}: {_lists(sorted(before), sorted(after), names)}"
