"""Every read names its tenant, and gets nothing of another's, even when it knows the id."""

from collections.abc import Callable, Coroutine
from typing import Any

from keystead_server.domain.ids import TenantId
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.domain.sign_in import Method, Result
from keystead_server.ports.changes import Join
from keystead_server.ports.store import NameOrder

from keystead_testkit.store_suite.world import World


class IsolationTests:
    def test_another_tenants_id_finds_nothing(self, world: World) -> None:
        ours, theirs = world.add_tenant(), world.add_tenant("fabrikam")
        user = world.add_user(theirs)
        group, app, session, passkey = world.group(theirs), world.app(theirs), world.session(user), world.passkey(user)
        guess: dict[str, Any] = {"user_id": user.id, "method": Method.TEMPORARY_ACCESS_PASS, "result": Result.REFUSED}
        attempt, grant = world.attempt(theirs, **guess), world.grant(session, app)
        policy = PolicyDocument(theirs.id, "passkeys", 1, "{}", world.clock.now(), None)
        world.add(group, app, session, passkey, grant, attempt, policy, event := world.event(theirs))
        world.add(world.access_pass(user), world.password(user))
        world.add(device := world.device(user), world.authority(theirs))
        world.write(Join(theirs.id, group.id, user.id))
        store = world.store

        async def failures(tenant: TenantId) -> int:
            return (await store.logs.guesses(tenant, user.id, Method.TEMPORARY_ACCESS_PASS, attempt.at)).failures

        async def password(tenant: TenantId) -> object:
            return (await store.secrets.of_user(tenant, user.id)).password

        reads: list[Callable[[TenantId], Coroutine[Any, Any, Any]]] = [
            lambda t: store.users.get(t, user.id),
            lambda t: store.users.by_username(t, user.username),
            lambda t: store.users.page(t, limit=9),
            lambda t: store.users.by_name(t, NameOrder.DISPLAY_NAME, limit=9),
            lambda t: store.users.groups_of(t, user.id),
            store.users.count,
            lambda t: store.groups.get(t, group.id),
            lambda t: store.groups.by_name(t, group.name),
            store.groups.all,
            lambda t: store.groups.members(t, group.id),
            lambda t: store.passkeys.owner_of(t, passkey.credential_id),
            lambda t: store.passkeys.get(t, passkey.id),
            lambda t: store.passkeys.of_user(t, user.id),
            lambda t: store.passkeys.page(t, limit=9),
            store.passkeys.count,
            lambda t: store.passes.of_user(t, user.id),
            lambda t: store.devices.get(t, device.id),
            lambda t: store.devices.by_attestation_key(t, device.attestation_digest),
            lambda t: store.devices.with_endorsement_key(t, device.endorsement_digest),
            lambda t: store.devices.of_user(t, user.id),
            lambda t: store.devices.page(t, limit=9),
            store.devices.count,
            store.authorities.all,
            lambda t: store.apps.get(t, app.id),
            store.apps.all,
            lambda t: store.sessions.owner_of(t, session.id),
            lambda t: store.sessions.grant(t, grant.id),
            lambda t: store.logs.attempt(t, attempt.id),
            lambda t: store.logs.attempts(t, limit=9),
            lambda t: store.logs.attempts(t, limit=9, user=user.id),
            lambda t: store.logs.audit(t, limit=9),
            failures,
            password,
            lambda t: store.logs.audit_of(t, event.target_id, limit=9),
            lambda t: store.policies.current(t, "passkeys"),
            lambda t: store.policies.versions(t, "passkeys"),
        ]

        assert [bool(world.run(read(theirs.id))) for read in reads] == [True] * len(reads)
        assert [bool(world.run(read(ours.id))) for read in reads] == [False] * len(reads)
