"""What an administrator says of a person's risk on their page, for a system that cannot say it itself."""

from dataclasses import dataclass
from datetime import timedelta

from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User
from keystead_server.http.call import Call
from keystead_server.policy.access.vocabulary import InsiderRisk
from keystead_server.policy.risk.levels import Risk
from keystead_server.policy.risk.signals import INSIDER_REMEMBERED, SUPPLIED_LEVELS, RiskAbout, Signal

_INSIDER = "insider"
_EVENT = "reportedByAdministrator"
KINDS = (
    *((f"{RiskAbout.PERSON}:{level}", f"The account is at risk: {level}") for level in reversed(SUPPLIED_LEVELS)),
    *((f"{RiskAbout.SIGN_IN}:{level}", f"Their sign-ins are risky: {level}") for level in reversed(SUPPLIED_LEVELS)),
    *((f"{_INSIDER}:{level}", f"Insider risk: {level}") for level in reversed(InsiderRisk)),
)
DAYS = (("", "As long as is usual"), ("1", "1 day"), ("7", "7 days"), ("30", "30 days"), ("90", "90 days"))
# Which field a property is typed in; what is left is about the person.
_FIELDS = {"additionalInfo": "reason", "expirationDateTime": "days", "riskLevel": "kind", "insiderRiskLevel": "kind"}


@dataclass(frozen=True, slots=True)
class RiskCard:
    """Attributes:
    insider: what counts as their insider risk; None where they are none.
    """

    risk: Risk
    insider: Signal | None

    @property
    def insider_until(self) -> object:
        return None if self.insider is None else self.insider.until or self.insider.at + INSIDER_REMEMBERED

    @property
    def is_empty(self) -> bool:
        risk = self.risk
        return not (risk.because or risk.dismissed_at or risk.remediated_at or self.insider)


async def card_of(call: Call, user: User) -> RiskCard:
    detect = call.services.detect_risk
    return RiskCard(await detect.person(call.tenant.id, user.id), await detect.insider(call.tenant.id, user.id))


async def supply(call: Call, user: User) -> None:
    """Keep what was typed.

    Raises:
        Invalid: it cannot be kept; `target` is the field.
    """
    kind, days = call.field("kind"), call.field("days")
    if kind not in dict(KINDS) or days not in dict(DAYS):
        raise Invalid("not_a_choice", "choose one from the list", target="days" if kind in dict(KINDS) else "kind")
    about, _, level = kind.partition(":")
    until = call.services.clock.now() + timedelta(days=int(days)) if days else None
    manage, says = call.services.manage_risk, call.field("reason").strip()
    try:
        if about == _INSIDER:
            await manage.set_insider_risk(user, level=level, says=says, until=until, by=call.actor)
        else:
            await manage.supply(
                user, level=level, about=about, event_type=_EVENT, says=says, until=until, by=call.actor
            )
    except Invalid as invalid:
        target = _FIELDS.get(invalid.target or "", "userIds")
        raise Invalid(invalid.code, invalid.message, target=target) from None
