"""Two people change one thing: neither undoes unseen what the other did."""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any, cast

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Role, User
from keystead_server.flows.manage_passkey import Done
from keystead_server.ports.changes import Change, Conflict, PasskeyUsed, Written
from keystead_server.ports.store import Store
from keystead_testkit.loop import run
from keystead_testkit.office import Office


def test_a_rename_does_not_open_an_account_that_was_closed_meanwhile(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")
    run(office.services.manage_user.disable(grace, by=OPERATOR))

    with pytest.raises(Invalid) as refused:
        run(
            office.services.manage_user.rename(grace, username=grace.username, display_name="Rear Admiral", by=OPERATOR)
        )

    assert refused.value.code == "user_changed_meanwhile"
    kept = run(office.services.store.users.get(grace.tenant_id, grace.id))
    assert kept is not None
    assert not kept.enabled


def test_roles_read_before_somebody_changed_them_are_not_put_back(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")
    run(office.services.manage_user.disable(grace, by=OPERATOR))

    with pytest.raises(Invalid) as refused:
        run(office.services.manage_user.set_roles(grace, frozenset(), by=OPERATOR))

    assert refused.value.code == "user_changed_meanwhile"


def test_signing_out_everywhere_wins_over_a_rename_that_came_between(office: Office) -> None:
    owner = office.session_by_pass(office.ada)
    services = office.services
    run(services.manage_user.rename(office.ada, username=office.ada.username, display_name="Countess", by=OPERATOR))
    office.advance(seconds=1)

    run(services.sign_out.everywhere(owner))

    kept = run(services.store.users.get(office.ada.tenant_id, office.ada.id))
    assert kept is not None
    assert (kept.display_name, kept.sessions_valid_from) == ("Countess", office.clock.now())


@pytest.mark.parametrize("how", ["disable", "demote", "remove", "change"])
def test_two_administrators_who_close_each_others_accounts_at_once_do_not_both_succeed(
    office: Office, how: str
) -> None:
    manage = office.services.manage_user
    # Both are read before either acts: what one finds in advance is no promise.
    one, other = office.administrator, office.add_person("grace@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    acts: dict[str, Callable[[User], Coroutine[Any, Any, Any]]] = {
        "disable": lambda user: manage.disable(user, by=OPERATOR),
        "demote": lambda user: manage.set_roles(user, frozenset(), by=OPERATOR),
        "remove": lambda user: manage.remove(user, by=OPERATOR),
        "change": lambda user: manage.change(user, enabled=False, by=OPERATOR),
    }

    async def both() -> list[Any]:
        return await asyncio.gather(acts[how](one), acts[how](other), return_exceptions=True)

    refused = [outcome for outcome in run(both()) if isinstance(outcome, Invalid)]

    assert [each.code for each in refused] == ["last_administrator"]
    assert len(run(office.services.store.users.administrators(office.tenant.id))) == 1


def test_an_account_that_was_changed_meanwhile_is_not_removed_as_it_was(office: Office) -> None:
    manage = office.services.manage_user
    grace = office.add_person("grace@contoso.example")
    run(manage.set_roles(grace, frozenset({Role.GLOBAL_ADMINISTRATOR}), by=OPERATOR))

    with pytest.raises(Invalid) as refused:
        run(manage.remove(grace, by=OPERATOR))

    assert refused.value.code == "user_changed_meanwhile"


class SignsInMeanwhile:
    """A store in which somebody signs in with a passkey just after it was read."""

    def __init__(self, office: Office) -> None:
        self._office, self._done = office, False

    def __getattr__(self, name: str) -> Any:
        return getattr(self._office.services.store, name)

    async def write(self, *changes: Change) -> Written | Conflict:
        if not self._done:
            self._done = True
            kept = await self.passkeys.of_user(self._office.tenant.id, self._office.ada.id)
            used = PasskeyUsed(self._office.tenant.id, kept[0].id, 41, False, self._office.clock.now())
            await self._office.services.store.write(used)
        written: Written | Conflict = await self._office.services.store.write(*changes)
        return written


def test_a_rename_of_a_passkey_does_not_take_its_counter_back(office: Office) -> None:
    office.with_passkey(office.ada)
    owner = office.session_by_pass(office.ada)
    kept = run(office.services.store.passkeys.of_user(office.tenant.id, office.ada.id))[0]
    store = cast(Store, SignsInMeanwhile(office))

    outcome = run(replace(office.services.manage_passkey, store=store).rename(owner, kept.id, "Work laptop"))

    renamed = run(office.services.store.passkeys.get(office.tenant.id, kept.id))
    assert isinstance(outcome, Done)
    assert renamed is not None
    assert (renamed.name, renamed.sign_count) == ("Work laptop", 41)
