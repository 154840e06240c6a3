"""Somebody's risk, and what speaks against them, as Graph's entities."""

from keystead_server.domain.user import User
from keystead_server.flows.list_risk import RiskyUser
from keystead_server.http.graph.odata.paging import Entity
from keystead_server.policy.access.vocabulary import RiskLevel
from keystead_server.policy.risk.detections import Detection, DetectionKind
from keystead_server.policy.risk.levels import Risk
from keystead_server.policy.risk.signals import INSIDER_REMEMBERED, RiskAbout, Signal

_OURS = frozenset(DetectionKind)


def risky_user(one: RiskyUser) -> Entity:
    state, detail = _state(one.risk)
    return {
        "id": one.user.id,
        "isDeleted": False,
        "isProcessing": False,
        "riskDetail": detail,
        "riskLastUpdatedDateTime": one.updated_at,
        "riskLevel": one.risk.level.value,
        "riskState": state,
        "userDisplayName": one.user.display_name,
        "userPrincipalName": one.user.username,
        "keystead": {"signInRiskLevel": one.risk.sign_in_level.value, "insiderRisk": _insider(one.insider)},
    }


def _insider(said: Signal | None) -> Entity | None:
    if said is None:
        return None
    return {
        "level": said.insider.value,
        "additionalInfo": said.says,
        "setDateTime": said.at,
        "expirationDateTime": said.until or said.at + INSIDER_REMEMBERED,
    }


def _state(risk: Risk) -> tuple[str, str]:
    if risk.is_confirmed:
        return "confirmedCompromised", "adminConfirmedUserCompromised"
    if risk.because:
        return "atRisk", "none"
    if risk.remediated_at is not None and (risk.dismissed_at is None or risk.remediated_at > risk.dismissed_at):
        return "remediated", "userPerformedSecuredPasswordChange"
    return ("none", "none") if risk.dismissed_at is None else ("dismissed", "adminDismissedAllRiskForUser")


def detection_id(found: Detection) -> str:
    return f"{found.trace_id}-{found.kind}"


def detection(user: User, found: Detection) -> Entity:
    own = found.kind in _OURS
    of_sign_in = own or found.user_level is RiskLevel.NONE
    return {
        "id": detection_id(found),
        "activity": (RiskAbout.SIGN_IN if of_sign_in else RiskAbout.PERSON).value,
        "activityDateTime": found.at,
        "additionalInfo": found.says,
        "correlationId": found.trace_id,
        "detectedDateTime": found.at,
        "detectionTimingType": "realtime" if own else "offline",
        "lastUpdatedDateTime": found.at,
        "requestId": found.trace_id,
        "riskDetail": "none",
        "riskEventType": str(found.kind),
        "riskLevel": found.level.value,
        "riskState": "confirmedCompromised" if found.kind == DetectionKind.CONFIRMED else "atRisk",
        "source": "Keystead" if own else "supplied",
        "tokenIssuerType": "AzureAD",
        "userDisplayName": user.display_name,
        "userId": user.id,
        "userPrincipalName": user.username,
    }
