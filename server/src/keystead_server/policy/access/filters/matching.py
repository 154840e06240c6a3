"""Rule + attributes → matches or not, with Graph's reading of what is absent (§4.6).

A thing that has no attribute matches no positive comparison and every negative one. That is why an
unregistered device, which has none at all, is matched by `device.model -ne "X"`; `lint` says so.
"""

from collections.abc import Mapping

from keystead_server.policy.access.facts import Attribute, DeviceFacts
from keystead_server.policy.access.filters.subjects import EXTENSION_ATTRIBUTES, NEGATIVE
from keystead_server.policy.access.filters.syntax import Comparison, Every, Expression, Opposite, Rule, Some

_POSITIVE_OF = {
    "ne": "eq",
    "notIn": "in",
    "notContains": "contains",
    "notStartsWith": "startsWith",
    "notEndsWith": "endsWith",
}
_NONE: Mapping[str, Attribute] = {}


def device_matches(rule: Rule, device: DeviceFacts | None) -> bool:
    """Whether *rule* matches; *device* None is one that is not registered."""
    if device is None:
        return _matches(rule.expression, _NONE, hide_extensions=False) is True
    return _matches(rule.expression, device.attributes, hide_extensions=not device.is_vouched_for) is True


def attributes_match(rule: Rule, attributes: Mapping[str, Attribute]) -> bool:
    """Whether *rule* matches what has *attributes*: an app, or a service principal."""
    return _matches(rule.expression, attributes, hide_extensions=False) is True


def _matches(expression: Expression, attributes: Mapping[str, Attribute], *, hide_extensions: bool) -> bool | None:
    """None where an extension attribute decides and nobody vouches for it: neither it nor its opposite matches."""
    match expression:
        case Comparison():
            if hide_extensions and expression.attribute in EXTENSION_ATTRIBUTES:
                return None
            return compares(expression, attributes.get(expression.attribute))
        case Every(parts):
            found = [_matches(part, attributes, hide_extensions=hide_extensions) for part in parts]
            return False if False in found else None if None in found else True
        case Some(parts):
            found = [_matches(part, attributes, hide_extensions=hide_extensions) for part in parts]
            return True if True in found else None if None in found else False
        case Opposite(part):
            inside = _matches(part, attributes, hide_extensions=hide_extensions)
            return None if inside is None else not inside


def compares(comparison: Comparison, value: Attribute | None) -> bool:
    """Whether one comparison holds of *value*; None is absent."""
    negative = comparison.operator in NEGATIVE
    if value is None:
        return negative
    positive = _POSITIVE_OF.get(comparison.operator, comparison.operator)
    return _holds(positive, value, comparison.values) is not negative


def _holds(operator: str, value: Attribute, wanted: tuple[str, ...]) -> bool:
    if isinstance(value, tuple):
        # §4.6: "whole element, not substring".
        return any(_holds("eq" if operator == "contains" else operator, part, wanted) for part in value)
    match operator:
        case "contains":
            return wanted[0] in value
        case "startsWith":
            return value.startswith(wanted[0])
        case "endsWith":
            return value.endswith(wanted[0])
        case _:
            return value in wanted
