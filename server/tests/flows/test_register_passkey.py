"""Registering a passkey: who may, for how long after signing in, and what is kept of it."""

import json
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from keystead_core.wire import b64url_decode
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import PasskeyId
from keystead_server.domain.passkey import Passkey, PasskeyType, Proof
from keystead_server.domain.sign_in import Purpose, Result
from keystead_server.flows.register_passkey import MAX_PASSKEYS, NotOffered, Offered, Registered
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    FIRST_POLICY,
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyPolicy,
)
from keystead_server.ports.changes import Add
from keystead_server.ports.store import SessionOwner
from keystead_testkit.loop import run
from keystead_testkit.office import OTHER_BROWSER, Office, reason_of
from keystead_testkit.soft_passkey import Json

MODEL = UUID("08987058-cadc-4b81-b6e1-30de50dcbe96")
OTHER = UUID("6028b017-b1d4-4c02-b4b3-afcdafc96bb2")


@pytest.fixture
def owner(office: Office) -> SessionOwner:
    """Ada, who has just signed in with her passkey."""
    return office.session()


def offered(office: Office, owner: SessionOwner) -> Json:
    offer = office.begin_registration(owner)
    assert isinstance(offer, Offered), offer
    return dict(offer.options)


def passkeys_of_ada(office: Office) -> list[Passkey]:
    return list(run(office.store.passkeys.of_user(office.tenant.id, office.ada.id)))


def test_what_is_kept_is_what_the_authenticator_said(office: Office, owner: SessionOwner) -> None:
    passkey = office.new_passkey(aaguid=MODEL)

    outcome = office.register(passkey, owner=owner, name="Work laptop")

    assert isinstance(outcome, Registered)
    kept = run(office.store.passkeys.get(office.tenant.id, outcome.passkey.id))
    assert kept is not None
    assert (kept.credential_id, kept.public_key, kept.algorithm) == (passkey.credential_id, passkey.cose_key, -7)
    assert (kept.aaguid, kept.user_id, kept.registered_by) == (MODEL, office.ada.id, office.ada.id)
    assert (kept.type, kept.proof, kept.name) == (PasskeyType.DEVICE_BOUND, Proof.CLAIMED, "Work laptop")
    assert (kept.attestation_format, kept.attestation_kind) == ("none", "none")
    assert reason_of(office.sign_in(passkey)) == "granted"


def test_a_synced_passkey_is_known_as_one(office: Office, owner: SessionOwner) -> None:
    outcome = office.register(office.new_passkey(backup_eligible=True), owner=owner)

    assert isinstance(outcome, Registered)
    assert (outcome.passkey.type, outcome.passkey.proof) == (PasskeyType.SYNCED, Proof.NONE)


def test_a_self_attested_passkey_is_not_taken_for_an_attested_one(office: Office, owner: SessionOwner) -> None:
    outcome = office.register(owner=owner, attestation="self")

    assert isinstance(outcome, Registered)
    assert (outcome.passkey.attestation_kind, outcome.passkey.proof) == ("self", Proof.CLAIMED)


def test_registering_leaves_a_row_in_the_log_and_one_in_the_audit(office: Office, owner: SessionOwner) -> None:
    office.register(office.new_passkey(aaguid=MODEL), owner=owner)

    row = office.rows[-1]
    assert (row.purpose, row.result, row.user_id, row.aaguid) == (
        Purpose.REGISTER, Result.GRANTED, office.ada.id, MODEL,
    )  # fmt: skip
    assert row.profile == "Default passkey profile"
    assert office.audit[-1] == "passkey.registered"


def test_the_options_name_the_person_by_their_handle_and_exclude_what_they_have(
    office: Office, owner: SessionOwner
) -> None:
    options = offered(office, owner)

    assert b64url_decode(options["user"]["id"]) == office.ada.handle
    assert options["user"]["name"] == "ada@contoso.example"
    assert [b64url_decode(c["id"]) for c in options["excludeCredentials"]] == [office.passkey.credential_id]
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["authenticatorSelection"]["residentKey"] == "required"


@pytest.mark.parametrize("name", ["", "  ", "\0", "x" * 1000, "right\u202eleft"])
def test_a_name_that_cannot_be_one_does_not_cost_the_passkey(office: Office, owner: SessionOwner, name: str) -> None:
    outcome = office.register(owner=owner, name=name)

    assert isinstance(outcome, Registered)
    assert outcome.passkey.name == "Passkey on a device"


