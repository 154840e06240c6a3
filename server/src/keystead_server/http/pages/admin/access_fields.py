"""Where each field of the policy editor stands in Graph's JSON.

TICKS     boxes: a list of words or ids
LINES     text with one id a line, for what has no box; goes into the same list as the ticks beside it
PLACES    a property's path → the field beside which a complaint about it stands
"""

from collections.abc import Mapping
from typing import Final

from keystead_server.policy.access.vocabulary import (
    ALL,
    GUESTS,
    NONE,
)

USERS, APPLICATIONS, SERVICES = "conditions.users", "conditions.applications", "conditions.clientApplications"

TICKS: Final[Mapping[str, str]] = {
    "include-words": f"{USERS}.includeUsers",
    "include-groups": f"{USERS}.includeGroups",
    "include-roles": f"{USERS}.includeRoles",
    "exclude-words": f"{USERS}.excludeUsers",
    "exclude-groups": f"{USERS}.excludeGroups",
    "exclude-roles": f"{USERS}.excludeRoles",
    "services": f"{SERVICES}.includeServicePrincipals",
    "exclude-services": f"{SERVICES}.excludeServicePrincipals",
    "apps": f"{APPLICATIONS}.includeApplications",
    "exclude-apps": f"{APPLICATIONS}.excludeApplications",
    "actions": f"{APPLICATIONS}.includeUserActions",
    "contexts": f"{APPLICATIONS}.includeAuthenticationContextClassReferences",
    "clients": "conditions.clientAppTypes",
    "platforms": "conditions.platforms.includePlatforms",
    "exclude-platforms": "conditions.platforms.excludePlatforms",
    "locations": "conditions.locations.includeLocations",
    "exclude-locations": "conditions.locations.excludeLocations",
    "sign-in-risks": "conditions.signInRiskLevels",
    "user-risks": "conditions.userRiskLevels",
    "service-risks": "conditions.servicePrincipalRiskLevels",
    "insider-risks": "conditions.insiderRiskLevels",
    "flows": "conditions.authenticationFlows.transferMethods",
    "controls": "grantControls.builtInControls",
    "terms": "grantControls.termsOfUse",
}
LINES: Final[Mapping[str, str]] = {
    "services-others": TICKS["services"],
    "exclude-services-others": TICKS["exclude-services"],
    "apps-others": TICKS["apps"],
    "exclude-apps-others": TICKS["exclude-apps"],
    "factors": "grantControls.customAuthenticationFactors",
}
FILTERS: Final[Mapping[str, str]] = {
    "device": "conditions.devices.deviceFilter",
    "app-filter": f"{APPLICATIONS}.applicationFilter",
    "service-filter": f"{SERVICES}.servicePrincipalFilter",
}
USER_WORDS: Final = frozenset({ALL, NONE, GUESTS})
# One text, or what is chosen from a list.
CHOSEN: Final = ("name", "description", "state", "template", "effect", "operator", "strength")
SESSION: Final = (
    "frequency", "frequency-value", "frequency-scope", "browser", "evaluation", "app-security", "bound", "restrictions",
    "resilience",
)  # fmt: skip
SIDES: Final = ("include", "exclude")
FIELDS: Final = (
    *TICKS,
    *LINES,
    *CHOSEN,
    *SESSION,
    *(f"{side}-{kind}" for side in SIDES for kind in ("users", "guests", "guest-tenants")),
    *(f"{name}-{part}" for name in FILTERS for part in ("mode", "rule")),
)
GUEST_PATHS: Final = {side: f"{USERS}.{side}GuestsOrExternalUsers" for side in SIDES}

PLACES: Final[Mapping[str, str]] = {
    "displayName": "name",
    "description": "description",
    "state": "state",
    USERS: "include-words",
    **{path: field for field, path in TICKS.items()},
    f"{USERS}.includeUsers": "include-users",
    f"{USERS}.excludeUsers": "exclude-users",
    **{path: f"{side}-guests" for side, path in GUEST_PATHS.items()},
    f"{USERS}.expiringExclusions": "until",
    APPLICATIONS: "apps",
    SERVICES: "services",
    **{path: f"{name}-mode" for name, path in FILTERS.items()},
    **{f"{path}.rule": f"{name}-rule" for name, path in FILTERS.items()},
    "conditions.devices": "device-mode",
    "conditions.platforms": "platforms",
    "conditions.locations": "locations",
    "conditions.authenticationFlows": "flows",
    "grantControls": "controls",
    "grantControls.operator": "operator",
    "grantControls.authenticationStrength": "strength",
    "grantControls.customAuthenticationFactors": "factors",
    "sessionControls": "frequency",
    "sessionControls.persistentBrowser": "browser",
    "sessionControls.continuousAccessEvaluation": "evaluation",
    "sessionControls.cloudAppSecurity": "app-security",
    "sessionControls.secureSignInSession": "bound",
}


def place_of(target: str) -> str:
    """The field for a complaint about *target*; "" for one that is about no field."""
    path = target
    while path:
        bare = path.partition("[")[0]
        if bare in PLACES:
            return PLACES[bare]
        path = path.rpartition(".")[0]
    return ""
