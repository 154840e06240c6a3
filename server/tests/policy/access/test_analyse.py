"""What is wrong with a set: every finding can be tried out, and none is missed."""

import re
from dataclasses import replace
from inspect import getsource
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from keystead_server.domain.passkey import Proof
from keystead_server.policy.access import analyse as analysing
from keystead_server.policy.access import out_of_reach as reaching
from keystead_server.policy.access.analyse import analyse, gaps
from keystead_server.policy.access.applying import applying
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.decide import Verdict, decide
from keystead_server.policy.access.demands import guarantees_strength, is_no_weaker
from keystead_server.policy.access.facts import AppFacts, DeviceFacts, Facts, Person
from keystead_server.policy.access.finding import Directory, Finding
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.universe import Universe
from keystead_server.policy.access.vocabulary import UNKNOWN, ClientApp, GuestType, InsiderRisk, Platform, RiskLevel
from keystead_server.policy.access.words_found import KINDS, instance
from keystead_server.policy.strengths.model import (
    BUILT_IN,
    MULTIFACTOR,
    PASSWORDLESS,
    PHISHING_RESISTANT,
    Fido2Configuration,
    MethodMode,
    Strength,
)

from .random_sets import LOCATIONS, sets, sign_ins
from .sets import ADA, BLOCK, BOB, EVERYBODY, LEAVERS, MFA, NOW, RESISTANT, STAFF, WIKI, compiled, policy

PEOPLE = (Person(ADA, frozenset({STAFF})), Person(BOB))
DIRECTORY = Directory(PEOPLE, groups=frozenset({STAFF, LEAVERS}), roles=frozenset({"admin"}))
REGISTERING = {"includeUserActions": ["urn:user:registersecurityinfo"]}
BOOT = Strength("boot", "Bootstrap", (frozenset({MethodMode.PASS_ONE_TIME}),))
BOOTSTRAP = {"operator": "OR", "authenticationStrength": {"id": "boot"}}


def findings(*policies: Policy, kind: str, **more: Any) -> list[Finding]:
    every = analyse(compiled(*policies, locations=LOCATIONS, **more), DIRECTORY, NOW)
    return [one for one in every if one.kind == kind]


def test_nothing_is_wrong_with_mfa_for_all() -> None:
    assert [one.kind for one in analyse(compiled(policy()), DIRECTORY, NOW)] == []


