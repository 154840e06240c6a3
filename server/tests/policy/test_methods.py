"""The Authentication methods policy: who may use and set up which methods, and which is offered first."""

from dataclasses import replace

import pytest
from keystead_server.domain.ids import GroupId, UserId
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import Role
from keystead_server.policy.methods.decide import METHOD_NAMES, may_set_up, may_use
from keystead_server.policy.methods.defaults import holds, refuses
from keystead_server.policy.methods.model import (
    CONFIGURED,
    FIRST_METHODS,
    MethodConfiguration,
    MethodsPolicy,
    Preference,
    SystemPreferred,
)
from keystead_server.policy.methods.preferred import FIRST_OFFERED, after_first_factor, ranked
from keystead_server.policy.people import ALL_USERS, Subject, group, role, user

ADA = Subject(UserId("ada"), frozenset({GroupId("engineers")}), frozenset())
ADMIN = Subject(UserId("root"), frozenset(), frozenset({Role.GLOBAL_READER}))
TOTP = Method.SOFTWARE_OATH


def with_totp(**settings: object) -> MethodsPolicy:
    return FIRST_METHODS.having(MethodConfiguration(TOTP, **settings))  # type: ignore[arg-type]


def refusal(policy: MethodsPolicy, method: Method, subject: Subject = ADA) -> str | None:
    against = may_use(policy, method, subject)
    return None if against is None else against.code


# -- who may use what ------------------------------------------------------------------------------


def test_a_new_tenant_has_every_method_but_the_password() -> None:
    assert {method for method in CONFIGURED if refusal(FIRST_METHODS, method)} == {Method.PASSWORD}
    assert FIRST_METHODS.security_defaults


def test_a_method_that_is_switched_off_is_for_nobody() -> None:
    assert refusal(with_totp(enabled=False), TOTP) == "method_disabled"


def test_a_method_is_for_whoever_is_included() -> None:
    for principal in (user("ada"), group("engineers"), ALL_USERS):
        assert refusal(with_totp(include=frozenset({principal})), TOTP) is None
    assert refusal(with_totp(include=frozenset({role(Role.GLOBAL_READER)})), TOTP) == "method_not_meant"
    assert refusal(with_totp(include=frozenset({role(Role.GLOBAL_READER)})), TOTP, ADMIN) is None
    assert refusal(with_totp(include=frozenset()), TOTP) == "method_not_meant"


def test_exclusion_wins_over_inclusion() -> None:
    policy = with_totp(include=frozenset({user("ada")}), exclude=frozenset({group("engineers")}))

    assert refusal(policy, TOTP) == "method_excluded"


def test_everybody_can_be_excluded() -> None:
    assert refusal(with_totp(exclude=frozenset({ALL_USERS})), TOTP) == "method_excluded"


def test_forbidden_passwords_are_for_nobody_even_where_the_method_is_on() -> None:
    on = FIRST_METHODS.having(MethodConfiguration(Method.PASSWORD))

    assert refusal(on, Method.PASSWORD) is None
    assert refusal(replace(on, passwords_forbidden=True), Method.PASSWORD) == "passwords_forbidden"


def test_nothing_is_said_against_a_passkey_and_nothing_allows_what_is_no_method() -> None:
    assert refusal(FIRST_METHODS, Method.PASSKEY) is None
    assert refusal(FIRST_METHODS, Method.NONE) == "method_disabled"


WITH_PASSWORDS = MethodConfiguration(Method.PASSWORD)


def test_without_self_service_only_an_administrator_sets_a_method_up() -> None:
    policy = with_totp(self_service=False).having(WITH_PASSWORDS)

    by_themselves = may_set_up(policy, TOTP, ADA)
    assert by_themselves is not None
    assert by_themselves.code == "self_service_off"
    assert may_set_up(policy, TOTP, ADA, self_service=False) is None
    assert may_use(policy, TOTP, ADA) is None


@pytest.mark.parametrize("method", [TOTP, Method.RECOVERY_CODE])
def test_what_follows_a_password_is_not_set_up_where_there_can_be_none(method: Method) -> None:
    against = may_set_up(FIRST_METHODS, method, ADA)

    assert against is not None
    assert against.code == "nothing_to_follow"
    assert may_set_up(FIRST_METHODS.having(WITH_PASSWORDS), method, ADA) is None