# -- before the browser prompts --------------------------------------------------------------------


def test_five_minutes_after_signing_in_nobody_registers_a_passkey(office: Office, owner: SessionOwner) -> None:
    office.advance(minutes=4, seconds=59)
    assert isinstance(office.begin_registration(owner), Offered)

    office.advance(seconds=2)
    assert office.begin_registration(owner) == NotOffered("sign_in_not_fresh")


@pytest.mark.parametrize(
    ("policy", "code"),
    [
        (replace(FIRST_POLICY, self_service=False), "self_service_off"),
        (replace(FIRST_POLICY, enabled=False), "passkey_method_disabled"),
        (replace(FIRST_POLICY, exclude=frozenset({ALL_USERS})), "user_excluded"),
        (replace(FIRST_POLICY, include=()), "no_profile_in_scope"),
    ],
)
def test_whoever_can_register_none_is_told_before_and_held_to_it_after(
    office: Office, owner: SessionOwner, policy: PasskeyPolicy, code: str
) -> None:
    answer = office.new_passkey().register_with(offered(office, owner))
    office.save_policy(policy)
    owner = office.owner(owner.session)

    offer = office.begin_registration(owner)

    assert isinstance(offer, NotOffered)
    assert offer.code == code
    assert reason_of(office.finish_registration(answer, owner)) == code
    assert len(passkeys_of_ada(office)) == 1


def fill_up(office: Office, count: int) -> None:
    (first,) = passkeys_of_ada(office)
    for number in range(count):
        id_ = PasskeyId(office.entropy.new_id(office.clock.now()))
        more = replace(first, id=id_, credential_id=number.to_bytes(16, "big"))
        run(office.store.write(Add(more)))


def test_fifty_passkeys_are_enough(office: Office, owner: SessionOwner) -> None:
    fill_up(office, MAX_PASSKEYS - 2)
    assert isinstance(office.register(owner=owner), Registered)

    assert office.begin_registration(owner) == NotOffered("too_many_passkeys")


def test_challenges_laid_in_beforehand_do_not_lead_past_fifty(office: Office, owner: SessionOwner) -> None:
    answers = [office.new_passkey().register_with(offered(office, owner)) for _ in range(2)]
    fill_up(office, MAX_PASSKEYS - 2)

    outcomes = [office.finish_registration(answer, owner) for answer in answers]

    assert [reason_of(outcome) for outcome in outcomes] == ["granted", "too_many_passkeys"]


# -- what policy says about the passkey ------------------------------------------------------------


def with_profile(**changes: Any) -> PasskeyPolicy:
    return replace(FIRST_POLICY, profiles=(replace(FIRST_POLICY.profiles[0], **changes),))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"passkey_types": frozenset({PasskeyType.SYNCED})}, "passkey_type_not_allowed"),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.ALLOW, frozenset({OTHER}))}, "aaguid_not_allowed"),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.BLOCK, frozenset({MODEL}))}, "aaguid_blocked"),
        ({"attestation_enforcement": AttestationEnforcement.REGISTRATION_ONLY}, "attestation_required"),
        ({"minimum_proof": Proof.PROVEN}, "proof_too_weak"),
    ],
)
def test_a_passkey_that_no_profile_accepts_is_not_kept(
    office: Office, owner: SessionOwner, changes: dict[str, Any], code: str
) -> None:
    office.save_policy(with_profile(**changes))

    outcome = office.register(office.new_passkey(aaguid=MODEL), owner=office.owner(owner.session))

    assert reason_of(outcome) == code
    assert office.log[-1] == code
    assert len(passkeys_of_ada(office)) == 1


# -- what the browser sends back -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lies", "reason"),
    [
        ({"origin": "https://id.example.org:8443"}, "origin_not_allowed"),
        ({"rp_id": "example.org"}, "rp_id_mismatch"),
        ({"type": "webauthn.get"}, "ceremony_type_wrong"),
        ({"user_verified": False}, "user_verification_missing"),
        ({"after_attestation_object": b"x"}, "malformed_response"),
        ({"attestation": "self", "spoil_signature": True}, "attestation_invalid"),
        ({"credential_id": b"x" * 1024}, "credential_id_too_long"),
    ],
)
def test_refuses_with_its_reason(office: Office, owner: SessionOwner, lies: dict[str, Any], reason: str) -> None:
    assert reason_of(office.register(owner=owner, **lies)) == reason

    assert office.log[-1] == reason
    assert len(passkeys_of_ada(office)) == 1


