"""Graph's policies as exports really have them: taken, adapted with a note, or refused by name."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.controls import Control, ControlKind, FrequencyInterval
from keystead_server.policy.access.model import Platforms
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.vocabulary import ClientApp, FilterMode, State
from keystead_server.policy.access.writing import policy_to_json
from keystead_server.policy.strengths.model import PHISHING_RESISTANT

from .sets import BLOCK, EVERYBODY, EVERYTHING, RESISTANT, body

# As Graph's beta gives a policy out, with everything that says nothing in it.
BETA: dict[str, Any] = {
    "@odata.context": "https://graph.example/beta/$metadata#identity/conditionalAccess/policies/$entity",
    "id": "DF9E6F15-2B60-4E78-B990-B2DA33A10886",
    "templateId": None,
    "displayName": "Phishing-resistant for administrators",
    "createdDateTime": "2026-02-18T15:57:48.7456506Z",
    "modifiedDateTime": None,
    "deletedDateTime": None,
    "state": "enabledForReportingButNotEnforced",
    "partialEnablementStrategy": None,
    "sessionControls": None,
    "conditions": {
        "userRiskLevels": [], "signInRiskLevels": [], "clientAppTypes": ["all"], "servicePrincipalRiskLevels": [],
        "insiderRiskLevels": None, "clients": None, "platforms": None, "locations": None, "times": None,
        "deviceStates": None, "devices": None, "clientApplications": None, "authenticationFlows": None, "agents": None,
        "applications": {
            "includeApplications": ["All"], "excludeApplications": [], "includeUserActions": [],
            "includeAuthenticationContextClassReferences": [], "applicationFilter": None,
            "networkAccess": None, "globalSecureAccess": None,
        },
        "users": {
            "includeUsers": [], "excludeUsers": [], "includeGroups": [], "excludeGroups": [],
            "includeRoles": ["62e90394-69f5-4237-9190-012177145e10"], "excludeRoles": [],
            "includeGuestsOrExternalUsers": None, "excludeGuestsOrExternalUsers": None,
        },
    },
    "grantControls": {
        "operator": "OR", "builtInControls": [], "customAuthenticationFactors": [], "termsOfUse": [],
        "authenticationStrength@odata.context": "https://graph.example/beta/…",
        "authenticationStrength": {
            "id": PHISHING_RESISTANT.id, "displayName": "Phishing-resistant MFA", "policyType": "builtIn",
            "requirementsSatisfied": "mfa", "allowedCombinations": ["windowsHelloForBusiness", "fido2"],
            "combinationConfigurations": [],
        },
    },
}  # fmt: skip


def refused(said: Any) -> tuple[str, str | None]:
    with pytest.raises(Invalid) as error:
        read_policy(said)
    return error.value.code, error.value.target


def test_takes_an_export_of_the_beta_as_it_is() -> None:
    imported = read_policy(BETA)

    assert imported.policy.state is State.REPORT_ONLY
    assert imported.policy.id == "df9e6f15-2b60-4e78-b990-b2da33a10886"
    assert imported.policy.grant is not None
    assert imported.policy.grant.controls == (Control(ControlKind.STRENGTH, PHISHING_RESISTANT.id),)
    assert imported.policy.conditions.clients is None
    assert [note.target for note in imported.notes] == ["id"]


def test_export_import_export_is_the_same_but_for_ids_and_times() -> None:
    first = policy_to_json(read_policy(BETA).policy)
    second = policy_to_json(read_policy({**first, "id": None, "createdDateTime": None}, new_id="new").policy)

    own = {"id", "createdDateTime", "modifiedDateTime"}
    assert {k: v for k, v in first.items() if k not in own} == {k: v for k, v in second.items() if k not in own}


def test_reads_words_in_any_case_and_notes_it() -> None:
    imported = read_policy(
        body(
            users={"includeUsers": ["all"], "excludeUsers": ["guestsOrExternalUsers"]},
            apps={"includeApplications": ["ALL"], "excludeApplications": ["office365"]},
            clientAppTypes=["Browser"],
            platforms={"includePlatforms": ["All"], "excludePlatforms": ["IOS"]},
            locations={"includeLocations": ["all"], "excludeLocations": ["allTrusted"]},
            grant={"operator": "or", "builtInControls": ["MFA"]},
            state="Enabled",
        )
    )

    assert imported.policy.conditions.users.include == {"All"}
    assert imported.policy.conditions.applications.exclude == {"Office365"}
    assert imported.policy.conditions.clients == {ClientApp.BROWSER}
    assert imported.policy.conditions.platforms == Platforms(None, frozenset({"iOS"}))
    assert {note.target for note in imported.notes} == {
        "state", "conditions.users.includeUsers", "conditions.users.excludeUsers",
        "conditions.applications.includeApplications", "conditions.applications.excludeApplications",
        "conditions.clientAppTypes", "conditions.platforms.includePlatforms", "conditions.platforms.excludePlatforms",
        "conditions.locations.includeLocations", "conditions.locations.excludeLocations",
        "grantControls.operator", "grantControls.builtInControls",
    }  # fmt: skip


def test_reads_what_powershell_writes() -> None:
    imported = read_policy({
        "Id": "p", "DisplayName": "P", "State": "enabled",
        "Conditions": {
            "Applications": {
                "ApplicationFilter": {"Mode": None, "Rule": None},
                "IncludeApplications": ["All"], "IncludeUserActions": [], "ExcludeApplications": None,
            },
            "ClientAppTypes": ["all"],
            "ClientApplications": {"IncludeServicePrincipals": None, "ServicePrincipalFilter": {"Mode": None}},
            "Devices": {"DeviceFilter": {"Mode": None, "Rule": None}},
            "Locations": {"IncludeLocations": None, "ExcludeLocations": None},
            "Platforms": {"IncludePlatforms": None},
            "Users": {"IncludeUsers": "All", "IncludeGuestsOrExternalUsers": {"ExternalTenants": {"MembershipKind": None}}},
        },
        "GrantControls": {"Operator": "OR", "BuiltInControls": ["block"], "AuthenticationStrength": {"Id": None}},
        "SessionControls": {"SignInFrequency": {"IsEnabled": None, "Value": None}, "DisableResilienceDefaults": None},
    })  # fmt: skip

    assert imported.policy.blocks
    assert imported.policy.conditions.locations is None
    assert imported.policy.conditions.device_filter is None
    assert "names of properties are in another case than Graph's" in {note.says for note in imported.notes}


def test_device_states_become_a_device_filter_that_means_the_same() -> None:
    imported = read_policy(
        body(deviceStates={"includeStates": ["All"], "excludeStates": ["Compliant", "DomainJoined"]})
    )

    found = imported.policy.conditions.device_filter
    assert found is not None
    assert found.mode is FilterMode.EXCLUDE
    assert found.rule.text == 'device.isCompliant -eq True -or device.trustType -eq "ServerAD"'
    assert [note.target for note in imported.notes] == ["conditions.deviceStates"]


def test_an_include_that_was_left_out_is_read_as_all_and_noted() -> None:
    imported = read_policy(
        body(locations={"excludeLocations": ["AllTrusted"]}, platforms={"excludePlatforms": ["linux"]})
    )

    assert imported.policy.conditions.locations is not None
    assert imported.policy.conditions.locations.include == {"All"}
    assert len(imported.notes) == 2


def test_what_only_describes_is_left_out_with_a_note() -> None:
    imported = read_policy({**body(), "partialEnablementStrategy": "some", "exportedBy": "a tool"})

    assert [note.target for note in imported.notes] == ["partialEnablementStrategy", "exportedBy"]


def test_a_strength_that_stands_in_the_policy_is_read_with_it() -> None:
    whole = {"id": "s1", "displayName": "Keys", "allowedCombinations": ["fido2"], "combinationConfigurations": []}

    imported = read_policy(body(grant={"operator": "OR", "authenticationStrength": whole}))

    assert [strength.name for strength in imported.strengths] == ["Keys"]


def test_every_time_has_no_value_and_time_based_must_have_one() -> None:
    every_time = {"isEnabled": True, "frequencyInterval": "everyTime", "value": None, "type": None}

    frequency = read_policy(body(session={"signInFrequency": every_time})).policy.session.frequency

    assert frequency is not None
    assert frequency.interval is FrequencyInterval.EVERY_TIME
    assert refused(body(session={"signInFrequency": {"isEnabled": True, "value": 0, "type": "hours"}})) == (
        "policy_malformed", "sessionControls.signInFrequency",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "code", "target"),
    [
        ([], "policy_malformed", "$"),
        ({**body(), "displayName": " "}, "policy_malformed", "displayName"),
        ({**body(), "displayName": "x" * 257}, "policy_malformed", "displayName"),
        ({**body(), "state": "on"}, "policy_malformed", "state"),
        ({**body(), "state": None}, "policy_malformed", "state"),
        ({**body(), "State": "disabled"}, "policy_malformed", "State"),
        ({**body(), "conditions": None}, "policy_malformed", "conditions"),
        ({**body(), "createdDateTime": "yesterday"}, "policy_malformed", "createdDateTime"),
        (body(locations="AllTrusted"), "policy_malformed", "conditions.locations"),
        (body(locations=["All"]), "policy_malformed", "conditions.locations"),
        (body(weather="fine"), "policy_malformed", "conditions.weather"),
        (body(users={"includeUsers": [1]}), "policy_malformed", "conditions.users.includeUsers[0]"),
        (body(users={"includeUsers": {"a": 1}}), "policy_malformed", "conditions.users.includeUsers"),
        (body(users={"everyone": True}), "policy_malformed", "conditions.users.everyone"),
        (body(clientAppTypes=["carrierPigeon"]), "policy_malformed", "conditions.clientAppTypes"),
        (body(insiderRiskLevels="minor,huge"), "policy_malformed", "conditions.insiderRiskLevels"),
        (body(apps={"includeUserActions": ["urn:user:dance"]}), "policy_malformed",
         "conditions.applications.includeUserActions"),
        (body(apps={"includeAuthenticationContextClassReferences": ["c100"]}), "policy_malformed",
         "conditions.applications.includeAuthenticationContextClassReferences"),
        (body(users={"includeGuestsOrExternalUsers": {"externalTenants": {"membershipKind": "all"}}}),
         "policy_malformed", "conditions.users.includeGuestsOrExternalUsers.guestOrExternalUserTypes"),
        (body(users={"includeUsers": ["All"], "expiringExclusions": [{"id": "ada", "reason": "x"}]}),
         "policy_malformed", "conditions.users.expiringExclusions[0]"),
        (body(times={"includedRanges": []} | {"allDay": True}), "policy_not_supported", "conditions.times"),
        (body(clientApplications={"includeAgentIdServicePrincipals": ["All"]}), "policy_not_supported",
         "conditions.clientApplications.includeAgentIdServicePrincipals"),
        (body(session={"globalSecureAccessFilteringProfile": {"profileId": "x"}}), "policy_not_supported",
         "sessionControls.globalSecureAccessFilteringProfile"),
        (body(apps={**EVERYTHING, "networkAccess": {"x": 1}}), "policy_not_supported",
         "conditions.applications.networkAccess"),
        (body(devices={"deviceFilter": {"mode": "include", "rule": "device.colour -eq 'red'"}}), "filter_malformed",
         "conditions.devices.deviceFilter.rule"),
        (body(devices={"deviceFilter": {"mode": "sideways", "rule": "x"}}), "policy_malformed",
         "conditions.devices.deviceFilter.mode"),
        (body(deviceStates={"includeStates": ["Some"]}), "policy_malformed", "conditions.deviceStates"),
        (body(grant={"operator": "XOR", "builtInControls": ["mfa"]}), "policy_malformed", "grantControls.operator"),
        (body(grant={"builtInControls": ["mfa", "compliantDevice"]}), "policy_malformed", "grantControls.operator"),
        (body(grant={"operator": "OR", "builtInControls": ["termsOfUse"]}), "policy_malformed",
         "grantControls.builtInControls"),
        (body(grant={"operator": "OR", "authenticationStrength": {"displayName": "x"}}), "policy_malformed",
         "grantControls.authenticationStrength.id"),
    ],
)  # fmt: skip
def test_refuses_by_the_name_of_the_property(said: Any, code: str, target: str) -> None:
    assert refused(said) == (code, target)


PASSWORD_CHANGE = {"operator": "AND", "builtInControls": ["mfa", "passwordChange"]}
REMEDIATION = {"operator": "AND", "builtInControls": ["riskRemediation"], "authenticationStrength": {"id": "s"}}


@pytest.mark.parametrize(
    ("said", "code", "target"),
    [
        (body(users={"excludeUsers": ["ada"]}), "policy_incomplete", "conditions.users"),
        (body(apps={"excludeApplications": ["wiki"]}), "policy_incomplete", "conditions.applications"),
        (body(grant=None), "policy_incomplete", "grantControls"),
        (body(grant={"operator": "OR", "builtInControls": []}), "policy_incomplete", "grantControls"),
        (body(apps={**EVERYTHING, "includeUserActions": ["urn:user:registerdevice"]}), "policy_contradicts",
         "conditions.applications"),
        (body(clientApplications={"includeServicePrincipals": ["svc"]}), "policy_contradicts",
         "conditions.clientApplications"),
        (body(grant={"operator": "OR", "builtInControls": ["block", "mfa"]}), "policy_contradicts",
         "grantControls.builtInControls"),
        (body(grant={**RESISTANT, "builtInControls": ["mfa"]}), "policy_contradicts", "grantControls.builtInControls"),
        (body(grant={**PASSWORD_CHANGE, "operator": "OR"}, userRiskLevels=["high"]), "policy_contradicts",
         "grantControls.builtInControls"),
        (body(grant={"operator": "AND", "builtInControls": ["passwordChange"]}, userRiskLevels=["high"]),
         "policy_contradicts", "grantControls.builtInControls"),
        (body(grant=PASSWORD_CHANGE), "policy_contradicts", "conditions.userRiskLevels"),
        (body(grant=PASSWORD_CHANGE, userRiskLevels=["high"], apps={**EVERYTHING, "excludeApplications": ["wiki"]}),
         "policy_contradicts", "conditions.applications"),
        (body(grant=PASSWORD_CHANGE, userRiskLevels=["high"], clientAppTypes=["browser"]), "policy_contradicts",
         "conditions.clientAppTypes"),
        (body(grant={"operator": "AND", "builtInControls": ["riskRemediation"]}), "policy_contradicts",
         "grantControls.builtInControls"),
        (body(grant={**REMEDIATION, "operator": "OR"}), "policy_contradicts", "grantControls.builtInControls"),
        (body(grant={**REMEDIATION, "builtInControls": ["riskRemediation", "passwordChange"]}, userRiskLevels=["high"]),
         "policy_contradicts", "grantControls.builtInControls"),
        (body(apps={"includeApplications": ["wiki"]}, session={"persistentBrowser": {"isEnabled": True, "mode": "never"}}),
         "policy_contradicts", "sessionControls.persistentBrowser"),
        (body(clientAppTypes=["browser"], session={"continuousAccessEvaluation": {"mode": "disabled"}}),
         "policy_contradicts", "sessionControls.continuousAccessEvaluation"),
    ],
)  # fmt: skip
def test_refuses_what_cannot_stand_in_one_policy(said: Any, code: str, target: str) -> None:
    assert refused(said) == (code, target)


def test_takes_what_goes_together() -> None:
    for said in (
        body(grant=PASSWORD_CHANGE, userRiskLevels=["high"]),
        body(grant=REMEDIATION, userRiskLevels=["high"]),
        body(session={"persistentBrowser": {"isEnabled": True, "mode": "never"}}),
        body(grant=None, session={"continuousAccessEvaluation": {"mode": "disabled"}}),
        body(users={"includeUsers": ["None"]}, clientApplications={"includeServicePrincipals": ["svc"]}, grant=BLOCK),
        body(users={**EVERYBODY}, apps={"includeApplications": ["None"]}),
    ):
        assert read_policy(said).notes == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=6) | st.sampled_from(["All", "enabled", "mfa"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@given(path=st.sampled_from([
    ("state",), ("conditions",), ("conditions", "users"), ("conditions", "users", "includeUsers"),
    ("conditions", "applications"), ("conditions", "locations"), ("conditions", "devices"), ("grantControls",),
    ("conditions", "clientAppTypes"), ("grantControls", "authenticationStrength"), ("sessionControls",),
    ("conditions", "users", "includeGuestsOrExternalUsers"), ("conditions", "authenticationFlows"),
]), junk=JSON)  # fmt: skip
def test_nothing_that_stands_somewhere_makes_the_reader_crash(path: tuple[str, ...], junk: Any) -> None:
    said = deepcopy(body())
    inner = said
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = junk

    target: str | None = "none was needed"
    try:
        read_policy(said)
    except Invalid as error:
        target = error.target

    assert target
