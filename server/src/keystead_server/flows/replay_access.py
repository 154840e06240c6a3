"""Foresee what a change of Conditional Access does, from the sign-ins of the last days. Changes nothing.

The log has who, when, from where, with what and for which app. It does not have what somebody's groups
and roles were: those of now count. Of a Temporary Access Pass it does not say how often it was good: the
weaker kind is assumed, as live does for one that is gone. Countries are those of the file of now.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from keystead_server.domain.ids import AttemptId, GroupId, TenantId, UserId
from keystead_server.domain.passkey import Proof
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.flows.access_facts import Place, app_target, pass_credential, person_of
from keystead_server.flows.detect_risk import trace_of
from keystead_server.flows.policies import AccessPolicies
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.facts import Facts, Person, Used
from keystead_server.policy.access.replay import Effect, Replay, Replayed
from keystead_server.policy.access.vocabulary import ClientApp, InsiderRisk, RiskLevel, State, Unknown
from keystead_server.policy.people import Subject
from keystead_server.policy.risk.detections import Detection, of_last
from keystead_server.policy.risk.levels import highest, in_memory
from keystead_server.policy.risk.traces import Trace
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import MethodMode
from keystead_server.ports.clock import Clock
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.log_queries import SignInQuery
from keystead_server.ports.store import Store

BATCH = 1000
MAX_TRACES = 100
# What Conditional Access refused is what a change may let in.
_RULED_OUT = frozenset({"access_blocked", "access_controls_required"})
Progress = Callable[[float], None]


@dataclass(frozen=True, slots=True)
class Foreseen:
    """Attributes:
    names: usernames of those who are affected, by id.
    left_out: sign-ins of people who are not there any more.
    """

    since: datetime
    until: datetime
    effect: Effect
    names: dict[str, str]
    left_out: int


def switched_on(policy_set: PolicySet, ids: Iterable[str] | None = None) -> PolicySet:
    """*policy_set* as if its report-only policies (of *ids*) were enforced."""
    wanted = None if ids is None else frozenset(ids)

    def on(is_observed: bool, policy_id: str) -> bool:
        return is_observed and (wanted is None or policy_id in wanted)

    return replace(
        policy_set,
        policies=tuple(
            replace(one, state=State.ENABLED) if on(one.state is State.REPORT_ONLY, one.id) else one
            for one in policy_set.policies
        ),
    )


@dataclass(frozen=True, slots=True)
class ReplayAccess:
    store: Store
    clock: Clock
    geo_ip: GeoIp
    access: AccessPolicies

    async def __call__(
        self, tenant: TenantId, after: PolicySet, *, days: int, progress: Progress | None = None
    ) -> Foreseen:
        """Hold *after* against what is in force now, over the sign-ins of the last *days*.

        Args:
            progress: told now and then which part, from 0 to 1, is done.
        """
        until = self.clock.now()
        since = until - timedelta(days=days)
        now = await self.access.now(tenant, until)
        then = Compiled(after)
        usernames, people = await self._people(tenant, now.rules.set, after)
        reader = _Reader(self.geo_ip, people, now.compiled.asks_about_risk or then.asks_about_risk)
        replay = Replay(now.compiled, then)
        async for batch in self._batches(tenant, since, until):
            replay.feed(filter(None, map(reader.read, batch)))
            if progress is not None:
                progress((batch[-1].at - since) / (until - since))
        effect = replay.effect()
        affected = {one.person for each in effect.affected.values() for one in each}
        return Foreseen(since, until, effect, {one: usernames[one] for one in affected}, reader.left_out)

    async def _batches(self, tenant: TenantId, since: datetime, until: datetime) -> AsyncIterator[list[Attempt]]:
        after: tuple[datetime, AttemptId] | None = None
        while True:
            query = SignInQuery(BATCH, newest_first=False, since=since, until=until, after=after)
            rows = [row.attempt for row in await self.store.logs.sign_ins(tenant, query)]
            if not rows:
                return
            yield rows
            after = rows[-1].at, rows[-1].id

    async def _people(self, tenant: TenantId, *sets: PolicySet) -> tuple[dict[str, str], dict[str, Person]]:
        """Everybody's name, and everybody as policy sees them; only groups that *sets* name are asked for."""
        groups: dict[UserId, set[GroupId]] = {}
        for named in sorted(_groups_named(sets)):
            for member in await self.store.groups.members(tenant, GroupId(named)):
                groups.setdefault(member.id, set()).add(GroupId(named))
        usernames: dict[str, str] = {}
        people: dict[str, Person] = {}
        after: UserId | None = None
        while batch := await self.store.users.page(tenant, limit=BATCH, after=after):
            for user in batch:
                usernames[user.id] = user.username
                people[user.id] = person_of(Subject.of(user, frozenset(groups.get(user.id, ()))))
            after = batch[-1].id
        return usernames, people


