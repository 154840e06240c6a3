"""keystead policy --kind methods, keystead policy defaults, and what a pass is under them."""

# The fixtures of the other policy's tests are these ones too.
# ruff: noqa: F811

import json
from pathlib import Path
from typing import Any

import pytest

from .test_policy_command import Keystead, data, invoke, keystead  # noqa: F401


@pytest.fixture
def methods(keystead: Keystead) -> dict[str, Any]:
    """The policy in force, as JSON."""
    shown: dict[str, Any] = keystead("policy", "show", "--kind", "methods")
    assert shown["version"] == 0
    policy: dict[str, Any] = shown["policy"]
    return policy


def write(folder: Path, policy: dict[str, Any]) -> str:
    file = folder / "methods.json"
    file.write_text(json.dumps(policy))
    return str(file)


def switched_off(policy: dict[str, Any], method: str) -> dict[str, Any]:
    next(each for each in policy["authenticationMethodConfigurations"] if each["id"] == method)["state"] = "disabled"
    return policy


def without_a_pass(keystead: Keystead, policy: dict[str, Any], *names: str) -> dict[str, Any]:
    """*policy* with new people of these names, who may use no pass."""
    passes = next(e for e in policy["authenticationMethodConfigurations"] if e["id"] == "TemporaryAccessPass")
    for name in names:
        person = keystead("user", "create", name)
        passes["excludeTargets"].append({"targetType": "user", "id": person["id"]})
    return policy


def test_a_change_is_foreseen_confirmed_kept_and_taken_back(
    keystead: Keystead,
    methods: dict[str, Any],
    tmp_path: Path,
) -> None:
    file = write(tmp_path, without_a_pass(keystead, methods, "grace", "linus"))
    keystead("pass", "issue", "grace")

    plan = keystead("policy", "plan", file, "--kind", "methods")
    # Linus has none to lose.
    assert [(each["username"], each["method"], each["code"]) for each in plan["newly_refused"]] == [
        ("grace", "temporaryAccessPass", "method_excluded")
    ]
    assert keystead("policy", "apply", file, "--kind", "methods", fails=True) == "not_confirmed"
    assert keystead("policy", "apply", file, "--kind", "methods", "--yes")["saved"] == 1

    assert keystead("policy", "rollback", "0", "--kind", "methods")["saved"] == 2
    changes = [row["changes"] for row in keystead("policy", "history", "--kind", "methods")]
    assert [len(each) for each in changes] == [1, 1]
    assert "grace" in changes[0][0]
    assert keystead("policy", "history") == []


def test_a_change_that_locks_out_the_only_way_in_is_refused(
    keystead: Keystead,
    methods: dict[str, Any],
    tmp_path: Path,
) -> None:
    file = write(tmp_path, switched_off(methods, "TemporaryAccessPass"))

    assert keystead("policy", "apply", file, "--kind", "methods", "--yes", fails=True) == "locks_out_administrators"


def test_a_document_of_the_other_kind_is_refused(
    keystead: Keystead,
    methods: dict[str, Any],
    tmp_path: Path,
) -> None:
    assert keystead("policy", "plan", write(tmp_path, methods), fails=True) == "policy_malformed"


def test_security_defaults_have_a_switch(keystead: Keystead) -> None:
    assert keystead("policy", "defaults") == {"security_defaults": True}
    assert keystead("policy", "defaults", "off")["changes"] == ["Security defaults are switched off."]
    assert keystead("policy", "defaults", "on", fails=True) == "not_confirmed"
    assert keystead("policy", "defaults", "on", "--yes")["must_register"] == ["admin"]
    assert keystead("policy", "defaults") == {"security_defaults": True}


def test_what_a_person_reads(keystead: Keystead, data: Path, tmp_path: Path, methods: dict[str, Any]) -> None:
    file = write(tmp_path, without_a_pass(keystead, switched_off(methods, "RecoveryCode"), "grace"))
    keystead("pass", "issue", "grace")

    plan = invoke(data, "policy", "plan", file, "--kind", "methods").output

    assert "Have it and may not use it from now on: 1 people." in plan
    assert "Recovery code: switched off." in plan
    assert "Security defaults are on." in invoke(data, "policy", "defaults").output


def test_a_pass_that_its_owner_cannot_use_is_said_to_be_so(
    keystead: Keystead,
    data: Path,
    tmp_path: Path,
    methods: dict[str, Any],
) -> None:
    keystead("user", "create", "grace")
    grace = next(u["id"] for u in keystead("user", "list") if u["username"] == "grace")
    passes = next(e for e in methods["authenticationMethodConfigurations"] if e["id"] == "TemporaryAccessPass")
    passes["excludeTargets"] = [{"targetType": "user", "id": grace}]
    keystead("policy", "apply", write(tmp_path, methods), "--kind", "methods", "--yes")

    assert keystead("pass", "issue", "grace")["unusable"]["code"] == "method_excluded"
    assert "grace cannot sign in with it now" in invoke(data, "pass", "issue", "grace").output
    assert keystead("pass", "issue", "admin")["unusable"] is None


def test_the_campaign_says_whom_it_would_ask_on_which_device(
    keystead: Keystead, methods: dict[str, Any], data: Path, tmp_path: Path
) -> None:
    keystead("user", "create", "grace")
    off = keystead("policy", "campaign", "grace")
    targets = methods["registrationEnforcement"]["authenticationMethodsRegistrationCampaign"]
    targets["state"] = "enabled"
    keystead("policy", "apply", write(tmp_path, methods), "--kind", "methods", "--yes")
    on = keystead("policy", "campaign", "grace")

    assert {row["code"] for row in off["devices"]} == {"campaign_not_meant"}
    assert [row["kind"] for row in on["devices"]] == ["windows", "mac", "ios", "android", "linux"]
    assert all(row["asked"] for row in on["devices"])
    assert "On Linux: asked, and may put it off." in invoke(data, "policy", "campaign", "grace").output
