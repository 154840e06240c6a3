"""Microsoft's own client for Python, unmodified, against everything that the API has."""

from datetime import timedelta
from typing import Any, TypeVar

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Role
from keystead_testkit.api_caller import ApiCaller, app_alone, for_person
from keystead_testkit.loop import run
from keystead_testkit.office import Office
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.audit_logs.sign_ins.sign_ins_request_builder import SignInsRequestBuilder
from msgraph.generated.models.authentication_method_state import AuthenticationMethodState
from msgraph.generated.models.authentication_method_target_type import AuthenticationMethodTargetType
from msgraph.generated.models.authentication_methods_policy import AuthenticationMethodsPolicy
from msgraph.generated.models.authentication_methods_registration_campaign import (
    AuthenticationMethodsRegistrationCampaign,
)
from msgraph.generated.models.exclude_target import ExcludeTarget
from msgraph.generated.models.fido2_authentication_method import Fido2AuthenticationMethod
from msgraph.generated.models.fido2_authentication_method_configuration import Fido2AuthenticationMethodConfiguration
from msgraph.generated.models.group import Group
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.reference_create import ReferenceCreate
from msgraph.generated.models.registration_enforcement import RegistrationEnforcement
from msgraph.generated.models.temporary_access_pass_authentication_method import (
    TemporaryAccessPassAuthenticationMethod,
)
from msgraph.generated.models.temporary_access_pass_authentication_method_configuration import (
    TemporaryAccessPassAuthenticationMethodConfiguration,
)
from msgraph.generated.models.user import User
from msgraph.generated.users.users_request_builder import UsersRequestBuilder

T = TypeVar("T")


def asking(builder: Any, **parameters: Any) -> Any:
    """A request configuration for *builder*'s GET."""
    kind = next(value for name, value in vars(builder).items() if name.endswith("GetQueryParameters"))
    return RequestConfiguration(query_parameters=kind(**parameters))


def refused(app: ApiCaller, work: Any) -> tuple[int | None, str | None, str | None]:
    """Status, Graph's code and ours."""
    with pytest.raises(ODataError) as error:
        app.do(work)
    inner = error.value.error and error.value.error.inner_error
    assert error.value.error is not None
    assert inner is not None
    assert inner.request_id
    return error.value.response_status_code, error.value.error.code, inner.additional_data["code"]


# -- people and groups -------------------------------------------------------------------------------


def test_accounts_are_made_read_changed_and_deleted(office: Office, app: ApiCaller) -> None:
    users = app.sdk.users
    made = app.call(users.post(User(display_name="Grace", user_principal_name="grace@contoso.example")))

    app.do(users.by_user_id(made.id).patch(User(display_name="Grace H.", account_enabled=False)))
    found = app.call(users.by_user_id("GRACE@contoso.example").get())
    app.do(users.by_user_id(made.id).delete())

    assert (found.id, found.display_name, found.account_enabled) == (made.id, "Grace H.", False)
    assert found.created_date_time is not None
    assert refused(app, users.by_user_id(made.id).get()) == (404, "Request_ResourceNotFound", "resource_not_found")
    assert office.audit[-4:] == ["user.created", "user.renamed", "user.disabled", "user.removed"]


def test_pages_follow_each_other_to_the_end(office: Office, app: ApiCaller) -> None:
    for n in range(5):
        office.add_person(f"person{n}@contoso.example")
    users = app.sdk.users
    page = app.call(users.get(asking(UsersRequestBuilder, top=3, select=["userPrincipalName"])))
    names, pages = [user.user_principal_name for user in page.value], 1

    while page.odata_next_link:
        page = app.call(users.with_url(page.odata_next_link).get())
        names += [user.user_principal_name for user in page.value]
        pages += 1

    assert pages == 3
    assert sorted(names) == sorted(
        [office.administrator.username, office.ada.username, *(f"person{n}@contoso.example" for n in range(5))]
    )
    assert page.value[0].display_name is None


def test_people_are_found_by_a_filter(office: Office, app: ApiCaller) -> None:
    def found(text: str) -> list[str]:
        page = app.call(app.sdk.users.get(asking(UsersRequestBuilder, filter=text)))
        return [user.user_principal_name for user in page.value]

    run(office.services.manage_user.disable(office.ada, by=OPERATOR))

    assert found("accountEnabled eq false") == ["ada@contoso.example"]
    assert found("startsWith(userPrincipalName, 'ADM')") == ["admin@contoso.example"]
    assert found("userPrincipalName eq 'Ada@Contoso.example'") == ["ada@contoso.example"]
    assert found(f"id eq '{office.ada.id}'") == ["ada@contoso.example"]
    assert found(f"id in ('{office.ada.id}', 'x')") == ["ada@contoso.example"]
    assert found("keystead/roles/any(r: r eq 'Global Administrator')") == ["admin@contoso.example"]
    assert found("userPrincipalName eq 'nobody'") == []


