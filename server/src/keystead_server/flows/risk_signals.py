"""What is said of somebody's risk, as the audit log keeps it.

Who said what of whom, and when, is an audit line anyway; nothing else about it would be true. So the lines are the
record, chained and kept like all of that log. They stand under a target of their own, which nobody writes to but who
may say something about risk: otherwise the person in question could push them out of sight with lines of their doing.
"""

from collections.abc import Sequence
from datetime import datetime

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.ids import TenantId, UserId
from keystead_server.flows.auditing import newest_lines
from keystead_server.policy.access.vocabulary import InsiderRisk, RiskLevel
from keystead_server.policy.risk.signals import RiskAbout, Signal, SignalKind
from keystead_server.ports.store import Store

# More than can stand between two dismissals, so that no finding pushes a confirmation out of sight.
_READ, MAX_SUPPLIED = 500, 400
# Of these the newest counts; the others are for sign-ins that are explained afterwards.
_READ_OF_INSIDER = 50
EVENTS = {
    SignalKind.SUPPLIED: "risk.supplied",
    SignalKind.CONFIRMED: "risk.confirmed",
    SignalKind.DISMISSED: "risk.dismissed",
    SignalKind.REMEDIATED: "risk.remediated",
    SignalKind.INSIDER: "risk.insider_supplied",
}
_KINDS = {event: kind for kind, event in EVENTS.items()}


def target_of(user: UserId, kind: SignalKind = SignalKind.SUPPLIED) -> str:
    # Apart: a system that says an insider risk anew each hour pushes nothing else out of sight.
    return f"{'insider-risk' if kind is SignalKind.INSIDER else 'risk'}:{user}"


def user_of(event: AuditEvent) -> UserId | None:
    """Whom a line about risk is about; None for every other line."""
    return UserId(event.target_id.partition(":")[2]) if event.name in _KINDS else None


async def signals_of(store: Store, tenant: TenantId, user: UserId) -> Sequence[Signal]:
    """Newest first, what is said of insider risk at the end."""
    lines = await store.logs.audit_of(tenant, target_of(user), limit=_READ)
    insider = await store.logs.audit_of(tenant, target_of(user, SignalKind.INSIDER), limit=_READ_OF_INSIDER)
    return tuple(signal_of(line) for line in (*lines, *insider) if line.name in _KINDS)


async def everybodys_signals(store: Store, tenant: TenantId) -> dict[str, list[Signal]]:
    """By person; as far as the newest lines of the log go."""
    found: dict[str, list[Signal]] = {}
    async for line in newest_lines(store, tenant):
        user = user_of(line)
        if user is not None:
            found.setdefault(user, []).append(signal_of(line))
    return found


def signal_of(event: AuditEvent) -> Signal:
    detail = event.detail
    until = datetime.fromisoformat(detail["until"]) if "until" in detail else None
    if _KINDS[event.name] is SignalKind.INSIDER:
        said, insider = detail.get("reason", ""), InsiderRisk(detail["level"])
        return Signal(event.id, SignalKind.INSIDER, event.at, says=said, insider=insider, until=until)
    at = datetime.fromisoformat(detail["found_at"]) if "found_at" in detail else event.at
    level = RiskLevel(detail.get("level", RiskLevel.NONE))
    about = RiskAbout(detail.get("about", RiskAbout.PERSON))
    return Signal(
        event.id, _KINDS[event.name], at, level, detail.get("type", ""), detail.get("reason", ""), about, until=until
    )
