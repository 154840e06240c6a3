"""Every device that filters can tell apart, without going through all of them.

What several rules ask about, or what says whether a device is vouched for, is shared: each combination of
it is an alternative of its own. What only one rule asks about is, within an alternative, a side of its own:
otherwise twenty rules about an attribute each would make a million devices.

What text a filter looks for stands for itself, for all of them joined, and for its absence.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from math import prod

from keystead_server.policy.access.classes import Class, Side, distinct
from keystead_server.policy.access.compiled import EVERY, Compiled, numbers
from keystead_server.policy.access.facts import DeviceFacts
from keystead_server.policy.access.filters.lint import comparisons
from keystead_server.policy.access.filters.matching import device_matches
from keystead_server.policy.access.filters.syntax import Rule
from keystead_server.policy.access.vocabulary import FilterMode

MAX_DEVICES = 20_000
_VOUCHING: Mapping[str, str] = {"iscompliant": "true", "trusttype": "serverad"}
_ALSO_VOUCHING = frozenset({"mdmappid", "ismanaged"})
_Texts = Mapping[str, Sequence[str | None]]


class Devices:
    """Attributes:
    alternatives: each the sides of some devices; a device is a class of each of them.
    is_complete: none had to be left out.
    """

    def __init__(self, compiled: Compiled) -> None:
        self._rules = _rules(compiled)
        texts = {name: _texts(literals) for name, literals in _mentioned(compiled).items()}
        shared = _shared(texts, [rule for rule, _, _ in self._rules])
        apart = [{name: texts[name] for name in _asked(rule) if name not in shared} for rule, _, _ in self._rules]
        self.is_complete = all(_many(one) <= MAX_DEVICES for one in ({name: texts[name] for name in shared}, *apart))
        kept: dict[tuple[tuple[int, ...], ...], tuple[Side, ...]] = {}
        for sides in self._all({name: texts[name] for name in shared}, apart):
            kept.setdefault(tuple(tuple(one.mask for one in side) for side in sides), sides)
        self.alternatives = tuple(kept.values())

    def _all(self, shared: _Texts, apart: Sequence[_Texts]) -> Iterator[tuple[Side, ...]]:
        yield (self._unregistered(),)
        for described in _each(shared):
            base: Side = (Class({"device": described}, EVERY),)
            rest = (self._of_rule(number, described, own) for number, own in enumerate(apart))
            yield (base, *(side for side in rest if side != _ANYTHING))

    def _unregistered(self) -> Side:
        mask = EVERY
        for rule, including, excluding in self._rules:
            mask &= ~(excluding if device_matches(rule, None) else including)
        return (Class({"device": None}, mask),)

    def _of_rule(self, number: int, described: Mapping[str, str], own: _Texts) -> Side:
        """Whether a device matches one rule, as far as what it alone asks about decides that."""
        rule, including, excluding = self._rules[number]
        found = []
        for more in _each(own):
            matches = device_matches(rule, DeviceFacts({**described, **more}))
            found.append(Class({"device": more}, ~(excluding if matches else including)))
        return distinct(found)


_ANYTHING: Side = (Class({"device": {}}, EVERY),)


def device_of(chosen: Sequence[Class]) -> DeviceFacts | None:
    """The device that a class of each side of an alternative describes; None is one that is not registered."""
    described: dict[str, str] = {}
    for one in chosen:
        attributes = one.facts["device"]
        if attributes is None:
            return None
        described |= attributes
    return DeviceFacts(described)


def _rules(compiled: Compiled) -> list[tuple[Rule, int, int]]:
    """Each distinct rule, with the policies that are for the devices it matches, and for all but those."""
    found: dict[str, tuple[Rule, int, int]] = {}
    for number in numbers(compiled.device_filtered):
        filter_ = compiled.policies[number].conditions.device_filter
        if filter_ is not None:
            rule, including, excluding = found.get(filter_.rule.text, (filter_.rule, 0, 0))
            if filter_.mode is FilterMode.INCLUDE:
                including |= 1 << number
            else:
                excluding |= 1 << number
            found[rule.text] = rule, including, excluding
    return list(found.values())


def _mentioned(compiled: Compiled) -> dict[str, dict[str, None]]:
    """What is looked for, by attribute."""
    mentioned: dict[str, dict[str, None]] = {name: {value: None} for name, value in _VOUCHING.items()}
    for rule, _, _ in _rules(compiled):
        for comparison in comparisons(rule.expression):
            mentioned.setdefault(comparison.attribute, {}).update(dict.fromkeys(comparison.values))
    return mentioned


def _asked(rule: Rule) -> list[str]:
    return list(dict.fromkeys(comparison.attribute for comparison in comparisons(rule.expression)))


def _shared(names: Mapping[str, object], rules: Sequence[Rule]) -> list[str]:
    by_rules = Counter(name for rule in rules for name in _asked(rule))
    return [name for name in names if by_rules[name] > 1 or name in _VOUCHING or name in _ALSO_VOUCHING]


def _texts(literals: Mapping[str, None]) -> tuple[str | None, ...]:
    joined = ("".join(literals),) if len(literals) > 1 else ()
    return (None, *literals, *joined, "something else")


def _many(texts: _Texts) -> int:
    return prod(map(len, texts.values()))


def _each(texts: _Texts) -> Iterator[dict[str, str]]:
    """Every combination, those that are absent left out; so many at most."""
    for values in islice(product(*texts.values()), MAX_DEVICES):
        yield {name: value for name, value in zip(texts, values, strict=True) if value is not None}
