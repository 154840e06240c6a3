"""Conditional Access through Microsoft's own client, unmodified, and with bodies as exports really have them."""

from typing import Any

import pytest
from keystead_testkit.access_policies import PHISHING_RESISTANT, policy_body, under_policies
from keystead_testkit.api_caller import ApiCaller, app_alone
from keystead_testkit.office import ADDRESS, Office, reason_of
from msgraph.generated.identity.conditional_access.evaluate.evaluate_post_request_body import EvaluatePostRequestBody
from msgraph.generated.models.application_context import ApplicationContext
from msgraph.generated.models.authentication_context_class_reference import AuthenticationContextClassReference
from msgraph.generated.models.authentication_method_modes import AuthenticationMethodModes
from msgraph.generated.models.authentication_strength_policy import AuthenticationStrengthPolicy
from msgraph.generated.models.conditional_access_applications import ConditionalAccessApplications
from msgraph.generated.models.conditional_access_client_app import ConditionalAccessClientApp
from msgraph.generated.models.conditional_access_condition_set import ConditionalAccessConditionSet
from msgraph.generated.models.conditional_access_grant_control import ConditionalAccessGrantControl
from msgraph.generated.models.conditional_access_grant_controls import ConditionalAccessGrantControls
from msgraph.generated.models.conditional_access_policy import ConditionalAccessPolicy
from msgraph.generated.models.conditional_access_policy_state import ConditionalAccessPolicyState
from msgraph.generated.models.conditional_access_users import ConditionalAccessUsers
from msgraph.generated.models.i_pv4_cidr_range import IPv4CidrRange
from msgraph.generated.models.ip_named_location import IpNamedLocation
from msgraph.generated.models.sign_in_conditions import SignInConditions
from msgraph.generated.models.user_sign_in import UserSignIn

POLICIES = "/identity/conditionalAccess/policies"


@pytest.fixture
def caller(office: Office) -> ApiCaller:
    return app_alone(office, "Policy.ReadWrite.ConditionalAccess", "AuditLog.Read.All")


def blocks_ada(office: Office, state: ConditionalAccessPolicyState) -> ConditionalAccessPolicy:
    return ConditionalAccessPolicy(
        display_name="No way",
        state=state,
        conditions=ConditionalAccessConditionSet(
            users=ConditionalAccessUsers(include_users=[office.ada.id]),
            applications=ConditionalAccessApplications(include_applications=["All"]),
            client_app_types=[ConditionalAccessClientApp.All],
        ),
        grant_controls=ConditionalAccessGrantControls(
            operator="OR", built_in_controls=[ConditionalAccessGrantControl.Block]
        ),
    )


def test_a_policy_is_made_enabled_and_removed(office: Office, caller: ApiCaller) -> None:
    under_policies(office)
    policies = caller.sdk.identity.conditional_access.policies
    reported = ConditionalAccessPolicyState.EnabledForReportingButNotEnforced
    made = caller.call(policies.post(blocks_ada(office, reported)))
    one = policies.by_conditional_access_policy_id(made.id)
    assert reason_of(office.sign_in()) == "granted"

    caller.call(_or_policy(one.patch(ConditionalAccessPolicy(state=ConditionalAccessPolicyState.Enabled))))
    assert reason_of(office.sign_in()) == "access_blocked"
    found = caller.call(one.get())
    caller.do(one.delete())

    assert (found.display_name, found.state) == ("No way", ConditionalAccessPolicyState.Enabled)
    assert found.conditions is not None
    assert found.conditions.users is not None
    assert found.conditions.users.include_users == [office.ada.id]
    assert found.modified_date_time is not None
    assert caller.call(policies.get()).value == []
    assert reason_of(office.sign_in()) == "granted"


async def _or_policy(work: Any) -> Any:
    return await work or True


def test_the_log_names_the_policies_that_applied(office: Office, caller: ApiCaller) -> None:
    under_policies(office, policy_body("Strong", strength=PHISHING_RESISTANT))
    office.sign_in()
    under_policies(office, policy_body("No way", "block", users={"includeUsers": [office.ada.id]}))
    office.sign_in()

    latest, before = caller.call(caller.sdk.audit_logs.sign_ins.get()).value[:2]

    assert [latest.conditional_access_status, before.conditional_access_status] == ["failure", "success"]
    assert latest.status.error_code == 53003
    (applied,) = latest.applied_conditional_access_policies
    assert (applied.display_name, applied.result.value) == ("No way", "failure")


