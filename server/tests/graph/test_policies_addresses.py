"""What Graph has under `policies/` as well, or only there, through Microsoft's own client, unmodified."""

import pytest
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies
from keystead_testkit.api_caller import ApiCaller, app_alone
from keystead_testkit.office import Office
from msgraph.generated.models.authentication_method_modes import AuthenticationMethodModes
from msgraph.generated.models.authentication_strength_policy import AuthenticationStrengthPolicy
from msgraph.generated.models.conditional_access_policy import ConditionalAccessPolicy
from msgraph.generated.models.conditional_access_policy_state import ConditionalAccessPolicyState
from msgraph.generated.models.fido2_combination_configuration import Fido2CombinationConfiguration
from msgraph.generated.models.identity_security_defaults_enforcement_policy import (
    IdentitySecurityDefaultsEnforcementPolicy,
)
from msgraph.generated.policies.authentication_strength_policies.item.update_allowed_combinations.update_allowed_combinations_post_request_body import (
    UpdateAllowedCombinationsPostRequestBody,
)

STRENGTHS = "/policies/authenticationStrengthPolicies"
DEFAULTS = "/policies/identitySecurityDefaultsEnforcementPolicy"
MODEL = "ee882879-721c-4913-9775-3dfcce97072a"


@pytest.fixture
def caller(office: Office) -> ApiCaller:
    return app_alone(office, "Policy.ReadWrite.ConditionalAccess")


def test_a_strength_is_the_same_at_both_addresses(caller: ApiCaller) -> None:
    strengths = caller.sdk.policies.authentication_strength_policies
    elsewhere = caller.sdk.identity.conditional_access.authentication_strength.policies
    own = AuthenticationStrengthPolicy(display_name="Keys", allowed_combinations=[AuthenticationMethodModes.Fido2])

    made = caller.call(strengths.post(own))
    one = strengths.by_authentication_strength_policy_id(made.id)
    there = elsewhere.by_authentication_strength_policy_id(made.id)
    caller.do(one.patch(AuthenticationStrengthPolicy(display_name="Our keys")))

    assert caller.call(there.get()).display_name == "Our keys"
    assert len(caller.call(strengths.get()).value) == len(caller.call(elsewhere.get()).value) == 4
    caller.do(one.delete())
    assert len(caller.call(elsewhere.get()).value) == 3


def test_what_graph_does_with_a_strength_is_there_too(office: Office, caller: ApiCaller) -> None:
    under_policies(office, policy_body("Strong", strength=PHISHING_RESISTANT))
    strengths = caller.sdk.policies.authentication_strength_policies
    own = AuthenticationStrengthPolicy(display_name="Keys", allowed_combinations=[AuthenticationMethodModes.Fido2])
    one = strengths.by_authentication_strength_policy_id(caller.call(strengths.post(own)).id)
    wanted = [AuthenticationMethodModes.Fido2, AuthenticationMethodModes.WindowsHelloForBusiness]
    models = Fido2CombinationConfiguration(
        odata_type="#microsoft.graph.fido2CombinationConfiguration",
        allowed_a_a_g_u_i_ds=[MODEL],
        applies_to_combinations=[AuthenticationMethodModes.Fido2],
    )

    usage = caller.call(strengths.by_authentication_strength_policy_id(PHISHING_RESISTANT).usage.get())
    changed = caller.call(
        one.update_allowed_combinations.post(UpdateAllowedCombinationsPostRequestBody(allowed_combinations=wanted))
    )
    kept = caller.call(one.combination_configurations.post(models))
    configuration = one.combination_configurations.by_authentication_combination_configuration_id(kept.id)

    assert [used.display_name for used in usage.mfa] == ["Strong"]
    assert changed.current_combinations == wanted
    assert caller.call(configuration.get()).applies_to_combinations == [AuthenticationMethodModes.Fido2]
    caller.do(configuration.delete())
    assert caller.call(one.combination_configurations.get()).value == []


def test_a_policy_is_the_same_at_both_addresses(office: Office, caller: ApiCaller) -> None:
    under_policies(office, policy_body("Strong", strength=PHISHING_RESISTANT))
    policies = caller.sdk.policies.conditional_access_policies
    (found,) = caller.call(policies.get()).value
    one = policies.by_conditional_access_policy_id(found.id)

    caller.do(one.patch(ConditionalAccessPolicy(state=ConditionalAccessPolicyState.Disabled)))

    there = caller.sdk.identity.conditional_access.policies.by_conditional_access_policy_id(found.id)
    assert caller.call(there.get()).state == ConditionalAccessPolicyState.Disabled
    caller.do(one.delete())
    assert caller.call(policies.get()).value == []


def test_security_defaults_are_switched_where_graph_has_the_switch(office: Office) -> None:
    caller = app_alone(office, "Policy.ReadWrite.SecurityDefaults", "Policy.ReadWrite.AuthenticationMethod")
    switch = caller.sdk.policies.identity_security_defaults_enforcement_policy
    assert caller.call(switch.get()).is_enabled is True

    caller.do(switch.patch(IdentitySecurityDefaultsEnforcementPolicy(is_enabled=False)))

    assert caller.call(switch.get()).is_enabled is False
    assert caller.get("/policies/authenticationMethodsPolicy").json()["keystead"]["isSecurityDefaultsEnabled"] is False


def test_security_defaults_do_not_come_back_beside_enforced_policies(office: Office) -> None:
    under_policies(office, policy_body("Strong", strength=PHISHING_RESISTANT))
    caller = app_alone(office, "Policy.ReadWrite.SecurityDefaults")

    refused = caller.send("PATCH", DEFAULTS, json={"isEnabled": True})

    assert refused.json()["error"]["innerError"]["code"] == "access_policies_on"
    assert caller.get(DEFAULTS).json()["isEnabled"] is False


@pytest.mark.parametrize(
    ("body", "target"),
    [({"isEnabled": "yes"}, "isEnabled"), ({}, "isEnabled"), ({"isEnabled": True, "id": "another"}, "id")],
)
def test_a_body_that_is_no_switch_is_told_so(office: Office, body: dict[str, object], target: str) -> None:
    caller = app_alone(office, "Policy.ReadWrite.SecurityDefaults")

    refused = caller.send("PATCH", DEFAULTS, json=body).json()["error"]

    assert (refused["innerError"]["code"], refused["target"]) == ("property_malformed", target)
