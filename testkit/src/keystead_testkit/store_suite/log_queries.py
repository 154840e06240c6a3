"""The two logs by time, person, app and outcome."""

from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest
from keystead_server.domain.app import App
from keystead_server.domain.challenge import CHALLENGE_LIFETIME
from keystead_server.domain.sign_in import Attempt, Purpose, Result
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.ports.changes import Remove
from keystead_server.ports.log_queries import AuditQuery, AuditRow, SignInQuery, SignInRow

from keystead_testkit.store_suite.world import World

# What a row says, and how old the challenge may be that it answers.
KINDS: tuple[tuple[dict[str, Any], timedelta], ...] = (
    ({}, CHALLENGE_LIFETIME),
    ({}, CHALLENGE_LIFETIME),
    ({"result": Result.REFUSED, "reason": "challenge_expired"}, timedelta(days=40)),
    ({"purpose": Purpose.REGISTER}, timedelta(days=30)),
)


def found(world: World, tenant: Tenant, **asked: Any) -> list[Attempt]:
    query = SignInQuery(**{"limit": 99} | asked)
    return [row.attempt for row in world.run(world.store.logs.sign_ins(tenant.id, query))]


def minutes_apart(world: World, tenant: Tenant, count: int, **fields: Any) -> list[Attempt]:
    """Oldest first; written in another order, and with ids that are not in that of their moments."""
    now = world.clock.now()
    made = [world.attempt(tenant, at=now - timedelta(minutes=n), **fields) for n in range(count)]
    world.add(*made)
    return made[::-1]


def answers(world: World, tenant: Tenant) -> list[Attempt]:
    """Granted sign-ins, each a while after its challenge was made, among what may answer an older one.

    Challenges are made by servers whose clocks are minutes ahead or behind.
    """
    dice = Random(7)
    made = []
    for _ in range(60):
        world.clock.advance(timedelta(seconds=dice.randrange(40)))
        at = world.clock.now()
        kind, age = dice.choice(KINDS)
        asked_at = at - age * dice.random() + timedelta(minutes=dice.uniform(-4, 4))
        made.append(world.attempt(tenant, id=world.entropy.new_id(asked_at), at=at, **kind))
    world.add(*made)
    return made


def by_pages(world: World, tenant: Tenant, **asked: Any) -> list[Attempt]:
    pages: list[Attempt] = []
    place = None
    while page := found(world, tenant, after=place, **asked):
        pages += page
        place = (page[-1].at, page[-1].id)
    return pages


