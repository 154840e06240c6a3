"""Which models and issuers a strength asks for, one by one, and the methods it is made of: through Microsoft's client."""

from typing import Any
from uuid import UUID

import pytest
from keystead_server.policy.strengths.document import read_strength, strength_to_json
from keystead_testkit.access_policies import PHISHING_RESISTANT
from keystead_testkit.api_caller import ApiCaller, app_alone
from keystead_testkit.office import Office
from msgraph.generated.models.authentication_method_modes import AuthenticationMethodModes
from msgraph.generated.models.authentication_strength_policy import AuthenticationStrengthPolicy
from msgraph.generated.models.base_authentication_method import BaseAuthenticationMethod
from msgraph.generated.models.fido2_combination_configuration import Fido2CombinationConfiguration
from msgraph.generated.models.x509_certificate_combination_configuration import X509CertificateCombinationConfiguration

STRENGTHS = "/identity/conditionalAccess/authenticationStrength/policies"
FIDO2 = "#microsoft.graph.fido2CombinationConfiguration"
CERTIFICATE = "#microsoft.graph.x509CertificateCombinationConfiguration"
ONE, TWO = str(UUID(int=1)), str(UUID(int=2))


@pytest.fixture
def caller(office: Office) -> ApiCaller:
    return app_alone(office, "Policy.ReadWrite.ConditionalAccess")


@pytest.fixture
def strength(caller: ApiCaller) -> str:
    modes = [AuthenticationMethodModes.Fido2, AuthenticationMethodModes.X509CertificateMultiFactor]
    own = AuthenticationStrengthPolicy(display_name="Keys", allowed_combinations=modes)
    made = caller.call(caller.sdk.identity.conditional_access.authentication_strength.policies.post(own))
    return str(made.id)


def configurations(caller: ApiCaller, strength: str) -> Any:
    strengths = caller.sdk.identity.conditional_access.authentication_strength.policies
    return strengths.by_authentication_strength_policy_id(strength).combination_configurations


def for_keys(*models: str) -> Fido2CombinationConfiguration:
    return Fido2CombinationConfiguration(
        allowed_a_a_g_u_i_ds=list(models), applies_to_combinations=[AuthenticationMethodModes.Fido2]
    )


def test_a_configuration_is_made_listed_read_changed_and_removed(
    office: Office, caller: ApiCaller, strength: str
) -> None:
    at = configurations(caller, strength)
    issuers = X509CertificateCombinationConfiguration(
        allowed_issuer_skis=["9A4248C6AC8C2931AB2A86537818E92E7B6C97B6"],
        applies_to_combinations=[AuthenticationMethodModes.X509CertificateMultiFactor],
    )
    keys, certificates = caller.call(at.post(for_keys(ONE))), caller.call(at.post(issuers))
    one = at.by_authentication_combination_configuration_id(keys.id)

    changed = Fido2CombinationConfiguration(allowed_a_a_g_u_i_ds=[TWO])
    caller.do(one.patch(changed))
    found = caller.call(one.get())
    listed = caller.call(at.get()).value
    caller.do(one.delete())

    assert isinstance(found, Fido2CombinationConfiguration)
    assert (found.id, found.allowed_a_a_g_u_i_ds) == (keys.id, [TWO])
    assert found.applies_to_combinations == [AuthenticationMethodModes.Fido2]
    assert {each.id: type(each) for each in listed} == {
        keys.id: Fido2CombinationConfiguration,
        certificates.id: X509CertificateCombinationConfiguration,
    }
    assert [each.id for each in caller.call(at.get()).value] == [certificates.id]
    assert office.audit[-4:] == ["access_policy.changed"] * 4


def test_it_is_the_one_inside_its_strength(caller: ApiCaller, strength: str) -> None:
    made = caller.call(configurations(caller, strength).post(for_keys(ONE)))

    (inside,) = caller.get(f"{STRENGTHS}/{strength}").json()["combinationConfigurations"]

    assert (inside["id"], inside["allowedAAGUIDs"]) == (made.id, [ONE])


def test_one_that_was_written_without_an_id_has_the_same_at_every_reading(caller: ApiCaller) -> None:
    keys = {"@odata.type": FIDO2, "allowedAAGUIDs": [ONE], "appliesToCombinations": ["fido2"]}
    body = {"displayName": "K", "allowedCombinations": ["fido2"], "combinationConfigurations": [keys, keys]}
    made = caller.send("POST", STRENGTHS, json=body).json()
    at = f"{STRENGTHS}/{made['id']}/combinationConfigurations"

    first, second = (one["id"] for one in made["combinationConfigurations"])
    caller.send("DELETE", f"{at}/{first}")

    assert first != second
    assert [one["id"] for one in caller.get(at).json()["value"]] == [second]


