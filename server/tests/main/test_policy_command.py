"""keystead policy: what it shows, foresees, changes and explains."""

import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from keystead_server.domain.ids import PasskeyId
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.main.cli import main
from keystead_server.main.config import Config
from keystead_server.main.system import SystemClock, SystemEntropy
from keystead_server.main.wiring import open_system
from keystead_server.ports.changes import Add, Written
from keystead_testkit.loop import run

Keystead = Callable[..., Any]


def invoke(data: Path, *arguments: str, typed: str | None = None) -> Result:
    # In a thread, because a browser that an earlier test drove leaves a running loop in this one.
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(CliRunner().invoke, main, ["--data", str(data), *arguments], typed).result()


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def keystead(data: Path) -> Keystead:
    """Run a verb with --json over a folder where `init` ran; its parsed output, with *fails* its error's code."""
    assert invoke(data, "init").exit_code == 0

    def call(*arguments: str, fails: bool = False) -> Any:
        result = invoke(data, *arguments, "--json")
        assert result.exit_code == (1 if fails else 0), result.output + repr(result.exception)
        told = json.loads(result.stdout)
        return told["error"]["code"] if fails else told

    return call


def give_passkey(data: Path, user_id: str, *, name: str = "Phone", synced: bool = True) -> PasskeyId:
    clock, entropy = SystemClock(), SystemEntropy()

    async def give() -> PasskeyId:
        system = await open_system(Config(data=data))
        try:
            (tenant,) = await system.store.tenants.all()
            now = clock.now()
            passkey: Any = Passkey(
                PasskeyId(entropy.new_id(now)), tenant.id, user_id, entropy.token(16), b"k", -7, UUID(int=0), 0,
                synced, False, (), "none", "none", Proof.NONE if synced else Proof.CLAIMED, name, now, user_id,
            )  # fmt: skip
            assert await system.store.write(Add(passkey)) == Written()
            return passkey.id
        finally:
            await system.close()

    return run(give())


@pytest.fixture
def grace(keystead: Keystead, data: Path) -> dict[str, Any]:
    """Somebody with a synced passkey; the administrator has a device-bound one."""
    person: dict[str, Any] = keystead("user", "create", "grace")
    person["passkey"] = give_passkey(data, person["id"])
    give_passkey(data, keystead("user", "show", "admin")["id"], name="Laptop", synced=False)
    return person


@pytest.fixture
def bound_only(keystead: Keystead, tmp_path: Path) -> str:
    """A file with a policy that accepts device-bound passkeys only."""
    body = keystead("policy", "show")["policy"]
    body["passkeyProfiles"][0]["passkeyTypes"] = "deviceBound"
    file = tmp_path / "policy.json"
    file.write_text(json.dumps(body))
    return str(file)


def test_what_is_shown_can_be_applied_and_changes_nothing(keystead: Keystead, data: Path, tmp_path: Path) -> None:
    shown = invoke(data, "policy", "show").stdout
    (tmp_path / "same.json").write_text(shown)

    foreseen = keystead("policy", "plan", str(tmp_path / "same.json"))

    assert keystead("policy", "show")["version"] == 0
    assert foreseen["changes"] == []
    assert "Nothing changes" in invoke(data, "policy", "plan", str(tmp_path / "same.json")).stdout


def test_plan_says_what_changes_and_for_whom_and_saves_nothing(
    keystead: Keystead, data: Path, grace: dict[str, Any], bound_only: str
) -> None:
    foreseen = keystead("policy", "plan", bound_only)
    text = invoke(data, "policy", "plan", bound_only).stdout

    assert foreseen["changes"] == ["Default passkey profile: types device-bound, before device-bound and synced."]
    assert foreseen["passkeys"] == 2
    assert [(each["username"], each["passkey"], each["code"]) for each in foreseen["newly_refused"]] == [
        ("grace", "Phone", "passkey_type_not_allowed")
    ]
    assert foreseen["newly_accepted"] == []
    assert foreseen["left_without_passkey"] == ["grace"]
    assert "Refused from now on: 1, of 1 people." in text
    assert keystead("policy", "history") == []


def test_apply_asks_when_a_passkey_would_be_refused(
    keystead: Keystead, data: Path, grace: dict[str, Any], bound_only: str
) -> None:
    assert keystead("policy", "apply", bound_only, fails=True) == "not_confirmed"
    assert invoke(data, "policy", "apply", bound_only, typed="n\n").exit_code == 1
    assert keystead("policy", "show")["version"] == 0

    said_yes = invoke(data, "policy", "apply", bound_only, typed="y\n")

    assert "grace" in said_yes.stdout
    assert "Saved as version 1." in said_yes.stdout
    assert keystead("policy", "show")["policy"]["passkeyProfiles"][0]["passkeyTypes"] == "deviceBound"


