"""keystead policy … for Conditional Access: files in and out, foreseen, tried out, searched for mistakes."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keystead_server.domain.ids import AttemptId
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.main.config import Config
from keystead_server.main.wiring import open_system
from keystead_server.policy.access.templates import TEMPLATES
from keystead_server.ports.changes import Add
from keystead_testkit.command_line import invoke
from keystead_testkit.loop import run

Keystead = Callable[..., Any]
ACCESS = ("--kind", "access")
GRACE = "grace@contoso.example"
BLOCK = {"operator": "OR", "builtInControls": ["block"]}


def policy(name: str = "Nobody from abroad", **changes: Any) -> dict[str, Any]:
    conditions = {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}}
    said = {"displayName": name, "state": "enabledForReportingButNotEnforced", "conditions": conditions}
    return {**said, "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}, **changes}


def write(path: Path, content: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return path


def tree(folder: Path) -> dict[str, str]:
    return {str(each.relative_to(folder)): each.read_text() for each in folder.rglob("*") if each.is_file()}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "access"


def sign_in(data: Path, user_id: str) -> None:
    """Put a sign-in with a passkey into the log."""

    async def write_row() -> None:
        system = await open_system(Config(data=data))
        (tenant,) = await system.store.tenants.all()
        now = system.services.clock.now()
        row_id = AttemptId(system.services.entropy.new_id(now))
        row = Attempt(row_id, tenant.id, now, Purpose.SIGN_IN, Method.PASSKEY, Result.GRANTED, "granted", "192.0.2.7")
        fields = {name: getattr(row, name) for name in Attempt.__slots__} | {"user_id": user_id}
        await system.store.write(Add(Attempt(**fields)))
        await system.close()

    run(write_row())


def test_what_was_exported_is_applied_without_a_change_and_exported_the_same(keystead: Keystead, folder: Path) -> None:
    keystead("policy", "template", "mfa-everybody")
    keystead("policy", "export", str(folder))
    before = tree(folder)

    applied = keystead("policy", "apply", str(folder), *ACCESS)
    keystead("policy", "export", str(folder))

    assert (applied["changes"], applied["saved"]) == ([], 1)
    assert tree(folder) == before
    assert set(before) == {"organisation.json", "policies/multifactor-authentication-for-everybody.json"}


def test_a_file_without_an_id_applied_twice_is_one_policy(keystead: Keystead, folder: Path) -> None:
    write(folder / "abroad.json", policy())

    first = keystead("policy", "apply", str(folder), *ACCESS)
    second = keystead("policy", "apply", str(folder), *ACCESS)

    assert (first["saved"], second["saved"]) == (1, 1)
    assert first["changes"][0].startswith("New policy “Nobody from abroad”: When all people try to reach anything")


def test_a_folder_stands_for_the_whole_and_what_is_not_in_it_is_removed(keystead: Keystead, folder: Path) -> None:
    keystead("policy", "template", "mfa-everybody")
    write(folder / "abroad.json", policy())

    planned = keystead("policy", "plan", str(folder), *ACCESS)

    assert ["is removed" in change for change in planned["changes"]] == [False, True]
    assert [one["version"] for one in keystead("policy", "history", *ACCESS)] == [1]


def test_a_plan_says_whom_a_change_would_keep_out(keystead: Keystead, data: Path, folder: Path) -> None:
    grace = keystead("user", "create", GRACE)
    keystead("policy", "defaults", "off", "--yes")
    sign_in(data, grace["id"])
    write(folder / "shut.json", policy(state="enabled", grantControls=BLOCK, conditions={
        "users": {"includeUsers": [grace["id"]]}, "applications": {"includeApplications": ["All"]}}))  # fmt: skip

    planned = keystead("policy", "plan", str(folder), *ACCESS)["replay"]

    assert (planned["sign_ins"], planned["newlyBlocked"]) == (1, 1)
    assert [(one["username"], one["policies"]) for one in planned["affected"]] == [(GRACE, ["Nobody from abroad"])]
    assert keystead("policy", "apply", str(folder), *ACCESS, fails=True) == "not_confirmed"
    assert keystead("policy", "apply", str(folder), *ACCESS, "--yes")["saved"] == 1
    assert keystead("policy", "rollback", "0", *ACCESS)["changes"][0].startswith(
        "Policy “Nobody from abroad” is removed"
    )
    shown = invoke(data, "policy", "plan", str(folder), *ACCESS).stdout
    assert "Newly kept out: 1 sign-ins of 1 people." in shown
    assert GRACE in shown


def test_replay_thinks_report_only_policies_enforced(keystead: Keystead, data: Path) -> None:
    grace = keystead("user", "create", GRACE)
    sign_in(data, grace["id"])
    keystead("policy", "template", "managed-device-everybody")

    assert keystead("policy", "replay")["newlyBlocked"] == 0
    assert keystead("policy", "replay", "--enforce", "--days", "30")["newlyBlocked"] == 1
    assert "Newly kept out: 1 sign-ins" in invoke(data, "policy", "replay", "--enforce").stdout


def test_an_import_says_what_was_taken_adapted_and_refused_and_takes_the_rest(
    keystead: Keystead, data: Path, folder: Path
) -> None:
    write(folder / "dirty.json", policy("Dirty", conditions={
        "users": {"includeUsers": ["all"]}, "applications": {"includeApplications": ["All"]}}))  # fmt: skip
    write(folder / "gone.json", policy("Gone", conditions={
        "users": {"includeGroups": ["b0f54661-2d74-4c50-afa3-1ec803f12efe"]},
        "applications": {"includeApplications": ["All"]}}))  # fmt: skip
    write(folder / "more.json", {"value": [policy("Beta", conditions={"times": {"all": True}}), "no object"]})
    write(folder / "place.json", "\ufeff" + json.dumps({"displayName": "Home", "countriesAndRegions": ["DE"]}))

    told = keystead("policy", "import", str(folder))

    by_source = {one["source"]: one for one in told["entries"]}
    assert by_source["dirty.json"]["adapted"] == [
        {"target": "conditions.users.includeUsers", "how": "'all' was read as 'All'"}
    ]
    assert by_source["gone.json"]["refused"]["code"] == "group_unknown"
    assert by_source["gone.json"]["refused"]["target"] == "conditions.users.includeGroups"
    assert by_source["more.json[0]"]["refused"]["target"] == "conditions.times"
    assert by_source["more.json[1]"]["refused"]["code"] == "policy_malformed"
    assert by_source["place.json"]["taken"]
    assert told["saved"] == 1
    shown = json.loads(invoke(data, "policy", "show", *ACCESS).stdout)
    assert [one["displayName"] for one in shown["policies"]] == ["Dirty"]


def test_what_is_enabled_can_be_imported_to_be_reported_only(keystead: Keystead, folder: Path) -> None:
    write(folder / "on.json", policy(state="enabled"))

    # Security defaults are on: beside them nothing may be enabled.
    assert keystead("policy", "import", str(folder), fails=True) == "security_defaults_on"
    assert keystead("policy", "import", str(folder), "--report-only", "--dry-run")["saved"] is None
    assert keystead("policy", "import", str(folder), "--report-only")["saved"] == 1


def test_an_import_of_which_nothing_can_be_taken_fails_and_changes_nothing(
    keystead: Keystead, data: Path, folder: Path
) -> None:
    write(folder / "bad.json", {"something": "else"})

    result = invoke(data, "policy", "import", str(folder))

    assert result.exit_code == 1
    assert "refused" in result.stdout
    assert keystead("policy", "history", *ACCESS) == []


@pytest.mark.parametrize(("content", "code"), [("{", "policy_malformed"), ('{"x": 1}', "policy_malformed")])
def test_what_is_applied_is_understood_whole_or_not_applied(
    keystead: Keystead, folder: Path, content: str, code: str
) -> None:
    write(folder / "good.json", policy())
    write(folder / "bad.json", content)

    assert keystead("policy", "apply", str(folder), *ACCESS, fails=True) == code
    assert keystead("policy", "history", *ACCESS) == []


def test_an_empty_folder_is_a_mistake_and_no_wish_to_remove_everything(keystead: Keystead, folder: Path) -> None:
    folder.mkdir()

    assert keystead("policy", "apply", str(folder), *ACCESS, fails=True) == "file_unusable"


def test_what_if_gives_one_verdict_and_every_policy_s_reasons(keystead: Keystead, data: Path) -> None:
    keystead("user", "create", GRACE)
    keystead("policy", "template", "phishing-resistant-everybody")

    weak = keystead("policy", "what-if", GRACE, "--method", "password", "--enforce")
    strong = keystead("policy", "what-if", GRACE, "--method", "fido2", "--enforce")
    now = keystead("policy", "what-if", GRACE, "--method", "password")

    assert (weak["decision"], strong["decision"], now["decision"]) == ("controlsRequired", "allow", "allow")
    assert [one["name"] for one in weak["policies"][0]["conditions"]] == ["users", "applications"]
    assert now["policies"][0]["result"] == "reportOnlyInterrupted"
    shown = invoke(data, "policy", "what-if", GRACE, "--method", "password", "--enforce").stdout
    assert shown.startswith("They are asked for more.\n  1. the strength “Phishing-resistant MFA”\n")


def test_what_if_looks_at_a_draft(keystead: Keystead, folder: Path) -> None:
    keystead("user", "create", GRACE)
    write(folder / "home.json", {"id": "home", "displayName": "Home", "countriesAndRegions": ["DE"]})
    abroad = {"includeLocations": ["All"], "excludeLocations": ["home"]}
    conditions = policy()["conditions"] | {"locations": abroad}
    write(folder / "abroad.json", policy(state="enabled", grantControls=BLOCK, conditions=conditions))

    def decided(country: str) -> str:
        return keystead("policy", "what-if", GRACE, "--country", country, "--draft", str(folder))["decision"]  # type: ignore[no-any-return]

    assert (decided("FR"), decided("de")) == ("block", "allow")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(("--ip", "here"), "not_an_address"), (("--app", "Nowhere"), "app_unknown")],
)
def test_what_cannot_be_supposed_is_said(keystead: Keystead, arguments: tuple[str, ...], code: str) -> None:
    keystead("user", "create", GRACE)

    assert keystead("policy", "what-if", GRACE, *arguments, fails=True) == code


def test_analyse_finds_a_gap_with_a_sign_in_that_shows_it(keystead: Keystead, data: Path) -> None:
    keystead("policy", "template", "mfa-administrators")
    keystead("user", "create", GRACE)

    result = invoke(data, "policy", "analyse", "--enforce", "--json")

    found = json.loads(result.stdout)
    gaps = [one for one in found if one["kind"] == "gap"]
    assert result.exit_code == 1
    assert gaps[0]["witness"]["user"] == GRACE


def test_analyse_is_content_with_a_whole_set(keystead: Keystead, data: Path) -> None:
    keystead("policy", "template", "mfa-everybody")

    result = invoke(data, "policy", "analyse", "--enforce")

    assert (result.exit_code, result.stdout) == (0, "Nothing was found.\n")


def test_templates_are_listed_and_each_is_taken_once(keystead: Keystead) -> None:
    listed = keystead("policy", "template")

    assert [one["key"] for one in listed] == [template.key for template in TEMPLATES]
    keystead("policy", "template", "mfa-everybody")
    assert keystead("policy", "template", "mfa-everybody", fails=True) == "template_taken"
    assert keystead("policy", "template", "mfa-nobody", fails=True) == "template_unknown"


def test_a_sign_in_is_explained_by_what_was_said_then_and_by_the_policies_of_now(
    keystead: Keystead, data: Path, folder: Path
) -> None:
    grace = keystead("user", "create", GRACE)
    keystead("policy", "defaults", "off", "--yes")
    sign_in(data, grace["id"])
    write(folder / "mfa.json", policy("Two factors", state="enabled"))
    keystead("policy", "apply", str(folder), *ACCESS, "--yes")

    explained = keystead("policy", "explain", GRACE, *ACCESS)
    shown = invoke(data, "policy", "explain", GRACE, *ACCESS).stdout

    assert explained["then"] is None
    assert explained["now"]["decision"] == "allow"
    assert [(one["name"], one["result"]) for one in explained["now"]["policies"]] == [("Two factors", "success")]
    assert "No policy applied." in shown
    assert "Two factors: applied, and was met" in shown
    assert keystead("policy", "explain", GRACE, *ACCESS, "--number", explained["number"]) == explained
    assert keystead("policy", "explain", GRACE, *ACCESS, "--number", "none", fails=True) == "sign_in_not_found"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        (("--ip", "300.1.1.1"), "not_an_address"),
        (("--country", "Holland"), "not_a_country"),
        (("--device", "nonsense"), "device_attribute_unknown"),
        (("--device", "colour=red"), "device_attribute_unknown"),
        (("--context", "c200"), "not_a_choice"),
        (("--app", "Nowhere"), "app_unknown"),
    ],
)
def test_what_cannot_be_supposed_is_refused_and_not_left_out(keystead: Keystead, said: Any, code: str) -> None:
    keystead("user", "create", GRACE)

    assert keystead("policy", "what-if", GRACE, *said, fails=True) == code


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ((*ACCESS, "--type", "synced"), "--type is for --kind passkeys"),
        (("--number", "1"), "--number is for --kind access"),
        (("--kind", "methods"), "'methods' is not one of"),
    ],
)
def test_what_is_of_the_other_kind_is_not_passed_over(data: Path, keystead: Keystead, said: Any, why: str) -> None:
    keystead("user", "create", GRACE)

    assert why in invoke(data, "policy", "explain", GRACE, *said).stderr


def test_a_strength_that_nobody_can_meet_is_told_before_it_is_saved(keystead: Keystead, folder: Path) -> None:
    push = {"id": "push", "displayName": "A push", "allowedCombinations": ["deviceBasedPush"]}
    write(folder / "authenticationStrengths" / "push.json", push)
    asks = {"operator": "AND", "authenticationStrength": {"id": "push"}}
    write(folder / "policies" / "push.json", policy("Push for all", id="p", grantControls=asks))

    planned = keystead("policy", "plan", str(folder), *ACCESS)

    assert planned["warnings"] == [
        "Push for all: nobody whom it is for can sign in with or register what “A push” asks for"
    ]


def test_terms_are_planned_and_applied_from_a_folder(keystead: Keystead, folder: Path) -> None:
    write(folder / "termsOfUse" / "house.json", {"displayName": "House rules", "text": "Be kind."})
    assert keystead("policy", "plan", str(folder), *ACCESS)["changes"] == ["Terms of use: + House rules"]
    keystead("policy", "apply", str(folder), *ACCESS)

    write(folder / "termsOfUse" / "house.json", {"displayName": "House rules", "text": "Be kinder."})
    (change,) = keystead("policy", "plan", str(folder), *ACCESS)["changes"]
    assert change == "Terms “House rules” have another text, which is asked for again: version 2."
    keystead("policy", "apply", str(folder), *ACCESS)
    assert keystead("policy", "plan", str(folder), *ACCESS)["changes"] == []

    keystead("policy", "export", str(folder))
    assert (folder / "termsOfUse" / "house-rules.json").exists()
    assert not (folder / "termsOfUse" / "house.json").exists()


def test_a_place_alone_is_planned_with_whom_it_keeps_out(keystead: Keystead, data: Path, folder: Path) -> None:
    grace = keystead("user", "create", GRACE)
    keystead("policy", "defaults", "off", "--yes")
    sign_in(data, grace["id"])
    away = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
    blocks = policy("Away", state="enabled", grantControls={"operator": "OR", "builtInControls": ["block"]})
    conditions = blocks["conditions"] | {"locations": away, "users": {"includeUsers": [grace["id"]]}}
    write(folder / "policies" / "away.json", blocks | {"conditions": conditions})
    place = {"id": "office", "displayName": "Office", "isTrusted": True}
    write(folder / "namedLocations" / "office.json", {**place, "ipRanges": [{"cidrAddress": "0.0.0.0/0"}]})
    keystead("policy", "apply", str(folder), *ACCESS, "--yes")

    write(folder / "namedLocations" / "office.json", {**place, "ipRanges": [{"cidrAddress": "203.0.113.0/24"}]})
    planned = keystead("policy", "plan", str(folder), *ACCESS)

    assert "Office" in planned["changes"][0]
    assert planned["replay"]["newlyBlocked"] == 1
