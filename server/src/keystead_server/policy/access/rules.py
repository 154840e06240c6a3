"""What a policy must have, and what may not stand in one policy together (§4.1)."""

from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.controls import (
    NO_SESSION_CONTROLS,
    AccessEvaluation,
    ControlKind,
    GrantControls,
    Operator,
)
from keystead_server.policy.access.model import Conditions, Policy
from keystead_server.policy.access.vocabulary import ALL, NONE

_GRANT = "grantControls.builtInControls"
_APPLICATIONS = "conditions.applications"


def check(policy: Policy) -> None:
    """See that *policy* can be kept.

    Raises:
        Invalid: `policy_incomplete` or `policy_contradicts`; `target` names the property.
    """
    _is_complete(policy)
    if policy.grant is not None:
        _controls_go_together(policy.grant)
        _password_change(policy.grant, policy.conditions)
        _risk_remediation(policy.grant)
    _session_goes_with(policy)


def _is_complete(policy: Policy) -> None:
    conditions = policy.conditions
    workloads = conditions.workloads
    if conditions.users.includes_nobody and (workloads is None or not (workloads.include or workloads.filter)):
        raise _incomplete("it includes nobody; write None if you mean it", "conditions.users")
    applications = conditions.applications
    chosen = (applications.include, applications.actions, applications.contexts)
    if not any(chosen) and applications.filter is None:
        raise _incomplete("it includes no app, action or authentication context", _APPLICATIONS)
    if sum(map(bool, chosen)) > 1 and applications.include != {NONE}:
        raise _contradicts("apps, actions and authentication contexts need a policy each", _APPLICATIONS)
    if workloads is not None and not (conditions.users.includes_nobody or conditions.users.include == {NONE}):
        raise _contradicts("people and service principals need a policy each", "conditions.clientApplications")
    if policy.grant is None and policy.session == NO_SESSION_CONTROLS:
        raise _incomplete("it has neither a grant nor a session control", "grantControls")


def _controls_go_together(grant: GrantControls) -> None:
    if grant.blocks and len(grant.controls) > 1:
        raise _contradicts("block stands alone", _GRANT)
    if grant.asks(ControlKind.MFA) and grant.asks(ControlKind.STRENGTH):
        raise _contradicts("mfa and authenticationStrength cannot be in one policy", _GRANT)


def _password_change(grant: GrantControls, conditions: Conditions) -> None:
    if not grant.asks(ControlKind.PASSWORD_CHANGE):
        return
    with_mfa = grant.asks(ControlKind.MFA) or grant.asks(ControlKind.STRENGTH)
    if grant.operator is not Operator.AND or not with_mfa:
        raise _contradicts("passwordChange needs mfa or a strength beside it, with AND", _GRANT)
    if not conditions.user_risks:
        raise _contradicts("passwordChange needs userRiskLevels", "conditions.userRiskLevels")
    if not conditions.applications.is_everything:
        raise _contradicts("passwordChange must be for all apps, without exclusions", _APPLICATIONS)
    other = _conditions_beside_users_and_apps(conditions, but="userRiskLevels")
    if other is not None:
        raise _contradicts("passwordChange goes with users, apps and user risk only", f"conditions.{other}")


def _risk_remediation(grant: GrantControls) -> None:
    if not grant.asks(ControlKind.RISK_REMEDIATION):
        return
    if grant.asks(ControlKind.PASSWORD_CHANGE):
        raise _contradicts("riskRemediation and passwordChange cannot be in one policy", _GRANT)
    if grant.operator is not Operator.AND or not grant.asks(ControlKind.STRENGTH):
        raise _contradicts("riskRemediation needs authenticationStrength beside it, with AND", _GRANT)


def _session_goes_with(policy: Policy) -> None:
    session, applications = policy.session, policy.conditions.applications
    if session.persistent_browser is not None and ALL not in applications.include:
        raise _contradicts("a persistent browser is for all apps", "sessionControls.persistentBrowser")
    if session.access_evaluation is AccessEvaluation.DISABLED:
        target = "sessionControls.continuousAccessEvaluation"
        if not applications.is_everything or _conditions_beside_users_and_apps(policy.conditions) is not None:
            raise _contradicts("continuous access evaluation is switched off for all apps, without conditions", target)


def _conditions_beside_users_and_apps(conditions: Conditions, *, but: str = "") -> str | None:
    configured = {
        "clientAppTypes": conditions.clients,
        "platforms": conditions.platforms,
        "locations": conditions.locations,
        "devices": conditions.device_filter,
        "signInRiskLevels": conditions.sign_in_risks,
        "userRiskLevels": conditions.user_risks,
        "servicePrincipalRiskLevels": conditions.workload_risks,
        "insiderRiskLevels": conditions.insider_risks,
        "authenticationFlows": conditions.flows,
    }
    return next((name for name, value in configured.items() if value is not None and name != but), None)


def _incomplete(message: str, target: str) -> Invalid:
    return Invalid("policy_incomplete", message, target=target)


def _contradicts(message: str, target: str) -> Invalid:
    return Invalid("policy_contradicts", message, target=target)
