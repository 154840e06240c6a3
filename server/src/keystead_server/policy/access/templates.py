"""Ready-made policies: those of Microsoft's six categories, and ours.

A template is Graph's JSON of a policy in report-only mode, so that it can be kept, read and replayed
before it is switched on. Ids are ours and stay the same.

    TEMPLATES   every one, in the order in which a new organisation would take them
    body        one of them as a policy that can be saved
"""

from collections.abc import Iterable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final
from uuid import UUID, uuid5

from keystead_server.policy.access.controls import ControlKind
from keystead_server.policy.access.vocabulary import (
    ADMIN_PORTALS,
    ALL,
    ALL_TRUSTED,
    GUESTS,
    NONE,
    OFFICE_365,
    OWN_SERVICE_PRINCIPALS,
    ClientApp,
    InsiderRisk,
    Platform,
    RiskLevel,
    State,
    TransferMethod,
    UserAction,
)
from keystead_server.policy.strengths.model import MULTIFACTOR, PHISHING_RESISTANT, Strength

_IDS = UUID("6d0c9a52-7f0e-5b0a-9d5e-2f7c0c1a7b11")
# The roles that Microsoft's administrator templates name, by their role template ids.
PRIVILEGED_ROLES: Final[Mapping[str, str]] = {
    "62e90394-69f5-4237-9190-012177145e10": "Global Administrator",
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3": "Application Administrator",
    "c4e39bd9-1100-46d3-8c65-fb160da0071f": "Authentication Administrator",
    "b0f54661-2d74-4c50-afa3-1ec803f12efe": "Billing Administrator",
    "158c047a-c907-4556-b7ef-446551a6b5f7": "Cloud Application Administrator",
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9": "Conditional Access Administrator",
    "29232cdf-9323-42fd-ade2-1d097af3e4de": "Exchange Administrator",
    "729827e3-9c14-49f7-bb1b-9608f156bbb8": "Helpdesk Administrator",
    "966707d0-3269-4727-9be2-8c3a10f19b9d": "Password Administrator",
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13": "Privileged Authentication Administrator",
    "e8611ab8-c189-46e8-94e1-60213ab1f814": "Privileged Role Administrator",
    "194ae4cb-b126-40b2-bd5b-6091b380977d": "Security Administrator",
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c": "SharePoint Administrator",
    "fe930be7-5e62-47db-91af-98c3a49a38b1": "User Administrator",
}
_AZURE_MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
# A device must be able to enrol before it can be compliant.
_INTUNE_ENROLMENT = "d4ebce55-015a-49b5-a083-c84d1797ae8c"


class Scenario(StrEnum):
    """Graph's `templateScenarios`; the last two are not in it."""

    SECURE_FOUNDATION = "secureFoundation"
    ZERO_TRUST = "zeroTrust"
    REMOTE_WORK = "remoteWork"
    PROTECT_ADMINS = "protectAdmins"
    EMERGING_THREATS = "emergingThreats"
    AI_AGENTS = "aiAgents"
    KEYSTEAD = "keystead"


@dataclass(frozen=True, slots=True)
class Template:
    """Attributes:
    details: `conditions`, `grantControls` and `sessionControls` in Graph's JSON; not to be changed.
    needs: what must be there before it can be met or can match, and is not there by itself.
    """

    key: str
    name: str
    description: str
    scenarios: frozenset[Scenario]
    details: Mapping[str, Any] = field(hash=False)
    needs: str = ""

    @property
    def id(self) -> str:
        return str(uuid5(_IDS, self.key))

    @property
    def is_about_people(self) -> bool:
        return "clientApplications" not in self.details["conditions"]


def body(template: Template, *, sparing: Iterable[str] = ()) -> dict[str, Any]:
    """*template* as a policy in report-only mode, for `read_policy`.

    Args:
        sparing: ids of people whom it is not for, such as its author. Break-glass accounts need no mention.
    """
    policy: dict[str, Any] = {
        "displayName": template.name,
        "description": template.description,
        "templateId": template.id,
        "state": State.REPORT_ONLY.value,
        **deepcopy(dict(template.details)),
    }
    if template.is_about_people:
        users = policy["conditions"]["users"]
        users["excludeUsers"] = sorted({*users.get("excludeUsers", ()), *sparing})
    return policy


