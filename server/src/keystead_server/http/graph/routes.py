"""Every address of the API, with the permissions that open it.

No address names a tenant: it is the one that the token is for (docs/reference/graph.md).
"""

from typing import Any

from keystead_server.http.graph import (
    access_evaluate,
    access_templates,
    authentication_methods,
    combination_configurations,
    directory_audits,
    groups,
    method_modes,
    methods_policy,
    on_behalf,
    organization,
    registration_details,
    risk,
    security_defaults,
    sign_ins,
    strength_uses,
    users,
)
from keystead_server.http.graph.access_items import CONTEXTS, LOCATIONS, POLICIES, STRENGTHS, Items
from keystead_server.http.graph.answers import BASE
from keystead_server.http.route import API_READS, API_WRITES, KIB, Body, Face, Handler, Route
from keystead_server.policy.api_permissions import ByToken
from keystead_server.policy.permissions import Permission

_READ_USERS = ByToken(("User.Read.All", "User.ReadWrite.All", "Directory.Read.All"), Permission.READ_DIRECTORY)
_WRITE_USERS = ByToken(("User.ReadWrite.All",), Permission.WRITE_USERS)
_READ_GROUPS = ByToken(("Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All"), Permission.READ_DIRECTORY)
_WRITE_GROUPS = ByToken(("Group.ReadWrite.All",), Permission.WRITE_GROUPS)
_READ_ORGANIZATION = ByToken(("User.Read", "Organization.Read.All", "User.Read.All", "Directory.Read.All"), None)
_ME = ByToken(("User.Read", "User.Read.All", "User.ReadWrite.All", "Directory.Read.All"), None)
_READ_LOGS = ByToken(("AuditLog.Read.All",), Permission.READ_LOGS)

_READ_METHODS = ByToken(
    ("UserAuthenticationMethod.Read.All", "UserAuthenticationMethod.ReadWrite.All"), Permission.READ_DIRECTORY
)
_READ_PASSKEYS = ByToken(
    (
        "UserAuthMethod-Passkey.Read.All",
        "UserAuthMethod-Passkey.ReadWrite.All",
        *_READ_METHODS.names,
    ),
    Permission.READ_DIRECTORY,
)
_REMOVE_PASSKEYS = ByToken(
    ("UserAuthMethod-Passkey.ReadWrite.All", "UserAuthenticationMethod.ReadWrite.All"), Permission.REMOVE_PASSKEYS
)
_REGISTER_PASSKEYS = ByToken(_REMOVE_PASSKEYS.names, Permission.REGISTER_PASSKEYS)
_REMOVE_METHODS = ByToken(("UserAuthenticationMethod.ReadWrite.All",), Permission.REMOVE_PASSKEYS)
_ISSUE_PASSES = ByToken(("UserAuthenticationMethod.ReadWrite.All",), Permission.ISSUE_PASSES)
_READ_POLICY = ByToken(
    ("Policy.Read.AuthenticationMethod", "Policy.Read.All", "Policy.ReadWrite.AuthenticationMethod"),
    Permission.READ_DIRECTORY,
)
_WRITE_POLICY = ByToken(("Policy.ReadWrite.AuthenticationMethod",), Permission.WRITE_POLICY)

_READ_ACCESS = ByToken(
    ("Policy.Read.ConditionalAccess", "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess"),
    Permission.READ_DIRECTORY,
)
_WRITE_ACCESS = ByToken(("Policy.ReadWrite.ConditionalAccess",), Permission.WRITE_POLICY)
_READ_DEFAULTS = ByToken(("Policy.Read.All", "Policy.ReadWrite.SecurityDefaults"), Permission.READ_DIRECTORY)
_WRITE_DEFAULTS = ByToken(("Policy.ReadWrite.SecurityDefaults",), Permission.WRITE_POLICY)

_READ_RISK = ByToken(("IdentityRiskyUser.Read.All", "IdentityRiskyUser.ReadWrite.All"), Permission.READ_LOGS)
_MANAGE_RISK = ByToken(("IdentityRiskyUser.ReadWrite.All",), Permission.MANAGE_RISK)
_READ_RISK_EVENTS = ByToken(("IdentityRiskEvent.Read.All", "IdentityRiskEvent.ReadWrite.All"), Permission.READ_LOGS)
_SUPPLY_RISK = ByToken(("IdentityRiskEvent.ReadWrite.All",), Permission.MANAGE_RISK)