def test_apply_does_not_ask_when_nobody_is_refused(keystead: Keystead, data: Path, bound_only: str) -> None:
    assert keystead("policy", "apply", bound_only)["saved"] == 1


def test_a_quarantined_passkey_is_listed_with_the_reason_and_works_again_after_going_back(
    keystead: Keystead, data: Path, grace: dict[str, Any], bound_only: str
) -> None:
    keystead("policy", "apply", bound_only, "--yes")

    (listed,) = keystead("passkey", "list", "grace")
    assert (listed["usable"], listed["code"]) == (False, "passkey_type_not_allowed")
    assert "synced passkeys are not allowed" in invoke(data, "passkey", "list", "grace").stdout
    assert keystead("user", "show", "grace")["quarantined_passkeys"] == 1

    back = keystead("policy", "rollback", "0")

    assert (back["saved"], back["newly_accepted"][0]["username"]) == (2, "grace")
    assert keystead("passkey", "list", "grace")[0]["usable"] is True


def test_history_has_every_version_with_its_author_and_changes(
    keystead: Keystead, data: Path, grace: dict[str, Any], bound_only: str
) -> None:
    keystead("policy", "apply", bound_only, "--yes")
    keystead("policy", "rollback", "0")

    newest, first = keystead("policy", "history")
    text = invoke(data, "policy", "history").stdout

    assert (newest["version"], first["version"], first["changed_by"]) == (2, 1, "operator")
    assert first["changes"] == ["Default passkey profile: types device-bound, before device-bound and synced."]
    assert newest["changes"] == ["Default passkey profile: types device-bound and synced, before device-bound."]
    assert text.count("Version ") == 2
    assert keystead("policy", "show", "--version", "1")["policy"]["passkeyProfiles"][0]["passkeyTypes"] == "deviceBound"
    assert keystead("policy", "show", "--version", "3", fails=True) == "policy_version_unknown"
    assert keystead("policy", "rollback", "3", fails=True) == "policy_version_unknown"
    assert keystead("log", "audit")[0]["detail"]["restores"] == "0"


def test_a_policy_that_locks_the_administrators_out_is_foreseen_and_refused(
    keystead: Keystead, data: Path, grace: dict[str, Any], tmp_path: Path
) -> None:
    body = keystead("policy", "show")["policy"]
    body["passkeyProfiles"][0]["passkeyTypes"] = "synced"
    (tmp_path / "locks.json").write_text(json.dumps(body))

    foreseen = keystead("policy", "plan", str(tmp_path / "locks.json"))

    assert foreseen["refused"]["code"] == "locks_out_administrators"
    assert "It cannot be saved" in invoke(data, "policy", "plan", str(tmp_path / "locks.json")).stdout
    refused = keystead("policy", "apply", str(tmp_path / "locks.json"), "--yes", fails=True)
    assert refused == "locks_out_administrators"


def test_a_policy_goes_through_a_file_and_through_standard_input(
    keystead: Keystead, data: Path, tmp_path: Path
) -> None:
    file = tmp_path / "policy.json"

    wrote = invoke(data, "policy", "show", "--output", str(file))
    piped = invoke(data, "policy", "apply", "-", typed=file.read_text())

    assert wrote.stdout == f"Wrote version 0 into {file}.\n"
    assert piped.stdout == "Saved as version 1.\n"
    assert keystead("policy", "plan", str(tmp_path / "none.json"), fails=True) == "file_unusable"
    assert keystead("policy", "show", "--output", str(tmp_path / "no" / "x.json"), fails=True) == "file_unusable"


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]"])
def test_a_file_that_is_no_policy_is_said_to_be_none(keystead: Keystead, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "broken.json").write_bytes(content)

    for verb in ("plan", "apply"):
        assert keystead("policy", verb, str(tmp_path / "broken.json"), fails=True) == "policy_malformed"


def test_explain_tells_of_a_passkey_that_is_there_and_of_one_that_is_not(
    keystead: Keystead, data: Path, grace: dict[str, Any], bound_only: str
) -> None:
    keystead("policy", "apply", bound_only, "--yes")

    real = keystead("policy", "explain", "grace", "--passkey", grace["passkey"])
    supposed = keystead("policy", "explain", "grace", "--type", "deviceBound", "--operation", "register")
    text = invoke(data, "policy", "explain", "grace", "--type", "synced").stdout

    assert (real["accepted"], real["code"], supposed["accepted"]) == (False, "passkey_type_not_allowed", True)
    assert real["profiles"][0]["broken"][0]["change"] == "Allow synced passkeys in the profile."
    assert "This person may not sign in with this passkey: synced passkeys are not allowed." in text
    assert "Use a device-bound passkey." in text
    assert keystead("policy", "explain", "nobody", fails=True) == "user_unknown"
    assert keystead("policy", "explain", "grace", "--passkey", "none", fails=True) == "passkey_not_found"