def test_no_two_configurations_of_a_strength_share_an_id() -> None:
    keys = {"@odata.type": FIDO2, "allowedAAGUIDs": [ONE], "appliesToCombinations": ["fido2"]}
    body = {"id": "s", "displayName": "K", "allowedCombinations": ["fido2"]}
    once = strength_to_json(read_strength(body | {"combinationConfigurations": [keys, keys]}).strength)
    first, second = once["combinationConfigurations"]

    again = strength_to_json(
        read_strength(body | {"combinationConfigurations": [second, first, first, keys, {**keys, "id": "x"}]}).strength
    )

    ids = [one["id"] for one in again["combinationConfigurations"]]
    assert ids[:2] == [second["id"], first["id"]]
    assert len(set(ids)) == 5
    assert all(str(UUID(each)) == each for each in ids)


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ({}, "@odata.type"),
        ({"@odata.type": "#microsoft.graph.voiceCombinationConfiguration"}, "@odata.type"),
        ({"@odata.type": FIDO2, "allowedAAGUIDs": [ONE]}, "appliesToCombinations"),
        ({"@odata.type": FIDO2, "allowedAAGUIDs": [ONE], "appliesToCombinations": ["telepathy"]}, "appliesToCombinations"),
        ({"@odata.type": FIDO2, "allowedAAGUIDs": [ONE], "appliesToCombinations": ["password"]}, "appliesToCombinations"),
        ({"@odata.type": FIDO2, "allowedAAGUIDs": ["one"], "appliesToCombinations": ["fido2"]}, "allowedAAGUIDs"),
        ({"@odata.type": FIDO2, "allowedIssuerSkis": ["A"], "appliesToCombinations": ["fido2"]}, "allowedIssuerSkis"),
        ({"@odata.type": CERTIFICATE, "allowedAAGUIDs": [ONE], "appliesToCombinations": ["x509CertificateMultiFactor"]}, "allowedAAGUIDs"),
        ({"@odata.type": FIDO2, "blockedAAGUIDs": [ONE], "appliesToCombinations": ["fido2"]}, "blockedAAGUIDs"),
    ],
)  # fmt: skip
def test_what_would_restrict_nothing_is_refused_by_its_property(
    caller: ApiCaller, strength: str, body: dict[str, Any], target: str
) -> None:
    at = f"{STRENGTHS}/{strength}/combinationConfigurations"
    # One is there already, so that the place in the list is not the first.
    assert caller.call(configurations(caller, strength).post(for_keys(TWO))).id

    answer = caller.send("POST", at, json=body)

    assert answer.status_code == 400, answer.text
    assert answer.json()["error"]["target"] == target
    assert len(caller.get(at).json()["value"]) == 1


def test_a_change_is_of_the_one_it_is_sent_to_and_keeps_its_kind(caller: ApiCaller, strength: str) -> None:
    made = caller.call(configurations(caller, strength).post(for_keys(ONE)))
    at = f"{STRENGTHS}/{strength}/combinationConfigurations/{made.id}"

    def target_of(**body: Any) -> str:
        answer = caller.send("PATCH", at, json=body)
        assert answer.status_code == 400, answer.text
        return str(answer.json()["error"]["target"])

    assert target_of(id=TWO) == "id"
    assert target_of(**{"@odata.type": CERTIFICATE}) == "@odata.type"
    assert target_of(allowedPolicyOIDs=["1.2.3"]) == "allowedPolicyOIDs"
    assert target_of(appliesToCombinations=[]) == "appliesToCombinations"
    assert caller.send("PATCH", at, json={"id": made.id, "allowedAAGUIDs": [TWO]}).status_code == 204


def test_what_is_built_in_has_none_and_gets_none(caller: ApiCaller, strength: str) -> None:
    body = {"@odata.type": FIDO2, "allowedAAGUIDs": [ONE], "appliesToCombinations": ["fido2"]}
    built_in = f"{STRENGTHS}/{PHISHING_RESISTANT}/combinationConfigurations"

    assert caller.get(built_in).json()["value"] == []
    assert caller.send("POST", built_in, json=body).status_code == 403
    assert caller.send("POST", f"{STRENGTHS}/none-such/combinationConfigurations", json=body).status_code == 404
    assert caller.send("DELETE", f"{STRENGTHS}/{strength}/combinationConfigurations/{ONE}").status_code == 404
    assert caller.send("PATCH", f"{STRENGTHS}/{strength}/combinationConfigurations/{ONE}", json={}).status_code == 404


def test_a_combination_under_a_configuration_is_not_taken_away(caller: ApiCaller, strength: str) -> None:
    caller.call(configurations(caller, strength).post(for_keys(ONE)))

    wanted = {"allowedCombinations": ["x509CertificateMultiFactor"]}
    refused = caller.send("POST", f"{STRENGTHS}/{strength}/updateAllowedCombinations", json=wanted)

    assert refused.status_code == 400
    assert refused.json()["error"]["target"] == "combinationConfigurations[0].appliesToCombinations"


def test_every_method_mode_is_listed_and_read_alone(caller: ApiCaller) -> None:
    modes = caller.sdk.identity.conditional_access.authentication_strength.authentication_method_modes

    listed = caller.call(modes.get()).value
    one = caller.call(modes.by_authentication_method_mode_detail_id("deviceBasedPush").get())

    every = {mode.value for mode in AuthenticationMethodModes} - {"unknownFutureValue"}
    assert {each.id for each in listed} == every
    assert all(each.display_name and each.authentication_method for each in listed)
    assert (one.id, one.authentication_method) == ("deviceBasedPush", BaseAuthenticationMethod.MicrosoftAuthenticator)
    assert (
        caller.get("/identity/conditionalAccess/authenticationStrength/authenticationMethodModes/x").status_code == 404
    )
