"""What a policy asks for: grant controls, and session controls."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class ControlKind(StrEnum):
    """Grant controls in the order in which they are asked for (§4.2), strengths with `mfa`.

    The last three are lists or references in Graph's JSON, named as its properties are.
    """

    BLOCK = "block"
    MFA = "mfa"
    STRENGTH = "authenticationStrength"
    COMPLIANT_DEVICE = "compliantDevice"
    JOINED_DEVICE = "domainJoinedDevice"
    APPROVED_APP = "approvedApplication"
    COMPLIANT_APP = "compliantApplication"
    PASSWORD_CHANGE = "passwordChange"
    RISK_REMEDIATION = "riskRemediation"
    TERMS_OF_USE = "termsOfUse"
    CUSTOM_FACTOR = "customAuthenticationFactors"

    @property
    def rank(self) -> int:
        return _RANKS[self]


_RANKS = {kind: rank for rank, kind in enumerate(ControlKind)}
BUILT_IN_CONTROLS = frozenset(ControlKind) - {
    ControlKind.STRENGTH,
    ControlKind.TERMS_OF_USE,
    ControlKind.CUSTOM_FACTOR,
}


NEW_PASSWORD = frozenset({ControlKind.PASSWORD_CHANGE, ControlKind.RISK_REMEDIATION})
"""Met by another password, once it has lowered the risk that asks for it."""


@dataclass(frozen=True, slots=True)
class Control:
    """One thing asked for.

    Attributes:
        id: of the strength, the terms or the custom factor; empty for the built-in ones.
    """

    kind: ControlKind
    id: str = ""

    @property
    def order(self) -> tuple[int, str]:
        return self.kind.rank, self.id


class Operator(StrEnum):
    AND = "AND"
    OR = "OR"


@dataclass(frozen=True, slots=True)
class GrantControls:
    """Attributes:
    controls: in the order in which they are asked for; `block` stands alone.
    """

    operator: Operator
    controls: tuple[Control, ...]

    @property
    def blocks(self) -> bool:
        return any(control.kind is ControlKind.BLOCK for control in self.controls)

    @property
    def strength_ids(self) -> tuple[str, ...]:
        return tuple(control.id for control in self.controls if control.kind is ControlKind.STRENGTH)

    @property
    def terms_ids(self) -> frozenset[str]:
        return frozenset(control.id for control in self.controls if control.kind is ControlKind.TERMS_OF_USE)

    def asks(self, kind: ControlKind) -> bool:
        return any(control.kind is kind for control in self.controls)


EVERY_TIME_FLOOR = timedelta(minutes=5)
"""§4.8: "Every time prompts no more than once per five minutes"."""


class FrequencyInterval(StrEnum):
    TIME_BASED = "timeBased"
    EVERY_TIME = "everyTime"


class FrequencyUnit(StrEnum):
    DAYS = "days"
    HOURS = "hours"


class FrequencyScope(StrEnum):
    PRIMARY_AND_SECONDARY = "primaryAndSecondaryAuthentication"
    SECONDARY = "secondaryAuthentication"


@dataclass(frozen=True, slots=True)
class SignInFrequency:
    """Attributes:
    value, unit: how long an authentication lasts; None with `everyTime`.
    """

    interval: FrequencyInterval
    value: int | None = None
    unit: FrequencyUnit | None = None
    scope: FrequencyScope = FrequencyScope.PRIMARY_AND_SECONDARY

    @property
    def limit(self) -> timedelta:
        """The age at which an authentication no longer counts."""
        if self.value is None or self.unit is None:
            return EVERY_TIME_FLOOR
        return timedelta(days=self.value) if self.unit is FrequencyUnit.DAYS else timedelta(hours=self.value)


class BrowserMode(StrEnum):
    ALWAYS = "always"
    NEVER = "never"


class AccessEvaluation(StrEnum):
    """Continuous access evaluation; later ones are stricter and win."""

    DISABLED = "disabled"
    STRICT_ENFORCEMENT = "strictEnforcement"
    STRICT_LOCATION = "strictLocation"


class AppSecurity(StrEnum):
    """App control; later ones are stricter and win."""

    MCAS_CONFIGURED = "mcasConfigured"
    MONITOR_ONLY = "monitorOnly"
    BLOCK_DOWNLOADS = "blockDownloads"


@dataclass(frozen=True, slots=True)
class SessionControls:
    """What of the session a policy decides. What is None or False it does not decide.

    Attributes:
        bound_session: `secureSignInSession`: token and session bound to the device.
        app_restrictions: `applicationEnforcedRestrictions`: the app is told about the device.
        no_resilience: `disableResilienceDefaults`: no longer sessions in an outage.
    """

    frequency: SignInFrequency | None = None
    persistent_browser: BrowserMode | None = None
    access_evaluation: AccessEvaluation | None = None
    app_security: AppSecurity | None = None
    bound_session: bool = False
    app_restrictions: bool = False
    no_resilience: bool = False


NO_SESSION_CONTROLS = SessionControls()
