"""The session controls of the policy editor: fields ↔ Graph's `sessionControls`."""

from collections.abc import Callable, Mapping
from typing import Any

from keystead_server.http.pages.admin.asked import number_or_text
from keystead_server.policy.access.controls import FrequencyInterval

_YES = "yes"
# Switches by the control that they stand for.
_SWITCHES = {"bound": "secureSignInSession", "restrictions": "applicationEnforcedRestrictions"}


def fields_of(session: Mapping[str, Any] | None) -> dict[str, tuple[str, ...]]:
    """*session* as `policy_to_json` writes it."""
    session = session or {}
    frequency = session.get("signInFrequency") or {}
    every_time = frequency.get("frequencyInterval") == FrequencyInterval.EVERY_TIME
    fields = {
        "frequency": FrequencyInterval.EVERY_TIME.value if every_time else frequency.get("type"),
        "frequency-value": frequency.get("value"),
        "frequency-scope": frequency.get("authenticationType"),
        "browser": (session.get("persistentBrowser") or {}).get("mode"),
        "evaluation": (session.get("continuousAccessEvaluation") or {}).get("mode"),
        "app-security": (session.get("cloudAppSecurity") or {}).get("cloudAppSecurityType"),
        "resilience": _YES if session.get("disableResilienceDefaults") else None,
        **{field: _YES if session.get(name) else None for field, name in _SWITCHES.items()},
    }
    return {field: () if value is None else (str(value),) for field, value in fields.items()}


def to_json(typed: Callable[[str], str]) -> dict[str, Any]:
    return {
        "signInFrequency": _frequency(typed),
        "persistentBrowser": _chosen("mode", typed("browser")),
        "continuousAccessEvaluation": {"mode": typed("evaluation")} if typed("evaluation") else None,
        "cloudAppSecurity": _chosen("cloudAppSecurityType", typed("app-security")),
        "disableResilienceDefaults": True if typed("resilience") == _YES else None,
        **{name: {"isEnabled": True} if typed(field) == _YES else None for field, name in _SWITCHES.items()},
    }


def _chosen(name: str, value: str) -> dict[str, Any] | None:
    return {"isEnabled": True, name: value} if value else None


def _frequency(typed: Callable[[str], str]) -> dict[str, Any] | None:
    often = typed("frequency")
    if not often:
        return None
    frequency: dict[str, Any] = {"isEnabled": True, "authenticationType": typed("frequency-scope") or None}
    if often == FrequencyInterval.EVERY_TIME:
        return {**frequency, "frequencyInterval": often}
    value = number_or_text(typed("frequency-value")) if typed("frequency-value") else None
    return {**frequency, "frequencyInterval": FrequencyInterval.TIME_BASED.value, "value": value, "type": often}
