"""Which terms somebody has accepted, as the audit log keeps it.

That somebody accepted a text, and when, is an audit line anyway; here the line is the record. It stands under a target
of its own, so that reading it back costs the same however much else the log has of the person.
"""

from collections.abc import Sequence

from keystead_server.domain.ids import TenantId, UserId
from keystead_server.policy.access.terms import Acceptance
from keystead_server.ports.store import Store

ACCEPTED = "terms.accepted"
# One is written where the text is not accepted yet, so that years of new versions fit.
_READ = 500


def target_of(user: UserId) -> str:
    return f"terms:{user}"


async def acceptances_of(store: Store, tenant: TenantId, user: UserId) -> Sequence[Acceptance]:
    lines = await store.logs.audit_of(tenant, target_of(user), limit=_READ)
    return [Acceptance(one.detail["terms"], one.detail["digest"], one.at) for one in lines if one.name == ACCEPTED]
