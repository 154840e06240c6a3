"""What is publicly known about an authenticator model: its name, and what was reported about it."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class StatusReport:
    """One report about a model, in the words of the FIDO Metadata Service.

    Attributes:
        effective_on: since when, in UTC; None when no date is given. Then "the status is assumed to be
            effective while present" (FIDO Metadata Service 3, StatusReport).
    """

    status: str
    effective_on: date | None


@dataclass(frozen=True, slots=True)
class AuthenticatorModel:
    """Attributes:
    name: for people; None when its maker gave none that can be shown.
    icon: a `data:` URI of a PNG or JPEG, or None.
    """

    name: str | None
    reports: tuple[StatusReport, ...] = ()
    icon: str | None = None

    def statuses_on(self, today: date) -> frozenset[str]:
        """The statuses that count on *today*.

        FIDO Metadata Service 3: "The latest StatusReport entry MUST reflect the 'current' status." The
        order of the list is not to be relied on, so dates decide; reports of one day all count.
        """
        undated = {report.status for report in self.reports if report.effective_on is None}
        dated = [(r.effective_on, r.status) for r in self.reports if r.effective_on and r.effective_on <= today]
        latest = max((day for day, _ in dated), default=None)
        return frozenset(undated | {status for day, status in dated if day == latest})

    def certification_on(self, today: date) -> str | None:
        """The certification last reported, such as `FIDO_CERTIFIED_L1`; of several on one day, the highest."""
        reported = [
            (r.effective_on or date.min, r.status)
            for r in self.reports
            if r.status.startswith(("FIDO_CERTIFIED", "NOT_FIDO_CERTIFIED")) and (r.effective_on or today) <= today
        ]
        return max(reported, key=lambda each: (each[0], _LEVELS.get(each[1], 0)))[1] if reported else None


_LEVELS = {"FIDO_CERTIFIED": 1} | {
    f"FIDO_CERTIFIED_L{level}{plus}": 2 * level + bool(plus) for level in (1, 2, 3) for plus in ("", "plus")
}
