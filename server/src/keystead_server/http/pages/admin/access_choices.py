"""What the boxes and lists of the policy editor offer: fixed words, and what the organisation has, by name.

What a policy names already and nobody has any more is offered too, by its id: it must not vanish unseen.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, TypeVar

from keystead_server.flows.access_facts import OWN_APPS, ROLE_TEMPLATES
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_desk import Standing
from keystead_server.http.pages.admin.access_form import AccessForm
from keystead_server.policy.access.controls import (
    BUILT_IN_CONTROLS,
    AccessEvaluation,
    AppSecurity,
    BrowserMode,
    Control,
    ControlKind,
    FrequencyInterval,
    FrequencyScope,
    FrequencyUnit,
    Operator,
)
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.template import PRIVILEGED_ROLES
from keystead_server.policy.access.vocabulary import (
    ADMIN_PORTALS,
    ALL,
    ALL_TRUSTED,
    GUESTS,
    NONE,
    OFFICE_365,
    OWN_SERVICE_PRINCIPALS,
    FilterMode,
    InsiderRisk,
    RiskLevel,
    State,
    UserAction,
)
from keystead_server.policy.access.words import GUEST_WORDS
from keystead_server.policy.access.words_asked import control_words
from keystead_server.policy.access.words_given import CLIENT_WORDS, FLOW_WORDS, PLATFORM_WORDS

_Word = TypeVar("_Word", bound=str)
Choices = tuple[tuple[str, str], ...]


def _first_large(words: str) -> str:
    return words[:1].upper() + words[1:]


def _told(words: Mapping[_Word, str]) -> Choices:
    return tuple((str(one), _first_large(said)) for one, said in words.items())


_SUITES = ((OFFICE_365, "Office 365"), (ADMIN_PORTALS, "Microsoft's administration portals"))
_RISKS = (
    (RiskLevel.HIGH.value, "High"), (RiskLevel.MEDIUM.value, "Medium"), (RiskLevel.LOW.value, "Low"),
    (RiskLevel.NONE.value, "None"),
)  # fmt: skip
_PLATFORMS = (("all", "Any platform"), *_told(PLATFORM_WORDS))
FIXED: Final[Mapping[str, Choices]] = {
    "include-words": ((ALL, "Everybody"), (GUESTS, "Every guest"), (NONE, "Nobody")),
    "exclude-words": ((GUESTS, "Every guest"),),
    "guests": _told(GUEST_WORDS),
    "actions": (
        (UserAction.REGISTER_SECURITY_INFO.value, "Register security information, such as a passkey"),
        (UserAction.REGISTER_DEVICE.value, "Register a device"),
    ),
    "clients": _told(CLIENT_WORDS),
    "platforms": _PLATFORMS,
    "exclude-platforms": _PLATFORMS,
    "flows": _told(FLOW_WORDS),
    "sign-in-risks": _RISKS,
    "user-risks": _RISKS,
    "service-risks": _RISKS,
    "insider-risks": tuple((one.value, _first_large(one.value)) for one in reversed(InsiderRisk)),
    "controls": tuple(
        (kind.value, _first_large(control_words(Control(kind))))
        for kind in ControlKind
        if kind in BUILT_IN_CONTROLS and kind is not ControlKind.BLOCK
    ),
    "effects": ((ControlKind.BLOCK.value, "Block access"), ("grant", "Let in, and ask for what is ticked")),
    "operators": (
        (Operator.AND.value, "Everything that is ticked"),
        (Operator.OR.value, "One of what is ticked is enough"),
    ),
    "states": (
        (State.REPORT_ONLY.value, "Report-only: decided and logged, without effect"),
        (State.ENABLED.value, "On"),
        (State.DISABLED.value, "Off"),
    ),
    "device-modes": (
        ("", "Any device"),
        (FilterMode.INCLUDE.value, "Only devices that match the rule"),
        (FilterMode.EXCLUDE.value, "Every device but those that match the rule"),
    ),
    "filter-modes": (
        ("", "No rule"),
        (FilterMode.INCLUDE.value, "Include what matches the rule"),
        (FilterMode.EXCLUDE.value, "Spare what matches the rule"),
    ),
    "frequencies": (
        ("", "As usual"),
        (FrequencyUnit.HOURS.value, "After some hours"),
        (FrequencyUnit.DAYS.value, "After some days"),
        (FrequencyInterval.EVERY_TIME.value, "Every time"),
    ),
    "frequency-scopes": (
        (FrequencyScope.PRIMARY_AND_SECONDARY.value, "The whole sign-in"),
        (FrequencyScope.SECONDARY.value, "The second factor only"),
    ),
    "browsers": (
        ("", "As usual"),
        (BrowserMode.ALWAYS.value, "Stays signed in"),
        (BrowserMode.NEVER.value, "Does not stay signed in"),
    ),
    "evaluations": (
        ("", "As usual"),
        (AccessEvaluation.STRICT_ENFORCEMENT.value, "Evaluated continuously"),
        (AccessEvaluation.STRICT_LOCATION.value, "Evaluated continuously, the place strictly"),
        (AccessEvaluation.DISABLED.value, "Not evaluated continuously"),
    ),
    "app-securities": (
        ("", "None"),
        (AppSecurity.MCAS_CONFIGURED.value, "App control decides"),
        (AppSecurity.MONITOR_ONLY.value, "App control watches"),
        (AppSecurity.BLOCK_DOWNLOADS.value, "App control blocks downloads"),
    ),
}


@dataclass(frozen=True, slots=True)
class Offered:
    """Attributes:
    by_field: what each list of boxes offers.
    """

    by_field: Mapping[str, Choices]

    def __getitem__(self, field: str) -> Choices:
        return self.by_field[field]


async def offered(call: Call, form: AccessForm, now: Standing) -> Offered:
    store, tenant, rules = call.services.store, call.tenant.id, now.rules
    groups = [(group.id, group.name) for group in await store.groups.all(tenant)]
    registered = [(app.id, app.name) for app in await store.apps.all(tenant)]
    apps = [*((str(app), name) for app, name in OWN_APPS.items()), *registered]
    places = [(ALL_TRUSTED, "Any trusted place"), *((one.id, one.name) for one in rules.set.locations)]
    here: dict[str, Iterable[tuple[str, str]]] = {
        "groups": groups,
        "roles": _roles(),
        "apps": [(ALL, "Everything"), (NONE, "Nothing"), *_SUITES, *apps],
        "exclude-apps": [*_SUITES, *apps],
        "services": [(OWN_SERVICE_PRINCIPALS, "Every service principal of the organisation"), *registered],
        "exclude-services": registered,
        "contexts": [(one.id, f"{one.name} ({one.id})") for one in rules.contexts],
        "locations": [(ALL, "Anywhere"), *places],
        "exclude-locations": places,
        "terms": [(one, now.names.of(one)) for one in sorted(rules.set.terms)],
        "strengths": [("", "None"), *((one.id, one.name) for one in rules.set.all_strengths.values())],
    }
    with_gone = {field: _with_gone(choices, _chosen(form, field), now.names) for field, choices in here.items()}
    return Offered({**FIXED, **with_gone})


def _roles() -> list[tuple[str, str]]:
    """Those that people can have here first; the others are Entra's, which exported policies name."""
    ours = {template: role.value for role, template in ROLE_TEMPLATES.items()}
    return [*ours.items(), *((one, name) for one, name in PRIVILEGED_ROLES.items() if one not in ours)]


def _chosen(form: AccessForm, field: str) -> tuple[str, ...]:
    if field in ("groups", "roles"):
        return (*form.all(f"include-{field}"), *form.all(f"exclude-{field}"))
    return form.all("strength" if field == "strengths" else field)


def _with_gone(choices: Iterable[tuple[str, str]], chosen: Iterable[str], names: Names) -> Choices:
    listed = tuple(choices)
    known = {one for one, _ in listed}
    return (*listed, *((one, names.of(one)) for one in dict.fromkeys(chosen) if one not in known))
