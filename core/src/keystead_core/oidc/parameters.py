"""Parameters of a query or a form, as OAuth wants them read.

RFC 6749 §3.1: "Parameters sent without a value MUST be treated as if they were
omitted from the request", unrecognised ones are ignored, and "parameters MUST
NOT be included more than once": of two values, two programs pick different ones.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keystead_core.fast_init import fast_init

VISIBLE_ASCII = re.compile(r"[\x20-\x7e]*")
"""RFC 6749 Appendix A: *VSCHAR."""
TEXT = re.compile(r"[^\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]*")
"""Anything that cannot break a line, a header or a log."""


@dataclass(frozen=True, slots=True)
class Rule:
    max_characters: int
    characters: re.Pattern[str] = VISIBLE_ASCII


@fast_init
@dataclass(frozen=True, slots=True)
class KnownParameters:
    """The values of the parameters we know, and what is wrong with the others of them.

    A name is in `values`, or in `faults`, or was not sent.
    """

    values: Mapping[str, str]
    faults: Mapping[str, str]

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def first_fault(self) -> str | None:
        return next(iter(self.faults.values()), None)


def read_parameters(pairs: Iterable[tuple[str, str]], rules: Mapping[str, Rule]) -> KnownParameters:
    values: dict[str, str] = {}
    faults: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in pairs:
        rule = rules.get(name)
        if rule is None:
            continue
        fault = _fault(name, value, rule, repeated=name in seen)
        seen.add(name)
        if fault is not None:
            faults[name] = fault
            values.pop(name, None)
        elif value and name not in faults:
            values[name] = value
    return KnownParameters(values, faults)


def _fault(name: str, value: str, rule: Rule, *, repeated: bool) -> str | None:
    if repeated:
        return f"{name} is given more than once"
    if len(value) > rule.max_characters:
        return f"{name} is longer than {rule.max_characters} characters"
    if not rule.characters.fullmatch(value):
        return f"{name} has characters that are not allowed"
    return None
