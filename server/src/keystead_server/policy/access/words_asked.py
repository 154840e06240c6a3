"""What a policy asks for, and how it went, in words."""

from collections.abc import Iterator, Mapping

from keystead_server.policy.access.controls import (
    AccessEvaluation,
    AppSecurity,
    BrowserMode,
    Control,
    ControlKind,
    FrequencyInterval,
    FrequencyScope,
    GrantControls,
    Operator,
    SessionControls,
    SignInFrequency,
)
from keystead_server.policy.access.decide import Result, Verdict
from keystead_server.policy.access.names import NO_NAMES, Names, listed


def grant_words(grant: GrantControls | None, names: Names) -> Iterator[str]:
    if grant is None:
        return
    if grant.blocks:
        yield "access is blocked"
        return
    asked = [control_words(control, names) for control in grant.controls]
    yield listed(asked, last="and" if grant.operator is Operator.AND else "or") + (
        " is asked for" if len(asked) == 1 or grant.operator is Operator.OR else " are asked for"
    )


def control_words(control: Control, names: Names = NO_NAMES) -> str:
    """One control, as a thing that is asked for."""
    match control.kind:
        case ControlKind.STRENGTH:
            return f"the strength “{names.of(control.id)}”"
        case ControlKind.TERMS_OF_USE:
            return f"acceptance of the terms “{names.of(control.id)}”"
        case ControlKind.CUSTOM_FACTOR:
            return f"the custom control {names.of(control.id)}"
        case _:
            return _CONTROLS[control.kind]


_CONTROLS = {
    ControlKind.BLOCK: "a block",
    ControlKind.MFA: "multifactor authentication",
    ControlKind.COMPLIANT_DEVICE: "a compliant device",
    ControlKind.JOINED_DEVICE: "a joined device",
    ControlKind.APPROVED_APP: "an approved app",
    ControlKind.COMPLIANT_APP: "a protected app",
    ControlKind.PASSWORD_CHANGE: "a new password",
    ControlKind.RISK_REMEDIATION: "remediation of the risk",
}


def session_words(session: SessionControls) -> Iterator[str]:
    if session.frequency is not None:
        yield _frequency(session.frequency)
    if session.persistent_browser is not None:
        keeps = session.persistent_browser is BrowserMode.ALWAYS
        yield "the browser stays signed in" if keeps else "the browser does not stay signed in when it is closed"
    if session.access_evaluation is not None:
        yield _EVALUATION[session.access_evaluation]
    if session.app_security is not None:
        yield _APP_SECURITY[session.app_security]
    if session.bound_session:
        yield "the session is bound to the device (nothing here binds one yet, so nobody gets in)"
    if session.app_restrictions:
        yield "the app is told about the device, and restricts by itself"
    if session.no_resilience:
        yield "no session is prolonged in an outage"


def _frequency(frequency: SignInFrequency) -> str:
    what = (
        "a second factor is asked for again"
        if frequency.scope is FrequencyScope.SECONDARY
        else "sign-in is asked for again"
    )
    if frequency.interval is FrequencyInterval.EVERY_TIME or frequency.unit is None:
        return f"{what} every time"
    one = frequency.unit.value.removesuffix("s")
    return f"{what} after {frequency.value} {one if frequency.value == 1 else frequency.unit.value}"


_EVALUATION = {
    AccessEvaluation.DISABLED: "access is not evaluated continuously",
    AccessEvaluation.STRICT_ENFORCEMENT: "access is evaluated continuously",
    AccessEvaluation.STRICT_LOCATION: "access is evaluated continuously, the place strictly",
}
_APP_SECURITY = {
    AppSecurity.MCAS_CONFIGURED: "app control decides",
    AppSecurity.MONITOR_ONLY: "app control watches",
    AppSecurity.BLOCK_DOWNLOADS: "app control blocks downloads",
}


# -- how it went ------------------------------------------------------------------------------------------

RESULT_WORDS: Mapping[Result, str] = {
    Result.SUCCESS: "applied, and was met",
    Result.FAILURE: "applied, and was not met",
    Result.NOT_APPLIED: "did not apply",
    Result.NOT_ENABLED: "is switched off",
    Result.REPORT_ONLY_SUCCESS: "is only reported: it would have been met",
    Result.REPORT_ONLY_FAILURE: "is only reported: it would have kept the person out",
    Result.REPORT_ONLY_INTERRUPTED: "is only reported: it would have asked for more",
    Result.REPORT_ONLY_NOT_APPLIED: "is only reported: it would not have applied",
}
VERDICT_WORDS: Mapping[Verdict, str] = {
    Verdict.ALLOW: "They get in.",
    Verdict.BLOCK: "They are blocked.",
    Verdict.CONTROLS_REQUIRED: "They are asked for more.",
}

CONDITION_WORDS: Mapping[str, str] = {
    "users": "Whom",
    "clientApplications": "Whom",
    "applications": "What",
    "clientAppTypes": "Client",
    "platforms": "Platform",
    "locations": "Place",
    "devices": "Device",
    "signInRiskLevels": "Risk of the sign-in",
    "userRiskLevels": "Risk of the person",
    "servicePrincipalRiskLevels": "Risk of the service principal",
    "insiderRiskLevels": "Insider risk",
    "authenticationFlows": "Flow",
}
"""The properties of Graph's `conditions` as an explanation names them."""
