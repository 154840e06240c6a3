"""What people know or share with an app: passwords, authenticator apps, recovery codes, and guesses at them."""

from dataclasses import replace
from datetime import timedelta

from keystead_server.domain.device import Device
from keystead_server.domain.guesses import Guesses
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.sign_in import Method, Result
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import User
from keystead_server.ports.changes import Add, Conflict, CountGuess, Remove, Replace, TotpUsed, Written
from keystead_server.ports.store import Secrets

from keystead_testkit.store_suite.units import WRITERS, together
from keystead_testkit.store_suite.world import World


class SecretTests:
    def test_hello_keys_are_found_with_the_rest_oldest_first_and_nobody_elses(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        other = world.add_user(tenant, "bob")
        world.add(laptop := world.device(user), desktop := world.device(user))
        keys = [world.hello_key(user, laptop), world.hello_key(user, desktop, last_used_at=world.clock.now())]
        world.add(*reversed(keys), world.hello_key(other, laptop))

        assert world.run(world.store.secrets.of_user(tenant.id, user.id)) == Secrets(hello_keys=tuple(keys))

    def test_there_is_one_hello_key_for_each_person_and_computer_and_none_without_either(self, world: World) -> None:
        user = world.add_user(world.add_tenant())
        world.add(laptop := world.device(user))
        world.add(world.hello_key(user, laptop))
        nobody, nowhere = replace(user, id=world.new_id()), replace(laptop, id=world.new_id())

        for second in (
            world.hello_key(user, laptop), world.hello_key(nobody, laptop), world.hello_key(user, nowhere),
        ):  # fmt: skip
            assert world.write(Add(second)) == Conflict(Add(second))

    def test_a_hello_key_goes_by_itself_with_its_person_and_with_its_computer(self, world: World) -> None:
        tenant = world.add_tenant()
        people = [world.add_user(tenant, name) for name in ("ada", "bob", "grace")]
        laptops = [world.device(each) for each in people]
        keys = [world.hello_key(*pair) for pair in zip(people, laptops, strict=True)]
        world.add(*laptops, *keys)
        gone = (
            Remove(tenant.id, HelloKey, keys[0].id), Remove(tenant.id, User, people[1].id),
            Remove(tenant.id, Device, laptops[2].id),
        )  # fmt: skip

        for each in gone:
            assert world.write(each) == Written()

        assert world.write(gone[0]) == Conflict(gone[0])
        for person in people:
            assert world.run(world.store.secrets.of_user(tenant.id, person.id)) == Secrets()

    def test_what_somebody_has_set_up_is_found_in_one_read_and_nobody_elses(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        other = world.add_user(tenant, "bob")
        apps = [world.totp(user), world.totp(user, name="Telefon", last_used_at=world.clock.now())]
        password, codes = world.password(user), world.recovery_codes(user)
        world.add(password, *reversed(apps), codes, world.password(other), world.totp(other))

        assert world.run(world.store.secrets.of_user(tenant.id, user.id)) == Secrets(password, tuple(apps), codes)
        assert world.run(world.store.secrets.of_user(tenant.id, world.new_id())) == Secrets()

    def test_there_is_one_password_and_one_set_of_codes_for_each_person(self, world: World) -> None:
        user = world.add_user(world.add_tenant())
        world.add(world.password(user), world.recovery_codes(user))

        for second in (Add(world.password(user)), Add(world.recovery_codes(user))):
            assert world.write(second) == Conflict(second)

    def test_they_belong_to_somebody_and_go_with_them(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        nobody = replace(user, id=world.new_id())
        for make in (world.password, world.totp, world.recovery_codes):
            stray = Add(make(nobody))
            assert world.write(stray) == Conflict(stray)
            world.add(make(user))
        world.write(CountGuess(tenant.id, user.id, 0))

        assert world.write(Remove(tenant.id, User, user.id)) == Written()

        assert world.run(world.store.secrets.of_user(tenant.id, user.id)) == Secrets()
        assert world.run(world.store.logs.guesses(tenant.id, user.id, Method.PASSWORD, world.clock.now())).number == 0

    def test_each_can_be_replaced_while_it_is_as_it_was_read_and_removed_once(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        password, app, codes = world.password(user), world.totp(user), world.recovery_codes(user)
        world.add(password, app, codes)
        first, at = codes.digests[0], world.clock.now()
        changed: list[tuple[Replace, type[Password] | type[TotpAuthenticator] | type[RecoveryCodes]]] = [
            (Replace(password.rehashed("$another"), password), Password),
            (Replace(app.renamed("Another"), app), TotpAuthenticator),
            (Replace(codes.without(first, at=at), codes), RecoveryCodes),
        ]

        for replacing, kind in changed:
            assert world.write(replacing) == Written()
            assert world.write(replacing) == Conflict(replacing)
            remove = Remove(tenant.id, kind, replacing.value.id)  # type: ignore[union-attr, arg-type]
            assert world.write(remove) == Written()
            assert world.write(remove) == Conflict(remove)

    def test_a_code_of_one_step_is_accepted_once_however_many_come_at_once(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(app := world.totp(user, last_step=9))
        use = TotpUsed(tenant.id, app.id, 10, world.clock.now())

        outcomes = together(world, *[(use,)] * WRITERS)

        assert outcomes.count(Written()) == 1
        for step in (9, 10):
            late = replace(use, step=step)
            assert world.write(late) == Conflict(late)
        assert world.run(world.store.secrets.of_user(tenant.id, user.id)).totp == (app.used(step=10, at=use.at),)


class GuessTests:
    def test_failures_are_counted_for_a_person_and_a_method_since_a_moment(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        other, since = world.add_tenant("fabrikam"), world.clock.now()
        counted = {"user_id": user.id, "method": Method.PASSWORD, "result": Result.REFUSED, "at": since}
        world.add(
            world.attempt(tenant, **counted),
            world.attempt(tenant, **counted | {"at": since + timedelta(minutes=1)}),
            world.attempt(tenant, **counted | {"at": since - timedelta(microseconds=1)}),
            world.attempt(other, **counted),
            world.attempt(tenant, **counted | {"user_id": world.new_id()}),
            world.attempt(tenant, **counted | {"method": Method.SOFTWARE_OATH}),
            world.attempt(tenant, **counted | {"method": Method.PASSKEY}),
            *(world.attempt(tenant, **counted | {"result": each}) for each in (Result.GRANTED, Result.INTERRUPTED)),
        )
        ask = world.store.logs.guesses

        assert world.run(ask(tenant.id, user.id, Method.PASSWORD, since)) == Guesses(0, 2)
        assert world.run(ask(tenant.id, user.id, Method.SOFTWARE_OATH, since)) == Guesses(0, 1)
        assert world.run(ask(tenant.id, user.id, Method.TEMPORARY_ACCESS_PASS, since)) == Guesses(0, 0)

    def test_guesses_are_written_one_after_the_other_however_many_come_at_once(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        bystander = world.add_user(tenant, "bob")
        for number in range(3):
            count = CountGuess(tenant.id, user.id, number)

            outcomes = together(world, *[(count, Add(world.attempt(tenant))) for _ in range(WRITERS)])

            assert outcomes.count(Written()) == 1
            assert outcomes.count(Conflict(count)) == WRITERS - 1
            found = world.run(world.store.logs.guesses(tenant.id, user.id, Method.PASSWORD, world.clock.now()))
            assert found == Guesses(number + 1, 0)
        assert len(world.run(world.store.logs.attempts(tenant.id, limit=99))) == 3
        assert world.write(CountGuess(tenant.id, bystander.id, 0)) == Written()

    def test_nobody_cannot_be_guessed_at(self, world: World) -> None:
        tenant, other = world.add_tenant(), world.add_tenant("fabrikam")
        user = world.add_user(tenant)

        for count in (CountGuess(tenant.id, world.new_id(), 0), CountGuess(other.id, user.id, 0)):
            assert world.write(count) == Conflict(count)
