"""The door for outside Conditional Access cases: the page about it is true, and no line makes it crash."""

import io
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_server.conformance.__main__ import main
from keystead_server.conformance.access import AccessDoor

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "conformance-access.md"
NOW = datetime(2026, 11, 22, tzinfo=UTC)
EVERYBODY = {"users": {"includeUsers": ["All"]}, "applications": {"includeApplications": ["All"]}}
SHAREPOINT = "00000003-0000-0ff1-ce00-000000000000"


def policy(name: str, controls: list[str], *, state: str = "enabled", **conditions: Any) -> dict[str, Any]:
    return {
        "id": name,
        "displayName": name,
        "state": state,
        "conditions": {**EVERYBODY, **conditions},
        "grantControls": {"operator": "OR", "builtInControls": controls},
    }


def door(*policies: Any, **more: Any) -> AccessDoor:
    opened = AccessDoor(lambda: NOW)
    opened.answer({"name": "set:X", "policies": list(policies), **more})
    return opened


def answer(to: AccessDoor, **said: Any) -> dict[str, Any]:
    beside = said.pop("beside", {})
    return to.answer({"name": "n", "set": "X", "signIn": {"userId": "ada", **said}, **beside})


def test_the_example_on_the_page_is_answered_as_it_says() -> None:
    asked, told = re.findall(r"^```json\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    out = io.StringIO()

    assert main(["access"], io.BytesIO(asked.encode()), out) == 0

    answers = [json.loads(line) for line in out.getvalue().splitlines()]
    expected = [json.loads(line) for line in told.splitlines()]
    assert [{name: one[name] for name in short} for one, short in zip(answers, expected, strict=True)] == expected


def test_graphs_own_example_of_a_user_and_an_app() -> None:
    body = {
        "signInIdentity": {"@odata.type": "#microsoft.graph.userSignIn", "userId": "15DC174B-F34C-4588-AC45-61D6E05DCE93"},
        "signInContext": {"@odata.type": "#microsoft.graph.applicationContext", "includeApplications": [SHAREPOINT]},
        "signInConditions": {
            "devicePlatform": "android", "clientAppType": "browser", "signInRiskLevel": "high", "userRiskLevel": "high",
            "country": "US", "ipAddress": "40.77.182.32", "insiderRiskLevel": "elevated",
            "authenticationFlow": {"transferMethod": "deviceCodeFlow"}, "deviceInfo": {"isCompliant": True},
        },
        "appliedPoliciesOnly": True,
    }  # fmt: skip
    opened = door(
        policy("office", ["block"], applications={"includeApplications": ["Office365"]}),
        policy("high", ["block"], userRiskLevels=["high"], insiderRiskLevels="elevated"),
        policy("flow", ["block"], authenticationFlows={"transferMethods": "deviceCodeFlow"}),
        policy("her", ["block"], users={"includeUsers": ["15dc174b-f34c-4588-ac45-61d6e05dce93"]}),
        policy("ios", ["block"], platforms={"includePlatforms": ["iOS"]}),
        policy("compliant", ["compliantDevice"]),
    )

    told = opened.answer({"name": "n", "set": "set:X", "signIn": body})

    assert told["applies"] == ["office", "high", "flow", "her", "compliant"]
    assert told["decision"] == "block"
    assert told["blockedBy"] == ["office", "high", "flow", "her"]


@pytest.mark.parametrize(
    ("action", "applies"),
    [("registerSecurityInformation", ["all", "register"]), ("urn:user:registerdevice", ["all"])],
)
def test_a_user_action_is_covered_by_its_own_policies_and_those_of_all_resources(
    action: str, applies: list[str]
) -> None:
    own = {"includeUserActions": ["urn:user:registersecurityinfo"]}
    wiki = {"includeApplications": ["wiki"]}
    opened = door(
        policy("all", ["mfa"]),
        policy("register", ["mfa"], applications=own),
        policy("wiki", ["mfa"], applications=wiki),
    )

    assert answer(opened, userAction=action)["applies"] == applies


@pytest.mark.parametrize(
    ("methods", "decision"),
    [
        (["fido2"], "allow"),
        (["mfa"], "allow"),
        (["password,softwareOath"], "allow"),
        (["password", "sms"], "allow"),
        ([{"method": "passkey", "aaguid": "2fc0579f-8113-47ea-b116-bb5a8db9202a", "proof": "attested"}], "allow"),
        ([{"method": "fido2", "at": "2026-11-21T00:00:00Z"}], "allow"),
        (["password"], "controlsRequired"),
        ([], "controlsRequired"),
    ],
)
def test_methods_are_said_by_name_or_described(methods: list[Any], decision: str) -> None:
    assert answer(door(policy("p", ["mfa"])), methodsSatisfied=methods)["decision"] == decision


@pytest.mark.parametrize("place", ["signIn", "signInConditions", "beside"])
def test_a_fact_may_stand_wherever_somebody_put_it(place: str) -> None:
    fact = {"groupIds": ["g"], "deviceInfo": {"isCompliant": True}}
    opened = door(policy("p", ["block"], users={"includeGroups": ["g"]}), policy("q", ["compliantDevice"]))
    said = fact if place == "signIn" else {place: fact}

    assert answer(opened, **said)["applies"] == ["p", "q"]


@pytest.mark.parametrize(
    ("device", "unmet"),
    [
        ({"isCompliant": True}, []), ({"isCompliant": False}, ["compliantDevice"]), ({}, ["compliantDevice"]),
        ({"isCompliant": True, "isRegistered": False}, ["compliantDevice"]),
        ({"extensionAttributes": ["x"], "isCompliant": True}, []), (None, ["compliantDevice"]),
    ],
)  # fmt: skip
def test_a_device_that_is_not_registered_is_not_compliant(device: Any, unmet: list[str]) -> None:
    assert answer(door(policy("p", ["compliantDevice"])), device=device)["unmet"] == unmet


def test_guests_are_known_by_their_type_and_organisation() -> None:
    tenants = {"membershipKind": "enumerated", "members": ["t1"]}
    guests = {"guestOrExternalUserTypes": "b2bCollaborationGuest", "externalTenants": tenants}
    opened = door(policy("p", ["block"], users={"includeGuestsOrExternalUsers": guests}))

    assert answer(opened, userType="Guest", externalTenantId="t1")["decision"] == "block"
    assert answer(opened, externalUserType="b2bCollaborationGuest", externalTenantId="t2")["decision"] == "allow"
    assert answer(opened, externalUserType="internalGuest")["decision"] == "allow"
    assert answer(opened, userType="member")["decision"] == "allow"


def test_a_session_that_is_too_old_is_named_in_unmet() -> None:
    frequency = {"signInFrequency": {"isEnabled": True, "value": 1, "type": "hours"}}
    opened = door({**policy("p", []), "grantControls": None, "sessionControls": frequency})

    assert answer(opened, sessionAgeHours=2)["unmet"] == ["signInFrequency"]
    assert answer(opened, sessionAgeHours=0.5)["decision"] == "allow"


def test_app_attributes_and_service_principals() -> None:
    rule = {"mode": "include", "rule": 'customSecurityAttribute.Ops_Kind -contains "secret"'}
    secret = policy("secret", ["block"], applications={"applicationFilter": rule})
    services = policy("svc", ["block"], users={"includeUsers": ["None"]},
                      clientApplications={"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]})  # fmt: skip
    opened = door(secret, services)
    app = {"includeApplications": ["a"], "applicationAttributes": {"Ops": {"Kind": ["secret"]}}}

    assert answer(opened, **app)["applies"] == ["secret"]
    assert answer(opened, includeApplications=["a"])["applies"] == []
    assert answer(opened, userId=None, servicePrincipalId="robot", includeApplications=["a"])["applies"] == ["svc"]


def test_report_only_and_disabled_policies() -> None:
    opened = door(
        policy("r", ["block"], state="enabledForReportingButNotEnforced"), policy("d", ["block"], state="disabled")
    )

    told = answer(opened)

    assert (told["applies"], told["decision"]) == (["r"], "allow")
    assert told["reportOnly"] == {"r": "reportOnlyFailure"}
    assert told["analysisReasons"] == {"r": "notSet", "d": "policyNotEnabled"}


def test_a_set_says_what_was_refused_and_takes_the_rest() -> None:
    opened = AccessDoor(lambda: NOW)

    told = opened.answer({
        "name": "set:X",
        "policies": {"value": [policy("a", ["mfa"]), policy("a", ["block"]), "junk", policy("b", ["moonlight"])]},
        "authenticationStrengths": [{"id": "s", "displayName": "S", "allowedCombinations": ["fido2"]}],
        "breakGlass": ["boss"],
    })  # fmt: skip

    assert [(one["taken"], one.get("code"), one.get("target")) for one in told["policies"]] == [  # type: ignore[attr-defined]
        (True, None, None),
        (False, "policy_malformed", "id"),
        (False, "policy_malformed", "$"),
        (False, "policy_malformed", "grantControls.builtInControls"),
    ]
    assert answer(opened)["applies"] == ["a"]
    assert answer(opened, userId="boss")["applies"] == []


def test_a_strength_that_a_policy_carries_is_known() -> None:
    carried = {"id": "s", "displayName": "S", "allowedCombinations": ["password"], "combinationConfigurations": []}
    grant = {"operator": "OR", "authenticationStrength": carried}
    opened = door({**policy("p", []), "grantControls": grant})

    assert answer(opened, methodsSatisfied=["password"])["decision"] == "allow"
    assert answer(opened)["unmet"] == ["authenticationStrength"]
    assert answer(opened)["unmetDetails"][0]["id"] == "s"


@pytest.mark.parametrize(
    "said",
    [
        {"userId": None}, {"userId": 7}, {"ipAddress": "somewhere"}, {"clientAppType": "telex"}, {"userAction": "dance"},
        {"deviceInfo": "laptop"}, {"methodsSatisfied": ["telepathy"]}, {"methodsSatisfied": 3}, {"groupIds": [1]},
        {"now": "noon"}, {"sessionAgeHours": 1e300}, {"sessionAgeHours": float("inf")}, {"methodsSatisfied": [{"method": "fido2", "aaguid": "x"}]},
    ],
)  # fmt: skip
def test_what_cannot_be_a_sign_in_is_refused_with_the_reason(said: dict[str, Any]) -> None:
    told = answer(door(), **said)

    assert told["decision"] is None
    assert str(told["reason"]).startswith("record_malformed: ")


def test_a_sign_in_over_a_set_that_is_not_there_is_refused() -> None:
    assert AccessDoor(lambda: NOW).answer({"name": "n", "set": "Y", "signIn": {}})["decision"] is None
    assert AccessDoor(lambda: NOW).answer({"signIn": {}})["decision"] is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
FACTS = ["userId", "groupIds", "deviceInfo", "methodsSatisfied", "country", "authenticationFlow", "sessionAgeHours",
         "includeApplications", "applicationAttributes", "userType", "signInConditions", "extensionAttributes", "now"]  # fmt: skip


@given(st.dictionaries(st.sampled_from(FACTS), JSON, max_size=4))
def test_no_sign_in_makes_it_crash(said: dict[str, Any]) -> None:
    told = door(policy("p", ["mfa"])).answer({"name": "n", "set": "X", "signIn": {"userId": "ada", **said}})

    assert told["decision"] in ("controlsRequired", "allow", None)


@given(
    st.dictionaries(
        st.sampled_from(["name", "policies", "namedLocations", "authenticationStrengths", "breakGlass"]), JSON
    )
)
def test_no_set_makes_it_crash(record: dict[str, Any]) -> None:
    assert "name" in AccessDoor(lambda: NOW).answer({**record, "name": "set:X"})


# -- cases reasoned by hand -----------------------------------------------------------------------------

CASES = [json.loads(line) for line in (Path(__file__).parent / "cases" / "access.jsonl").read_text().splitlines()]
SETS = {case["name"].removeprefix("set:"): case for case in CASES if case["name"].startswith("set:")}
SIGN_INS = [case for case in CASES if "expect" in case]


@pytest.mark.parametrize("case", SIGN_INS, ids=[case["name"].replace(" ", "-") for case in SIGN_INS])
def test_a_case_is_decided_as_the_specification_has_it(case: dict[str, Any]) -> None:
    opened = AccessDoor(lambda: NOW)
    opened.answer(SETS[case["set"]])

    told = opened.answer({name: said for name, said in case.items() if name != "expect"})

    assert {name: told.get(name) for name in case["expect"]} == case["expect"], told


def test_there_are_enough_of_them_and_none_of_them_twice() -> None:
    assert len({case["name"] for case in SIGN_INS}) == len(SIGN_INS) >= 60


@pytest.mark.parametrize(
    "line",
    [
        "not json", "[]", "{}", '{"name":5}', '{"name":"n","set":"X"}', '{"name":"n","set":"X","signIn":[]}',
        '{"name":"n","set":"elsewhere","signIn":{"userId":"u"}}', '{"name":"n","set":"X","signIn":{"userId":5}}',
        '{"name":"n","set":"X","signIn":{"userId":"u","methodsSatisfied":[{"method":"fido2","policyOids":[{}]}]}}',
        '{"name":"n","set":"X","signIn":{"userId":"u","authenticationFlow":5}}',
        '{"name":"n","set":"X","signIn":{"userId":"u","sessionAgeHours":1e400}}',
    ],
)  # fmt: skip
def test_a_line_that_says_nothing_is_answered_and_the_next_one_is_read(line: str) -> None:
    good = '{"name":"good","set":"X","signIn":{"userId":"u"}}'
    lines = "\n".join(['{"name":"set:X","policies":[]}', line, good]).encode()
    out = io.StringIO()

    assert main(["access"], io.BytesIO(lines), out) == 0

    _, told, after = map(json.loads, out.getvalue().splitlines())
    assert (told["decision"], after["decision"]) == (None, "allow")
    assert told["reason"].startswith("record_malformed: ")
