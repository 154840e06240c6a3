"""Classes of sign-ins: those that differ in nothing that a policy asks on one side, and the search for a combination.

A side is one thing that policies ask about; each of its classes lets some policies through. A search wants
all of some policies let through by every side, and each of some others stopped by one.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Class:
    """Sign-ins that differ in nothing that a policy asks on one side.

    Attributes:
        facts: one of them, as changes to a sign-in.
        mask: the policies that it lets through.
    """

    facts: dict[str, Any]
    mask: int


Side = tuple[Class, ...]


def distinct(classes: Iterable[Class]) -> Side:
    kept: dict[int, Class] = {}
    for one in classes:
        kept.setdefault(one.mask, one)
    return tuple(kept.values())


def least(side: Side, all_of: int, none_of: int) -> Side:
    """The classes of *side* that a search needs to look at.

    One that stops any of *all_of* is no use; and one that lets through all of *none_of* that another does,
    and more, finds nothing that the other does not.
    """
    useful: dict[int, Class] = {}
    for one in side:
        if one.mask & all_of == all_of:
            useful.setdefault(one.mask & none_of, one)
    kept: dict[int, Class] = {}
    for unwanted in sorted(useful, key=int.bit_count):
        if not any(other & ~unwanted == 0 for other in kept):
            kept[unwanted] = Class(useful[unwanted].facts, unwanted)
    return tuple(kept.values())


def search(sides: Sequence[Side], unwanted: int) -> list[Class] | None:
    """Choose a class of each side so that nothing *unwanted* is let through by all of them; None: there is no such choice.

    The sides are as `least` leaves them.
    """
    # Where one side leaves no choice, the others need not be tried with it.
    return _search(sorted(sides, key=len), 0, unwanted, set())


def _search(sides: Sequence[Side], at: int, left: int, dead: set[tuple[int, int]]) -> list[Class] | None:
    """What is let through only shrinks, and a branch that was followed from the same remainder is not followed again."""
    if (at, left) in dead:
        return None
    if at == len(sides):
        return None if left else []
    for one in sides[at]:
        rest = _search(sides, at + 1, left & one.mask, dead)
        if rest is not None:
            return [one, *rest]
    dead.add((at, left))
    return None
