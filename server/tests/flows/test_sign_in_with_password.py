"""A password and a code: two factors, in this order, once, and only where the policy wants them."""

from dataclasses import replace

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.passkey import PasskeyType
from keystead_server.domain.sign_in import Method, Result
from keystead_server.domain.user import Role
from keystead_server.flows.finish_sign_in import SignedInWithTwo
from keystead_server.flows.sign_in_with_password import SecondFactorNeeded
from keystead_server.keys.password_hasher import Argon2Hasher, Argon2Parameters
from keystead_server.policy.methods.model import (
    EVERYONE,
    FIRST_METHODS,
    MethodConfiguration,
    Preference,
    SystemPreferred,
)
from keystead_server.policy.passkeys.model import FIRST_POLICY
from keystead_server.policy.people import role
from keystead_server.policy.people import user as principal
from keystead_testkit.loop import run
from keystead_testkit.office import OTHER_BROWSER, PASSWORD, QUICK, Office, reason_of


@pytest.fixture
def secret(office: Office) -> bytes:
    """Of ada's authenticator app; she has a password too."""
    office.allow_passwords()
    return office.with_password()


def kept_password(office: Office) -> str:
    password = run(office.store.secrets.of_user(office.tenant.id, office.ada.id)).password
    assert password is not None
    return password.hashed


def test_a_password_and_a_code_of_an_app_open_a_session_of_two_factors(office: Office, secret: bytes) -> None:
    half = office.type_password()
    assert isinstance(half, SecondFactorNeeded)
    assert Method.SOFTWARE_OATH in half.methods

    outcome = office.type_code(half, office.totp(secret))

    assert isinstance(outcome, SignedInWithTwo)
    session = office.owner(outcome.session).session
    assert (session.user_id, session.methods) == (office.ada.id, (Method.PASSWORD, Method.SOFTWARE_OATH))
    assert (session.acr, session.amr) == ("mfa", ("pwd", "otp", "mfa"))
    assert [(row.method, row.result, row.reason) for row in office.rows[-2:]] == [
        (Method.PASSWORD, Result.INTERRUPTED, "second_factor_needed"),
        (Method.SOFTWARE_OATH, Result.GRANTED, "granted"),
    ]


def test_a_password_alone_opens_nothing(office: Office, secret: bytes) -> None:
    sessions = len(office.store._tables.sessions)  # type: ignore[attr-defined]

    assert isinstance(office.type_password(), SecondFactorNeeded)

    assert len(office.store._tables.sessions) == sessions  # type: ignore[attr-defined]


def test_a_recovery_code_stands_in_for_the_app_once(office: Office, secret: bytes) -> None:
    codes = office.with_recovery_codes(office.session())
    half = office.type_password()
    assert isinstance(half, SecondFactorNeeded)
    assert half.methods == (Method.PASSKEY, Method.SOFTWARE_OATH, Method.RECOVERY_CODE)

    owner = office.session_by_password(f" {codes[3][:5]}-{codes[3][5:]} ".lower())

    assert (owner.session.methods, owner.session.amr) == (
        (Method.PASSWORD, Method.RECOVERY_CODE), ("pwd", "recovery", "mfa"),
    )  # fmt: skip
    assert reason_of(office.type_code(office.type_password(), codes[3])) == "recovery_code_wrong"
    assert reason_of(office.type_code(office.type_password(), codes[4])) == "granted"


@pytest.mark.parametrize(
    "preferred",
    [
        SystemPreferred(Preference.DISABLED),
        SystemPreferred(include=frozenset({role(Role.GLOBAL_READER)})),
        SystemPreferred(exclude=EVERYONE),
    ],
)
def test_for_whom_nothing_is_system_preferred_the_code_comes_first(
    office: Office, secret: bytes, preferred: SystemPreferred
) -> None:
    office.allow_passwords(preferred=preferred)

    half = office.type_password()

    assert isinstance(half, SecondFactorNeeded)
    assert half.methods == (Method.SOFTWARE_OATH, Method.PASSKEY)


def test_a_passkey_in_quarantine_is_not_offered_after_a_password(office: Office, secret: bytes) -> None:
    (profile,) = FIRST_POLICY.profiles
    synced_only = replace(profile, passkey_types=frozenset({PasskeyType.SYNCED}))
    office.save_policy(replace(FIRST_POLICY, profiles=(synced_only,)))

    half = office.type_password()

    assert isinstance(half, SecondFactorNeeded)
    assert half.methods == (Method.SOFTWARE_OATH,)


def test_a_password_may_be_typed_with_another_computers_code_points(office: Office) -> None:
    office.allow_passwords()
    owner = office.session()
    run(office.services.set_password(owner, "ﬁnest crème brûlée"))
    office.with_totp(owner)

    assert isinstance(office.type_password("finest cre\u0300me bru\u0302le\u0301e"), SecondFactorNeeded)


