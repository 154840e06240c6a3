"""What policies know by id, by the names that people know."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from keystead_server.policy.access.template import PRIVILEGED_ROLES
from keystead_server.policy.access.vocabulary import (
    ADMIN_PORTALS,
    ALL,
    ALL_TRUSTED,
    GUESTS,
    NONE,
    OFFICE_365,
    OWN_SERVICE_PRINCIPALS,
    UserAction,
)
from keystead_server.policy.strengths.model import BUILT_IN

MAX_NAMED = 5


@dataclass(frozen=True, slots=True)
class Names:
    """Names of what policies know by id; users, groups, apps, roles, locations, strengths and terms in one."""

    by_id: Mapping[str, str] = field(default_factory=dict)

    def of(self, one: str) -> str:
        """The name it has; the words come first, for nothing may be called `All`."""
        return _WORDS.get(one) or self.by_id.get(one) or _BUILT_IN.get(one, one)

    def listed(self, ids: Iterable[str], *, last: str = "and") -> str:
        return listed(sorted(map(self.of, ids)), last=last)

    def within(self, says: str) -> str:
        """*says* with the ids in it replaced by names; ordinary words stay, be they in a policy's language too."""
        return _TOKEN.sub(lambda found: self._known(found[0]), says)

    def _known(self, token: str) -> str:
        return self.by_id.get(token) or _BUILT_IN.get(token) or _ACTIONS.get(token, token)


NO_NAMES = Names()
# Ids, and the user actions, which are URNs; no punctuation that a sentence puts behind them.
_TOKEN = re.compile(r"[0-9A-Za-z_-]+(?::[0-9A-Za-z_-]+)*")
_ACTIONS: Mapping[str, str] = {
    UserAction.REGISTER_SECURITY_INFO: "register security information",
    UserAction.REGISTER_DEVICE: "register a device",
}
_WORDS: Mapping[str, str] = {
    ALL: "all people",
    NONE: "no people",
    GUESTS: "guests",
    OFFICE_365: "Office 365",
    ADMIN_PORTALS: "administration portals",
    ALL_TRUSTED: "a trusted place",
    OWN_SERVICE_PRINCIPALS: "every service principal of the organisation",
    **_ACTIONS,
}
# Microsoft's own, which its templates and exported policies name and nobody registers here.
_WELL_KNOWN_APPS: Mapping[str, str] = {
    "797f4846-ba00-4fd7-ba43-dac1f8f63013": "Azure management",
    "d4ebce55-015a-49b5-a083-c84d1797ae8c": "Microsoft Intune enrolment",
}
_BUILT_IN: Mapping[str, str] = {
    **PRIVILEGED_ROLES,
    **_WELL_KNOWN_APPS,
    **{each.id: each.name for each in BUILT_IN.values()},
}


def listed(words: Iterable[str], *, last: str = "and") -> str:
    """ "a, b and c"; of many only the first few and how many more there are."""
    every = list(words)
    if len(every) > MAX_NAMED + 1:
        every = [*every[:MAX_NAMED], f"{len(every) - MAX_NAMED} more"]
    if len(every) < 2:
        return "".join(every)
    return f"{', '.join(every[:-1])} {last} {every[-1]}"
