"""A policy → Graph's JSON. Read and written again, it is the same but for ids and times."""

from collections.abc import Iterable, Mapping
from typing import Any

from keystead_server.policy.access.controls import (
    BUILT_IN_CONTROLS,
    NO_SESSION_CONTROLS,
    ControlKind,
    GrantControls,
    SessionControls,
)
from keystead_server.policy.access.model import (
    Applications,
    Conditions,
    Filter,
    Guests,
    Locations,
    Platforms,
    Policy,
    Users,
    Workloads,
)
from keystead_server.policy.access.vocabulary import GuestType, InsiderRisk, RiskLevel, TransferMethod
from keystead_server.policy.strengths.document import strength_to_json
from keystead_server.policy.strengths.model import BUILT_IN, Strength


def policy_to_json(policy: Policy, strengths: Mapping[str, Strength] = BUILT_IN) -> dict[str, Any]:
    """Graph's form of *policy*; a strength that is in *strengths* is written out whole, as Graph does."""
    return {
        "id": policy.id,
        "templateId": policy.template_id,
        "displayName": policy.name,
        "description": policy.description or None,
        "createdDateTime": policy.created_at.isoformat() if policy.created_at else None,
        "modifiedDateTime": policy.modified_at.isoformat() if policy.modified_at else None,
        "state": policy.state.value,
        "conditions": conditions_to_json(policy.conditions),
        "grantControls": None if policy.grant is None else _grant(policy.grant, strengths),
        "sessionControls": None if policy.session == NO_SESSION_CONTROLS else _session(policy.session),
    }


def conditions_to_json(conditions: Conditions) -> dict[str, Any]:
    insider, flows = conditions.insider_risks, conditions.flows
    return {
        "users": _users(conditions.users),
        "applications": _applications(conditions.applications),
        "clientApplications": None if conditions.workloads is None else _workloads(conditions.workloads),
        "clientAppTypes": ["all"] if conditions.clients is None else sorted(conditions.clients),
        "platforms": None if conditions.platforms is None else _platforms(conditions.platforms),
        "locations": None if conditions.locations is None else _locations(conditions.locations),
        "devices": None if conditions.device_filter is None else {"deviceFilter": _filter(conditions.device_filter)},
        "signInRiskLevels": _ordered(conditions.sign_in_risks, RiskLevel),
        "userRiskLevels": _ordered(conditions.user_risks, RiskLevel),
        "servicePrincipalRiskLevels": _ordered(conditions.workload_risks, RiskLevel),
        "insiderRiskLevels": ",".join(_ordered(insider, InsiderRisk)) or None,
        "authenticationFlows": {"transferMethods": ",".join(_ordered(flows, TransferMethod))} if flows else None,
    }


def _ordered(chosen: frozenset[Any] | None, kind: Iterable[Any]) -> list[str]:
    return [member.value for member in kind if chosen and member in chosen]


def _filter(filter_: Filter | None) -> dict[str, str] | None:
    return None if filter_ is None else {"mode": filter_.mode.value, "rule": filter_.rule.text}


def _users(users: Users) -> dict[str, Any]:
    body: dict[str, Any] = {
        "includeUsers": sorted(users.include),
        "excludeUsers": sorted(users.exclude),
        "includeGroups": sorted(users.include_groups),
        "excludeGroups": sorted(users.exclude_groups),
        "includeRoles": sorted(users.include_roles),
        "excludeRoles": sorted(users.exclude_roles),
        "includeGuestsOrExternalUsers": _guests(users.include_guests),
        "excludeGuestsOrExternalUsers": _guests(users.exclude_guests),
    }
    if users.until:
        body["expiringExclusions"] = [
            {"type": one.kind.value, "id": one.id, "until": one.until.isoformat(), "reason": one.because}
            for one in users.until
        ]
    return body


def _guests(guests: Guests | None) -> dict[str, Any] | None:
    if guests is None:
        return None
    tenants: dict[str, Any] = {"@odata.type": "#microsoft.graph.conditionalAccessAllExternalTenants"}
    tenants["membershipKind"] = "all"
    if guests.tenants is not None:
        tenants = {
            "@odata.type": "#microsoft.graph.conditionalAccessEnumeratedExternalTenants",
            "membershipKind": "enumerated",
            "members": sorted(guests.tenants),
        }
    return {"guestOrExternalUserTypes": ",".join(_ordered(guests.types, GuestType)), "externalTenants": tenants}


def _applications(applications: Applications) -> dict[str, Any]:
    return {
        "includeApplications": sorted(applications.include),
        "excludeApplications": sorted(applications.exclude),
        "includeUserActions": sorted(applications.actions),
        "includeAuthenticationContextClassReferences": sorted(applications.contexts, key=lambda c: int(c[1:])),
        "applicationFilter": _filter(applications.filter),
    }


def _workloads(workloads: Workloads) -> dict[str, Any]:
    return {
        "includeServicePrincipals": sorted(workloads.include),
        "excludeServicePrincipals": sorted(workloads.exclude),
        "servicePrincipalFilter": _filter(workloads.filter),
    }


def _platforms(platforms: Platforms) -> dict[str, Any]:
    return {
        "includePlatforms": ["all"] if platforms.include is None else sorted(platforms.include),
        "excludePlatforms": ["all"] if platforms.exclude is None else sorted(platforms.exclude),
    }


def _locations(locations: Locations) -> dict[str, Any]:
    return {"includeLocations": sorted(locations.include), "excludeLocations": sorted(locations.exclude)}


def _grant(grant: GrantControls, strengths: Mapping[str, Strength]) -> dict[str, Any]:
    def ids(kind: ControlKind) -> list[str]:
        return [control.id for control in grant.controls if control.kind is kind]

    strength = next(iter(grant.strength_ids), None)
    return {
        "operator": grant.operator.value,
        "builtInControls": [c.kind.value for c in grant.controls if c.kind in BUILT_IN_CONTROLS],
        "customAuthenticationFactors": ids(ControlKind.CUSTOM_FACTOR),
        "termsOfUse": ids(ControlKind.TERMS_OF_USE),
        "authenticationStrength": None if strength is None else _strength(strength, strengths),
    }


def _strength(strength_id: str, strengths: Mapping[str, Strength]) -> dict[str, Any]:
    known = strengths.get(strength_id)
    return {"id": strength_id} if known is None else strength_to_json(known)


def _session(session: SessionControls) -> dict[str, Any]:
    body: dict[str, Any] = {
        "signInFrequency": None,
        "persistentBrowser": None,
        "continuousAccessEvaluation": None,
        "secureSignInSession": {"isEnabled": True} if session.bound_session else None,
        "applicationEnforcedRestrictions": {"isEnabled": True} if session.app_restrictions else None,
        "cloudAppSecurity": None,
        "disableResilienceDefaults": True if session.no_resilience else None,
    }
    frequency = session.frequency
    if frequency is not None:
        body["signInFrequency"] = {
            "isEnabled": True,
            "value": frequency.value,
            "type": None if frequency.unit is None else frequency.unit.value,
            "frequencyInterval": frequency.interval.value,
            "authenticationType": frequency.scope.value,
        }
    if session.persistent_browser is not None:
        body["persistentBrowser"] = {"isEnabled": True, "mode": session.persistent_browser.value}
    if session.access_evaluation is not None:
        body["continuousAccessEvaluation"] = {"mode": session.access_evaluation.value}
    if session.app_security is not None:
        body["cloudAppSecurity"] = {"isEnabled": True, "cloudAppSecurityType": session.app_security.value}
    return body