# -- the first factor refused ----------------------------------------------------------------------


def test_a_wrong_password_is_refused(office: Office, secret: bytes) -> None:
    for wrong in ("", PASSWORD.upper(), PASSWORD + " ", PASSWORD[:-1], "\0", "\ud800", "x" * 100_000):
        assert reason_of(office.type_password(wrong)) == "password_wrong"


def test_whoever_has_no_password_or_no_account_is_refused(office: Office, secret: bytes) -> None:
    office.add_person("grace@contoso.example")

    assert reason_of(office.type_password(username="grace@contoso.example")) == "no_password"
    assert reason_of(office.type_password(username="nobody@contoso.example")) == "user_unknown"
    assert reason_of(office.type_password(username="")) == "user_unknown"


def test_two_people_with_one_password_keep_it_differently(office: Office, secret: bytes) -> None:
    grace = office.add_person("grace@contoso.example")
    office.with_password(grace)
    hers = run(office.store.secrets.of_user(office.tenant.id, grace.id)).password
    assert hers is not None

    # A row moved to another account must not open it.
    matches = office.services.sign_in_with_password.hasher.matches
    assert not run(matches(PASSWORD.encode(), hers.hashed))
    assert hers.hashed != kept_password(office)


def test_a_disabled_user_is_told_so_only_in_the_log_and_only_with_the_right_password(
    office: Office, secret: bytes
) -> None:
    run(office.services.manage_user.disable(office.ada, by=OPERATOR))

    assert reason_of(office.type_password("wrong")) == "password_wrong"
    assert reason_of(office.type_password()) == "user_disabled"


def test_without_a_second_factor_a_right_password_leads_nowhere(office: Office) -> None:
    office.allow_passwords()
    run(office.services.set_password(office.session(), PASSWORD))

    assert reason_of(office.type_password("wrong")) == "password_wrong"
    outcome = office.type_password()
    assert reason_of(outcome) == "second_factor_missing"


# -- the policy, live ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"passwords_forbidden": True, "configurations": FIRST_METHODS.configurations}, "passwords_forbidden"),
        ({"configurations": FIRST_METHODS.configurations}, "method_disabled"),
        ({"retire_weaker_on_passkey": True}, "weaker_method_retired"),
    ],
)
def test_what_the_policy_forbids_is_refused_after_the_password_was_right(
    office: Office, secret: bytes, changes: dict[str, object], code: str
) -> None:
    half = office.type_password()
    office.allow_passwords(**changes)

    assert reason_of(office.type_password("wrong")) == "password_wrong"
    assert reason_of(office.type_password()) == code
    # Who was half way when the policy changed is judged by the policy of now.
    assert reason_of(office.type_code(half, "000000")) == "totp_wrong"
    assert reason_of(office.type_code(half, office.totp(secret))) == code
    office.allow_passwords()
    assert reason_of(office.type_code(office.type_password(), office.totp(secret))) == "granted"


def test_whoever_is_excluded_from_the_second_factor_does_not_come_in_with_it(office: Office, secret: bytes) -> None:
    half = office.type_password()
    excluded = MethodConfiguration(Method.SOFTWARE_OATH, exclude=frozenset({principal(office.ada.id)}))
    policy = FIRST_METHODS.having(MethodConfiguration(Method.PASSWORD)).having(excluded)
    office.save_methods(replace(policy, security_defaults=False))

    assert reason_of(office.type_code(half, office.totp(secret))) == "method_excluded"
    assert reason_of(office.type_password()) == "second_factor_missing"


def test_under_security_defaults_an_administrator_with_a_passkey_does_not_use_a_password(office: Office) -> None:
    office.allow_passwords()
    boss = office.add_person("boss@contoso.example", Role.GLOBAL_ADMINISTRATOR)
    secret = office.with_password(boss)
    office.register(owner=office.session_by_pass(boss))
    half = office.type_password(username=boss.username)
    office.allow_passwords(security_defaults=True)

    assert reason_of(office.type_password(username=boss.username)) == "phishing_resistant_required"
    assert reason_of(office.type_code(half, office.totp(secret))) == "phishing_resistant_required"


# -- the second factor refused ---------------------------------------------------------------------


def test_a_wrong_code_may_be_followed_by_the_right_one(office: Office, secret: bytes) -> None:
    half = office.type_password()

    for wrong in ("000000", "12345", "", "abcdef", "١٢٣٤٥٦", office.totp(secret, 5)):
        assert reason_of(office.type_code(half, wrong)) in ("totp_wrong", "recovery_code_wrong")
    code = office.totp(secret)
    assert reason_of(office.type_code(half, f"{code[:3]} {code[3:]}")) == "granted"


