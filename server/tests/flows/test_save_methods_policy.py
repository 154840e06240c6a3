"""Saving the methods policy: never without a way in for some administrator."""

from dataclasses import replace

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration, MethodsPolicy
from keystead_server.policy.people import group, user
from keystead_testkit.loop import run
from keystead_testkit.office import Office


def without(*methods: Method) -> MethodsPolicy:
    policy = FIRST_METHODS
    for method in methods:
        policy = policy.having(MethodConfiguration(method, enabled=False))
    return policy


def refused(office: Office, policy: MethodsPolicy) -> str | None:
    try:
        office.save_methods(policy)
    except Invalid as invalid:
        return invalid.code
    return None


def test_the_only_pass_of_the_only_administrator_is_not_taken_away(office: Office) -> None:
    off = without(Method.TEMPORARY_ACCESS_PASS)
    office.issue_pass(office.administrator)
    assert refused(office, off) == "locks_out_administrators"

    office.advance(days=1)
    assert refused(office, off) is None


def test_an_administrator_with_a_passkey_is_a_way_in_whatever_else_there_is(office: Office) -> None:
    office.issue_pass(office.administrator)
    office.with_passkey(office.administrator)

    assert refused(office, without(*Method)) is None


def test_a_password_with_its_second_factor_is_not_taken_away_either(office: Office) -> None:
    office.allow_passwords(security_defaults=False)
    office.with_password(office.administrator)
    now = run(office.services.methods.now(office.tenant.id))
    office.advance(days=1)

    assert refused(office, replace(without(Method.PASSWORD), security_defaults=False)) == "locks_out_administrators"
    totp_off = now.having(MethodConfiguration(Method.SOFTWARE_OATH, enabled=False))
    assert refused(office, totp_off) == "locks_out_administrators"


@pytest.mark.parametrize("gone", [group("gone"), user("gone")])
def test_nobody_is_named_who_is_not_there(office: Office, gone: object) -> None:
    excluded = MethodConfiguration(Method.RECOVERY_CODE, exclude=frozenset({gone}))  # type: ignore[arg-type]

    with pytest.raises(Invalid) as invalid:
        office.save_methods(FIRST_METHODS.having(excluded))

    assert invalid.value.code in ("group_unknown", "user_unknown")
    assert invalid.value.target == "authenticationMethodConfigurations[3]"


def test_of_two_who_save_over_one_version_one_is_refused(office: Office) -> None:
    save = office.services.save_methods_policy
    run(save(office.tenant.id, FIRST_METHODS, by=OPERATOR, expected=0))

    with pytest.raises(Invalid) as invalid:
        run(save(office.tenant.id, FIRST_METHODS, by=OPERATOR, expected=0))

    assert invalid.value.code == "policy_changed_meanwhile"
    assert office.audit.count("methods_policy.changed") == 1