def test_me_is_whoever_is_signed_in(office: Office) -> None:
    ada = for_person(office, office.session(), "User.Read")
    alone = app_alone(office, "User.Read.All")

    assert ada.call(ada.sdk.me.get()).id == office.ada.id
    assert refused(alone, alone.sdk.me.get()) == (400, "BadRequest", "me_needs_a_person")


def test_the_organisation_is_the_tokens(office: Office, app: ApiCaller) -> None:
    (one,) = app.call(app.sdk.organization.get()).value

    assert (one.id, one.display_name) == (office.tenant.id, office.tenant.display_name)
    assert app.call(app.sdk.organization.by_organization_id(one.id).get()).id == one.id


def test_groups_are_made_filled_emptied_and_deleted(office: Office, app: ApiCaller) -> None:
    groups = app.sdk.groups
    group = app.call(groups.post(Group(display_name="Staff", mail_enabled=False, security_enabled=True)))
    here = groups.by_group_id(group.id)
    reference = ReferenceCreate(odata_id=f"https://id.example.org/graph/v1.0/directoryObjects/{office.ada.id}")

    app.do(here.members.ref.post(reference))
    (member,) = app.call(here.members.get()).value
    (of_ada,) = app.call(app.sdk.users.by_user_id(office.ada.id).member_of.get()).value
    app.do(here.members.by_directory_object_id(office.ada.id).ref.delete())

    assert (member.id, type(member), of_ada.id) == (office.ada.id, User, group.id)
    assert app.call(here.members.get()).value == []
    assert [each.display_name for each in app.call(groups.get()).value] == ["Staff"]
    app.do(here.delete())
    assert refused(app, here.get())[0] == 404
    assert office.audit[-4:] == ["group.created", "group.member_added", "group.member_removed", "group.removed"]


# -- what people sign in with ------------------------------------------------------------------------


def test_passkeys_are_read_and_removed(office: Office, app: ApiCaller) -> None:
    methods = app.sdk.users.by_user_id(office.ada.id).authentication
    (passkey,) = app.call(methods.fido2_methods.get()).value
    every = app.call(methods.methods.get()).value

    assert passkey.passkey_type is not None
    assert passkey.attestation_level is not None
    assert passkey.additional_data["keystead"]["isUsable"] is True
    # The pass that let Ada register it is still there.
    assert {type(each) for each in every} == {Fido2AuthenticationMethod, TemporaryAccessPassAuthenticationMethod}
    one = methods.fido2_methods.by_fido2_authentication_method_id(passkey.id)
    assert app.call(one.get()).id == passkey.id
    app.do(one.delete())
    assert app.call(methods.fido2_methods.get()).value == []
    assert office.audit[-1] == "passkey.removed"


def test_a_pass_is_issued_shown_once_and_taken_back(office: Office, app: ApiCaller) -> None:
    passes = app.sdk.users.by_user_id(office.ada.id).authentication.temporary_access_pass_methods

    issued = app.call(passes.post(TemporaryAccessPassAuthenticationMethod(lifetime_in_minutes=30, is_usable_once=True)))
    (kept,) = app.call(passes.get()).value

    assert issued.temporary_access_pass
    assert (kept.id, kept.temporary_access_pass, kept.lifetime_in_minutes) == (issued.id, None, 30)
    assert (kept.is_usable, kept.is_usable_once) == (True, True)
    assert kept.method_usability_reason == "enabledByPolicy"
    signed_in = office.sign_in_with_pass(issued.temporary_access_pass)
    assert type(signed_in).__name__ == "SignedInWithPass"
    one = passes.by_temporary_access_pass_authentication_method_id(issued.id)
    assert app.call(one.get()).method_usability_reason == "oneTimeUsed"
    app.do(one.delete())
    assert app.call(passes.get()).value == []
    assert office.audit[-1] == "pass.revoked"


def test_a_pass_starts_when_it_is_told(office: Office, app: ApiCaller) -> None:
    passes = app.sdk.users.by_user_id(office.ada.id).authentication.temporary_access_pass_methods
    start = office.clock.now() + timedelta(days=2)

    issued = app.call(passes.post(TemporaryAccessPassAuthenticationMethod(start_date_time=start)))

    assert (issued.start_date_time, issued.is_usable) == (start, False)
    assert issued.method_usability_reason == "notYetValid"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"lifetime_in_minutes": 5}, "lifetime_out_of_range"),
        ({"lifetime_in_minutes": 2_000_000_000}, "lifetime_out_of_range"),
        ({"lifetime_in_minutes": -1}, "lifetime_out_of_range"),
    ],
)
def test_a_pass_out_of_range_is_refused(office: Office, app: ApiCaller, asked: dict[str, Any], code: str) -> None:
    passes = app.sdk.users.by_user_id(office.ada.id).authentication.temporary_access_pass_methods

    assert refused(app, passes.post(TemporaryAccessPassAuthenticationMethod(**asked))) == (400, "BadRequest", code)


