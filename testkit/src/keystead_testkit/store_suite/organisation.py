"""What an organisation keeps besides its people: apps, policies, signing keys."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

from keystead_server.domain.keys import SigningKey
from keystead_server.domain.policy_document import PolicyDocument
from keystead_server.ports.changes import (
    Add,
    Conflict,
    Replace,
    Written,
)

from keystead_testkit.store_suite.world import World


class AppTests:
    def test_every_field_of_an_app_comes_back(self, world: World) -> None:
        tenant = world.add_tenant()
        public = replace(world.app(tenant, "Öl"), secret_digests=(), post_logout_redirect_uris=("https://rp.example/",))
        permitted: Any = {
            "delegated_permissions": ("User.Read",),
            "application_permissions": ("Group.Read.All", "User.Read.All"),
        }
        world.add(app := world.app(tenant, id_token_alg="RS256", enabled=False, **permitted), public)

        assert world.run(world.store.apps.get(tenant.id, app.id)) == app
        assert list(world.run(world.store.apps.all(tenant.id))) == [app, public]

        changed = replace(app, name="Zeiten", redirect_uris=(), enabled=True, application_permissions=())
        assert world.write(Replace(changed)) == Written()
        assert list(world.run(world.store.apps.all(tenant.id))) == [changed, public]


class PolicyTests:
    def test_the_current_policy_is_the_highest_version_and_earlier_ones_are_kept(self, world: World) -> None:
        tenant, now = world.add_tenant(), world.clock.now()
        user = world.add_user(tenant)
        documents = [PolicyDocument(tenant.id, "passkeys", n, f'{{"n":{n}}}', now, user.id) for n in (1, 2, 10)]
        world.add(*documents, PolicyDocument(tenant.id, "access", 11, "{}", now, None))

        assert world.run(world.store.policies.current(tenant.id, "passkeys")) == documents[-1]
        assert list(world.run(world.store.policies.versions(tenant.id, "passkeys"))) == documents[::-1]
        assert world.run(world.store.policies.current(tenant.id, "strengths")) is None

    def test_two_writers_cannot_make_the_same_version(self, world: World) -> None:
        tenant = world.add_tenant()
        world.add(PolicyDocument(tenant.id, "passkeys", 1, "{}", world.clock.now(), None))
        second = Add(PolicyDocument(tenant.id, "passkeys", 1, "[]", world.clock.now(), None))

        assert world.write(second) == Conflict(second)


class SigningKeyTests:
    def test_signing_keys_come_newest_first_and_can_be_retired(self, world: World) -> None:
        now = world.clock.now()
        old = SigningKey("thumb-a", "ES256", b"sealed", '{"kty":"EC"}', now)
        new = SigningKey("thumb-b", "RS256", b"\0\xff", "{}", now + timedelta(days=1))
        world.add(old, new)
        retired = replace(old, retired_at=now + timedelta(days=2))

        assert world.write(Replace(retired)) == Written()

        assert list(world.run(world.store.signing_keys.all())) == [new, retired]
        again = Add(old)
        assert world.write(again) == Conflict(again)
