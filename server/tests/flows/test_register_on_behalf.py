"""Registering a passkey for somebody else: who may, for whom, with what answer, and what is known of it afterwards."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from keystead_core.wire import b64url_decode
from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.ids import NOBODY
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Passkey, PasskeyType
from keystead_server.domain.sign_in import Purpose, Result
from keystead_server.domain.user import Role, User
from keystead_server.flows.manage_passkey import Done, NotDone
from keystead_server.flows.register_on_behalf import NotOffered, Offered, Outcome, Registered
from keystead_server.flows.registration_checks import MAX_PASSKEYS
from keystead_server.policy.passkeys.model import (
    FIRST_POLICY,
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyProfile,
)
from keystead_server.ports.changes import Add
from keystead_testkit.loop import run
from keystead_testkit.office import OTHER_BROWSER, Office, reason_of
from keystead_testkit.soft_passkey import Json, SoftPasskey


@pytest.fixture
def helpdesk(office: Office) -> Actor:
    return Actor(office.add_person("helpdesk@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR))


@pytest.fixture
def grace(office: Office) -> User:
    return office.add_person("grace@contoso.example")


def offered(office: Office, by: Actor, user: User, **how: Any) -> Offered:
    offer = run(office.services.register_on_behalf.begin(office.tenant, by, user, **how))
    assert isinstance(offer, Offered), offer
    return offer


def finish(office: Office, by: Actor, user: User, payload: Any, name: str = "Red key") -> Outcome:
    office.advance(seconds=1)
    flow = office.services.register_on_behalf
    return run(flow.finish(office.tenant, by, user, office.visitor(), display_name=name, payload=payload))


def register(office: Office, by: Actor, user: User, key: SoftPasskey | None = None, **lies: Any) -> Outcome:
    options = dict(offered(office, by, user).options)
    return finish(office, by, user, (key or office.new_passkey()).register_with(options, **lies))


def kept(outcome: Outcome) -> Passkey:
    assert isinstance(outcome, Registered), outcome
    return outcome.passkey


def test_the_person_signs_in_with_what_an_administrator_registered(
    office: Office, helpdesk: Actor, grace: User
) -> None:
    key = office.new_passkey()

    passkey = kept(register(office, helpdesk, grace, key))

    assert (passkey.user_id, passkey.registered_by, passkey.name) == (grace.id, helpdesk.id, "Red key")
    assert passkey.awaits_its_owner
    assert reason_of(office.sign_in(key)) == "granted"


def test_one_row_and_one_line_tell_of_it(office: Office, helpdesk: Actor, grace: User) -> None:
    register(office, helpdesk, grace)

    row = office.rows[-1]
    assert (row.purpose, row.result, row.user_id) == (Purpose.REGISTER, Result.GRANTED, grace.id)
    event = run(office.store.logs.audit(office.tenant.id, limit=1))[0]
    assert (event.name, event.actor_id) == ("passkey.registered_on_behalf", helpdesk.id)
    assert event.detail["user"] == "grace@contoso.example"


def test_the_operator_registers_too_and_is_told_apart_from_everybody(office: Office, grace: User) -> None:
    passkey = kept(register(office, OPERATOR, grace))

    assert passkey.registered_by == NOBODY
    assert passkey.on_behalf


def test_graphs_shorter_form_is_taken(office: Office, helpdesk: Actor, grace: User) -> None:
    full = office.new_passkey().register_with(dict(offered(office, helpdesk, grace).options))
    response = full["response"]
    graph = {
        "id": full["id"],
        "response": {name: response[name] for name in ("clientDataJSON", "attestationObject")},
    }

    assert isinstance(finish(office, helpdesk, grace, graph), Registered)


@pytest.mark.parametrize("attestation", ["none", "self"])
def test_any_attestation_will_do_that_policy_lets_in(
    office: Office, helpdesk: Actor, grace: User, attestation: str
) -> None:
    assert isinstance(register(office, helpdesk, grace, attestation=attestation), Registered)


def test_synced_and_platform_passkeys_are_taken_too(office: Office, helpdesk: Actor, grace: User) -> None:
    passkey = kept(register(office, helpdesk, grace, office.new_passkey(backup_eligible=True)))

    assert passkey.type is PasskeyType.SYNCED


def test_the_options_are_the_persons_and_exclude_what_they_have(office: Office, helpdesk: Actor) -> None:
    options = offered(office, helpdesk, office.ada).options

    assert b64url_decode(options["user"]["id"]) == office.ada.handle
    assert [b64url_decode(c["id"]) for c in options["excludeCredentials"]] == [office.passkey.credential_id]
    assert options["attestation"] == "direct"
    assert options["authenticatorSelection"]["userVerification"] == "required"


# -- how long ------------------------------------------------------------------------------------


@pytest.mark.parametrize("minutes", [5, 43200])
def test_a_challenge_is_good_for_as_long_as_was_asked(
    office: Office, helpdesk: Actor, grace: User, minutes: int
) -> None:
    offer = offered(office, helpdesk, grace, lifetime=timedelta(minutes=minutes))
    answer = office.new_passkey().register_with(dict(offer.options))
    assert offer.expires_at == office.clock.now() + timedelta(minutes=minutes)

    office.advance(minutes=minutes, seconds=-2)
    assert isinstance(finish(office, helpdesk, grace, answer), Registered)


def test_and_no_longer(office: Office, helpdesk: Actor, grace: User) -> None:
    answer = office.new_passkey().register_with(dict(offered(office, helpdesk, grace).options))

    office.advance(minutes=5)
    assert reason_of(finish(office, helpdesk, grace, answer)) == "challenge_expired"


@pytest.mark.parametrize("minutes", [4, 43201, 0, -5])
def test_other_times_cannot_be_asked_for(office: Office, helpdesk: Actor, grace: User, minutes: int) -> None:
    with pytest.raises(Invalid) as refused:
        offered(office, helpdesk, grace, lifetime=timedelta(minutes=minutes))

    assert refused.value.code == "challenge_lifetime_out_of_range"


# -- who, and for whom ----------------------------------------------------------------------------


def may_not(office: Office, by: Actor, user: User) -> str:
    """The code with which both halves are refused; the second with an answer that would be right."""
    answer = office.new_passkey().register_with(dict(offered(office, OPERATOR, user).options))
    codes = set()
    for attempt in (lambda: offered(office, by, user), lambda: finish(office, by, user, answer)):
        with pytest.raises(Invalid) as refused:
            attempt()
        codes.add(refused.value.code)
    (code,) = codes
    return code


def test_nobody_registers_for_themselves_this_way(office: Office) -> None:
    assert may_not(office, Actor(office.administrator), office.administrator) == "own_passkey"


@pytest.mark.parametrize("role", list(Role))
def test_for_an_administrator_only_a_global_administrator_does(office: Office, helpdesk: Actor, role: Role) -> None:
    other = office.add_person("other@contoso.example", role)

    assert may_not(office, helpdesk, other) == "passkey_of_administrator"
    assert isinstance(register(office, Actor(office.administrator), other), Registered)


@pytest.mark.parametrize("roles", [(), (Role.GLOBAL_READER,)])
def test_without_the_permission_nobody_does(office: Office, grace: User, roles: tuple[Role, ...]) -> None:
    somebody = Actor(office.add_person("somebody@contoso.example", *roles))

    assert may_not(office, somebody, grace) == "not_allowed"


def test_an_administrator_of_another_organisation_does_not(office: Office, grace: User) -> None:
    _, mallory = office.found("fabrikam")

    assert may_not(office, Actor(mallory), grace) == "not_allowed"


# -- whose answer ---------------------------------------------------------------------------------


def test_an_answer_counts_for_one_administrator_one_person_and_once(
    office: Office, helpdesk: Actor, grace: User
) -> None:
    answer = office.new_passkey().register_with(dict(offered(office, helpdesk, grace).options))
    root = Actor(office.administrator)

    assert reason_of(finish(office, root, grace, answer)) == "challenge_not_ours"
    assert reason_of(finish(office, helpdesk, office.ada, answer)) == "challenge_not_ours"
    assert isinstance(finish(office, helpdesk, grace, answer), Registered)
    assert reason_of(finish(office, helpdesk, grace, answer)) == "challenge_spent"


def test_a_wrong_answer_spends_the_challenge(office: Office, helpdesk: Actor, grace: User) -> None:
    key = office.new_passkey()
    options = dict(offered(office, helpdesk, grace).options)

    wrong = finish(office, helpdesk, grace, key.register_with(options, user_verified=False))

    assert reason_of(wrong) == "user_verification_missing"
    assert reason_of(finish(office, helpdesk, grace, key.register_with(options))) == "challenge_spent"


def test_a_persons_own_challenge_is_no_challenge_here_nor_the_other_way_round(
    office: Office, helpdesk: Actor, grace: User
) -> None:
    session = office.session_by_pass(grace)
    own = office.begin_registration(session)
    theirs = office.new_passkey().register_with(dict(own.options))  # type: ignore[union-attr]
    on_behalf = office.new_passkey().register_with(dict(offered(office, helpdesk, grace).options))

    assert reason_of(finish(office, helpdesk, grace, theirs)) == "challenge_not_ours"
    assert reason_of(office.finish_registration(on_behalf, session)) == "challenge_not_ours"
    assert reason_of(office.finish_registration(on_behalf, session, browser=OTHER_BROWSER)) == "challenge_not_ours"


def test_a_challenge_of_another_organisation_is_none_here(office: Office, helpdesk: Actor, grace: User) -> None:
    fabrikam, _ = office.found("fabrikam")
    offer = run(office.services.register_on_behalf.begin(fabrikam, OPERATOR, grace))
    assert isinstance(offer, Offered)

    answer = office.new_passkey().register_with(dict(offer.options))

    assert reason_of(finish(office, OPERATOR, grace, answer)) == "challenge_not_ours"


def test_somebody_elses_passkey_cannot_be_registered_again(office: Office, helpdesk: Actor, grace: User) -> None:
    assert reason_of(register(office, helpdesk, grace, office.passkey)) == "passkey_already_registered"


@pytest.mark.parametrize(
    "payload", [b"", b"[]", b"{}", b"\xff", b'{"id":1}', {}, {"id": "AA"}, {"id": "AA", "response": 5}]
)
def test_what_is_no_answer_is_refused_with_a_row(office: Office, helpdesk: Actor, grace: User, payload: Any) -> None:
    assert reason_of(finish(office, helpdesk, grace, payload)) == "malformed_response"
    assert office.log[-1] == "malformed_response"


def test_the_answer_may_come_as_bytes(office: Office, helpdesk: Actor, grace: User) -> None:
    answer: Json = office.new_passkey().register_with(dict(offered(office, helpdesk, grace).options))

    assert isinstance(finish(office, helpdesk, grace, json.dumps(answer).encode()), Registered)


@pytest.mark.parametrize("name", ["", "a\0b", "x" * 300, "right\u202eleft"])
def test_a_name_that_cannot_be_one_spends_nothing(office: Office, helpdesk: Actor, grace: User, name: str) -> None:
    answer = office.new_passkey().register_with(dict(offered(office, helpdesk, grace).options))

    with pytest.raises(Invalid) as refused:
        finish(office, helpdesk, grace, answer, name)

    assert refused.value.code == "display_name_invalid"
    assert isinstance(finish(office, helpdesk, grace, answer), Registered)


# -- policy ---------------------------------------------------------------------------------------


def test_the_self_service_switch_does_not_matter(office: Office, helpdesk: Actor, grace: User) -> None:
    office.save_policy(replace(FIRST_POLICY, self_service=False))

    assert isinstance(register(office, helpdesk, grace), Registered)


def test_every_other_rule_does_before_and_after(office: Office, helpdesk: Actor, grace: User) -> None:
    answer = office.new_passkey().register_with(dict(offered(office, helpdesk, grace).options))
    proving = PasskeyProfile("p", "Proving", attestation_enforcement=AttestationEnforcement.REGISTRATION_ONLY)
    include = (replace(FIRST_POLICY.include[0], profiles=("p",)),)
    office.save_policy(replace(FIRST_POLICY, include=include, profiles=(proving,)))

    assert reason_of(finish(office, helpdesk, grace, answer)) == "attestation_required"

    office.save_policy(replace(FIRST_POLICY, enabled=True, exclude=frozenset(), profiles=(_nothing(),)))
    offer = run(office.services.register_on_behalf.begin(office.tenant, helpdesk, grace))
    assert isinstance(offer, NotOffered)
    assert offer.code == "no_passkey_admitted"


def _nothing() -> PasskeyProfile:
    nobodys = KeyRestrictions(is_enforced=True, enforcement_type=EnforcementType.ALLOW)
    return replace(FIRST_POLICY.profiles[0], key_restrictions=nobodys)


def test_at_the_most_somebody_can_have_no_more_is_added(office: Office, helpdesk: Actor, grace: User) -> None:
    answer = office.new_passkey().register_with(dict(offered(office, helpdesk, grace).options))
    first = kept(register(office, helpdesk, grace))
    for _ in range(MAX_PASSKEYS - 1):
        office.advance(seconds=1)
        new_id = office.entropy.new_id(office.clock.now())
        run(office.store.write(Add(replace(first, id=new_id, credential_id=office.entropy.token(16)))))

    assert reason_of(finish(office, helpdesk, grace, answer)) == "too_many_passkeys"
    offer = run(office.services.register_on_behalf.begin(office.tenant, helpdesk, grace))
    assert offer == NotOffered("too_many_passkeys")


# -- what the owner does about it -------------------------------------------------------------------


def test_its_owner_says_that_they_know_of_it(office: Office, helpdesk: Actor) -> None:
    passkey = kept(register(office, helpdesk, office.ada))

    outcome = run(office.services.manage_passkey.acknowledge(office.session(), passkey.id))

    assert isinstance(outcome, Done)
    assert not outcome.passkey.awaits_its_owner
    assert outcome.passkey.on_behalf
    assert office.audit[-1] == "passkey.acknowledged"


def test_a_planted_passkey_cannot_wave_itself_through(office: Office, helpdesk: Actor) -> None:
    planted, second = office.new_passkey(), office.new_passkey()
    passkey = kept(register(office, helpdesk, office.ada, planted))
    kept(register(office, helpdesk, office.ada, second))
    acknowledge = office.services.manage_passkey.acknowledge

    assert run(acknowledge(office.session(planted), passkey.id)) == NotDone("other_passkey_needed")
    assert run(acknowledge(office.session(second), passkey.id)) == NotDone("other_passkey_needed")
    assert run(acknowledge(office.session_by_pass(office.ada), passkey.id)) == NotDone("other_passkey_needed")


def test_who_has_no_other_says_so_with_the_one_they_were_given(office: Office, helpdesk: Actor, grace: User) -> None:
    key = office.new_passkey()
    passkey = kept(register(office, helpdesk, grace, key))

    assert isinstance(run(office.services.manage_passkey.acknowledge(office.session(key), passkey.id)), Done)


def test_nobody_else_acknowledges_it(office: Office, helpdesk: Actor, grace: User) -> None:
    passkey = kept(register(office, helpdesk, grace))

    outcome = run(office.services.manage_passkey.acknowledge(office.session(), passkey.id))

    assert outcome == NotDone("passkey_not_found")


def test_they_are_counted_apart(office: Office, helpdesk: Actor, grace: User) -> None:
    register(office, helpdesk, grace)

    assert run(office.store.passkeys.count(office.tenant.id)) == 2
    assert run(office.store.passkeys.count_on_behalf(office.tenant.id)) == 1