def test_what_is_not_there_is_an_empty_list(office: Office, app: ApiCaller) -> None:
    methods = app.sdk.users.by_user_id(office.ada.id).authentication

    assert app.call(methods.windows_hello_for_business_methods.get()).value == []
    assert app.call(methods.password_methods.get()).value == []
    assert app.call(methods.software_oath_methods.get()).value == []


# -- the policy --------------------------------------------------------------------------------------


def test_the_policy_has_every_method_under_its_own_type(app: ApiCaller) -> None:
    policy = app.call(app.sdk.policies.authentication_methods_policy.get())
    configurations = app.call(
        app.sdk.policies.authentication_methods_policy.authentication_method_configurations.get()
    ).value

    kinds = {type(each) for each in configurations}
    assert {Fido2AuthenticationMethodConfiguration, TemporaryAccessPassAuthenticationMethodConfiguration} <= kinds
    assert {each.id for each in policy.authentication_method_configurations} == {each.id for each in configurations}
    assert policy.policy_version == "0.0"


def configuration(app: ApiCaller, name: str) -> Any:
    policy = app.sdk.policies.authentication_methods_policy
    return policy.authentication_method_configurations.by_authentication_method_configuration_id(name)


def test_the_passkey_policy_is_changed_by_what_was_read(office: Office, app: ApiCaller) -> None:
    fido2 = configuration(app, "fido2")
    read = app.call(fido2.get())
    group = run(office.services.manage_group.create(office.tenant.id, name="Contractors", by=OPERATOR))
    read.exclude_targets = [ExcludeTarget(id=group.id, target_type=AuthenticationMethodTargetType.Group)]

    app.do(fido2.patch(read))

    again = app.call(fido2.get())
    assert [target.id for target in again.exclude_targets] == [group.id]
    assert [p.name for p in again.passkey_profiles] == ["Default passkey profile"]
    assert again.passkey_profiles[0].additional_data["minimumProof"] == "none"
    assert office.audit[-1] == "passkey_policy.changed"
    app.do(fido2.delete())
    assert app.call(fido2.get()).exclude_targets == []


def test_a_patch_changes_what_it_names_and_nothing_else(office: Office, app: ApiCaller) -> None:
    fido2 = configuration(app, "FIDO2")

    app.do(fido2.patch(Fido2AuthenticationMethodConfiguration(is_self_service_registration_allowed=False)))

    changed = app.call(fido2.get())
    assert changed.is_self_service_registration_allowed is False
    assert changed.state is AuthenticationMethodState.Enabled
    assert len(changed.include_targets) == len(changed.passkey_profiles) == 1


def test_the_pass_policy_is_changed_and_reset(office: Office, app: ApiCaller) -> None:
    passes = configuration(app, "temporaryAccessPass")

    app.do(passes.patch(TemporaryAccessPassAuthenticationMethodConfiguration(
        state=AuthenticationMethodState.Enabled, default_lifetime_in_minutes=20, is_usable_once=True
    )))  # fmt: skip

    changed = app.call(passes.get())
    assert (changed.default_lifetime_in_minutes, changed.is_usable_once) == (20, True)
    assert office.issue_pass().access_pass.usable_once
    app.do(passes.delete())
    assert app.call(passes.get()).is_usable_once is False


def test_the_campaign_is_changed_at_the_policy_itself(app: ApiCaller) -> None:
    campaign = AuthenticationMethodsRegistrationCampaign(snooze_duration_in_days=7)
    body = AuthenticationMethodsPolicy(
        registration_enforcement=RegistrationEnforcement(authentication_methods_registration_campaign=campaign)
    )
    policy = app.sdk.policies.authentication_methods_policy

    app.do(policy.patch(body))

    found = app.call(policy.get()).registration_enforcement.authentication_methods_registration_campaign
    assert (found.snooze_duration_in_days, len(found.include_targets)) == (7, 1)


def test_a_policy_that_would_lock_out_every_administrator_is_refused(office: Office, app: ApiCaller) -> None:
    office.with_passkey(office.administrator)
    fido2 = configuration(app, "fido2")

    answer = refused(app, fido2.patch(Fido2AuthenticationMethodConfiguration(state=AuthenticationMethodState.Disabled)))

    assert answer == (400, "BadRequest", "locks_out_administrators")


# -- logs and report ---------------------------------------------------------------------------------