class LogQueryTests:
    def test_attempts_come_in_the_order_of_their_moments(self, world: World) -> None:
        tenant, other = world.add_tenant(), world.add_tenant("fabrikam")
        made = minutes_apart(world, tenant, 5)
        minutes_apart(world, other, 2)

        assert found(world, tenant) == made[::-1]
        assert found(world, tenant, newest_first=False) == made
        assert found(world, tenant, limit=2) == made[:2:-1]

    def test_a_span_has_its_first_moment_and_not_its_last(self, world: World) -> None:
        made = minutes_apart(world, tenant := world.add_tenant(), 5)

        assert found(world, tenant, since=made[1].at, until=made[3].at) == [made[2], made[1]]
        assert found(world, tenant, since=made[4].at + timedelta(microseconds=1)) == []
        assert found(world, tenant, until=datetime.fromisoformat("0001-01-01T00:00:00+00:00")) == []

    @pytest.mark.parametrize("newest_first", [True, False])
    def test_a_page_goes_on_behind_its_place_even_within_one_moment(self, world: World, newest_first: bool) -> None:
        tenant, at = world.add_tenant(), world.clock.now()
        world.add(*(world.attempt(tenant, at=at + timedelta(seconds=n // 3)) for n in range(9)))
        every = found(world, tenant, newest_first=newest_first)

        pages, place = [], None
        while page := found(world, tenant, newest_first=newest_first, limit=2, after=place):
            pages += page
            place = (page[-1].at, page[-1].id)

        assert pages == every
        assert len(every) == 9

    @pytest.mark.parametrize("newest_first", [True, False])
    @pytest.mark.parametrize("limit", [1, 3, 7])
    def test_however_old_its_challenge_each_attempt_has_its_place(
        self, world: World, newest_first: bool, limit: int
    ) -> None:
        tenant = world.add_tenant()
        made = answers(world, tenant)
        ordered = sorted(made, key=lambda a: (a.at, a.id), reverse=newest_first)
        since, until = made[20].at, made[45].at

        assert by_pages(world, tenant, newest_first=newest_first, limit=limit) == ordered
        within = by_pages(world, tenant, newest_first=newest_first, limit=limit, since=since, until=until)
        assert within == [a for a in ordered if since <= a.at < until]
        for granted in (True, False):
            asked = by_pages(world, tenant, newest_first=newest_first, limit=limit, granted=granted)
            assert asked == [a for a in ordered if (a.result is Result.GRANTED) is granted]

    def test_they_are_asked_for_by_person_app_and_outcome(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(app := world.app(tenant))
        theirs = world.attempt(tenant, user_id=user.id, result=Result.REFUSED)
        apps = world.attempt(tenant, app_id=app.id)
        both = world.attempt(tenant, user_id=user.id, app_id=app.id)
        world.add(theirs, apps, both, world.attempt(tenant))

        assert found(world, tenant, user=user.id) == [both, theirs]
        assert found(world, tenant, app=app.id) == [both, apps]
        assert found(world, tenant, user=user.id, app=app.id) == [both]
        assert found(world, tenant, user=user.id, granted=False) == [theirs]
        world.add(halfway := world.attempt(tenant, user_id=user.id, result=Result.INTERRUPTED))
        assert found(world, tenant, user=user.id, granted=False) == [halfway, theirs]
        assert found(world, tenant, user=user.id, granted=True) == [both]

    def test_names_stand_beside_what_is_there_and_nothing_beside_what_is_gone(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(app := world.app(tenant), attempt := world.attempt(tenant, user_id=user.id, app_id=app.id))
        event = world.event(tenant, actor=user.id)
        by_app = world.event(tenant, actor=app.id)
        world.add(event, by_app)
        logs = world.store.logs

        (row,) = world.run(logs.sign_ins(tenant.id, SignInQuery(9)))
        newest, oldest = world.run(logs.audit_events(tenant.id, AuditQuery(9)))
        assert row == SignInRow(attempt, user.username, user.display_name, app.name)
        assert oldest == AuditRow(event, user.username, user.display_name, None)
        assert newest == AuditRow(by_app, None, None, app.name)

        world.write(Remove(tenant.id, User, user.id), Remove(tenant.id, App, app.id))
        (row,) = world.run(logs.sign_ins(tenant.id, SignInQuery(9)))
        newest, oldest = world.run(logs.audit_events(tenant.id, AuditQuery(9)))
        assert row == SignInRow(attempt, None, None, None)
        assert (newest, oldest) == (AuditRow(by_app, None, None, None), AuditRow(event, None, None, None))

    def test_changes_are_asked_for_by_span_and_place(self, world: World) -> None:
        tenant, other = world.add_tenant(), world.add_tenant("fabrikam")
        events = []
        for _ in range(5):
            world.clock.advance(timedelta(minutes=1))
            events.append(world.event(tenant))
        world.add(*events, world.event(other))

        def asked(**how: Any) -> list[Any]:
            query = AuditQuery(**{"limit": 99} | how)
            return [row.event for row in world.run(world.store.logs.audit_events(tenant.id, query))]

        assert asked() == events[::-1]
        assert asked(since=events[1].at, until=events[3].at) == [events[2], events[1]]
        assert asked(newest_first=False, after=events[1].id, limit=2) == events[2:4]
        assert asked(after=events[1].id) == [events[0]]
        assert asked(since=events[4].at + timedelta(microseconds=1)) == []
