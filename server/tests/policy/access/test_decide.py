"""One verdict from all policies that apply (§4.2)."""

from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from typing import Any

import pytest
from keystead_server.policy.access.controls import Control, ControlKind
from keystead_server.policy.access.decide import Decision, Prompt, Result, Verdict, decide
from keystead_server.policy.access.facts import AppFacts, DeviceFacts, Facts, Person, Workload
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import UNKNOWN, ClientApp, RiskLevel, TransferMethod, UserAction
from keystead_server.policy.strengths.model import MethodMode, Strength

from .random_sets import LOCATIONS
from .sets import (
    ADA,
    BLOCK,
    BOB,
    EVERYBODY,
    FACTS,
    LEAVERS,
    MFA,
    NOW,
    PASSKEY,
    PASSWORD,
    RESISTANT,
    STAFF,
    WIKI,
    compiled,
    facts,
    policy,
    used,
)

GRANTED = {"methods": (PASSKEY,)}
REGISTERING = facts(apps=(), action=UserAction.REGISTER_SECURITY_INFO)
ON_REGISTERING = {"includeUserActions": ["urn:user:registersecurityinfo"]}
PASS = used(MethodMode.PASS_ONE_TIME)
BOOTSTRAP = Strength("boot", "Bootstrap", (frozenset({MethodMode.PASS_ONE_TIME}), frozenset({MethodMode.FIDO2})))


def verdict(*policies: Policy, at: Facts = FACTS, **more: Any) -> Verdict:
    return decide(compiled(*policies, **more), at).verdict


def asked(*policies: Policy, at: Facts = FACTS, **more: Any) -> list[list[str]]:
    decision = decide(compiled(*policies, **more), at)
    return [[control.kind.value for control in prompt.any_of] for prompt in decision.prompts]


def test_without_policies_everybody_gets_in() -> None:
    assert decide(compiled(), FACTS) == Decision(Verdict.ALLOW)


def test_every_policy_that_applies_must_be_met() -> None:
    lax, strict = policy("lax"), policy("strict", grant=RESISTANT)
    push = (PASSWORD, used(MethodMode.AUTHENTICATOR_PUSH))

    assert verdict(lax, at=facts(methods=push)) is Verdict.ALLOW
    assert asked(lax, strict, at=facts(methods=push)) == [["authenticationStrength"]]
    assert verdict(lax, strict, at=facts(**GRANTED)) is Verdict.ALLOW


def test_a_block_wins_over_whatever_is_granted() -> None:
    decision = decide(compiled(policy("mfa"), policy("no", grant=BLOCK)), facts(**GRANTED))

    assert (decision.verdict, decision.blocked_by, decision.prompts) == (Verdict.BLOCK, ("no",), ())
    assert not decision.can_be_met


def test_exclude_wins_over_include() -> None:
    included = {"includeUsers": ["All", ADA], "includeGroups": [STAFF]}

    for spared in ({"excludeUsers": [ADA]}, {"excludeGroups": [STAFF]}):
        assert verdict(policy(users={**included, **spared}, grant=BLOCK)) is Verdict.ALLOW
    assert verdict(policy(users={**included, "excludeGroups": [LEAVERS]}, grant=BLOCK)) is Verdict.BLOCK


def test_a_disabled_policy_does_nothing() -> None:
    assert decide(compiled(policy(grant=BLOCK, state="disabled")), FACTS).applied == ()


def test_with_and_everything_is_needed_and_with_or_any_one() -> None:
    both = ["mfa", "compliantDevice"]
    compliant = facts(device=DeviceFacts.of({"isCompliant": True}))

    assert asked(policy(grant={"operator": "AND", "builtInControls": both})) == [["mfa"], ["compliantDevice"]]
    assert asked(policy(grant={"operator": "OR", "builtInControls": both})) == [both]
    assert verdict(policy(grant={"operator": "OR", "builtInControls": both}), at=compliant) is Verdict.ALLOW
    assert asked(policy(grant={"operator": "AND", "builtInControls": both}), at=compliant) == [["mfa"]]


