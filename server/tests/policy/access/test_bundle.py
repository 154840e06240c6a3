"""Files in a folder ↔ a set of policies: nothing is lost, nothing is taken that was not understood."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from keystead_server.domain.invalid import Invalid
from keystead_server.policy.access.bundle import Bundle, Kind, laid, laid_rules, read_bundle
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.differences import differences
from keystead_server.policy.access.document import AccessRules, Context
from keystead_server.policy.access.folder import files
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.terms import Terms
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.strengths.document import read_strength
from keystead_server.policy.strengths.model import PHISHING_RESISTANT

from .random_sets import LOCATIONS, OWN_STRENGTH, sets
from .sets import ADA, BLOCK, BOB, MFA, NOW, RESISTANT, body, policy

NOTHING = PolicySet()


def ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"new-{next(numbers)}"


def read(known: PolicySet = NOTHING, **by_file: Any) -> Bundle:
    return read_bundle([(f"{name}.json", content) for name, content in by_file.items()], AccessRules(known), ids())


def unnamed(**said: Any) -> dict[str, Any]:
    return {name: value for name, value in body(**said).items() if name != "id"}


@settings(max_examples=60, deadline=None)
@given(sets())
def test_export_import_and_export_again_is_the_same(policy_set: PolicySet) -> None:
    written = files(AccessRules(policy_set))

    bundle = read_bundle(written.items(), AccessRules(), ids())
    again = laid(bundle, NOTHING, NOW, whole=True)

    assert bundle.refused == ()
    assert files(AccessRules(again)) == written


@settings(max_examples=60, deadline=None)
@given(sets())
def test_what_was_applied_and_is_applied_again_changes_nothing(policy_set: PolicySet) -> None:
    once = laid(
        read_bundle(files(AccessRules(policy_set)).items(), AccessRules(policy_set), ids()), policy_set, NOW, whole=True
    )
    twice = laid(
        read_bundle(files(AccessRules(once)).items(), AccessRules(once), ids()),
        once,
        NOW + timedelta(days=1),
        whole=True,
    )

    assert differences(policy_set, once) == differences(once, twice) == ()
    assert set(twice.policies) == set(once.policies)


def test_a_policy_without_an_id_is_the_one_of_its_name() -> None:
    first = laid(read(p=unnamed(name="MFA")), NOTHING, NOW, whole=True)
    second = laid(read(first, p=unnamed(name="MFA", grant=BLOCK)), first, NOW, whole=True)

    assert [one.id for one in second.policies] == [one.id for one in first.policies] == ["new-1"]
    assert second.policies[0].blocks


def test_import_adds_and_apply_replaces() -> None:
    known = PolicySet((policy("kept"),))
    bundle = read(known, p=body("new"))

    assert {one.id for one in laid(bundle, known, NOW, whole=False).policies} == {"kept", "new"}
    assert {one.id for one in laid(bundle, known, NOW, whole=True).policies} == {"new"}


def test_a_forgotten_file_takes_nobody_s_break_glass_away() -> None:
    known = PolicySet(break_glass=frozenset({ADA}))

    assert laid(read(known, p=body()), known, NOW, whole=True).break_glass == {ADA}
    assert laid(read(known, o={"breakGlass": [BOB]}), known, NOW, whole=True).break_glass == {BOB}


@pytest.mark.parametrize(
    "content",
    [body("p"), [body("p")], {"value": [body("p")]}, {"policies": [body("p")]}, {"@odata.context": "x", **body("p")}],
)
def test_a_file_holds_one_a_list_a_collection_or_a_set(content: Any) -> None:
    assert list(read(f=content).items[Kind.POLICY]) == ["p"]


def test_authentication_contexts_keep_their_names() -> None:
    rules = AccessRules(contexts=(Context("c1", "Payments"), Context("c2", "Contracts", available=False)))

    written = files(rules)
    bundle = read_bundle(written.items(), AccessRules(), ids())

    assert laid_rules(bundle, AccessRules(), NOW, whole=True) == rules
    assert laid_rules(read(p=body()), rules, NOW, whole=True).contexts == rules.contexts


def test_locations_and_strengths_are_known_by_what_they_have() -> None:
    bundle = read(
        a={"displayName": "Home", "countriesAndRegions": ["de"]},
        b={"displayName": "Own", "allowedCombinations": ["fido2"]},
    )

    assert len(bundle.items[Kind.LOCATION]) == len(bundle.items[Kind.STRENGTH]) == 1
    assert [note.says for note in bundle.entries[0].notes][-1] == "'de' was read as 'DE'"


def test_a_strength_that_a_policy_carries_is_taken_with_it_and_a_built_in_one_is_not() -> None:
    own = {"id": "own", "displayName": "Own", "allowedCombinations": ["fido2"]}
    built_in = {"id": PHISHING_RESISTANT.id, "displayName": "Faked", "allowedCombinations": ["password"]}

    bundle = read(
        a=body("a", grant={"operator": "AND", "authenticationStrength": own}),
        b=body("b", grant={"operator": "AND", "authenticationStrength": built_in}),
        c=built_in,
    )

    assert list(bundle.items[Kind.STRENGTH]) == ["own"]


@pytest.mark.parametrize(
    ("content", "code", "target"),
    [
        ("not an object", "policy_malformed", "$"),
        ({"something": "else"}, "policy_malformed", "$"),
        ({"policies": {}}, "policy_malformed", "policies"),
        ({"breakGlass": [1]}, "policy_malformed", "breakGlass"),
        (
            {"authenticationContexts": [{"id": "c100", "displayName": "x"}]},
            "policy_malformed",
            "authenticationContexts[0].id",
        ),
        (body("p", times={"a": 1}), "policy_not_supported", "conditions.times"),
        (body("p", grant=None), "policy_incomplete", "grantControls"),
    ],
)
def test_what_is_not_understood_is_refused_with_code_and_target_and_spoils_nothing(
    content: Any, code: str, target: str
) -> None:
    bundle = read(bad=content, good=body("good"))

    (refused,) = bundle.refused
    assert refused.source.startswith("bad.json")
    assert refused.refusal is not None
    assert (refused.refusal.code, refused.refusal.target) == (code, target)
    assert list(bundle.items[Kind.POLICY]) == ["good"]


def test_two_of_one_id_are_not_taken_for_one() -> None:
    bundle = read(a=body("p"), b=body("p", grant=BLOCK))

    assert [entry.source for entry in bundle.refused] == ["b.json"]


def test_files_are_named_for_people_and_no_name_leads_out_of_the_folder() -> None:
    names = ["Block: all!", "block all", "../../etc/passwd", "…"]
    policies = tuple(replace(policy(f"id-{n}"), name=name) for n, name in enumerate(names))

    assert sorted(files(AccessRules(PolicySet(policies, LOCATIONS, {"own": OWN_STRENGTH})))) == [
        "authenticationStrengths/pass-or-passkey.json",
        "namedLocations/home.json",
        "namedLocations/lab.json",
        "namedLocations/odd.json",
        "namedLocations/office.json",
        "organisation.json",
        "policies/block-all-id-1.json",
        "policies/block-all.json",
        "policies/etc-passwd.json",
        "policies/unnamed.json",
    ]


# -- differences ----------------------------------------------------------------------------------------

P = policy("p")
DIFFERENT = [
    ((), (P,), ["New policy “p”: When all people try to reach anything, then multifactor authentication is asked for."]),
    ((P,), (), ["Policy “p” is removed. It said: When all people try to reach anything, then multifactor authentication is asked for."]),
    ((P,), (replace(P, state=State.DISABLED),), ["Policy “p” was enforced and is switched off."]),
    ((P,), (replace(P, name="q"),), ["Policy “p” is called “q”."]),
    ((P,), (replace(P, modified_at=NOW),), []),
    (
        (P,),
        (policy("p", users={"includeUsers": ["All"], "excludeUsers": [ADA]}),),
        [
            "Policy “p”, conditions.users.excludeUsers: + Ada",
            "  It says now: When all people (but not Ada) try to reach anything, then multifactor authentication is asked for.",
        ],
    ),
    (
        (policy("p", grant=MFA),),
        (policy("p", grant=RESISTANT),),
        [
            "Policy “p”, grantControls.authenticationStrength.id: nothing → Phishing-resistant MFA",
            "Policy “p”, grantControls.builtInControls: - mfa",
            "Policy “p”, grantControls.operator: OR → AND",
            "  It says now: When all people try to reach anything, then the strength “Phishing-resistant MFA” is asked for.",
        ],
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after", "told"), DIFFERENT)
def test_a_change_is_told_in_sentences(before: Any, after: Any, told: list[str]) -> None:
    assert list(differences(PolicySet(before), PolicySet(after), Names({ADA: "Ada"}))) == told


def test_changes_of_locations_strengths_and_break_glass_are_told() -> None:
    before = PolicySet(locations=LOCATIONS[:2], strengths={"own": OWN_STRENGTH}, break_glass=frozenset({ADA}))
    moved = replace(LOCATIONS[0], trusted=False, ranges=LOCATIONS[0].ranges[:2])
    after = PolicySet(locations=(moved, LOCATIONS[2]), break_glass=frozenset({BOB}))

    assert list(differences(before, after, Names({ADA: "Ada", BOB: "Bob"}))) == [
        "Location “Office”: addresses: - fd00::/64; trusted: yes → no",
        "New location “Home”.",
        "Location “Lab” is removed.",
        "Strength “Pass or passkey” is removed.",
        "Break-glass accounts: - Ada, + Bob",
    ]


# -- terms of use ------------------------------------------------------------------------------------------

RULES = Terms("t1", "House rules", "Be kind.", 3, timedelta(days=365))


def applied(over: AccessRules, **by_file: Any) -> AccessRules:
    given = [(f"{name}.json", content) for name, content in by_file.items()]
    bundle = read_bundle(given, over, ids())
    assert bundle.refused == ()
    return laid_rules(bundle, over, NOW, whole=True)


def test_terms_lie_in_a_folder_of_theirs_and_applied_twice_change_nothing() -> None:
    rules = AccessRules().with_terms([RULES])
    written = files(rules)

    text = written["termsOfUse/house-rules.json"]
    assert text == {"id": "t1", "displayName": "House rules", "text": "Be kind.", "goodForDays": 365}
    assert laid_rules(read_bundle(written.items(), rules, ids()), rules, NOW, whole=True) == rules
    assert (
        files(laid_rules(read_bundle(written.items(), AccessRules(), ids()), AccessRules(), NOW, whole=True)) == written
    )


def test_another_text_in_a_file_is_the_next_version_and_one_without_an_id_is_that_of_its_name() -> None:
    rules = AccessRules().with_terms([RULES])

    after = applied(rules, t={"displayName": "House rules", "text": "Be kinder.", "goodForDays": 365})

    assert after.terms == (Terms("t1", "House rules", "Be kinder.", 4, timedelta(days=365)),)
    assert after.set.terms == {"t1"}


def test_terms_that_a_folder_leaves_out_go_unless_it_speaks_of_none() -> None:
    rules = AccessRules().with_terms([RULES, Terms("t2", "Else", "Something.")])

    assert [one.id for one in applied(rules, t={"id": "t2", "displayName": "Else", "text": "Something."}).terms] == [
        "t2"
    ]
    assert applied(rules, p=body()).terms == rules.terms


def test_two_terms_of_one_name_are_refused() -> None:
    two = [{"id": one, "displayName": "House rules", "text": "Be kind."} for one in ("t1", "t2")]

    with pytest.raises(Invalid) as refused:
        applied(AccessRules(), t=two)

    assert refused.value.target == "displayName"


@pytest.mark.parametrize(
    "content",
    [
        {"displayName": "", "text": "Be kind."},
        {"displayName": "Rules", "text": "a\x00b"},
        {"displayName": "Rules", "text": 7},
        {"displayName": "Rules", "text": "Be kind.", "goodForDays": 0},
        {"displayName": "Rules", "text": "Be kind.", "language": "en"},
    ],
)
def test_what_are_no_terms_is_refused(content: dict[str, Any]) -> None:
    assert [entry.kind for entry in read(t=content).refused] == [Kind.TERMS]


def test_a_configuration_that_is_only_named_by_another_id_is_no_change() -> None:
    def strength(model: int, **said: str) -> PolicySet:
        keys = {"allowedAAGUIDs": [str(UUID(int=model))], "appliesToCombinations": ["fido2"], **said}
        written = {"displayName": "Keys", "allowedCombinations": ["fido2"], "combinationConfigurations": [keys]}
        return PolicySet(strengths={"keys": read_strength(written, new_id="keys").strength})

    written, made = strength(1), strength(1, id=str(UUID(int=9)))

    assert written != made
    assert differences(written, made) == ()
    assert len(differences(written, strength(2, id=str(UUID(int=9))))) == 1
