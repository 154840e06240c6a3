"""Ready-made policies: those of Microsoft's six categories, and ours.

TEMPLATES   every one, in the order in which a new organisation would take them
BY_ID       the same by their ids
"""

from collections.abc import Mapping
from typing import Any, Final

from keystead_server.policy.access.controls import ControlKind
from keystead_server.policy.access.template import PRIVILEGED_ROLES, Scenario, Template, body
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
    TransferMethod,
    UserAction,
)
from keystead_server.policy.strengths.model import MULTIFACTOR, PHISHING_RESISTANT, Strength

__all__ = ["BY_ID", "PRIVILEGED_ROLES", "TEMPLATES", "Scenario", "Template", "body"]

_AZURE_MANAGEMENT = "797f4846-ba00-4fd7-ba43-dac1f8f63013"
# A device must be able to enrol before it can be compliant.
_INTUNE_ENROLMENT = "d4ebce55-015a-49b5-a083-c84d1797ae8c"

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