def test_a_location_is_made_named_and_not_removed_under_a_policy(office: Office, caller: ApiCaller) -> None:
    under_policies(office)
    locations = caller.sdk.identity.conditional_access.named_locations
    office_at = IpNamedLocation(
        odata_type="#microsoft.graph.ipNamedLocation",
        display_name="The office",
        is_trusted=True,
        ip_ranges=[IPv4CidrRange(odata_type="#microsoft.graph.iPv4CidrRange", cidr_address=f"{ADDRESS}/32")],
    )
    made = caller.call(locations.post(office_at))
    elsewhere = {"includeLocations": ["All"], "excludeLocations": [made.id]}
    body = policy_body("Only here", "block", state="enabledForReportingButNotEnforced", locations=elsewhere)
    assert caller.send("POST", POLICIES, json=body).status_code == 201

    refused = caller.send("DELETE", f"/identity/conditionalAccess/namedLocations/{made.id}")

    assert isinstance(caller.call(locations.by_named_location_id(made.id).get()), IpNamedLocation)
    assert (refused.status_code, refused.json()["error"]["innerError"]["code"]) == (400, "in_use")


def test_strengths_are_those_built_in_and_ones_own(office: Office, caller: ApiCaller) -> None:
    strengths = caller.sdk.identity.conditional_access.authentication_strength.policies
    own = AuthenticationStrengthPolicy(display_name="Keys", allowed_combinations=[AuthenticationMethodModes.Fido2])
    made = caller.call(strengths.post(own))

    listed = caller.call(strengths.get()).value
    built_in = caller.send(
        "DELETE", f"/identity/conditionalAccess/authenticationStrength/policies/{PHISHING_RESISTANT}"
    )

    assert {"Keys", "Phishing-resistant MFA"} <= {one.display_name for one in listed}
    assert made.id in {one.id for one in listed}
    assert built_in.status_code == 403


def test_contexts_have_names(office: Office, caller: ApiCaller) -> None:
    contexts = caller.sdk.identity.conditional_access.authentication_context_class_references
    body = {"id": "c1", "displayName": "Payments", "description": "", "isAvailable": True}
    made = caller.send("POST", "/identity/conditionalAccess/authenticationContextClassReferences", json=body)

    found = caller.call(contexts.by_authentication_context_class_reference_id("c1").get())

    assert made.status_code == 201
    assert isinstance(found, AuthenticationContextClassReference)
    assert found.display_name == "Payments"


def test_what_if_is_answered_for_every_policy(office: Office, caller: ApiCaller) -> None:
    under_policies(office, policy_body("No way", "block", users={"includeUsers": [office.ada.id]}))
    body = EvaluatePostRequestBody(
        sign_in_identity=UserSignIn(odata_type="#microsoft.graph.userSignIn", user_id=office.ada.id),
        sign_in_context=ApplicationContext(
            odata_type="#microsoft.graph.applicationContext", include_applications=["an-app"]
        ),
        sign_in_conditions=SignInConditions(client_app_type=ConditionalAccessClientApp.Browser, ip_address=ADDRESS),
    )

    answer = caller.call(caller.sdk.identity.conditional_access.evaluate.post(body))

    (told,) = answer.value
    assert (told.display_name, told.policy_applies) == ("No way", True)
    assert answer.additional_data["keystead"]["decision"] == "block"


def test_what_is_exported_and_imported_is_the_same_but_for_ids_and_times(caller: ApiCaller) -> None:
    body = policy_body("Once", "mfa", state="disabled")
    first = caller.send("POST", POLICIES, json=body).json()

    second = caller.send("POST", POLICIES, json=first).json()

    assert second["id"] != first["id"]
    times = {"id", "createdDateTime", "modifiedDateTime", "@odata.context", "keystead"}
    assert {k: v for k, v in second.items() if k not in times} == {k: v for k, v in first.items() if k not in times}


def test_who_may_read_may_not_write(office: Office) -> None:
    reader = app_alone(office, "Policy.Read.All")

    assert reader.get(POLICIES).status_code == 200
    assert reader.send("POST", POLICIES, json=policy_body("x", "mfa")).status_code == 403


def test_a_place_or_a_strength_that_would_keep_every_administrator_out_is_refused(
    office: Office, caller: ApiCaller
) -> None:
    """As a policy that would: what they are decides what policies do."""
    here = {"displayName": "Here", "isTrusted": True, "ipRanges": [{"cidrAddress": f"{ADDRESS}/32"}]}
    elsewhere = {"ipRanges": [{"cidrAddress": "203.0.113.0/24"}]}
    passkey = office.with_passkey(office.administrator)
    office.sign_in(passkey)
    strengths = "/policies/authenticationStrengthPolicies"
    own = caller.send("POST", strengths, json={"displayName": "Ours", "allowedCombinations": ["fido2"]}).json()["id"]
    away = {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}
    under_policies(office, policy_body("Away", "block", locations=away), locations=(here,))
    body = policy_body("Strong", strength=own)
    assert caller.send("POST", POLICIES, json=body).status_code == 201

    place = caller.send("PATCH", "/identity/conditionalAccess/namedLocations/place-0", json=elsewhere)
    gone = caller.send("DELETE", "/identity/conditionalAccess/namedLocations/place-0")
    strength = caller.send(
        "POST", f"{strengths}/{own}/updateAllowedCombinations", json={"allowedCombinations": ["deviceBasedPush"]}
    )

    for refused in (place, gone, strength):
        assert refused.json()["error"]["innerError"]["code"] == "locks_out_administrators"