@pytest.mark.parametrize(("steps", "reason"), [(-2, "totp_wrong"), (-1, "granted"), (1, "granted"), (2, "totp_wrong")])
def test_a_clock_may_be_off_by_half_a_minute(office: Office, secret: bytes, steps: int, reason: str) -> None:
    office.advance(minutes=2)

    assert reason_of(office.type_code(office.type_password(), office.totp(secret, steps))) == reason


def test_a_code_is_accepted_once_and_none_of_before_it(office: Office, secret: bytes) -> None:
    office.advance(minutes=2)
    code, before = office.totp(secret), office.totp(secret, -1)

    assert reason_of(office.type_code(office.type_password(), code)) == "granted"

    assert reason_of(office.type_code(office.type_password(), code)) == "totp_replayed"
    assert reason_of(office.type_code(office.type_password(), before)) == "totp_replayed"
    assert reason_of(office.type_code(office.type_password(), office.totp(secret, 1))) == "granted"


def test_the_code_that_set_the_app_up_does_not_sign_in(office: Office) -> None:
    office.allow_passwords()
    secret = office.with_password()

    assert reason_of(office.type_code(office.type_password(), office.totp(secret, -1))) == "totp_replayed"


def test_each_of_several_apps_will_do_and_the_log_says_which(office: Office, secret: bytes) -> None:
    second = office.with_totp(office.session(), "Tablet")
    tablet = run(office.store.secrets.of_user(office.tenant.id, office.ada.id)).totp[1]

    office.session_by_password(office.totp(second))

    assert office.rows[-1].credential_id == bytes.fromhex(tablet.id.replace("-", ""))
    office.session_by_password(office.totp(secret))


def test_half_a_sign_in_is_completed_once(office: Office, secret: bytes) -> None:
    half = office.type_password()
    assert reason_of(office.type_code(half, office.totp(secret))) == "granted"

    assert reason_of(office.type_code(half, office.totp(secret, 1))) == "challenge_spent"


def test_half_a_sign_in_is_good_for_five_minutes(office: Office, secret: bytes) -> None:
    half = office.type_password()
    office.advance(minutes=5)

    assert reason_of(office.type_code(half, office.totp(secret))) == "partial_expired"


def test_half_a_sign_in_belongs_to_one_browser_and_one_organisation(office: Office, secret: bytes) -> None:
    half = office.type_password()
    fabrikam, _ = office.found("fabrikam")

    assert reason_of(office.type_code(half, office.totp(secret), browser=OTHER_BROWSER)) == "partial_not_ours"
    assert reason_of(office.type_code(half, office.totp(secret), tenant=fabrikam)) == "partial_not_ours"
    for made_up in (b"", b"x" * 64):
        assert reason_of(office.type_code(made_up, office.totp(secret))) == "partial_not_ours"


def test_a_password_changed_or_a_sign_out_everywhere_ends_what_is_half_done(office: Office, secret: bytes) -> None:
    half = office.type_password()
    run(office.services.set_password(office.session(), "another good phrase"))
    assert reason_of(office.type_code(half, office.totp(secret))) == "partial_expired"

    half = office.type_password("another good phrase")
    run(office.services.sign_out.everywhere(office.session()))
    assert reason_of(office.type_code(half, office.totp(secret))) == "partial_expired"


def test_a_user_disabled_or_removed_half_way_does_not_come_in(office: Office, secret: bytes) -> None:
    half = office.type_password()
    user = office.now_of(office.ada)
    disabled = run(office.services.manage_user.disable(user, by=OPERATOR))
    assert reason_of(office.type_code(half, office.totp(secret))) == "user_disabled"

    run(office.services.manage_user.remove(disabled, by=OPERATOR))
    assert reason_of(office.type_code(half, office.totp(secret))) == "user_unknown"


# -- what is kept ----------------------------------------------------------------------------------


def test_a_password_is_hashed_anew_when_its_parameters_are_of_yesterday(office: Office, secret: bytes) -> None:
    assert kept_password(office).startswith(QUICK.prefix)
    stronger = Argon2Parameters(memory_kib=128, iterations=2)
    sign_in = office.services.sign_in_with_password
    flow = replace(sign_in, hasher=Argon2Hasher(office.entropy, stronger))
    office.services = replace(office.services, sign_in_with_password=flow)

    assert isinstance(office.type_password(), SecondFactorNeeded)

    assert kept_password(office).startswith(stronger.prefix)
    assert isinstance(office.type_password(), SecondFactorNeeded)
    assert reason_of(office.type_password("wrong")) == "password_wrong"
