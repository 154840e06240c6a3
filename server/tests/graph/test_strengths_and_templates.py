"""Ready-made policies, and what Graph does with a strength, through Microsoft's own client, unmodified."""

import pytest
from keystead_server.policy.access.templates import TEMPLATES
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies
from keystead_testkit.api_caller import ApiCaller, app_alone
from keystead_testkit.office import Office
from msgraph.generated.identity.conditional_access.authentication_strength.policies.item.update_allowed_combinations.update_allowed_combinations_post_request_body import (
    UpdateAllowedCombinationsPostRequestBody,
)
from msgraph.generated.models.authentication_method_modes import AuthenticationMethodModes
from msgraph.generated.models.authentication_strength_policy import AuthenticationStrengthPolicy
from msgraph.generated.models.conditional_access_policy import ConditionalAccessPolicy
from msgraph.generated.models.template_scenarios import TemplateScenarios

STRENGTHS = "/identity/conditionalAccess/authenticationStrength/policies"
TEMPLATES_AT = "/identity/conditionalAccess/templates"


@pytest.fixture
def caller(office: Office) -> ApiCaller:
    return app_alone(office, "Policy.ReadWrite.ConditionalAccess")


def test_every_template_is_listed_and_read_alone(caller: ApiCaller) -> None:
    templates = caller.sdk.identity.conditional_access.templates

    listed = caller.call(templates.get()).value
    one = caller.call(templates.by_conditional_access_template_id(TEMPLATES[0].id).get())

    assert {each.id for each in listed} == {each.id for each in TEMPLATES}
    assert (one.name, one.description) == (TEMPLATES[0].name, TEMPLATES[0].description)
    assert TemplateScenarios.SecureFoundation in one.scenarios
    assert one.details.grant_controls.built_in_controls == ["block"]
    assert caller.get(f"{TEMPLATES_AT}/none-such").status_code == 404


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda one: one.key)
def test_a_policy_is_made_from_a_template(caller: ApiCaller, template: object) -> None:
    found = caller.get(f"{TEMPLATES_AT}/{template.id}").json()  # type: ignore[attr-defined]

    body = {"displayName": found["name"], "templateId": found["id"], "state": "disabled", **found["details"]}
    made = caller.send("POST", "/identity/conditionalAccess/policies", json=body)

    assert made.status_code == 201, made.text
    assert made.json()["templateId"] == found["id"]


def test_a_strength_says_which_policies_name_it(office: Office, caller: ApiCaller) -> None:
    under_policies(office, policy_body("Strong", strength=PHISHING_RESISTANT), policy_body("Other", "mfa"))
    strengths = caller.sdk.identity.conditional_access.authentication_strength.policies

    usage = caller.call(strengths.by_authentication_strength_policy_id(PHISHING_RESISTANT).usage.get())

    assert [one.display_name for one in usage.mfa] == ["Strong"]
    assert isinstance(usage.mfa[0], ConditionalAccessPolicy)
    assert usage.none_ == []


def test_a_strength_of_one_factor_is_used_without_mfa(office: Office, caller: ApiCaller) -> None:
    strength = caller.send("POST", STRENGTHS, json={"displayName": "Any", "allowedCombinations": ["password"]}).json()
    body = policy_body("Weak", strength=strength["id"], state="disabled")
    assert caller.send("POST", "/identity/conditionalAccess/policies", json=body).status_code == 201

    usage = caller.get(f"{STRENGTHS}/{strength['id']}/usage()").json()

    assert ([one["displayName"] for one in usage["none"]], usage["mfa"]) == (["Weak"], [])


def test_a_strength_is_given_other_combinations(caller: ApiCaller) -> None:
    strengths = caller.sdk.identity.conditional_access.authentication_strength.policies
    own = AuthenticationStrengthPolicy(display_name="Keys", allowed_combinations=[AuthenticationMethodModes.Fido2])
    made = caller.call(strengths.post(own))
    one = strengths.by_authentication_strength_policy_id(made.id)
    policy = policy_body("Strong", strength=made.id, state="disabled")
    referring = caller.send("POST", "/identity/conditionalAccess/policies", json=policy).json()["id"]

    wanted = [AuthenticationMethodModes.Fido2, AuthenticationMethodModes.WindowsHelloForBusiness]
    body = UpdateAllowedCombinationsPostRequestBody(allowed_combinations=wanted)
    changed = caller.call(one.update_allowed_combinations.post(body))

    assert changed.previous_combinations == [AuthenticationMethodModes.Fido2]
    assert changed.current_combinations == wanted
    assert changed.conditional_access_references == [referring]
    assert caller.call(one.get()).allowed_combinations == wanted


def test_what_is_built_in_and_what_is_no_combination_stay_as_they_are(caller: ApiCaller) -> None:
    def update(strength: str, combinations: object) -> tuple[int, str]:
        path = f"{STRENGTHS}/{strength}/updateAllowedCombinations"
        answer = caller.send("POST", path, json={"allowedCombinations": combinations})
        return answer.status_code, answer.json()["error"]["innerError"]["code"]

    made = caller.send("POST", STRENGTHS, json={"displayName": "Keys", "allowedCombinations": ["fido2"]}).json()["id"]

    assert update(PHISHING_RESISTANT, ["password"]) == (403, "strength_built_in")
    assert update(made, [])[0] == 400
    assert update(made, None)[0] == 400
    assert update(made, ["telepathy"])[0] == 400
    assert update("none-such", ["fido2"])[0] == 404
    assert caller.get(f"{STRENGTHS}/{made}").json()["allowedCombinations"] == ["fido2"]