# -- what templates are put together from ---------------------------------------------------------------

_EVERYBODY = {"includeUsers": [ALL]}
_ADMINISTRATORS = {"includeRoles": sorted(PRIVILEGED_ROLES)}
_EVERYTHING = {"includeApplications": [ALL]}
_BUT_ENROLMENT = {**_EVERYTHING, "excludeApplications": [_INTUNE_ENROLMENT]}


def _details(
    users: Mapping[str, Any],
    apps: Mapping[str, Any] = _EVERYTHING,
    *,
    grant: Mapping[str, Any] | None = None,
    session: Mapping[str, Any] | None = None,
    **conditions: Any,
) -> dict[str, Any]:
    common = {"users": dict(users), "applications": dict(apps)}
    return {"conditions": {**common, **conditions}, "grantControls": grant, "sessionControls": session}


def _any_of(*controls: ControlKind) -> dict[str, Any]:
    return {"operator": "OR", "builtInControls": [control.value for control in controls]}


def _strength(strength: Strength, *controls: ControlKind) -> dict[str, Any]:
    built_in = [control.value for control in controls]
    return {"operator": "AND", "builtInControls": built_in, "authenticationStrength": {"id": strength.id}}


_BLOCK, _MFA = _any_of(ControlKind.BLOCK), _any_of(ControlKind.MFA)
_RESISTANT = _strength(PHISHING_RESISTANT)
_MANAGED = (ControlKind.COMPLIANT_DEVICE, ControlKind.JOINED_DEVICE)
_AWAY = {"includeLocations": [ALL], "excludeLocations": [ALL_TRUSTED]}
_EVERY_TIME = {"signInFrequency": {"isEnabled": True, "frequencyInterval": "everyTime"}}
# An exclusion, because no unregistered device matches a rule that asks for something (§4.6).
_UNMANAGED = {
    "deviceFilter": {"mode": "exclude", "rule": 'device.isCompliant -eq True -or device.trustType -eq "ServerAD"'}
}
_NEEDS_DEVICES = "devices that are joined here or reported as compliant"
_NEEDS_APPS = "something that vouches for apps; nothing here does, so it keeps everybody out whom it is for"
_NEEDS_RISK = "nothing: risk is detected from the sign-in log"
_FOUNDATION, _ZERO, _REMOTE = Scenario.SECURE_FOUNDATION, Scenario.ZERO_TRUST, Scenario.REMOTE_WORK
_ADMINS, _THREATS, _OURS = Scenario.PROTECT_ADMINS, Scenario.EMERGING_THREATS, Scenario.KEYSTEAD


def _template(key: str, name: str, says: str, *scenarios: Scenario, needs: str = "", **details: Any) -> Template:
    return Template(key, name, says, frozenset(scenarios), _details(**details), needs)


