"""The outbox: what is due, and that one process at a time has a letter in hand."""

from dataclasses import replace
from datetime import timedelta

from keystead_server.domain.letter import Letter
from keystead_server.domain.user import User
from keystead_server.ports.changes import Add, Conflict, PutOff, Remove, Written

from keystead_testkit.store_suite.world import World


class LetterTests:
    def test_letters_are_due_in_their_order_and_not_before(self, world: World) -> None:
        user = world.add_user(world.add_tenant())
        neighbour = world.add_user(world.add_tenant("fabrikam"))
        now = world.clock.now()
        late, early = world.letter(user, due_at=now), world.letter(neighbour, due_at=now - timedelta(hours=1))
        world.add(late, early, world.letter(user, due_at=now + timedelta(microseconds=1)))

        assert list(world.run(world.store.letters.due(now, limit=9))) == [early, late]
        assert list(world.run(world.store.letters.due(now, limit=1))) == [early]

    def test_a_letter_is_taken_in_hand_by_one(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        other = world.add_tenant("fabrikam")
        world.add(letter := world.letter(user))
        until = letter.due_at + timedelta(minutes=1)
        take = PutOff(tenant.id, letter.id, letter.due_at, until)
        elsewhere = replace(take, tenant_id=other.id)

        assert world.write(elsewhere) == Conflict(elsewhere)
        assert world.write(take) == Written()
        assert world.write(take) == Conflict(take)

        assert list(world.run(world.store.letters.due(letter.due_at, limit=9))) == []
        assert list(world.run(world.store.letters.due(until, limit=9))) == [replace(letter, due_at=until, tries=1)]

    def test_a_letter_that_was_sent_is_gone(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(letter := world.letter(user))
        remove = Remove(tenant.id, Letter, letter.id)

        assert world.write(remove) == Written()
        assert world.write(remove) == Conflict(remove)
        assert world.write(late := PutOff(tenant.id, letter.id, letter.due_at, letter.due_at)) == Conflict(late)

    def test_letters_go_with_their_person(self, world: World) -> None:
        user = world.add_user(tenant := world.add_tenant())
        world.add(letter := world.letter(user))

        world.write(Remove(tenant.id, User, user.id))

        assert list(world.run(world.store.letters.due(letter.due_at, limit=9))) == []

    def test_a_letter_to_nobody_is_refused(self, world: World) -> None:
        user = world.add_user(world.add_tenant())
        add = Add(world.letter(replace(user, id=world.new_id())))

        assert world.write(add) == Conflict(add)

    def test_what_is_of_no_use_any_more_is_swept(self, world: World) -> None:
        user = world.add_user(world.add_tenant())
        now = world.clock.now()
        over, good = world.letter(user, expires_at=now - timedelta(seconds=1)), world.letter(user)
        world.add(over, good)

        assert world.run(world.store.sweep(now)) == 1
        assert list(world.run(world.store.letters.due(world.clock.now(), limit=9))) == [good]
