"""What happens: sessions, grants, the logs, and what is swept."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from keystead_server.domain.access_ruling import AccessRuling, AppliedPolicy
from keystead_server.domain.app import App
from keystead_server.domain.sign_in import Method, Purpose, Result
from keystead_server.domain.user import User
from keystead_server.ports.changes import (
    Add,
    BumpPolicyVersion,
    CloseSession,
    Conflict,
    Join,
    Remove,
    RevokeGrant,
    SpendPass,
    Written,
)
from keystead_server.ports.store import GrantOwner, SessionOwner

from keystead_testkit.store_suite.world import World


class SessionTests:
    def test_a_session_is_found_with_its_user_their_groups_and_the_policy_version(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(session := world.session(user, passkey_id=world.new_id()), group := world.group(tenant))
        world.write(Join(tenant.id, group.id, user.id), BumpPolicyVersion(tenant.id))

        owner = world.run(world.store.sessions.owner_of(tenant.id, session.id))

        assert owner == SessionOwner(session, user, frozenset({group.id}), 2)

    def test_a_closed_session_keeps_its_first_moment(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        other = world.add_tenant("fabrikam")
        world.add(session := world.session(user, methods=(Method.TEMPORARY_ACCESS_PASS, Method.PASSWORD)))
        first = world.clock.advance(timedelta(minutes=1))
        second = world.clock.advance(timedelta(minutes=1))

        for at in (first, second):
            assert world.write(CloseSession(tenant.id, session.id, at)) == Written()
        assert world.write(CloseSession(other.id, session.id, second)) == Written()

        owner = world.run(world.store.sessions.owner_of(tenant.id, session.id))
        assert owner is not None
        assert owner.session == session.closed(at=first)

    def test_a_grant_is_found_with_session_user_and_app(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        session, app = world.session(user), world.app(tenant)
        world.add(session, app, grant := world.grant(session, app))

        assert world.run(world.store.sessions.grant(tenant.id, grant.id)) == GrantOwner(grant, session, user, app)

    def test_a_revoked_grant_keeps_its_first_moment(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        session, app = world.session(user), world.app(tenant)
        world.add(session, app, grant := world.grant(session, app))
        first = world.clock.advance(timedelta(minutes=1))

        for at in (first, first + timedelta(minutes=1)):
            assert world.write(RevokeGrant(tenant.id, grant.id, at)) == Written()
        assert world.write(RevokeGrant(tenant.id, world.new_id(), first)) == Written()

        owner = world.run(world.store.sessions.grant(tenant.id, grant.id))
        assert owner is not None
        assert owner.grant == replace(grant, revoked_at=first)

    def test_what_a_removed_user_or_app_had_is_found_no_more(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        session, app, other = world.session(user), world.app(tenant), world.app(tenant, "Other")
        world.add(session, app, other, grant := world.grant(session, app), kept := world.grant(session, other))

        world.write(Remove(tenant.id, App, app.id))

        assert world.run(world.store.sessions.grant(tenant.id, grant.id)) is None
        assert world.run(world.store.sessions.grant(tenant.id, kept.id)) is not None

        world.write(Remove(tenant.id, User, user.id))

        assert world.run(world.store.sessions.grant(tenant.id, kept.id)) is None
        assert world.run(world.store.sessions.owner_of(tenant.id, session.id)) is None

    @pytest.mark.parametrize("kind", ["session", "grant", "attempt", "event"])
    def test_an_id_is_written_once(self, world: World, kind: str) -> None:
        user = world.add_user(tenant := world.add_tenant())
        session, app = world.session(user), world.app(tenant)
        values: dict[str, Any] = {
            "session": session,
            "grant": world.grant(session, app),
            "attempt": world.attempt(tenant),
            "event": world.event(tenant),
        }
        world.add(values[kind])
        again = Add(values[kind])

        assert world.write(again) == Conflict(again)


class LogTests:
    def test_every_field_of_an_attempt_comes_back(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        full = world.attempt(
            tenant,
            purpose=Purpose.REGISTER,
            method=Method.TEMPORARY_ACCESS_PASS,
            result=Result.REFUSED,
            reason="origin_not_allowed",
            user_agent="Mozilla/5.0",
            detail="signed by a page at 'https://evil.test'",
            user_id=user.id,
            username="Ada",
            app_id=world.new_id(),
            credential_id=b"\0\xff",
            aaguid=UUID(int=0),
            proof="claimed",
            profile="everyone",
            challenge_id=world.new_id(),
            access=AccessRuling(
                "block", (AppliedPolicy(world.new_id(), "Nobody from \u2028 there \ud83d", "failure"),)
            ),
        )
        world.add(full, bare := world.attempt(tenant))

        assert world.run(world.store.logs.attempt(tenant.id, full.id)) == full
        assert world.run(world.store.logs.attempt(tenant.id, bare.id)) == bare

    @pytest.mark.parametrize("typed", ["a\0b", "\ud800", "ada\udfff\0", "👩‍💻 'quoted' \"x\" \\ \n"])
    def test_whatever_a_stranger_typed_can_be_logged(self, world: World, typed: str) -> None:
        tenant = world.add_tenant()
        attempt = world.attempt(tenant, username=typed, user_agent=typed, detail=typed, client_address=typed)

        assert world.write(Add(attempt)) == Written()

        found = world.run(world.store.logs.attempt(tenant.id, attempt.id))
        assert found is not None
        assert found.username is not None
        assert len(found.username) == len(typed)
        assert found.username == found.detail == found.user_agent == found.client_address

    @pytest.mark.parametrize("typed", ["a\0b", "\ud800"])
    def test_what_nothing_can_be_called_finds_nothing(self, world: World, typed: str) -> None:
        tenant = world.add_tenant()

        assert world.run(world.store.users.by_username(tenant.id, typed)) is None
        assert world.run(world.store.tenants.by_name(typed)) is None
        assert list(world.run(world.store.users.page(tenant.id, limit=9, search=typed))) == []

    def test_attempts_are_paged_newest_first(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        wanted = [(u, r) for u in (user.id, None) for r in Result] * 2
        log = [world.attempt(tenant, user_id=u, result=r) for u, r in wanted]
        world.add(*log, world.attempt(world.add_tenant("fabrikam")))
        newest, attempts = log[::-1], world.store.logs.attempts

        first = world.run(attempts(tenant.id, limit=3))

        assert list(first) == newest[:3]
        assert list(world.run(attempts(tenant.id, limit=99, before=first[-1].id))) == newest[3:]
        theirs = [a for a in newest if a.user_id == user.id]
        assert list(world.run(attempts(tenant.id, limit=99, user=user.id))) == theirs
        refused = [a for a in newest if a.result is Result.REFUSED]
        assert list(world.run(attempts(tenant.id, limit=99, result=Result.REFUSED))) == refused
        both = world.run(attempts(tenant.id, limit=1, user=user.id, result=Result.REFUSED, before=theirs[0].id))
        assert list(both) == [a for a in theirs[1:] if a in refused][:1]

    def test_the_audit_log_is_paged_newest_first(self, world: World) -> None:
        tenant = world.add_tenant()
        log = [world.event(tenant) for _ in range(5)]
        world.add(*log)

        first = world.run(world.store.logs.audit(tenant.id, limit=2))

        assert list(first) == log[:2:-1]
        assert list(world.run(world.store.logs.audit(tenant.id, limit=9, before=first[-1].id))) == log[2::-1]

    def test_logs_do_not_forget_a_removed_person(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(attempt := world.attempt(tenant, user_id=user.id), event := world.event(tenant))

        world.write(Remove(tenant.id, User, user.id))

        assert list(world.run(world.store.logs.attempts(tenant.id, limit=9, user=user.id))) == [attempt]
        assert list(world.run(world.store.logs.audit(tenant.id, limit=9))) == [event]


class SweepTests:
    def test_sessions_and_grants_over_for_more_than_a_day_are_swept(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        now, app, day = world.clock.now(), world.app(tenant), timedelta(days=1)
        old, edge = now - day - timedelta(microseconds=1), now - day
        expired, closed, kept, closed_later = (
            world.session(user, expires_at=e) for e in (old, now + day, edge, now + day)
        )
        over, revoked, running = (world.grant(kept, app, expires_at=e) for e in (old, now + day, edge))
        world.add(app, expired, closed, kept, closed_later, over, revoked, running)
        world.write(CloseSession(tenant.id, closed.id, old), CloseSession(tenant.id, closed_later.id, edge))
        world.write(RevokeGrant(tenant.id, revoked.id, old))

        assert world.run(world.store.sweep(now)) == 4

        sessions = world.store.sessions
        found = [
            world.run(sessions.owner_of(tenant.id, s.id)) is not None for s in (expired, closed, kept, closed_later)
        ]
        assert found == [False, False, True, True]
        assert [world.run(sessions.grant(tenant.id, g.id)) is not None for g in (over, revoked, running)] == [
            False,
            False,
            True,
        ]
        assert world.run(world.store.sweep(now)) == 0

    def test_passes_over_for_more_than_thirty_days_are_swept(self, world: World) -> None:
        tenant, now, month = world.add_tenant(), world.clock.now(), timedelta(days=30)
        old, edge = now - month - timedelta(microseconds=1), now - month
        users = [world.add_user(tenant, f"user{n}") for n in range(4)]
        passes = [world.access_pass(u, expires_at=e) for u, e in zip(users, (old, edge, now, now), strict=True)]
        world.add(*passes)
        world.write(SpendPass(tenant.id, passes[2].id, old), SpendPass(tenant.id, passes[3].id, edge))

        assert world.run(world.store.sweep(now)) == 2

        kept = [world.run(world.store.passes.of_user(tenant.id, user.id)) is not None for user in users]
        assert kept == [False, True, False, True]

    def test_a_swept_challenge_can_still_not_be_answered_again(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        session = world.session(user, expires_at=world.clock.now() - timedelta(days=9))
        attempt = world.attempt(tenant, id=session.id)
        assert world.write(Add(attempt), Add(session)) == Written()
        world.run(world.store.sweep(world.clock.now()))

        replay = Add(attempt)

        assert world.write(replay, Add(session)) == Conflict(replay)