def _groups_named(sets: Iterable[PolicySet]) -> frozenset[str]:
    named: set[str] = set()
    for one in sets:
        for policy in one.policies:
            users = policy.conditions.users
            named |= users.include_groups | users.exclude_groups | {spared.id for spared in users.until}
    return frozenset(named)


@dataclass(slots=True)
class _History:
    """What one person's rows so far make of their risk."""

    traces: list[Trace] = field(default_factory=list)
    detections: list[Detection] = field(default_factory=list)

    def add(self, trace: Trace) -> tuple[RiskLevel, RiskLevel]:
        """The risk of the sign-in that *trace* is, and that of the person before it."""
        person = highest(one.user_level for one in in_memory(self.detections, trace.at))
        self.traces = [*self.traces[-MAX_TRACES:], trace]
        found = tuple(of_last(self.traces, trace))
        self.detections.extend(found)
        return highest(one.sign_in_level for one in found), person


class _Reader:
    """Rows of the log, in order of time → sign-ins as facts."""

    def __init__(self, geo_ip: GeoIp, people: dict[str, Person], asks_about_risk: bool) -> None:
        self._geo_ip = geo_ip
        self._people = people
        self._histories: dict[str, _History] | None = {} if asks_about_risk else None
        self.left_out = 0

    def read(self, row: Attempt) -> Replayed | None:
        """None for what is no sign-in that policy was asked about."""
        risks = self._risks(row)
        if row.user_id is None or not _was_judged(row):
            return None
        person = self._people.get(row.user_id)
        if person is None:
            self.left_out += 1
            return None
        return Replayed(row.id, row.user_id, self._facts(row, person, *risks))

    def _risks(self, row: Attempt) -> tuple[RiskLevel, RiskLevel]:
        if self._histories is None or row.user_id is None or row.purpose is not Purpose.SIGN_IN:
            return RiskLevel.NONE, RiskLevel.NONE
        return self._histories.setdefault(row.user_id, _History()).add(trace_of(row, self._geo_ip))

    def _facts(self, row: Attempt, person: Person, sign_in_risk: RiskLevel, user_risk: RiskLevel) -> Facts:
        place = Place.said(row.client_address, row.user_agent)
        return Facts(
            now=row.at,
            who=person,
            apps=app_target(row.app_id).apps,
            client=ClientApp.BROWSER,
            platform=place.platform,
            address=place.address,
            country=place.address if isinstance(place.address, Unknown) else self._geo_ip.country(place.address),
            device=None,
            sign_in_risk=sign_in_risk,
            user_risk=user_risk,
            insider_risk=InsiderRisk.NONE,
            flow=None,
            methods=tuple(Used(each, row.at) for each in _credentials(row)),
            authenticated_at=row.at,
        )


def _was_judged(row: Attempt) -> bool:
    if row.purpose is Purpose.SIGN_IN and row.result is Result.GRANTED:
        return True
    return row.purpose in (Purpose.SIGN_IN, Purpose.AUTHORIZE) and row.reason in _RULED_OUT


def _credentials(row: Attempt) -> tuple[Credential, ...]:
    match row.method:
        case Method.PASSKEY:
            return (Credential(MethodMode.FIDO2, row.aaguid, Proof(row.proof) if row.proof else Proof.NONE),)
        case Method.WINDOWS_HELLO:
            return (Credential(MethodMode.WINDOWS_HELLO),)
        case Method.TEMPORARY_ACCESS_PASS:
            return (pass_credential(None),)
        case Method.SOFTWARE_OATH:
            # A code is only ever asked for after the password.
            return Credential(MethodMode.PASSWORD), Credential(MethodMode.SOFTWARE_OATH)
        case Method.PASSWORD | Method.RECOVERY_CODE:
            return (Credential(MethodMode.PASSWORD),)
        case Method.NONE:
            return ()
