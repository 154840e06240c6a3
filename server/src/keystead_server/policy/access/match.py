"""Whether a condition matches: yes, no, or not to be told from the facts there are."""

from collections.abc import Iterable
from enum import Enum


class Match(Enum):
    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"

    @classmethod
    def of(cls, holds: bool) -> "Match":
        return cls.YES if holds else cls.NO

    def but_not(self, excluded: "Match") -> "Match":
        """Included by this and not excluded by *excluded*."""
        if self is Match.NO or excluded is Match.YES:
            return Match.NO
        return Match.YES if self is Match.YES and excluded is Match.NO else Match.UNKNOWN


def any_of(matches: Iterable[Match]) -> Match:
    found = set(matches)
    return Match.YES if Match.YES in found else Match.UNKNOWN if Match.UNKNOWN in found else Match.NO


def all_of(matches: Iterable[Match]) -> Match:
    found = set(matches)
    return Match.NO if Match.NO in found else Match.UNKNOWN if Match.UNKNOWN in found else Match.YES
