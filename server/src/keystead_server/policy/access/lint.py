"""What one policy may do that its writer did not mean, told while it is written.

Only what the policy itself shows, at once; what only the whole set or the directory shows is `analyse`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.controls import Control, ControlKind, Operator
from keystead_server.policy.access.filters.lint import lint as filter_remarks
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import ALL, NONE


@dataclass(frozen=True, slots=True)
class Warned:
    """Attributes:
    target: the property that it is about, as refusals name it.
    """

    target: str
    says: str


def remarks(policy: Policy, among: PolicySet, now: datetime) -> tuple[Warned, ...]:
    return (*_whom(policy, among), *_over(policy, now), *_device(policy), *_what(policy, among))


def _whom(policy: Policy, among: PolicySet) -> Iterator[Warned]:
    users = policy.conditions.users
    spares = users.exclude or users.exclude_groups or users.exclude_roles or among.break_glass
    if ALL in users.include and policy.conditions.applications.is_everything and not spares:
        says = "it is for everybody and everything, and there is no break-glass account that could mend it"
        yield Warned("conditions.users.includeUsers", says)
    if users.include == {NONE} and policy.conditions.workloads is None:
        yield Warned("conditions.users.includeUsers", "it is for nobody, so it has no effect")


def _over(policy: Policy, now: datetime) -> Iterator[Warned]:
    over = [one for one in policy.conditions.users.until if one.until <= now]
    if over:
        says = f"{len(over)} of the exclusions {'is' if len(over) == 1 else 'are'} over, and the policy applies again"
        yield Warned("conditions.users.expiringExclusions", says)


def _device(policy: Policy) -> Iterator[Warned]:
    rule = policy.conditions.device_filter
    if rule is not None:
        for remark in filter_remarks(rule.rule, rule.mode):
            yield Warned("conditions.devices.deviceFilter.rule", f"{remark.says} (at character {remark.position})")


def _what(policy: Policy, among: PolicySet) -> Iterator[Warned]:
    if policy.grant is None:
        return
    impossible = [one for one in policy.grant.controls if not _can_ever_be_met(one, among)]
    if policy.grant.operator is Operator.AND or len(impossible) == len(policy.grant.controls):
        for control in impossible:
            says = "nothing here can bring this about, so the policy keeps out everybody whom it is for"
            yield Warned(_TARGETS.get(control.kind, "grantControls.builtInControls"), says)


_TARGETS = {
    ControlKind.TERMS_OF_USE: "grantControls.termsOfUse",
    ControlKind.CUSTOM_FACTOR: "grantControls.customAuthenticationFactors",
}


def _can_ever_be_met(control: Control, among: PolicySet) -> bool:
    match control.kind:
        case ControlKind.TERMS_OF_USE:
            return control.id in among.terms
        case ControlKind.APPROVED_APP | ControlKind.COMPLIANT_APP | ControlKind.CUSTOM_FACTOR:
            return False
        case _:
            return True
