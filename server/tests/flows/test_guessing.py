"""Guesses are counted in the log, and many at once are no more than one after the other."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from keystead_server.domain.guesses import LIMITS
from keystead_server.domain.sign_in import Method
from keystead_server.flows.sign_in_with_password import SecondFactorNeeded
from keystead_server.storage.opening import open_store
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.loop import run, run_together
from keystead_testkit.office import Office, reason_of
from keystead_testkit.postgres import Cluster

WRONG = "BBBBBBBBBBBB"
AT_ONCE = 40


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def busy_office(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """An office on each kind of store: on two of them, writes really wait for each other."""
    if request.param == "memory":
        yield Office()
        return
    url = f"sqlite:///{tmp_path / 'keystead.db'}"
    if request.param == "postgres":
        cluster: Cluster = request.getfixturevalue("cluster")
        url = cluster.fresh_database()
    store = run(open_store(url, entropy=SeededEntropy(), migrate=True))
    yield Office(store=store)
    run(store.close())


def lock(guess: Callable[[], object], method: Method) -> list[str]:
    return [reason_of(guess()) for _ in range(LIMITS[method].failures)]


def test_ten_wrong_passwords_lock_even_the_right_one_out_for_a_quarter_of_an_hour(office: Office) -> None:
    office.allow_passwords()
    office.with_password()
    assert lock(lambda: office.type_password("wrong"), Method.PASSWORD) == ["password_wrong"] * 10

    assert reason_of(office.type_password()) == "too_many_attempts"

    office.advance(minutes=15, seconds=1)
    assert isinstance(office.type_password(), SecondFactorNeeded)


def test_ten_wrong_codes_lock_the_right_one_out_for_an_hour_whatever_password_was_typed_before(office: Office) -> None:
    office.allow_passwords()
    secret = office.with_password()
    assert lock(lambda: office.type_code(office.type_password(), "000000"), Method.SOFTWARE_OATH) == ["totp_wrong"] * 10

    assert reason_of(office.type_code(office.type_password(), office.totp(secret))) == "too_many_attempts"

    office.advance(hours=1, seconds=1)
    assert reason_of(office.type_code(office.type_password(), office.totp(secret))) == "granted"


def test_ten_wrong_recovery_codes_lock_the_right_one_out(office: Office) -> None:
    office.allow_passwords()
    office.with_password()
    codes = office.with_recovery_codes(office.session())
    wrong = lock(lambda: office.type_code(office.type_password(), WRONG), Method.RECOVERY_CODE)
    assert wrong == ["recovery_code_wrong"] * 10

    assert reason_of(office.type_code(office.type_password(), codes[0])) == "too_many_attempts"


def test_one_method_locked_leaves_the_others_alone(office: Office) -> None:
    office.allow_passwords()
    secret = office.with_password()
    code = office.issue_pass().code
    half = office.type_password()
    lock(lambda: office.type_password("wrong"), Method.PASSWORD)

    assert reason_of(office.type_code(half, office.totp(secret))) == "granted"
    assert reason_of(office.sign_in_with_pass(code)) == "granted"
    assert reason_of(office.sign_in()) == "granted"


def test_a_right_password_is_no_failure_however_often_it_is_typed(office: Office) -> None:
    office.allow_passwords()
    office.with_password()

    for _ in range(12):
        assert isinstance(office.type_password(), SecondFactorNeeded)


def test_of_many_wrong_passes_at_once_ten_are_judged_and_the_right_one_after_them_is_too_late(
    busy_office: Office,
) -> None:
    office = busy_office
    code = office.issue_pass().code
    flow, visitor, name = office.services.sign_in_with_pass, office.visitor(), office.ada.username

    guesses = [*[WRONG] * AT_ONCE, code, *[WRONG] * AT_ONCE]
    outcomes = list(map(reason_of, run_together(*(flow(office.tenant, visitor, name, guess) for guess in guesses))))

    assert outcomes.count("pass_wrong") <= 10
    assert set(outcomes) <= {"pass_wrong", "too_many_attempts", "granted"}
    # Granted only if fewer than ten wrong ones were written before it, as with one after the other.
    reasons = [row.reason for row in office.rows if row.method is Method.TEMPORARY_ACCESS_PASS]
    assert len(reasons) == len(guesses)
    assert reason_of(office.sign_in_with_pass(code)) == "too_many_attempts"


def test_of_many_wrong_passwords_at_once_no_more_than_ten_are_judged(busy_office: Office) -> None:
    office = busy_office
    office.allow_passwords()
    office.with_password()
    flow, visitor, name = office.services.sign_in_with_password, office.visitor(), office.ada.username

    works = (flow(office.tenant, visitor, name, f"wrong {n}") for n in range(AT_ONCE))
    outcomes = list(map(reason_of, run_together(*works)))

    assert outcomes.count("password_wrong") <= 10
    assert outcomes.count("too_many_attempts") >= AT_ONCE - 10


def test_of_many_wrong_codes_at_once_no_more_than_ten_are_judged(busy_office: Office) -> None:
    office = busy_office
    office.allow_passwords()
    office.with_password()
    half = office.type_password()
    assert isinstance(half, SecondFactorNeeded)
    flow, visitor = office.services.finish_sign_in, office.visitor()

    works = (flow(office.tenant, visitor, half.sealed, f"{n:06}") for n in range(AT_ONCE))
    outcomes = list(map(reason_of, run_together(*works)))

    assert outcomes.count("totp_wrong") + outcomes.count("totp_replayed") <= 10
    assert outcomes.count("granted") <= 1


def test_one_code_typed_in_many_places_at_once_opens_one_session(busy_office: Office) -> None:
    office = busy_office
    office.allow_passwords()
    secret = office.with_password()
    halves = [office.type_password() for _ in range(6)]
    code, flow, visitor = office.totp(secret), office.services.finish_sign_in, office.visitor()

    works = (flow(office.tenant, visitor, getattr(half, "sealed"), code) for half in halves)  # noqa: B009
    outcomes = sorted(map(reason_of, run_together(*works)))

    assert outcomes == ["granted"] + ["totp_replayed"] * 5


def test_one_recovery_code_typed_in_many_places_at_once_opens_one_session(busy_office: Office) -> None:
    office = busy_office
    office.allow_passwords()
    office.with_password()
    code = office.with_recovery_codes(office.session())[0]
    halves = [office.type_password() for _ in range(6)]
    flow, visitor = office.services.finish_sign_in, office.visitor()

    works = (flow(office.tenant, visitor, getattr(half, "sealed"), code) for half in halves)  # noqa: B009
    outcomes = sorted(map(reason_of, run_together(*works)))

    assert outcomes == ["granted"] + ["recovery_code_wrong"] * 5


def test_a_restart_forgets_no_guess(office: Office) -> None:
    office.allow_passwords()
    office.with_password()
    lock(lambda: office.type_password("wrong"), Method.PASSWORD)

    office.services = office.started()

    assert reason_of(office.type_password()) == "too_many_attempts"
