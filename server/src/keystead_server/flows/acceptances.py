"""Which terms somebody has accepted, and how many have, as the audit log keeps it.

That somebody accepted a text, and when, is an audit line anyway; here the line is the record. It stands under a target
of its own, so that reading it back costs the same however much else the log has of the person.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.ids import TenantId, UserId
from keystead_server.flows.auditing import NEWEST, newest_lines
from keystead_server.policy.access.terms import Acceptance, Terms, accepted
from keystead_server.ports.store import Store

ACCEPTED = "terms.accepted"
# One is written where the text is not accepted yet, so that years of new versions fit.
_READ = 500


def target_of(user: UserId) -> str:
    return f"terms:{user}"


async def acceptances_of(store: Store, tenant: TenantId, user: UserId) -> Sequence[Acceptance]:
    lines = await store.logs.audit_of(tenant, target_of(user), limit=_READ)
    return [_acceptance(one) for one in lines if one.name == ACCEPTED]


def _acceptance(line: AuditEvent) -> Acceptance:
    return Acceptance(line.detail["terms"], line.detail["digest"], line.at)


@dataclass(frozen=True, slots=True)
class HowMany:
    """Attributes:
    by_terms: accounts that accepted the present text, and not too long ago, by the terms' ids.
    is_all: the log was read to its end; otherwise there may be more.
    """

    by_terms: Mapping[str, int]
    is_all: bool


async def how_many_accepted(store: Store, tenant: TenantId, terms: Iterable[Terms], now: datetime) -> HowMany:
    """For people to look at: read from the newest lines of the log, up to a bound."""
    kept = tuple(terms)
    read = 0
    by_person: dict[str, list[Acceptance]] = {}
    async for line in newest_lines(store, tenant):
        read += 1
        if line.name == ACCEPTED:
            by_person.setdefault(line.target_id, []).append(_acceptance(line))
    done = [accepted(kept, each, now) for each in by_person.values()]
    return HowMany({one.id: sum(one.id in each for each in done) for one in kept}, read < NEWEST)