def test_a_choice_that_is_made_by_what_is_needed_anyway_is_not_asked() -> None:
    choice = policy("choice", grant={"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]})

    assert asked(policy("mfa"), choice) == [["mfa"]]


def test_prompts_come_in_the_fixed_order() -> None:
    controls = ["compliantApplication", "domainJoinedDevice", "approvedApplication", "compliantDevice", "mfa"]
    grant = {"operator": "AND", "builtInControls": controls, "termsOfUse": ["t"], "customAuthenticationFactors": ["c"]}

    assert [kinds[0] for kinds in asked(policy(grant=grant))] == [
        "mfa", "compliantDevice", "domainJoinedDevice", "approvedApplication", "compliantApplication",
        "termsOfUse", "customAuthenticationFactors",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "grant",
    [
        {"operator": "OR", "builtInControls": ["compliantDevice"]},
        {"operator": "OR", "builtInControls": ["domainJoinedDevice"]},
        {"operator": "OR", "builtInControls": ["approvedApplication"]},
        {"operator": "OR", "builtInControls": ["compliantApplication"]},
        {"operator": "OR", "customAuthenticationFactors": ["duo"]},
        {"operator": "OR", "termsOfUse": ["gone"]},
        {"operator": "OR", "authenticationStrength": {"id": "gone"}},
    ],
)
def test_a_control_that_nothing_here_can_meet_fails_closed_and_says_so(grant: dict[str, Any]) -> None:
    decision = decide(compiled(policy(grant=grant)), facts(methods=(PASSKEY,), device=None))

    assert decision.verdict is Verdict.CONTROLS_REQUIRED
    assert not decision.can_be_met
    observed = policy(grant=grant, state="enabledForReportingButNotEnforced")
    assert decide(compiled(observed), FACTS).applied[0].result is Result.REPORT_ONLY_FAILURE


def test_terms_that_exist_are_asked_for_and_accepted_once() -> None:
    terms = policy(grant={"operator": "OR", "termsOfUse": ["t"]})

    assert decide(compiled(terms, terms=frozenset({"t"})), FACTS).prompts == (
        Prompt((Control(ControlKind.TERMS_OF_USE, "t"),), can_be_met=True),
    )
    assert verdict(terms, at=facts(accepted_terms=frozenset({"t"}))) is Verdict.ALLOW


@pytest.mark.parametrize(
    ("attributes", "joined_here", "allowed"),
    [({"trustType": "ServerAD"}, False, True), ({"trustType": "AzureAD"}, False, False), ({}, True, True)],
)
def test_a_joined_device_is_joined_to_the_domain_or_by_us(
    attributes: dict[str, Any], joined_here: bool, allowed: bool
) -> None:
    joined = policy(grant={"operator": "OR", "builtInControls": ["domainJoinedDevice"]})
    device = DeviceFacts.of(attributes, joined_here=joined_here)

    assert (verdict(joined, at=facts(device=device)) is Verdict.ALLOW) is allowed


def test_several_strengths_are_all_met_and_with_several_methods_if_need_be() -> None:
    sms = Strength("sms", "Text message", (frozenset({MethodMode.PASSWORD, MethodMode.SMS}),))
    strict, odd = (
        policy("a", grant=RESISTANT),
        policy("b", grant={"operator": "OR", "authenticationStrength": {"id": "sms"}}),
    )
    every = (PASSWORD, used(MethodMode.SMS), PASSKEY)

    assert asked(strict, odd, strengths={"sms": sms}) == [["authenticationStrength"]] * 2
    assert verdict(strict, odd, at=facts(methods=every), strengths={"sms": sms}) is Verdict.ALLOW


# -- whom and what -------------------------------------------------------------------------------------


def test_break_glass_accounts_are_spared_by_every_policy() -> None:
    both = (policy("a", grant=BLOCK), policy("b", users={"includeUsers": [ADA]}, grant=BLOCK))

    assert verdict(*both, break_glass=frozenset({ADA})) is Verdict.ALLOW
    assert verdict(*both, break_glass=frozenset({BOB})) is Verdict.BLOCK


@pytest.mark.parametrize("who", [{"type": "user", "id": ADA}, {"type": "group", "id": STAFF}])
def test_an_expiring_exclusion_ends_by_itself(who: dict[str, str]) -> None:
    until = {**who, "until": (NOW + timedelta(hours=1)).isoformat(), "reason": "her key is in the post"}
    spared = policy(users={**EVERYBODY, "expiringExclusions": [until]}, grant=BLOCK)

    assert verdict(spared) is Verdict.ALLOW
    assert verdict(spared, at=facts(now=NOW + timedelta(minutes=59))) is Verdict.ALLOW
    assert verdict(spared, at=facts(now=NOW + timedelta(hours=1))) is Verdict.BLOCK
    assert verdict(spared, at=facts(who=Person(BOB))) is Verdict.BLOCK


def test_nobody_can_take_an_id_that_means_more_than_one_person() -> None:
    own = policy(users={"includeUsers": [BOB]}, grant=BLOCK)
    everybody = policy("q", users={"includeUsers": ["None"], "includeGroups": [LEAVERS]}, grant=BLOCK)

    assert verdict(own, everybody, at=facts(who=Person("All"))) is Verdict.ALLOW
    assert verdict(own, everybody, at=facts(who=Person("None"))) is Verdict.ALLOW
    guests = policy("g", users={"includeUsers": ["GuestsOrExternalUsers"]}, grant=BLOCK)
    assert verdict(guests, at=facts(who=Person("GuestsOrExternalUsers"))) is Verdict.ALLOW


def test_all_resources_cover_the_registration_action_and_not_an_authentication_context() -> None:
    everything = policy(grant=BLOCK)

    assert verdict(everything, at=REGISTERING) is Verdict.BLOCK
    assert verdict(everything, at=facts(apps=(), contexts=frozenset({"c1"}))) is Verdict.ALLOW
    assert verdict(everything, at=facts(apps=())) is Verdict.BLOCK


def test_an_authentication_context_is_asked_beside_the_app() -> None:
    wiki_only = policy("wiki", apps={"includeApplications": [WIKI]}, grant=BLOCK)
    step_up = policy("c1", apps={"includeAuthenticationContextClassReferences": ["c1"]}, grant=RESISTANT)

    assert asked(wiki_only, step_up, at=facts(contexts=frozenset({"c1"}))) == [["authenticationStrength"]]
    assert asked(wiki_only, step_up, at=facts(contexts=frozenset({"c2"}))) == []


def test_a_suite_covers_the_apps_in_it() -> None:
    office = policy(apps={"includeApplications": ["Office365"]}, grant=BLOCK)
    but_office = policy(apps={"includeApplications": ["All"], "excludeApplications": ["Office365"]}, grant=BLOCK)
    sharepoint = facts(apps=(AppFacts("00000003-0000-0ff1-ce00-000000000000"),))
    own = facts(apps=(AppFacts("mine", suites=frozenset({"Office365"})),))

    for reached in (sharepoint, own):
        assert verdict(office, at=reached) is Verdict.BLOCK
        assert verdict(but_office, at=reached) is Verdict.ALLOW
    assert verdict(office) is Verdict.ALLOW


def test_of_several_apps_one_that_is_meant_is_enough() -> None:
    but_wiki = policy(apps={"includeApplications": ["All"], "excludeApplications": [WIKI]}, grant=BLOCK)

    assert verdict(but_wiki, at=facts(apps=(AppFacts(WIKI),))) is Verdict.ALLOW
    assert verdict(but_wiki, at=facts(apps=(AppFacts(WIKI), AppFacts("other")))) is Verdict.BLOCK


def test_service_principals_have_policies_of_their_own() -> None:
    for_services = policy(
        "svc",
        users={"includeUsers": ["None"]},
        clientApplications={"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]},
        grant=BLOCK,
    )
    service = facts(who=Workload("robot"))

    assert verdict(policy(grant=BLOCK), at=service) is Verdict.ALLOW
    assert verdict(for_services, at=service) is Verdict.BLOCK
    assert verdict(for_services, at=facts(who=Workload("robot", own=False))) is Verdict.ALLOW
    assert verdict(for_services) is Verdict.ALLOW


def test_a_service_principal_is_filtered_by_its_attributes() -> None:
    rule = {"mode": "include", "rule": 'customSecurityAttribute.Ops_Kind -eq "batch"'}
    for_batch = policy(
        users={"includeUsers": ["None"]}, clientApplications={"servicePrincipalFilter": rule}, grant=BLOCK
    )

    assert verdict(for_batch, at=facts(who=Workload("x", attributes={"ops_kind": "batch"}))) is Verdict.BLOCK
    assert verdict(for_batch, at=facts(who=Workload("x", attributes={"ops_kind": "web"}))) is Verdict.ALLOW
    assert verdict(for_batch, at=facts(who=Workload("x", attributes=UNKNOWN))) is Verdict.BLOCK


# -- what is not known ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "unknown"),
    [
        ({"users": {"includeGroups": [LEAVERS]}}, {"who": Person(ADA, groups=UNKNOWN)}),
        ({"users": {"includeRoles": ["admin"]}}, {"who": Person(ADA, roles=UNKNOWN)}),
        ({"users": {"includeUsers": ["GuestsOrExternalUsers"]}}, {"who": Person(ADA, guest=UNKNOWN)}),
        ({"users": {**EVERYBODY, "excludeGroups": [STAFF]}}, {"who": Person(ADA, groups=UNKNOWN)}),
        ({"clientAppTypes": ["other"]}, {"client": UNKNOWN}),
        ({"platforms": {"includePlatforms": ["android"]}}, {"platform": UNKNOWN}),
        ({"locations": {"includeLocations": ["home"]}}, {"country": UNKNOWN}),
        ({"locations": {"includeLocations": ["office"]}}, {"address": UNKNOWN}),
        ({"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}}, {"address": UNKNOWN}),
        ({"locations": {"includeLocations": ["deleted"]}}, {}),
        (
            {"devices": {"deviceFilter": {"mode": "include", "rule": "device.isCompliant -eq True"}}},
            {"device": UNKNOWN},
        ),
        (
            {"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq False"}}},
            {"device": UNKNOWN},
        ),
        ({"signInRiskLevels": ["high"]}, {"sign_in_risk": UNKNOWN}),
        ({"signInRiskLevels": ["high"]}, {"sign_in_risk": RiskLevel.HIDDEN}),
        ({"userRiskLevels": ["high"]}, {"user_risk": UNKNOWN}),
        ({"insiderRiskLevels": "elevated"}, {"insider_risk": UNKNOWN}),
        ({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, {"flow": UNKNOWN}),
    ],
)
def test_a_condition_on_what_is_not_known_fails_closed(about: dict[str, Any], unknown: dict[str, Any]) -> None:
    assert verdict(policy(grant=BLOCK, **about), at=facts(**unknown), locations=LOCATIONS) is Verdict.BLOCK


@pytest.mark.parametrize(
    ("about", "known", "expected"),
    [
        ({"clientAppTypes": ["easSupported"]}, {"client": ClientApp.EXCHANGE_ACTIVE_SYNC}, Verdict.BLOCK),
        ({"clientAppTypes": ["exchangeActiveSync", "other"]}, {}, Verdict.ALLOW),
        ({"platforms": {"includePlatforms": ["all"]}}, {"platform": None}, Verdict.BLOCK),
        ({"platforms": {"includePlatforms": ["linux"]}}, {"platform": None}, Verdict.ALLOW),
        ({"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["linux"]}}, {}, Verdict.ALLOW),
        ({"locations": {"includeLocations": ["All"], "excludeLocations": ["home"]}}, {"country": None}, Verdict.BLOCK),
        ({"locations": {"includeLocations": ["odd"]}}, {"country": None}, Verdict.BLOCK),
        ({"locations": {"includeLocations": ["AllTrusted"]}}, {"trusted": True}, Verdict.BLOCK),
        ({"locations": {"includeLocations": ["AllTrusted"]}}, {"address": ip_address("10.0.0.1")}, Verdict.BLOCK),
        ({"locations": {"includeLocations": ["lab"]}}, {"address": ip_address("::ffff:10.0.0.65")}, Verdict.BLOCK),
        ({"signInRiskLevels": ["medium", "high"]}, {"sign_in_risk": RiskLevel.LOW}, Verdict.ALLOW),
        (
            {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}},
            {"flow": TransferMethod.DEVICE_CODE},
            Verdict.BLOCK,
        ),
        ({"authenticationFlows": {"transferMethods": "deviceCodeFlow"}}, {}, Verdict.ALLOW),
    ],
)
def test_a_condition_is_asked_of_what_was_found(
    about: dict[str, Any], known: dict[str, Any], expected: Verdict
) -> None:
    assert verdict(policy(grant=BLOCK, **about), at=facts(**known), locations=LOCATIONS) is expected


# -- the registration action (§4.4) ---------------------------------------------------------------------


def test_a_strength_asked_of_registering_takes_precedence_over_that_of_all_resources() -> None:
    sign_in = policy("sign-in", grant=RESISTANT)
    bootstrap = policy(
        "register", apps=ON_REGISTERING, grant={"operator": "OR", "authenticationStrength": {"id": "boot"}}
    )
    with_pass = facts(apps=(), action=UserAction.REGISTER_SECURITY_INFO, methods=(PASS,))
    strengths = {"boot": BOOTSTRAP}

    assert verdict(sign_in, at=with_pass) is Verdict.CONTROLS_REQUIRED
    assert verdict(sign_in, bootstrap, at=with_pass, strengths=strengths) is Verdict.ALLOW
    assert asked(sign_in, bootstrap, at=REGISTERING, strengths=strengths) == [["authenticationStrength"]]


def test_the_other_controls_of_all_resources_still_apply_to_registering() -> None:
    grant = {**RESISTANT, "builtInControls": ["compliantDevice"]}
    bootstrap = policy(
        "register", apps=ON_REGISTERING, grant={"operator": "OR", "authenticationStrength": {"id": "boot"}}
    )
    with_pass = facts(apps=(), action=UserAction.REGISTER_SECURITY_INFO, methods=(PASS,))

    assert asked(policy(grant=grant), bootstrap, at=with_pass, strengths={"boot": BOOTSTRAP}) == [["compliantDevice"]]


@pytest.mark.parametrize("state", ["enabledForReportingButNotEnforced", "disabled"])
def test_only_an_enforced_strength_takes_precedence(state: str) -> None:
    boot = {"operator": "OR", "authenticationStrength": {"id": "boot"}}
    bootstrap = policy("register", apps=ON_REGISTERING, grant=boot, state=state)
    with_pass = facts(apps=(), action=UserAction.REGISTER_SECURITY_INFO, methods=(PASS,))

    assert verdict(policy(grant=RESISTANT), bootstrap, at=with_pass, strengths={"boot": BOOTSTRAP}) is (
        Verdict.CONTROLS_REQUIRED
    )


def test_precedence_is_for_registering_and_for_nothing_else() -> None:
    boot = {"operator": "OR", "authenticationStrength": {"id": "boot"}}
    both = {"includeUserActions": [*UserAction]}
    bootstrap = policy("register", apps=both, grant=boot)
    device = facts(apps=(), action=UserAction.REGISTER_DEVICE, methods=(PASS,))

    for at in (facts(methods=(PASS,)), device):
        assert verdict(policy(grant=RESISTANT), bootstrap, at=at, strengths={"boot": BOOTSTRAP}) is (
            Verdict.CONTROLS_REQUIRED
        )


# -- report-only ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [FACTS, REGISTERING], ids=["app", "registering"])
@pytest.mark.parametrize(
    ("grant", "methods", "result"),
    [
        (BLOCK, (PASSKEY,), Result.REPORT_ONLY_FAILURE),
        (MFA, (PASSWORD,), Result.REPORT_ONLY_INTERRUPTED),
        (MFA, (PASSKEY,), Result.REPORT_ONLY_SUCCESS),
        ({"operator": "OR", "builtInControls": ["compliantDevice"]}, (PASSKEY,), Result.REPORT_ONLY_FAILURE),
        ({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}, (), Result.REPORT_ONLY_INTERRUPTED),
        ({"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]}, (), Result.REPORT_ONLY_FAILURE),
    ],
)
def test_report_only_is_evaluated_and_has_no_effect(at: Facts, grant: Any, methods: Any, result: Result) -> None:
    observed = policy(grant=grant, state="enabledForReportingButNotEnforced")

    decision = decide(compiled(observed), replace(at, methods=methods))

    assert decision.verdict is Verdict.ALLOW
    assert [one.result for one in decision.applied] == [result]


def test_results_of_enforced_policies_are_success_or_failure() -> None:
    decision = decide(compiled(policy("met"), policy("unmet", grant=RESISTANT)), facts(methods=(PASS,)))

    assert [(one.policy_id, one.result) for one in decision.applied] == [
        ("met", Result.SUCCESS),
        ("unmet", Result.FAILURE),
    ]
