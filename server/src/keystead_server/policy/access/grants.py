"""What a policy asks for, held against what is there."""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead_server.policy.access.controls import Control, ControlKind, GrantControls, Operator
from keystead_server.policy.access.facts import Facts
from keystead_server.policy.access.vocabulary import Unknown
from keystead_server.policy.strengths.evaluate import Credential, is_met
from keystead_server.policy.strengths.model import MULTIFACTOR, Strength


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one policy's grant controls stand.

    Attributes:
        unmet: what is missing: with AND all of it is needed, with OR any one.
    """

    unmet: tuple[Control, ...] = ()
    operator: Operator = Operator.AND

    @property
    def is_met(self) -> bool:
        return not self.unmet


MET = Outcome()


class Evidence:
    """What is there to meet controls with: one sign-in's, each control looked at once."""

    def __init__(
        self,
        facts: Facts,
        credentials: tuple[Credential, ...],
        strengths: Mapping[str, Strength],
        terms: frozenset[str],
    ) -> None:
        self._facts = facts
        self._credentials = credentials
        self._strengths = strengths
        self._terms = terms
        self._looked_at: dict[Control, bool] = {}

    def outcome(self, grant: GrantControls, *, without_strengths: bool = False) -> Outcome:
        """Hold *grant* against the evidence; *without_strengths* takes those for met."""
        unmet = []
        for control in grant.controls:
            if (without_strengths and control.kind is ControlKind.STRENGTH) or self.meets(control):
                if grant.operator is Operator.OR:
                    return MET
            else:
                unmet.append(control)
        return Outcome(tuple(unmet), grant.operator) if unmet else MET

    def meets(self, control: Control) -> bool:
        met = self._looked_at.get(control)
        if met is None:
            met = self._looked_at[control] = self._meets(control)
        return met

    def _meets(self, control: Control) -> bool:
        facts = self._facts
        match control.kind:
            case ControlKind.BLOCK:
                return False
            case ControlKind.MFA:
                return is_met(MULTIFACTOR, self._credentials)
            case ControlKind.STRENGTH:
                strength = self._strengths.get(control.id)
                return strength is not None and is_met(strength, self._credentials)
            case ControlKind.COMPLIANT_DEVICE | ControlKind.JOINED_DEVICE:
                return self._device_is(control.kind)
            case ControlKind.APPROVED_APP:
                return facts.approved_app
            case ControlKind.COMPLIANT_APP:
                return facts.protected_app
            case ControlKind.PASSWORD_CHANGE:
                return facts.password_changed
            case ControlKind.RISK_REMEDIATION:
                return facts.risk_remediated
            case ControlKind.TERMS_OF_USE:
                return control.id in facts.accepted_terms
            case ControlKind.CUSTOM_FACTOR:
                return control.id in facts.custom_factors

    def _device_is(self, kind: ControlKind) -> bool:
        device = self._facts.device
        if device is None or isinstance(device, Unknown):
            return False
        return device.is_compliant if kind is ControlKind.COMPLIANT_DEVICE else device.is_joined

    def can_be_asked_for(self, control: Control) -> bool:
        """Whether the person can do something about it now; what nothing here can bring about stays unmet."""
        match control.kind:
            case ControlKind.MFA:
                return True
            case ControlKind.PASSWORD_CHANGE | ControlKind.RISK_REMEDIATION:
                return self._facts.password_changeable
            case ControlKind.STRENGTH:
                return control.id in self._strengths
            case ControlKind.TERMS_OF_USE:
                return control.id in self._terms
            case _:
                return False


def why_unmet(control: Control, strengths: Mapping[str, Strength], terms: frozenset[str]) -> str:
    """What is missing, in words for the person who signs in."""
    match control.kind:
        case ControlKind.STRENGTH if control.id in strengths:
            return f"a sign-in as strong as “{strengths[control.id].name}” is needed"
        case ControlKind.STRENGTH:
            return "a strength is asked for that does not exist any more"
        case ControlKind.TERMS_OF_USE if control.id not in terms:
            return "terms of use are asked for that do not exist here"
        case _:
            return _WHY_UNMET[control.kind]


_WHY_UNMET = {
    ControlKind.BLOCK: "access is blocked",
    ControlKind.MFA: "a second factor is needed",
    ControlKind.COMPLIANT_DEVICE: "the device must be known here as compliant",
    ControlKind.JOINED_DEVICE: "the device must be joined to the organisation",
    ControlKind.APPROVED_APP: "an approved app is needed, and nothing here vouches for one",
    ControlKind.COMPLIANT_APP: "a protected app is needed, and nothing here vouches for one",
    ControlKind.PASSWORD_CHANGE: "the password must be changed",
    ControlKind.RISK_REMEDIATION: "the risk must be dealt with, by another password",
    ControlKind.TERMS_OF_USE: "the terms of use must be accepted",
    ControlKind.CUSTOM_FACTOR: "a custom control is asked for, and there is none here",
}
