"""Why a real sign-in went as it went, and how the policies of now would decide it. Changes nothing."""

from dataclasses import dataclass, replace

from keystead_server.domain.ids import AttemptId
from keystead_server.domain.sign_in import Attempt, Purpose, Result
from keystead_server.domain.user import User
from keystead_server.flows.access_facts import person_of
from keystead_server.flows.logged_sign_ins import MAX_TRACES, Reader, was_judged
from keystead_server.flows.policies import AccessPolicies
from keystead_server.flows.risk_signals import signals_of
from keystead_server.policy.access.explain import Explanation, explain
from keystead_server.policy.access.facts import Facts, Used
from keystead_server.policy.people import Subject
from keystead_server.ports.clock import Clock
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.log_queries import SignInQuery
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class SignInExplained:
    """Attributes:
    attempt: with what was said of it then.
    now: by the policies, groups and roles of now.
    """

    attempt: Attempt
    now: Explanation


@dataclass(frozen=True, slots=True)
class ExplainSignIn:
    store: Store
    clock: Clock
    geo_ip: GeoIp
    access: AccessPolicies

    async def __call__(self, user: User, number: AttemptId | None = None) -> SignInExplained | None:
        """The sign-in of *user* with this *number* in the log, or their latest; None: there is none among the newest."""
        version = await self.access.now(user.tenant_id, self.clock.now())
        query = SignInQuery(MAX_TRACES, user=user.id)
        newest_first = [row.attempt for row in await self.store.logs.sign_ins(user.tenant_id, query)]
        wanted = next((row for row in newest_first if _is_wanted(row, number)), None)
        if wanted is None:
            return None
        groups = await self.store.users.groups_of(user.tenant_id, user.id)
        person = person_of(Subject.of(user, frozenset(group.id for group in groups)))
        signals = await signals_of(self.store, user.tenant_id, user.id) if version.asks_about_risk else ()
        reader = Reader(self.geo_ip, {user.id: person}, version.asks_about_risk, {user.id: signals})
        rows = newest_first[newest_first.index(wanted) :]
        facts = _facts(reader, rows)
        return None if facts is None else SignInExplained(wanted, explain(version.compiled, facts))


def _is_wanted(row: Attempt, number: AttemptId | None) -> bool:
    if number is None:
        return was_judged(row) or row.access is not None
    return row.id == number


def _facts(reader: Reader, newest_first: list[Attempt]) -> Facts | None:
    """Those of the first row; the older ones say how risky it was, and what its session was opened with."""
    facts: Facts | None = None
    proved: tuple[Used, ...] = ()
    for row in reversed(newest_first):
        facts = reader.facts_of(row)
        if facts is not None and row.purpose is Purpose.SIGN_IN and row.result is Result.GRANTED:
            proved = facts.methods
    if facts is not None and not facts.methods:
        # Of a page that was opened, and of an app, the row has no method: the session was opened before.
        facts = replace(facts, methods=proved, authenticated_at=proved[0].at if proved else facts.authenticated_at)
    return facts
