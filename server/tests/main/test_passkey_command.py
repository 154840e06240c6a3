"""keystead passkey begin and finish: a passkey for somebody else, from the shell."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from keystead_server.main.cli import main
from keystead_server.main.cli.passkey_on_behalf import MAX_ANSWER_BYTES
from keystead_testkit.command_line import invoke
from keystead_testkit.soft_passkey import Json, SoftPasskey

Keystead = Callable[..., Any]
GRACE = "grace@home.example"


@pytest.fixture(autouse=True)
def grace(keystead: Keystead) -> None:
    keystead("user", "create", GRACE)


@pytest.fixture
def answer(tmp_path: Path) -> Path:
    return tmp_path / "answer.json"


def security_key() -> SoftPasskey:
    return SoftPasskey(rp_id="localhost", origin="http://localhost:8400")


def answered(begun: Json, **lies: Any) -> str:
    return json.dumps(security_key().register_with(begun["publicKey"], **lies))


@pytest.mark.parametrize("attestation", ["none", "self"])
def test_what_an_authenticator_answers_is_registered_as_the_operators_doing(
    keystead: Keystead, answer: Path, attestation: str
) -> None:
    answer.write_text(answered(keystead("passkey", "begin", GRACE, "--minutes", "60"), attestation=attestation))

    registered = keystead("passkey", "finish", GRACE, str(answer), "--name", "Red key")

    (listed,) = keystead("passkey", "list", GRACE)
    assert (listed["id"], listed["name"], listed["added_by"]) == (registered["id"], "Red key", "administrator")
    (event,) = [each for each in keystead("log", "audit") if each["event"] == "passkey.registered_on_behalf"]
    assert event["detail"]["user"] == GRACE


def test_options_alone_go_into_a_file_and_the_answer_comes_through_a_pipe(data: Path, keystead: Keystead) -> None:
    begun = invoke(data, "passkey", "begin", GRACE)
    piped = answered(json.loads(begun.stdout))

    finished = piped_into(data, piped, "passkey", "finish", GRACE, "--name", "Red key")

    assert finished.exit_code == 0, finished.output
    assert finished.stdout.startswith(f"Registered Red key for {GRACE}: ")
    assert f"for {GRACE}." in begun.stderr
    assert [each["name"] for each in keystead("passkey", "list", GRACE)] == ["Red key"]


def test_an_answer_counts_once(keystead: Keystead, answer: Path) -> None:
    answer.write_text(answered(keystead("passkey", "begin", GRACE)))
    finish = ("passkey", "finish", GRACE, str(answer), "--name", "Red key")
    keystead(*finish)

    assert keystead(*finish, fails=True) in ("challenge_spent", "passkey_already_registered")
    assert len(keystead("passkey", "list", GRACE)) == 1


def test_an_answer_to_somebody_elses_challenge_is_none(keystead: Keystead, answer: Path) -> None:
    """Class 3: what was begun for one person makes no passkey for another."""
    keystead("user", "create", "ada@home.example")
    answer.write_text(answered(keystead("passkey", "begin", "ada@home.example")))

    assert keystead("passkey", "finish", GRACE, str(answer), "--name", "Red key", fails=True) == "challenge_not_ours"
    assert keystead("passkey", "list", GRACE) == []


def test_a_refusal_says_what_the_log_says(data: Path, keystead: Keystead, answer: Path) -> None:
    answer.write_text(answered(keystead("passkey", "begin", GRACE), user_verified=False))

    refused = invoke(data, "passkey", "finish", GRACE, str(answer), "--name", "Red key")

    assert refused.exit_code == 1
    assert f"{GRACE} got no passkey, user_verification_missing" in refused.stderr
    assert keystead("log", "sign-ins")[0]["reason"] == "user_verification_missing"


@pytest.mark.parametrize(
    ("minutes", "code"),
    [("4", "challenge_lifetime_out_of_range"), ("43201", "challenge_lifetime_out_of_range")],
)
def test_a_challenge_is_good_for_five_minutes_to_thirty_days(keystead: Keystead, minutes: str, code: str) -> None:
    assert keystead("passkey", "begin", GRACE, "--minutes", minutes, fails=True) == code


def test_whom_policy_gives_no_passkey_gets_no_options(keystead: Keystead, data: Path, tmp_path: Path) -> None:
    policy = keystead("policy", "show")["policy"]
    (tmp_path / "policy.json").write_text(json.dumps({**policy, "state": "disabled"}))
    keystead("policy", "apply", str(tmp_path / "policy.json"), "--yes")

    assert keystead("passkey", "begin", GRACE, fails=True) == "passkey_method_disabled"
    assert f"{GRACE} gets no passkey, because" in invoke(data, "passkey", "begin", GRACE).stderr


@pytest.mark.parametrize(
    ("written", "code"),
    [("not JSON", "malformed_response"), ("{}", "malformed_response"), (" " * (MAX_ANSWER_BYTES + 1), "too_large")],
)
def test_what_is_no_answer_is_refused(keystead: Keystead, answer: Path, written: str, code: str) -> None:
    answer.write_text(written)

    assert keystead("passkey", "finish", GRACE, str(answer), "--name", "Red key", fails=True) == code


def piped_into(data: Path, text: str, *arguments: str) -> Result:
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(CliRunner().invoke, main, ["--data", str(data), *arguments], input=text).result()