_JSON = "application/json"
_RISKY, _DETECTIONS = "/identityProtection/riskyUsers", "/identityProtection/riskDetections"
_AUTHENTICATION = "/users/{user}/authentication"
_POLICY = "/policies/authenticationMethodsPolicy"
_CONFIGURATIONS = f"{_POLICY}/authenticationMethodConfigurations"
_DEFAULTS = "/policies/identitySecurityDefaultsEnforcementPolicy"
_ACCESS = "/identity/conditionalAccess"
_MODES = f"{_ACCESS}/authenticationStrength/authenticationMethodModes"
_TEMPLATES = f"{_ACCESS}/templates"
_REPORT = "/reports/authenticationMethods/userRegistrationDetails"


def _get(path: str, handler: Handler, summary: str, access: ByToken) -> Route:
    return Route("GET", f"{BASE}{path}", handler, summary, access, API_READS, Face.GRAPH)


def _write(
    method: str, path: str, handler: Handler, summary: str, access: ByToken, status: int = 204, size: int = 16 * KIB
) -> Route:
    body = None if method == "DELETE" else Body(_JSON, size)
    answers = {status: "Created" if status == 201 else "Done"}
    return Route(method, f"{BASE}{path}", handler, summary, access, API_WRITES, Face.GRAPH, body, answers=answers)


def _methods(segment: str, summary: str, access: ByToken) -> tuple[Route, Route]:
    """The list at *segment*, and one of it."""
    path, lists, gets = f"{_AUTHENTICATION}/{segment}", authentication_methods.lists, authentication_methods.gets
    return (
        _get(path, lists(segment), summary, access),
        _get(f"{path}/{{method}}", gets(segment), f"One of: {summary[0].lower()}{summary[1:]}", access),
    )


def _removal(segment: str, handler: Handler, summary: str, access: ByToken) -> Route:
    return _write("DELETE", f"{_AUTHENTICATION}/{segment}/{{method}}", handler, summary, access)


def _items(base: str, items: Items[Any], what: str) -> tuple[Route, ...]:
    """A collection of Conditional Access: list, read, create, change, remove."""
    one = f"{base}/{{item}}"
    return (
        _get(base, items.list, f"All {what}", _READ_ACCESS),
        _write("POST", base, items.create, f"Add to {what}", _WRITE_ACCESS, 201, 256 * KIB),
        _get(one, items.get, f"One of {what}", _READ_ACCESS),
        _write(
            "PATCH", one, items.change, f"Change the named properties of one of {what}", _WRITE_ACCESS, size=256 * KIB
        ),
        _write("DELETE", one, items.remove, f"Remove one of {what}", _WRITE_ACCESS),
    )


def _strengths(base: str) -> tuple[Route, ...]:
    """Authentication strengths: the collection, and what Graph does with one beyond reading and writing it."""
    configurations = f"{base}/{{item}}/combinationConfigurations"
    return (
        *_items(base, STRENGTHS, "authentication strengths"),
        _get(
            f"{base}/{{item}}/usage()", strength_uses.usage, "Which policies name a strength", _READ_ACCESS,
        ),
        _write(
            "POST", f"{base}/{{item}}/updateAllowedCombinations", strength_uses.update_allowed_combinations,
            "Give a strength other combinations", _WRITE_ACCESS, 200,
        ),
        _get(configurations, combination_configurations.list_configurations, "Which models or issuers a strength asks for", _READ_ACCESS),
        _write(
            "POST", configurations, combination_configurations.create_configuration,
            "Ask for certain models or issuers", _WRITE_ACCESS, 201, 256 * KIB,
        ),
        _get(
            f"{configurations}/{{configuration}}", combination_configurations.get_configuration,
            "One of a strength's configurations", _READ_ACCESS,
        ),
        _write(
            "PATCH", f"{configurations}/{{configuration}}", combination_configurations.change_configuration,
            "Change the named properties of one of a strength's configurations", _WRITE_ACCESS, size=256 * KIB,
        ),
        _write(
            "DELETE", f"{configurations}/{{configuration}}", combination_configurations.remove_configuration,
            "Ask for certain models or issuers no longer", _WRITE_ACCESS,
        ),
    )  # fmt: skip