def test_the_sign_in_log_is_read_filtered_and_paged(office: Office, app: ApiCaller) -> None:
    since = office.clock.now()
    office.sign_in()
    office.sign_in(spoil_signature=True)
    logs = app.sdk.audit_logs.sign_ins

    def found(**asked: Any) -> list[Any]:
        return app.call(logs.get(asking(SignInsRequestBuilder, **asked))).value

    refusal, granted = found(filter=f"createdDateTime ge {since:%Y-%m-%dT%H:%M:%SZ} and userId eq '{office.ada.id}'")[
        :2
    ]
    assert (refusal.status.error_code, refusal.status.failure_reason) == (130005, "signature_invalid")
    assert (granted.status.error_code, granted.user_principal_name) == (0, "ada@contoso.example")
    ours = granted.additional_data["keystead"]
    assert (ours["purpose"], ours["passkeyProfile"], ours["proof"]) == ("signIn", "Default passkey profile", "claimed")
    assert [each.id for each in found(filter="status/errorCode ne 0")] == [refusal.id]
    assert [each.id for each in found(filter="keystead/reason eq 'signature_invalid'")] == [refusal.id]
    oldest = found(orderby=["createdDateTime asc"], top=1)
    assert oldest[0].created_date_time == min(each.created_date_time for each in found())
    assert app.call(logs.by_sign_in_id(granted.id).get()).id == granted.id


def test_the_audit_log_says_who_did_what_to_whom(office: Office, app: ApiCaller) -> None:
    app.do(app.sdk.users.by_user_id(office.ada.id).patch(User(display_name="Ada L.")))

    newest = app.call(app.sdk.audit_logs.directory_audits.get()).value[0]

    assert (newest.activity_display_name, newest.category) == ("user.renamed", "UserManagement")
    assert newest.initiated_by.user is None
    assert newest.initiated_by.app.display_name == "Timesheets"
    assert newest.target_resources[0].id == office.ada.id
    again = app.sdk.audit_logs.directory_audits.by_directory_audit_id(newest.id)
    assert app.call(again.get()).activity_display_name == "user.renamed"


def test_what_an_app_does_for_somebody_is_theirs_and_the_apps(office: Office) -> None:
    administrator = office.session(office.with_passkey(office.administrator))
    caller = for_person(office, administrator, "User.ReadWrite.All", "AuditLog.Read.All")

    caller.do(caller.sdk.users.by_user_id(office.ada.id).patch(User(account_enabled=False)))

    newest = caller.call(caller.sdk.audit_logs.directory_audits.get()).value[0]
    assert newest.initiated_by.user.user_principal_name == "admin@contoso.example"
    assert newest.initiated_by.app.app_id


def test_the_registration_report_is_live(office: Office, app: ApiCaller) -> None:
    report = app.sdk.reports.authentication_methods.user_registration_details

    def of(user: str) -> Any:
        return app.call(report.by_user_registration_details_id(user).get())

    before = of(office.ada.id)
    assert (before.is_mfa_registered, before.is_mfa_capable, before.is_passwordless_capable) == (True, True, True)
    assert "passKeyDeviceBound" in before.methods_registered
    app.do(configuration(app, "fido2").patch(Fido2AuthenticationMethodConfiguration(include_targets=[])))
    run(office.services.manage_user.disable(office.ada, by=OPERATOR))
    after = of(office.ada.id)
    # Registered is not usable, and whoever is switched off is not missing.
    assert (after.is_mfa_registered, after.is_mfa_capable, after.is_passwordless_capable) == (True, False, False)
    assert after.additional_data["keystead"]["passkeysInQuarantine"] == 1
    assert after.last_updated_date_time == office.clock.now()
    everyone = app.call(report.get()).value
    assert {each.user_principal_name for each in everyone} == {"admin@contoso.example", "ada@contoso.example"}
    assert {each.is_admin for each in everyone} == {True, False}


# -- an app by itself stops at administrators --------------------------------------------------------


def test_an_app_by_itself_changes_nothing_about_who_administers(office: Office, app: ApiCaller) -> None:
    helper = office.add_person("helper@contoso.example", Role.AUTHENTICATION_ADMINISTRATOR)
    office.with_passkey(helper)
    (passkey,) = run(office.store.passkeys.of_user(office.tenant.id, helper.id))
    access_pass = run(office.store.passes.of_user(office.tenant.id, helper.id))
    assert access_pass is not None
    them = app.sdk.users.by_user_id(helper.id)
    methods = them.authentication

    for work in (
        them.patch(User(display_name="Mine")),
        them.patch(User(account_enabled=False)),
        them.delete(),
        methods.temporary_access_pass_methods.post(TemporaryAccessPassAuthenticationMethod()),
        methods.temporary_access_pass_methods.by_temporary_access_pass_authentication_method_id(
            access_pass.id
        ).delete(),
        methods.fido2_methods.by_fido2_authentication_method_id(passkey.id).delete(),
    ):
        assert refused(app, work) == (403, "Authorization_RequestDenied", "app_beyond_its_reach")
    assert office.now_of(helper) == helper
