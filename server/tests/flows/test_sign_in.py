"""Signing in with a passkey: who is let in, who is refused and why, and what is written about it."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.passkey import Passkey, PasskeyType, Proof
from keystead_server.domain.sign_in import Method, Purpose, Result
from keystead_server.flows.sign_in import SignedIn
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    FIRST_POLICY,
    EnforcementType,
    KeyRestrictions,
    PasskeyPolicy,
)
from keystead_server.policy.passkeys.model import group as group_target
from keystead_server.ports.changes import Replace
from keystead_testkit.loop import run
from keystead_testkit.office import ADDRESS, Office, reason_of


def kept_passkey(office: Office) -> Passkey:
    return run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))[0]


def test_somebody_who_named_nobody_is_signed_in_by_what_their_passkey_says(office: Office) -> None:
    outcome = office.sign_in()

    assert isinstance(outcome, SignedIn)
    assert outcome.user.id == office.ada.id
    assert office.log == ["granted"]


def test_somebody_who_said_their_name_is_signed_in_without_a_user_handle(office: Office) -> None:
    office.passkey.user_handle = None

    outcome = office.sign_in(username="ada@contoso.example")

    assert isinstance(outcome, SignedIn)
    assert outcome.user.id == office.ada.id


def test_a_session_lasts_a_day_and_says_how_it_came_about(office: Office) -> None:
    outcome = office.sign_in()

    assert isinstance(outcome, SignedIn)
    session = office.owner(outcome.session).session
    assert (session.methods, session.acr, session.amr) == ((Method.PASSKEY,), "phr", ("fido", "mfa"))
    assert session.passkey_id == kept_passkey(office).id
    assert session.expires_at - session.signed_in_at == timedelta(hours=24)


def test_a_granted_sign_in_is_remembered_on_the_passkey(office: Office) -> None:
    office.sign_in()

    passkey = kept_passkey(office)
    assert passkey.sign_count == 1
    assert passkey.last_used_at == office.rows[0].at


def test_the_log_says_who_with_what_from_where_for_which_app_and_why(office: Office) -> None:
    app = office.app().app

    office.sign_in(app=app.id)

    (row,) = office.rows
    assert (row.purpose, row.method, row.result, row.reason) == (
        Purpose.SIGN_IN, Method.PASSKEY, Result.GRANTED, "granted",
    )  # fmt: skip
    assert (row.user_id, row.username) == (office.ada.id, "ada@contoso.example")
    assert (row.credential_id, row.aaguid) == (office.passkey.credential_id, office.passkey.aaguid)
    assert (row.client_address, row.user_agent, row.app_id) == (ADDRESS, "A test's browser", app.id)
    assert (row.profile, row.proof) == ("Default passkey profile", "claimed")


# -- what the passkey must say ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lies", "reason"),
    [
        ({"spoil_signature": True}, "signature_invalid"),
        ({"origin": "https://id.example.org.evil.test"}, "origin_not_allowed"),
        ({"rp_id": "evil.test"}, "rp_id_mismatch"),
        ({"type": "webauthn.create"}, "ceremony_type_wrong"),
        ({"user_verified": False}, "user_verification_missing"),
        ({"user_present": False}, "user_presence_missing"),
        ({"client_data": {"crossOrigin": True}}, "cross_origin_not_allowed"),
        ({"backup_eligible": True}, "backup_eligibility_changed"),
        ({"backed_up": True}, "backup_state_impossible"),
        ({"credential_id": b"another"}, "passkey_unknown"),
        ({"user_handle": b"somebody else"}, "user_handle_mismatch"),
        ({"after_authenticator_data": b"x"}, "malformed_response"),
    ],
)
def test_refuses_with_its_reason(office: Office, lies: dict[str, Any], reason: str) -> None:
    before = kept_passkey(office)

    assert reason_of(office.sign_in(**lies)) == reason

    assert office.log == [reason]
    assert kept_passkey(office) == before


@pytest.mark.parametrize("payload", [b"", b"{}", b"null", b"[" * 5000, b"\xff", b'{"id":"x"}'])
def test_what_is_no_answer_is_refused_and_logged(office: Office, payload: bytes) -> None:
    assert reason_of(office.finish(payload)) == "malformed_response"

    assert office.log == ["malformed_response"]


def test_who_named_nobody_must_be_named_by_the_passkey(office: Office) -> None:
    office.passkey.user_handle = None

    assert reason_of(office.sign_in()) == "user_handle_mismatch"


def test_a_passkey_does_not_speak_for_another_user_who_was_named(office: Office) -> None:
    office.add_person("grace@contoso.example")

    assert reason_of(office.sign_in(username="grace@contoso.example")) == "passkey_of_another_user"

    assert office.rows[0].user_id == office.ada.id


def test_the_handle_must_be_right_even_when_somebody_was_named(office: Office) -> None:
    lie = {"user_handle": b"somebody else"}

    assert reason_of(office.sign_in(username=office.ada.username, **lie)) == "user_handle_mismatch"


def test_a_disabled_user_is_refused_and_let_in_again_once_enabled(office: Office) -> None:
    manage = office.services.manage_user
    disabled = run(manage.disable(office.ada, by=OPERATOR))

    assert reason_of(office.sign_in()) == "user_disabled"

    run(manage.enable(disabled, by=OPERATOR))
    assert reason_of(office.sign_in()) == "granted"


def test_a_spoilt_signature_does_not_tell_whether_the_account_is_disabled(office: Office) -> None:
    run(office.services.manage_user.disable(office.ada, by=OPERATOR))

    assert reason_of(office.sign_in(spoil_signature=True)) == "signature_invalid"


@pytest.mark.parametrize("count", [0, 4, 5])
def test_a_counter_that_does_not_grow_is_refused_and_keeps_its_value(office: Office, count: int) -> None:
    office.sign_in(sign_count=5)

    assert reason_of(office.sign_in(sign_count=count)) == "counter_regressed"

    assert kept_passkey(office).sign_count == 5


def test_a_passkey_that_does_not_count_is_let_in_each_time(office: Office) -> None:
    grace = office.add_person("grace@contoso.example")
    synced = office.with_passkey(grace, counts=False, backup_eligible=True, backed_up=True)

    assert [reason_of(office.sign_in(synced)) for _ in range(3)] == ["granted"] * 3


def test_a_passkey_that_was_removed_is_unknown(office: Office) -> None:
    run(office.services.manage_passkey.remove_for(office.tenant.id, kept_passkey(office).id, by=OPERATOR))

    assert reason_of(office.sign_in()) == "passkey_unknown"


def test_a_stored_key_that_was_damaged_is_a_refusal_and_not_a_crash(office: Office) -> None:
    damaged = replace(kept_passkey(office), public_key=b"\xa0")
    run(office.store.write(Replace(damaged)))

    assert reason_of(office.sign_in()) == "malformed_response"


# -- what policy says ------------------------------------------------------------------------------


def with_profile(**changes: Any) -> PasskeyPolicy:
    return replace(FIRST_POLICY, profiles=(replace(FIRST_POLICY.profiles[0], **changes),))


SOME_MODEL = "08987058-cadc-4b81-b6e1-30de50dcbe96"


@pytest.mark.parametrize(
    ("policy", "reason"),
    [
        (replace(FIRST_POLICY, enabled=False), "passkey_method_disabled"),
        (replace(FIRST_POLICY, exclude=frozenset({ALL_USERS})), "user_excluded"),
        (replace(FIRST_POLICY, include=()), "no_profile_in_scope"),
        (with_profile(passkey_types=frozenset({PasskeyType.SYNCED})), "passkey_type_not_allowed"),
        (with_profile(key_restrictions=KeyRestrictions(is_enforced=True)), "aaguid_not_allowed"),
        (with_profile(minimum_proof=Proof.ATTESTED), "proof_too_weak"),
    ],
)
def test_what_the_passkey_policy_no_longer_accepts_is_refused(
    office: Office, policy: PasskeyPolicy, reason: str
) -> None:
    office.save_policy(policy)

    assert reason_of(office.sign_in()) == reason

    assert office.log == [reason]
    assert kept_passkey(office).last_used_at is None


def test_a_blocked_model_is_refused(office: Office) -> None:
    models = frozenset({office.passkey.aaguid})
    office.save_policy(with_profile(key_restrictions=KeyRestrictions(True, EnforcementType.BLOCK, models)))

    assert reason_of(office.sign_in()) == "aaguid_blocked"


def test_a_policy_is_in_force_at_the_next_request_and_so_is_its_withdrawal(office: Office) -> None:
    assert reason_of(office.sign_in()) == "granted"

    office.save_policy(replace(FIRST_POLICY, enabled=False))
    assert reason_of(office.sign_in()) == "passkey_method_disabled"

    office.save_policy(FIRST_POLICY)
    assert reason_of(office.sign_in()) == "granted"


def test_somebody_put_into_an_excluded_group_is_refused_at_once(office: Office) -> None:
    groups = office.services.manage_group
    leavers = run(groups.create(office.tenant.id, name="Leavers", by=OPERATOR))
    office.save_policy(replace(FIRST_POLICY, exclude=frozenset({group_target(leavers.id)})))
    assert reason_of(office.sign_in()) == "granted"

    run(groups.add_member(leavers, office.ada, by=OPERATOR))

    assert reason_of(office.sign_in()) == "user_excluded"


def test_the_log_says_which_rule_of_which_profile_refused(office: Office) -> None:
    office.save_policy(with_profile(passkey_types=frozenset({PasskeyType.SYNCED})))

    office.sign_in()

    assert office.rows[0].detail == "Default passkey profile: device-bound passkeys are not allowed"


def test_a_long_browser_name_is_cut_in_the_log(office: Office) -> None:
    answer = json.dumps(office.passkey.answer_to(office.begin())).encode()
    visitor = replace(office.visitor(), user_agent="x" * 5000)

    run(office.services.sign_in.finish(office.tenant, visitor, answer))

    assert len(office.rows[0].user_agent) == 256