ROUTES = (
    _get("/me", users.get_me, "The account of whoever is signed in", _ME),
    _get("/organization", organization.list_organizations, "The organisation", _READ_ORGANIZATION),
    _get("/organization/{organization}", organization.get_organization, "The organisation by id", _READ_ORGANIZATION),
    _get("/users", users.list_users, "Accounts", _READ_USERS),
    _write("POST", "/users", users.create_user, "Make an account", _WRITE_USERS, 201),
    _get("/users/$count", users.count_users, "How many accounts there are", _READ_USERS),
    _get("/users/{user}", users.get_user, "An account by id or userPrincipalName", _READ_USERS),
    _write("PATCH", "/users/{user}", users.change_user, "Rename, switch on or off", _WRITE_USERS),
    _write("DELETE", "/users/{user}", users.remove_user, "Delete an account", _WRITE_USERS),
    _get("/users/{user}/memberOf", groups.list_groups_of, "The groups that somebody is in", _READ_GROUPS),
    _get("/groups", groups.list_groups, "Groups", _READ_GROUPS),
    _get("/groups/$count", groups.count_groups, "How many groups there are", _READ_GROUPS),
    _write("POST", "/groups", groups.create_group, "Make a group", _WRITE_GROUPS, 201),
    _get("/groups/{group}", groups.get_group, "A group", _READ_GROUPS),
    _write("DELETE", "/groups/{group}", groups.remove_group, "Delete a group", _WRITE_GROUPS),
    _get("/groups/{group}/members", groups.list_members, "Who is in a group", _READ_GROUPS),
    _write("POST", "/groups/{group}/members/$ref", groups.add_member, "Put somebody into a group", _WRITE_GROUPS),
    _write(
        "DELETE", "/groups/{group}/members/{member}/$ref", groups.remove_member, "Take somebody out of a group",
        _WRITE_GROUPS,
    ),
    *_methods("methods", "All that somebody signs in with", _READ_METHODS),
    *_methods("fido2Methods", "Passkeys", _READ_PASSKEYS),
    _get(
        f"{_AUTHENTICATION}/fido2Methods/creationOptions({{arguments}})", on_behalf.creation_options,
        "Options for a passkey that is registered for somebody: challengeTimeoutInMinutes=5 to 43200",
        _REGISTER_PASSKEYS,
    ),
    _write(
        "POST", f"{_AUTHENTICATION}/fido2Methods", on_behalf.register, "Register a passkey for somebody",
        _REGISTER_PASSKEYS, 201, 64 * KIB,
    ),
    _removal("fido2Methods", authentication_methods.remove_passkey, "Remove a passkey", _REMOVE_PASSKEYS),
    *_methods("temporaryAccessPassMethods", "The Temporary Access Pass", _READ_METHODS),
    _write(
        "POST", f"{_AUTHENTICATION}/temporaryAccessPassMethods", authentication_methods.issue_pass,
        "Issue a pass; its code is in this answer alone", _ISSUE_PASSES, 201,
    ),
    _removal("temporaryAccessPassMethods", authentication_methods.revoke_pass, "Take a pass back", _ISSUE_PASSES),
    *_methods("passwordMethods", "The password, never what it is", _READ_METHODS),
    _removal("passwordMethods", authentication_methods.removes("passwordMethods"), "Remove a password", _REMOVE_METHODS),
    *_methods("softwareOathMethods", "Authenticator apps, never their secret", _READ_METHODS),
    _removal("softwareOathMethods", authentication_methods.removes("softwareOathMethods"), "Remove an authenticator app", _REMOVE_METHODS),
    *_methods("windowsHelloForBusinessMethods", "Windows Hello keys", _READ_METHODS),
    _removal("windowsHelloForBusinessMethods", authentication_methods.removes("windowsHelloForBusinessMethods"), "Remove a Windows Hello key", _REMOVE_METHODS),
    _get(_POLICY, methods_policy.show, "What may be used to sign in", _READ_POLICY),
    _write("PATCH", _POLICY, methods_policy.change, "Change what holds for all methods", _WRITE_POLICY, size=64 * KIB),
    _get(_CONFIGURATIONS, methods_policy.list_configurations, "Each method's configuration", _READ_POLICY),
    _get(f"{_CONFIGURATIONS}/{{configuration}}", methods_policy.get_configuration, "One configuration", _READ_POLICY),
    _write(
        "PATCH", f"{_CONFIGURATIONS}/{{configuration}}", methods_policy.change_configuration,
        "Change the properties that the body names", _WRITE_POLICY, size=64 * KIB,
    ),
    _write(
        "DELETE", f"{_CONFIGURATIONS}/{{configuration}}", methods_policy.reset_configuration,
        "Go back to what an organisation begins with", _WRITE_POLICY,
    ),
    _get(_DEFAULTS, security_defaults.show, "Whether security defaults are on", _READ_DEFAULTS),
    _write("PATCH", _DEFAULTS, security_defaults.change, "Switch security defaults on or off", _WRITE_DEFAULTS),
    # Graph has these two collections at two addresses each; its clients know either.
    *_items(f"{_ACCESS}/policies", POLICIES, "Conditional Access policies"),
    *_items("/policies/conditionalAccessPolicies", POLICIES, "Conditional Access policies"),
    *_strengths(f"{_ACCESS}/authenticationStrength/policies"),
    *_strengths("/policies/authenticationStrengthPolicies"),
    *_items(f"{_ACCESS}/namedLocations", LOCATIONS, "named locations"),
    *_items(f"{_ACCESS}/authenticationContextClassReferences", CONTEXTS, "authentication contexts"),
    _get(_MODES, method_modes.list_modes, "The methods that combinations are made of", _READ_ACCESS),
    _get(f"{_MODES}/{{mode}}", method_modes.get_mode, "One of the methods that combinations are made of", _READ_ACCESS),
    _get(_TEMPLATES, access_templates.list_templates, "Ready-made policies", _READ_ACCESS),
    _get(f"{_TEMPLATES}/{{template}}", access_templates.get_template, "A ready-made policy", _READ_ACCESS),
    _write(
        "POST", f"{_ACCESS}/evaluate", access_evaluate.evaluate,
        "What would become of a supposed sign-in", _READ_ACCESS, 200,
    ),
    _get(_REPORT, registration_details.list_registration_details, "Who has set up what, live", _READ_LOGS),
    _get(f"{_REPORT}/{{user}}", registration_details.get_registration_details, "The same of one person", _READ_LOGS),
    _get("/auditLogs/signIns", sign_ins.list_sign_ins, "The sign-in log", _READ_LOGS),
    _get("/auditLogs/signIns/{signIn}", sign_ins.get_sign_in, "One attempt", _READ_LOGS),
    _get("/auditLogs/directoryAudits", directory_audits.list_directory_audits, "The audit log", _READ_LOGS),
    _get("/auditLogs/directoryAudits/{directoryAudit}", directory_audits.get_directory_audit, "One change", _READ_LOGS),
    _get(_RISKY, risk.list_risky_users, "Who is at risk, or was", _READ_RISK),
    _get(f"{_RISKY}/{{user}}", risk.get_risky_user, "The risk of one person", _READ_RISK),
    _write("POST", f"{_RISKY}/dismiss", risk.dismiss, "Say that it was nothing", _MANAGE_RISK),
    _write("POST", f"{_RISKY}/confirmCompromised", risk.confirm, "Say that accounts are in other hands", _MANAGE_RISK),
    _write(
        "POST", f"{_RISKY}/{{user}}/setInsiderRisk", risk.set_insider_risk,
        "Say how much of an insider risk somebody is", _MANAGE_RISK,
    ),
    _get(_DETECTIONS, risk.list_detections, "What speaks against people now", _READ_RISK_EVENTS),
    _write("POST", _DETECTIONS, risk.supply, "Supply what another system found", _SUPPLY_RISK, 201),
)  # fmt: skip
