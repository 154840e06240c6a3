"""Where a rule that is well formed may not mean what its writer thinks."""

from collections.abc import Iterator
from dataclasses import dataclass

from keystead_server.policy.access.facts import DeviceFacts
from keystead_server.policy.access.filters.matching import device_matches
from keystead_server.policy.access.filters.subjects import EDITABLE_ATTRIBUTES, EXTENSION_ATTRIBUTES, NEGATIVE
from keystead_server.policy.access.filters.syntax import Comparison, Every, Expression, Opposite, Rule, Some
from keystead_server.policy.access.vocabulary import FilterMode

_UNREGISTERED: DeviceFacts | None = None


@dataclass(frozen=True, slots=True)
class Remark:
    """Attributes:
    id: stable; what kind of surprise it is.
    position: of the comparison, counted from 1.
    """

    id: str
    position: int
    says: str


def lint(rule: Rule, mode: FilterMode) -> tuple[Remark, ...]:
    """What is worth a word about a device filter."""
    return (*_about_absence(rule, mode), *_about_editable(rule), *_about_extensions(rule))


def relies_on_absence(rule: Rule) -> bool:
    """Whether the rule matches a device that is not registered, because of what that does not have."""
    return device_matches(rule, _UNREGISTERED)


def comparisons(expression: Expression) -> Iterator[Comparison]:
    match expression:
        case Comparison():
            yield expression
        case Every(parts) | Some(parts):
            for part in parts:
                yield from comparisons(part)
        case Opposite(part):
            yield from comparisons(part)


def _about_absence(rule: Rule, mode: FilterMode) -> Iterator[Remark]:
    negative = [c for c in comparisons(rule.expression) if c.operator in NEGATIVE]
    if relies_on_absence(rule):
        at = negative[0].position if negative else 1
        effect = "the policy spares it" if mode is FilterMode.EXCLUDE else "the policy is meant for it"
        yield Remark("unregistered_matches", at, f"a device that is not registered matches this rule, so {effect}")
    elif mode is FilterMode.INCLUDE:
        yield Remark(
            "unregistered_never_matches",
            1,
            "a device that is not registered never matches this rule, so the policy is not meant for it",
        )


def _about_editable(rule: Rule) -> Iterator[Remark]:
    every = list(comparisons(rule.expression))
    if all(c.attribute in EDITABLE_ATTRIBUTES for c in every):
        yield Remark(
            "editable_alone",
            every[0].position,
            "whoever uses the device can change this; ask for something else beside it",
        )


def _about_extensions(rule: Rule) -> Iterator[Remark]:
    for comparison in comparisons(rule.expression):
        if comparison.attribute in EXTENSION_ATTRIBUTES:
            yield Remark(
                "extension_needs_management",
                comparison.position,
                "extension attributes count only on a device that is managed, compliant or joined",
            )
            return