TEMPLATES: Final[tuple[Template, ...]] = (
    _template(
        "block-legacy-authentication", "Block legacy authentication",
        "Protocols that know nothing but a password cannot ask for anything else.",
        _FOUNDATION, _REMOTE, _ADMINS,
        users=_EVERYBODY, grant=_BLOCK,
        clientAppTypes=[ClientApp.EXCHANGE_ACTIVE_SYNC.value, ClientApp.OTHER.value],
    ),
    _template(
        "mfa-administrators", "Multifactor authentication for administrators",
        "Whoever holds a privileged role proves two factors, whatever they reach for.",
        _FOUNDATION, _ZERO, _REMOTE, _ADMINS,
        users=_ADMINISTRATORS, grant=_MFA,
    ),
    _template(
        "security-info", "Secure the registration of security information",
        "Away from trusted places, registering a method asks for two factors; a Temporary Access Pass is two.",
        _FOUNDATION, _ZERO, _REMOTE,
        users={**_EVERYBODY, "excludeUsers": [GUESTS]},
        apps={"includeUserActions": [UserAction.REGISTER_SECURITY_INFO.value]},
        locations=_AWAY, grant=_strength(MULTIFACTOR),
    ),
    _template(
        "mfa-everybody", "Multifactor authentication for everybody",
        "Two factors for everyone and everything.",
        _FOUNDATION, _ZERO, _REMOTE,
        users=_EVERYBODY, grant=_MFA,
    ),
    _template(
        "mfa-azure-management", "Multifactor authentication for Azure management",
        "Two factors for Azure's management interface, where it signs in here.",
        _FOUNDATION, _ZERO, _ADMINS,
        users=_EVERYBODY, apps={"includeApplications": [_AZURE_MANAGEMENT]}, grant=_MFA,
    ),
    _template(
        "mfa-admin-portals", "Multifactor authentication for administration portals",
        "Two factors of privileged roles at portals of administration.",
        _FOUNDATION, _ADMINS,
        users=_ADMINISTRATORS, apps={"includeApplications": [ADMIN_PORTALS]}, grant=_strength(MULTIFACTOR),
    ),
    _template(
        "compliant-device", "A managed device or two factors for everybody",
        "Where the device is not managed, a second factor makes up for it.",
        _FOUNDATION, _ZERO, _REMOTE, needs=_NEEDS_DEVICES,
        users=_EVERYBODY, apps=_BUT_ENROLMENT, grant=_any_of(ControlKind.MFA, *_MANAGED),
    ),
    _template(
        "managed-device-everybody", "A managed device for everybody",
        "Nobody reaches anything from a device that is neither joined nor compliant.",
        _FOUNDATION, needs=_NEEDS_DEVICES,
        users=_EVERYBODY, apps=_BUT_ENROLMENT, grant=_any_of(*_MANAGED),
    ),
    _template(
        "mfa-guests", "Multifactor authentication for guests",
        "Guests prove two factors, whatever they reach for.",
        _ZERO, _REMOTE,
        users={"includeUsers": [GUESTS]}, grant=_MFA,
    ),
    _template(
        "mfa-risky-sign-ins", "Multifactor authentication for risky sign-ins",
        "A sign-in of medium or high risk proves two factors anew.",
        _ZERO, _REMOTE, needs=_NEEDS_RISK,
        users=_EVERYBODY, signInRiskLevels=[RiskLevel.HIGH.value, RiskLevel.MEDIUM.value],
        grant=_MFA, session=_EVERY_TIME,
    ),
    _template(
        "remediate-high-risk", "Remediation for people at high risk",
        "Whoever is at high risk proves two factors, and somebody looks into it.",
        _ZERO, _REMOTE, needs=_NEEDS_RISK,
        users=_EVERYBODY, userRiskLevels=[RiskLevel.HIGH.value],
        grant=_strength(MULTIFACTOR, ControlKind.RISK_REMEDIATION), session=_EVERY_TIME,
    ),
    _template(
        "block-unknown-platforms", "Block platforms that nobody recognises",
        "What is none of the known operating systems gets nowhere.",
        _ZERO, _REMOTE,
        users=_EVERYBODY,
        platforms={"includePlatforms": ["all"], "excludePlatforms": [each.value for each in Platform]}, grant=_BLOCK,
    ),
    _template(
        "no-persistent-browser", "No persistent browser on unmanaged devices",
        "Browsers on devices that are not managed ask again each hour, and when they were closed.",
        _ZERO, _REMOTE,
        users=_EVERYBODY, devices=_UNMANAGED,
        session={
            "persistentBrowser": {"isEnabled": True, "mode": "never"},
            "signInFrequency": {"isEnabled": True, "value": 1, "type": "hours", "frequencyInterval": "timeBased"},
        },
    ),
    _template(
        "block-insider-risk", "Block people at elevated insider risk",
        "Whom another system reports as an elevated insider risk is kept out of Office 365.",
        _ZERO, needs="insider risk levels from a system that has them",
        users=_EVERYBODY, apps={"includeApplications": [OFFICE_365]},
        insiderRiskLevels=InsiderRisk.ELEVATED.value, grant=_BLOCK,
    ),
    _template(
        "managed-device-administrators", "A managed device for administrators",
        "Privileged roles work from devices that are joined or compliant.",
        _REMOTE, _ADMINS, needs=_NEEDS_DEVICES,
        users=_ADMINISTRATORS, apps=_BUT_ENROLMENT, grant=_any_of(*_MANAGED),
    ),
    _template(
        "app-enforced-restrictions", "Let apps restrict unmanaged devices",
        "Office 365 is told whether the device is managed, and restricts by itself.",
        _REMOTE,
        users=_EVERYBODY, apps={"includeApplications": [OFFICE_365]},
        session={"applicationEnforcedRestrictions": {"isEnabled": True}},
    ),
    _template(
        "protected-apps", "Approved or protected apps on phones",
        "On phones only apps that are approved or protected.",
        _REMOTE, needs=_NEEDS_APPS,
        users=_EVERYBODY, platforms={"includePlatforms": [Platform.ANDROID.value, Platform.IOS.value]},
        grant=_any_of(ControlKind.APPROVED_APP, ControlKind.COMPLIANT_APP),
    ),
    _template(
        "phishing-resistant-administrators", "Phishing-resistant sign-in for administrators",
        "Privileged roles sign in with what no look-alike page can use.",
        _ADMINS, _THREATS,
        users=_ADMINISTRATORS, grant=_RESISTANT,
    ),
    _template(
        "block-risky-agents", "Block agents at high risk",
        "Agents sign in as service principals; one at high risk gets nowhere.",
        Scenario.AI_AGENTS, needs="risk levels of service principals, from a system that has them",
        users={"includeUsers": [NONE]},
        clientApplications={"includeServicePrincipals": [OWN_SERVICE_PRINCIPALS]},
        servicePrincipalRiskLevels=[RiskLevel.HIGH.value], grant=_BLOCK,
    ),
    _template(
        "phishing-resistant-everybody", "Phishing-resistant sign-in for everybody",
        "Everyone signs in with a passkey or another method that no look-alike page can use.",
        _OURS,
        users=_EVERYBODY, grant=_RESISTANT,
    ),
    _template(
        "passes-may-register", "A Temporary Access Pass may register the first passkey",
        "Beside a phishing-resistant rule for everything: newcomers register with a pass, nobody with a password alone.",
        _OURS,
        users=_EVERYBODY, apps={"includeUserActions": [UserAction.REGISTER_SECURITY_INFO.value]},
        grant=_strength(MULTIFACTOR),
    ),
    _template(
        "trusted-devices-administrators", "Phishing-resistant sign-in on a compliant device for administrators",
        "Privileged roles bring both a passkey and a device that is compliant.",
        _OURS, needs=_NEEDS_DEVICES,
        users=_ADMINISTRATORS, apps=_BUT_ENROLMENT,
        grant=_strength(PHISHING_RESISTANT, ControlKind.COMPLIANT_DEVICE),
    ),
    _template(
        "block-device-code", "Block sign-in by device code",
        "A code typed on another device is what phishers ask for.",
        _OURS,
        users=_EVERYBODY,
        authenticationFlows={
            "transferMethods": f"{TransferMethod.DEVICE_CODE},{TransferMethod.AUTHENTICATION_TRANSFER}"
        },
        grant=_BLOCK,
    ),
    _template(
        "block-high-risk-sign-ins", "Block sign-ins at high risk",
        "Sign-ins of high risk, such as a passkey whose counter went back, are ended at once.",
        _OURS, needs=_NEEDS_RISK,
        users=_EVERYBODY, signInRiskLevels=[RiskLevel.HIGH.value], grant=_BLOCK,
    ),
    _template(
        "bound-sessions", "Sessions bound to their device",
        "A stolen cookie or token is worth nothing elsewhere.",
        _OURS, needs="sessions that are bound to their device: none can be bound here yet, so enforced it lets nobody in",
        users=_EVERYBODY, session={"secureSignInSession": {"isEnabled": True}},
    ),
)  # fmt: skip
BY_ID: Final[Mapping[str, Template]] = {template.id: template for template in TEMPLATES}