def test_what_could_not_be_used_is_not_set_up_by_anybody() -> None:
    for self_service in (True, False):
        against = may_set_up(with_totp(enabled=False), TOTP, ADA, self_service=self_service)
        assert against is not None
        assert against.code == "method_disabled"


def test_every_method_has_a_name_for_sentences() -> None:
    assert set(METHOD_NAMES) == set(Method)


# -- security defaults -----------------------------------------------------------------------------

WEAK = [Method.TEMPORARY_ACCESS_PASS, Method.PASSWORD, TOTP, Method.RECOVERY_CODE]


@pytest.mark.parametrize("method", WEAK)
def test_a_weak_sign_in_without_a_passkey_is_held_to_registering_one(method: Method) -> None:
    assert holds(FIRST_METHODS, ADA, method, has_passkey=False)
    assert not holds(FIRST_METHODS, ADA, method, has_passkey=True)
    assert not holds(replace(FIRST_METHODS, security_defaults=False), ADA, method, has_passkey=False)


@pytest.mark.parametrize("method", WEAK)
def test_an_administrator_of_any_role_is_held_after_any_weak_sign_in(method: Method) -> None:
    assert holds(FIRST_METHODS, ADMIN, method, has_passkey=True)


@pytest.mark.parametrize("method", [Method.PASSKEY, Method.WINDOWS_HELLO])
def test_what_resists_phishing_is_never_held_nor_refused(method: Method) -> None:
    for subject in (ADA, ADMIN):
        assert not holds(FIRST_METHODS, subject, method, has_passkey=False)
        assert refuses(FIRST_METHODS, subject, method, has_passkey=True) is None


@pytest.mark.parametrize("method", [Method.PASSWORD, TOTP, Method.RECOVERY_CODE])
def test_an_administrator_with_a_passkey_is_refused_with_anything_weaker(method: Method) -> None:
    against = refuses(FIRST_METHODS, ADMIN, method, has_passkey=True)

    assert against is not None
    assert against.code == "phishing_resistant_required"
    assert refuses(FIRST_METHODS, ADMIN, method, has_passkey=False) is None
    assert refuses(FIRST_METHODS, ADA, method, has_passkey=True) is None
    assert refuses(replace(FIRST_METHODS, security_defaults=False), ADMIN, method, has_passkey=True) is None


def test_a_pass_lets_an_administrator_in_to_recover() -> None:
    assert refuses(FIRST_METHODS, ADMIN, Method.TEMPORARY_ACCESS_PASS, has_passkey=True) is None


# -- which is offered first ------------------------------------------------------------------------


def test_the_best_method_comes_first() -> None:
    assert ranked(reversed(CONFIGURED)) == (
        Method.TEMPORARY_ACCESS_PASS, Method.WINDOWS_HELLO, TOTP, Method.PASSWORD, Method.RECOVERY_CODE,
    )  # fmt: skip
    assert ranked([TOTP, Method.PASSKEY]) == (Method.PASSKEY, TOTP)


def test_after_a_first_factor_the_best_of_the_others_comes_first() -> None:
    mine = [Method.RECOVERY_CODE, TOTP, Method.PASSWORD, Method.PASSKEY]

    assert after_first_factor(FIRST_METHODS, ADA, mine, first=Method.PASSKEY) == (TOTP, Method.RECOVERY_CODE)
    assert after_first_factor(FIRST_METHODS, ADA, mine, first=Method.PASSWORD)[0] is Method.PASSKEY


def test_what_the_policy_does_not_let_somebody_use_is_not_offered() -> None:
    offered = after_first_factor(with_totp(enabled=False), ADA, [TOTP, Method.RECOVERY_CODE], first=Method.PASSWORD)

    assert offered == (Method.RECOVERY_CODE,)


@pytest.mark.parametrize("off", [
    SystemPreferred(Preference.DISABLED),
    SystemPreferred(exclude=frozenset({group("engineers")})),
    SystemPreferred(include=frozenset({role(Role.GLOBAL_READER)})),
])  # fmt: skip
def test_whom_system_preferred_does_not_hold_for_keeps_their_own_order(off: SystemPreferred) -> None:
    mine = [Method.RECOVERY_CODE, TOTP]

    policy = replace(FIRST_METHODS, preferred=off)

    assert after_first_factor(policy, ADA, mine, first=Method.PASSWORD) == (Method.RECOVERY_CODE, TOTP)


def test_what_is_offered_first_depends_on_nobody() -> None:
    assert FIRST_OFFERED is Method.PASSKEY
