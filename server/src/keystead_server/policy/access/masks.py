"""Policies as the bits of a number, and tables from a value to the policies that it lets through."""

from collections.abc import Callable, Hashable, Iterable
from typing import Generic, TypeVar

from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import Unknown

_Value = TypeVar("_Value", bound=Hashable)

EVERY = -1
"""All bits, however many there are."""
Pairs = Iterable[tuple[Iterable[str], Iterable[str]]]


class Named:
    """Policies that include or exclude somebody or something by id."""

    def __init__(self, pairs: Pairs) -> None:
        self.table: dict[str, tuple[int, int]] = {}
        for number, (include, exclude) in enumerate(pairs):
            for one in include:
                self._add(one, 1 << number, 0)
            for one in exclude:
                self._add(one, 0, 1 << number)

    def _add(self, one: str, include: int, exclude: int) -> None:
        before = self.table.get(one, (0, 0))
        self.table[one] = before[0] | include, before[1] | exclude

    def of(self, one: str) -> tuple[int, int]:
        return self.table.get(one, (0, 0))

    def take(self, one: str) -> tuple[int, int]:
        """Of a word that is no id, such as `All`, which no id can then be mistaken for."""
        return self.table.pop(one, (0, 0))

    def any(self) -> tuple[int, int]:
        """Of all ids that are named at all."""
        return union(include for include, _ in self.table.values()), union(
            exclude for _, exclude in self.table.values()
        )


class ByValue(Generic[_Value]):
    """Policies that a value of one fact lets through."""

    def __init__(self, policies: Iterable[Policy], chosen: Callable[[Policy], frozenset[_Value] | None]) -> None:
        kept = list(policies)
        self.unconfigured = bits(kept, lambda policy: chosen(policy) is None)
        values = {value for policy in kept for value in chosen(policy) or ()}
        self.table = {
            value: self.unconfigured | bits(kept, lambda policy, value=value: value in (chosen(policy) or ()))  # type: ignore[misc]
            for value in values
        }

    def of(self, value: _Value | Unknown | None, surely: bool) -> int:
        """Those that *value* lets through; of one that nobody knows, those it surely does, or may."""
        if isinstance(value, Unknown):
            return self.unconfigured if surely else EVERY
        return self.unconfigured if value is None else self.table.get(value, self.unconfigured)


def numbers(mask: int) -> Iterable[int]:
    """Which bits of *mask* are set, lowest first."""
    # Found in its digits: to take the lowest bit off a number of 5,000 copies it three times.
    digits = bin(mask)[:1:-1]
    found = digits.find("1")
    while found >= 0:
        yield found
        found = digits.find("1", found + 1)


def bits(policies: Iterable[Policy], holds: Callable[[Policy], bool]) -> int:
    return sum(1 << number for number, policy in enumerate(policies) if holds(policy))


def union(masks: Iterable[int]) -> int:
    union = 0
    for mask in masks:
        union |= mask
    return union