@pytest.mark.parametrize("payload", [b"", b"{}", b"[]", b"\xff"])
def test_what_is_no_answer_is_refused_and_logged(office: Office, owner: SessionOwner, payload: bytes) -> None:
    assert reason_of(office.finish_registration(payload, owner)) == "malformed_response"

    assert office.rows[-1].user_id == office.ada.id


def test_a_challenge_is_spent_even_by_a_wrong_answer(office: Office, owner: SessionOwner) -> None:
    options, passkey = offered(office, owner), office.new_passkey()

    wrong = passkey.register_with(options, user_verified=False)
    assert reason_of(office.finish_registration(wrong, owner)) == "user_verification_missing"
    assert reason_of(office.finish_registration(passkey.register_with(options), owner)) == "challenge_spent"


def test_one_answer_registers_one_passkey(office: Office, owner: SessionOwner) -> None:
    answer = office.new_passkey().register_with(offered(office, owner))

    assert reason_of(office.finish_registration(answer, owner)) == "granted"
    assert reason_of(office.finish_registration(answer, owner)) == "challenge_spent"
    assert len(passkeys_of_ada(office)) == 2


def test_a_challenge_expires_after_five_minutes(office: Office, owner: SessionOwner) -> None:
    answer = office.new_passkey().register_with(offered(office, owner))
    office.advance(minutes=5)

    assert reason_of(office.finish_registration(answer, owner)) == "challenge_expired"


def test_a_challenge_is_for_the_person_who_asked(office: Office, owner: SessionOwner) -> None:
    grace = office.session_by_pass(office.add_person("grace@contoso.example"))
    answer = office.new_passkey().register_with(offered(office, owner))

    assert reason_of(office.finish_registration(answer, grace)) == "challenge_not_ours"


def test_a_challenge_is_for_the_browser_it_was_given_to(office: Office, owner: SessionOwner) -> None:
    answer = office.new_passkey().register_with(offered(office, owner))

    assert reason_of(office.finish_registration(answer, owner, browser=OTHER_BROWSER)) == "challenge_not_ours"


def test_a_challenge_is_for_its_tenant(office: Office, owner: SessionOwner) -> None:
    fabrikam, _ = office.found("fabrikam")
    answer = office.new_passkey().register_with(offered(office, owner))

    run(office.services.register_passkey.finish(fabrikam, office.visitor(), owner, json.dumps(answer).encode()))

    (row,) = run(office.store.logs.attempts(fabrikam.id, limit=10))
    assert row.reason == "challenge_not_ours"


def test_a_challenge_made_for_signing_in_registers_nothing(office: Office, owner: SessionOwner) -> None:
    passkey = office.new_passkey()

    answer = passkey.register(b64url_decode(office.begin(office.ada.username)["challenge"]))

    assert reason_of(office.finish_registration(answer, owner)) == "challenge_not_ours"


@pytest.mark.parametrize("whose", ["ada", "grace"])
def test_a_passkey_is_registered_once_whoever_it_belongs_to(office: Office, whose: str) -> None:
    owner = {"ada": office.session, "grace": lambda: office.session_by_pass(office.add_person("grace"))}[whose]()

    outcome = office.register(owner=owner, credential_id=office.passkey.credential_id)

    assert reason_of(outcome) == "passkey_already_registered"
    assert office.log[-1] == "passkey_already_registered"
    assert [p.public_key for p in passkeys_of_ada(office)] == [office.passkey.cose_key]


def test_the_same_credential_id_may_be_registered_in_another_tenant(office: Office) -> None:
    _, administrator = office.found("fabrikam")

    outcome = office.register(owner=office.session_by_pass(administrator), credential_id=office.passkey.credential_id)

    assert isinstance(outcome, Registered)


def test_a_disabled_person_registers_nothing_because_their_session_is_over(office: Office, owner: SessionOwner) -> None:
    run(office.services.manage_user.disable(office.ada, by=OPERATOR))

    now = office.owner(owner.session)
    assert not now.session.is_open(now.user, office.clock.now())