@pytest.mark.parametrize(
    ("said", "witness"),
    [
        ({"users": {"includeGroups": [STAFF]}}, {"who": PEOPLE[1]}),
        ({"users": {**EVERYBODY, "excludeUsers": [BOB]}}, {"who": PEOPLE[1]}),
        ({"clientAppTypes": ["browser"]}, {}),
        ({"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["linux"]}}, {"platform": "linux"}),
        ({"locations": {"includeLocations": ["All"], "excludeLocations": ["home"]}}, {}),
        ({"grant": {"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}}, {}),
        ({"devices": {"deviceFilter": {"mode": "exclude", "rule": 'device.model -startsWith "X"'}}}, {}),
        ({"signInRiskLevels": ["high"]}, {"sign_in_risk": RiskLevel.NONE}),
    ],
)
def test_a_gap_is_shown_by_a_sign_in(said: dict[str, Any], witness: dict[str, Any]) -> None:
    found = findings(policy(**said), kind="gap")

    assert len(found) == 1
    shown = found[0].witness
    assert shown is not None
    assert {name: getattr(shown, name) for name in witness} == witness


def test_a_break_glass_account_hides_nobody_whom_no_policy_is_for_either() -> None:
    found = findings(policy(users={**EVERYBODY, "excludeUsers": [BOB]}), kind="gap", break_glass=frozenset({ADA}))

    assert [one.witness.who for one in found if one.witness] == [PEOPLE[1]]


def test_every_kind_of_finding_has_a_title_and_a_gravity() -> None:
    kinds = re.findall(r'Finding\("(\w+)"', getsource(analysing) + getsource(reaching))

    assert set(kinds) == set(KINDS)


def test_a_sign_in_is_told_as_a_phrase() -> None:
    names = Names({ADA: "ada@example.org", WIKI: "Wiki"})
    facts = Facts(
        NOW, Person(ADA), apps=(AppFacts(WIKI),), client=ClientApp.BROWSER, platform=Platform.LINUX, address=None,
        country="NL", device=DeviceFacts.of({"isCompliant": True}), sign_in_risk=RiskLevel.HIGH, flow=None,
    )  # fmt: skip

    told = instance(facts, names)

    assert told == (
        "ada@example.org, in Wiki, with a browser, on Linux, on a registered device (iscompliant true), from NL, "
        "at high sign-in risk"
    )


def test_a_gap_at_one_app_is_told_by_its_name() -> None:
    found = findings(policy(apps={"includeApplications": ["All"], "excludeApplications": [WIKI]}), kind="gap")

    assert [one.witness.apps for one in found if one.witness] == [(AppFacts(WIKI),)]


def test_policies_that_cover_for_one_another_leave_no_gap() -> None:
    inside = policy("in", grant=RESISTANT, locations={"includeLocations": ["home"]})
    outside = policy("out", grant=BLOCK, locations={"includeLocations": ["All"], "excludeLocations": ["home"]})

    assert findings(inside, outside, kind="gap") == []
    assert findings(inside, replace(outside, state="disabled"), kind="gap") != []  # type: ignore[arg-type]


def test_a_policy_that_can_apply_to_nobody_is_found() -> None:
    nobody = policy("n", users={"includeUsers": [ADA], "excludeGroups": [STAFF]})
    nowhere = policy("w", locations={"includeLocations": ["home"], "excludeLocations": ["All"]})

    assert [one.policies for one in findings(policy(), nobody, nowhere, kind="never_applies")] == [("n",), ("w",)]


def test_a_policy_that_changes_nothing_is_found_with_those_that_ask_no_less() -> None:
    strict, lax = policy("strict", grant=RESISTANT), policy("lax", users={"includeUsers": [ADA]})

    assert [one.policies for one in findings(lax, strict, kind="shadowed")] == [("lax", "strict")]
    assert findings(policy("all"), replace(strict, conditions=lax.conditions), kind="shadowed") == []
    assert [one.policies for one in findings(policy("a"), policy("b"), kind="shadowed")] == [("b", "a")]


def test_a_policy_that_also_decides_the_session_is_not_shadowed() -> None:
    session = {"signInFrequency": {"isEnabled": True, "value": 1, "type": "hours"}}

    assert findings(policy("a", grant=RESISTANT), policy("b", session=session), kind="shadowed") == []


def test_a_policy_on_registering_is_not_shadowed_by_one_on_all_resources() -> None:
    own = policy("own", apps=REGISTERING, grant=BOOTSTRAP)

    assert findings(policy("all", grant=RESISTANT), own, kind="shadowed", strengths={"boot": BOOT}) == []


def test_opposite_session_controls_that_meet_are_found() -> None:
    def keeping(name: str, mode: str, who: str) -> Policy:
        return policy(
            name, users={"includeUsers": [who]}, session={"persistentBrowser": {"isEnabled": True, "mode": mode}}
        )

    assert [
        one.policies for one in findings(keeping("a", "always", ADA), keeping("n", "never", ADA), kind="contradictory")
    ] == [("a", "n")]
    assert findings(keeping("a", "always", ADA), keeping("n", "never", BOB), kind="contradictory") == []


@pytest.mark.parametrize(
    "grant",
    [
        {"operator": "OR", "customAuthenticationFactors": ["duo"]},
        {"operator": "OR", "termsOfUse": ["gone"]},
        {"operator": "AND", "builtInControls": ["compliantDevice"], "authenticationStrength": {"id": "gone"}},
    ],
)
def test_what_nobody_can_meet_is_found(grant: dict[str, Any]) -> None:
    assert [one.policies for one in findings(policy(grant=grant), kind="cannot_be_met")] == [("p",)]


def test_people_whom_no_policy_is_for_are_found_and_break_glass_accounts_are_meant_to_be() -> None:
    staff = policy(users={"includeGroups": [STAFF]})

    assert [one.witness.who for one in findings(staff, kind="excluded_from_everything") if one.witness] == [PEOPLE[1]]
    assert findings(staff, kind="excluded_from_everything", break_glass=frozenset({BOB})) == []


def test_the_loop_between_registering_and_signing_in_is_found() -> None:
    everything = policy("all", grant=RESISTANT)
    own = policy("own", apps=REGISTERING, grant=BOOTSTRAP)

    assert [one.policies for one in findings(everything, kind="deadlock")] == [("all",)]
    assert findings(everything, own, kind="deadlock", strengths={"boot": BOOT}) == []
    assert findings(policy("mfa", grant=MFA), kind="deadlock") == []
    strict = policy("own", apps=REGISTERING, grant=RESISTANT)
    assert [one.policies for one in findings(everything, strict, kind="deadlock")] == [("own",)]


def test_a_device_that_is_needed_to_register_a_device_is_found() -> None:
    compliant = {"operator": "OR", "builtInControls": ["compliantDevice"]}
    own = {"includeUserActions": ["urn:user:registerdevice"]}

    assert [one.policies for one in findings(policy(apps=own, grant=compliant), kind="deadlock")] == [("p",)]


def test_rules_that_rely_on_what_is_absent_are_found() -> None:
    def filtered(rule: str) -> Policy:
        return policy(devices={"deviceFilter": {"mode": "exclude", "rule": rule}})

    assert len(findings(filtered('device.trustType -ne "ServerAD"'), kind="relies_on_absence")) == 1
    assert findings(filtered('device.trustType -eq "ServerAD"'), kind="relies_on_absence") == []


def test_what_does_not_exist_is_named() -> None:
    odd = policy(
        users={"includeUsers": ["All"], "excludeUsers": ["ghost"], "excludeGroups": ["lost"], "excludeRoles": ["none"]},
        locations={"includeLocations": ["All"], "excludeLocations": ["deleted"]},
        grant={"operator": "OR", "authenticationStrength": {"id": "gone"}},
    )

    assert [one.says.split("names the ")[1].split(",")[0] for one in findings(odd, kind="dangling")] == [
        "user ghost", "group lost", "role none", "location deleted", "strength gone",
    ]  # fmt: skip


def test_strengths_are_compared_by_what_meets_them() -> None:
    assert is_no_weaker(PHISHING_RESISTANT, PASSWORDLESS)
    assert not is_no_weaker(PASSWORDLESS, PHISHING_RESISTANT)
    assert all(is_no_weaker(one, MULTIFACTOR) for one in BUILT_IN.values())
    keys = frozenset({MethodMode.FIDO2})
    listed = Strength("k", "K", (keys,), fido2=(Fido2Configuration(frozenset({keys}), frozenset({UUID(int=1)})),))
    proven = Strength("v", "V", (keys,), minimum_proof=Proof.PROVEN)
    assert [is_no_weaker(one, PHISHING_RESISTANT) for one in (listed, proven)] == [True, True]
    assert [is_no_weaker(PHISHING_RESISTANT, one) for one in (listed, proven)] == [False, False]
    assert not is_no_weaker(Strength("l", "L", (keys,)), proven)
    assert not is_no_weaker(Strength("l", "L", (keys,)), listed)


# -- exact ----------------------------------------------------------------------------------------------

EVERYONE = tuple(
    Person(user, frozenset(groups), frozenset(roles), guest, tenant)
    for user in (ADA, BOB)
    for groups in ((), (STAFF,), (LEAVERS,), (STAFF, LEAVERS))
    for roles in ((), ("admin",))
    for guest in (None, *GuestType)
    for tenant in ("t1", "t2", None)
)
APPS = tuple(
    AppFacts(name, attributes=attributes)
    for name in ("payroll", "wiki", "other")
    for attributes in ({}, {"set_kind": ("secret",)}, {"set_kind": ("open",)})
)


KNOWN = {
    "client": ClientApp.BROWSER, "platform": None, "address": None, "country": None, "device": None, "flow": None,
    "sign_in_risk": RiskLevel.NONE, "user_risk": RiskLevel.NONE, "insider_risk": InsiderRisk.NONE,
    "authenticated_at": NOW,
}  # fmt: skip


def established(facts: Facts) -> Facts:
    """The same sign-in with everything known: a person at one app, and nothing but what the search looks into."""
    known = {name: value for name, value in KNOWN.items() if getattr(facts, name) in (UNKNOWN, RiskLevel.HIDDEN)}
    who = facts.who if isinstance(facts.who, Person) else Person(ADA)
    open_ends = {name: frozenset() for name in ("groups", "roles") if getattr(who, name) is UNKNOWN}
    who = replace(who, guest=None if who.guest is UNKNOWN else who.guest, **open_ends)
    app = facts.apps[0] if facts.apps and facts.apps[0].attributes is not UNKNOWN else APPS[0]
    fixed = {"trusted": False, "action": None, "contexts": frozenset(), "workload_risk": RiskLevel.NONE, "methods": ()}
    return replace(facts, who=who, apps=(app,), **(known | fixed))


@settings(max_examples=40, deadline=None)
@given(sets())
def test_the_witness_of_a_gap_gets_in_with_less(policy_set: PolicySet) -> None:
    whole = Compiled(policy_set)

    for one in gaps(whole, Universe(whole, EVERYONE, APPS, NOW), MULTIFACTOR):
        assert one.witness is not None
        applied = whole.chosen(applying(whole, one.witness) & whole.enabled)
        assert not any(guarantees_strength(each, MULTIFACTOR, whole.strengths) for each in applied)


@settings(max_examples=100, deadline=None)
@given(sets(), sign_ins.map(established))
def test_whoever_gets_in_with_nothing_is_in_a_gap_that_was_found(policy_set: PolicySet, facts: Facts) -> None:
    whole = Compiled(policy_set)
    if facts.who.id in policy_set.break_glass or decide(whole, facts).verdict is not Verdict.ALLOW:
        return

    universe = Universe(whole, (*EVERYONE, facts.who), (*APPS, *facts.apps), NOW)  # type: ignore[arg-type]

    assert universe.is_complete
    assert any(True for _ in gaps(whole, universe, MULTIFACTOR))


def test_a_gap_for_a_device_with_fifteen_attributes_at_once_is_found_among_all_devices() -> None:
    """Each of so many rules asks about an attribute of its own: all devices together would be 5 to the power of 15."""
    spared = [policy(f"mfa-{n}", **_device("exclude", f'device.extensionAttribute{n} -eq "SAW"')) for n in range(1, 16)]
    whole = compiled(*spared)
    universe = Universe(whole, PEOPLE, (), NOW)

    (gap, *_) = [one for one in analyse(whole, DIRECTORY, NOW) if one.kind == "gap"]

    assert universe.is_complete
    assert gap.witness is not None
    assert isinstance(gap.witness.device, DeviceFacts)
    attributes = dict(gap.witness.device.attributes)
    assert [attributes[f"extensionattribute{n}"] for n in range(1, 16)] == ["saw"] * 15
    assert gap.witness.device.is_vouched_for
    assert decide(whole, gap.witness).verdict is Verdict.ALLOW


def test_a_rule_that_another_contradicts_leaves_no_gap() -> None:
    both = (
        policy("a", **_device("include", 'device.model -eq "X" -and device.trustType -eq "AzureAD"')),
        policy("b", **_device("exclude", 'device.model -eq "X"')),
        policy("c", **_device("exclude", 'device.trustType -eq "AzureAD"')),
    )

    assert findings(*both, kind="gap") == []
    assert findings(both[1], both[2], kind="gap") != []


def _device(mode: str, rule: str) -> dict[str, Any]:
    return {"devices": {"deviceFilter": {"mode": mode, "rule": rule}}}
