"""Security defaults: a passkey before anything else, and administrators always with one."""

from dataclasses import replace
from typing import Any

import pytest
from keystead_core.oidc.reply import Parameters
from keystead_server.domain.passkey import PasskeyType
from keystead_server.domain.user import Role, User
from keystead_server.flows.authorize import RegisterFirst, Reply
from keystead_server.flows.sign_in_with_pass import SignedInWithPass
from keystead_server.policy.methods.model import FIRST_METHODS
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_server.ports.store import SessionOwner
from keystead_testkit.loop import run
from keystead_testkit.office import Office, reason_of

OFF = replace(FIRST_METHODS, security_defaults=False)


def held(office: Office, owner: SessionOwner) -> bool:
    return run(office.services.duty.holds(office.owner(owner.session)))


def newcomer(office: Office, *roles: Role) -> User:
    return office.add_person("grace@contoso.example", *roles)


def parameters(outcome: object) -> dict[str, str]:
    assert isinstance(outcome, Reply), outcome
    found: Parameters = outcome.parameters
    return dict(found)


def test_somebody_without_a_passkey_is_held_until_they_have_registered_one(office: Office) -> None:
    app, owner = office.app(), office.session_by_pass(newcomer(office))

    assert isinstance(office.authorize(app, owner), RegisterFirst)

    office.register(owner=owner)

    assert "code" in parameters(office.authorize(app, office.owner(owner.session)))


def test_an_app_that_wants_nothing_shown_is_told_that_something_must_be(office: Office) -> None:
    owner = office.session_by_pass(newcomer(office))

    answer = parameters(office.authorize(office.app(), owner, prompt="none"))

    assert answer["error"] == "interaction_required"
    assert "code" not in answer


def test_somebody_with_a_passkey_goes_on_with_a_pass(office: Office) -> None:
    assert not held(office, office.session_by_pass(office.ada))


@pytest.mark.parametrize("role", list(Role))
def test_an_administrator_goes_nowhere_with_a_pass_even_once_they_have_a_passkey(office: Office, role: Role) -> None:
    administrator = newcomer(office, role)
    owner = office.session_by_pass(administrator)
    passkey = office.new_passkey()

    office.register(passkey, owner=owner)

    assert held(office, owner)
    assert isinstance(office.authorize(office.app(), office.owner(owner.session)), RegisterFirst)
    assert not held(office, office.session(passkey))


def test_who_becomes_an_administrator_is_held_from_the_next_request_on(office: Office) -> None:
    owner = office.session_by_pass(office.ada)
    assert not held(office, owner)

    run(office.services.manage_user.set_roles(office.ada, frozenset({Role.GLOBAL_READER}), by=_operator()))

    assert held(office, owner)


def test_a_passkey_in_quarantine_is_none(office: Office) -> None:
    (profile,) = FIRST_POLICY.profiles
    synced_only = replace(profile, passkey_types=frozenset({PasskeyType.SYNCED}))
    office.save_policy(replace(FIRST_POLICY, profiles=(synced_only,)))

    assert held(office, office.session_by_pass(office.ada))


def test_switched_off_they_hold_nobody(office: Office) -> None:
    office.save_methods(OFF)

    assert not held(office, office.session_by_pass(newcomer(office, Role.GLOBAL_ADMINISTRATOR)))


def test_switched_on_they_hold_sessions_that_are_open_already(office: Office) -> None:
    office.save_methods(OFF)
    owner = office.session_by_pass(newcomer(office))
    assert not held(office, owner)

    office.save_methods(FIRST_METHODS)

    assert held(office, owner)


def test_no_token_for_a_code_whose_owner_must_register_meanwhile(office: Office) -> None:
    office.save_methods(OFF)
    app, owner = office.app(), office.session_by_pass(newcomer(office))
    code = office.code(app, owner)
    office.save_methods(FIRST_METHODS)

    assert getattr(office.redeem(app, code), "code", None) == "registration_required"
    assert office.log[-1] == "registration_required"


def test_one_organisation_s_switch_is_no_other_s(office: Office) -> None:
    office.save_methods(OFF)
    other, root = office.found("fabrikam")

    granted = office.sign_in_with_pass(office.issue_pass(root).code, username=root.username, tenant=other)

    assert isinstance(granted, SignedInWithPass)
    assert run(office.services.duty.holds(office.owner(granted.session)))


def test_a_passkey_sign_in_reads_nothing_more(office: Office) -> None:
    owner, asked = office.session(), []

    async def of_user(*arguments: Any) -> Any:
        asked.append(arguments)

    office.store.passkeys.of_user = of_user  # type: ignore[method-assign]

    assert not run(office.services.duty.holds(owner))
    assert asked == []


def _operator() -> Any:
    from keystead_server.domain.actor import OPERATOR

    return OPERATOR


def test_a_grant_that_shows_no_page_is_not_to_be_had(office: Office) -> None:
    """Legacy paths are closed: what takes a name and a password, or no person at all, gets no token."""
    app = office.app()
    for grant in ("password", "client_credentials", "refresh_token", "implicit", ""):
        refused = office.redeem(app, "x", grant_type=grant, username="ada@contoso.example", password="x")
        assert reason_of(refused) in ("unsupported_grant_type", "invalid_request"), grant
