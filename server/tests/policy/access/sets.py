"""Small policy sets and sign-ins, said as an administrator would say them in Graph's JSON."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.facts import AppFacts, DeviceFacts, Facts, Person, Used
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.vocabulary import ClientApp, InsiderRisk, Platform, RiskLevel
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import PHISHING_RESISTANT, MethodMode

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ADA, BOB, STAFF, LEAVERS, PAYROLL, WIKI = "ada", "bob", "staff", "leavers", "payroll", "wiki"
EVERYBODY = {"includeUsers": ["All"]}
EVERYTHING = {"includeApplications": ["All"]}
BLOCK = {"operator": "OR", "builtInControls": ["block"]}
MFA = {"operator": "OR", "builtInControls": ["mfa"]}
RESISTANT = {"operator": "AND", "authenticationStrength": {"id": PHISHING_RESISTANT.id}}


def body(
    name: str = "p", *, users: Any = None, apps: Any = None, grant: Any = MFA, state: str = "enabled", **more: Any
) -> dict[str, Any]:
    """A policy in Graph's JSON: MFA for everybody and everything, unless said otherwise."""
    session = more.pop("session", None)
    conditions = {"users": users or EVERYBODY, "applications": apps or EVERYTHING, **more}
    return {
        "id": name,
        "displayName": name,
        "state": state,
        "conditions": conditions,
        "grantControls": grant,
        "sessionControls": session,
    }


def policy(name: str = "p", **said: Any) -> Policy:
    return read_policy(body(name, **said)).policy


def compiled(*policies: Policy, **more: Any) -> Compiled:
    return Compiled(PolicySet(policies, **more))


def used(mode: MethodMode, *, ago: timedelta = timedelta(0), aaguid: UUID | None = None) -> Used:
    return Used(Credential(mode, aaguid), NOW - ago)


PASSWORD, PASSKEY = used(MethodMode.PASSWORD), used(MethodMode.FIDO2)
FACTS = Facts(
    now=NOW,
    who=Person(ADA, frozenset({STAFF})),
    apps=(AppFacts(PAYROLL),),
    client=ClientApp.BROWSER,
    platform=Platform.LINUX,
    address=None,
    country="DE",
    device=DeviceFacts.of({"deviceId": "d1", "trustType": "AzureAD", "isCompliant": False}),
    sign_in_risk=RiskLevel.NONE,
    user_risk=RiskLevel.NONE,
    workload_risk=RiskLevel.NONE,
    insider_risk=InsiderRisk.NONE,
    flow=None,
    methods=(PASSWORD,),
    authenticated_at=NOW,
)
"""Ada, of the staff, at the payroll, from a browser on an ordinary Linux computer, with a password so far."""


def facts(**other: Any) -> Facts:
    return replace(FACTS, **other)
