"""The explainer's words: for the administrator, the person and the log."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from keystead_core.webauthn import KEYSTEAD_TPM
from keystead_server.domain.ids import GroupId, UserId
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.domain.user import Role
from keystead_server.policy.passkeys.decide import Admitted
from keystead_server.policy.passkeys.differences import differences
from keystead_server.policy.passkeys.explain import called, explain, not_asked, verdict
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    FIRST_POLICY,
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyPolicy,
    PasskeyProfile,
    ProfileCombination,
    Subject,
    Target,
    group,
    role,
    user,
)
from keystead_server.policy.passkeys.rules import Operation, PasskeyFacts
from keystead_server.policy.passkeys.sets import SETS

ADA = Subject(UserId("u1"), frozenset({GroupId("g1")}), frozenset({Role.GLOBAL_READER}))
NAMES = {user("u1"): "ada@example.org", group("g1"): "Staff", group("g2"): "Sales"}
SYNCED = PasskeyFacts(PasskeyType.SYNCED, KEYSTEAD_TPM, Proof.NONE)
BOUND_ONLY = PasskeyProfile("p1", "Bound", passkey_types=frozenset({PasskeyType.DEVICE_BOUND}))
FOR_SALES = PasskeyProfile("p2", "For sales")
POLICY = PasskeyPolicy(
    True, True, (Target(group("g1"), ("p1",)), Target(group("g2"), ("p2",))), frozenset(), (BOUND_ONLY, FOR_SALES)
)


def test_it_says_which_rule_of_which_profile_and_what_would_change_it() -> None:
    told = explain(POLICY, ADA, SYNCED, Operation.SIGN_IN)

    (judged,) = told.in_scope
    (rule,) = judged.broken
    assert (judged.profile, judged.through) == (BOUND_ONLY, (group("g1"),))
    assert rule.code == "passkey_type_not_allowed"
    assert rule.remedy == "Use a device-bound passkey."
    assert rule.change == "Allow synced passkeys in the profile."
    assert verdict(told, NAMES) == "This person may not sign in with this passkey: synced passkeys are not allowed."
    ((outside, meant),) = told.out_of_scope
    assert outside == FOR_SALES
    assert not_asked(told, meant, NAMES) == "It is meant for the group Sales, and this person is none of them."


def test_doing_what_it_says_would_change_it_changes_it() -> None:
    for changed, passkey in (
        (POLICY, replace(SYNCED, type=PasskeyType.DEVICE_BOUND)),
        (replace(POLICY, profiles=(replace(BOUND_ONLY, passkey_types=frozenset(PasskeyType)), FOR_SALES)), SYNCED),
    ):
        assert explain(changed, ADA, passkey, Operation.SIGN_IN).accepted


@pytest.mark.parametrize(
    ("changes", "operation", "expected"),
    [
        ({"enabled": False}, Operation.SIGN_IN, "may not sign in with this passkey: passkeys are switched off."),
        ({"exclude": frozenset({group("g1")})}, Operation.SIGN_IN, "the policy excludes the group Staff."),
        ({"exclude": frozenset({role(Role.GLOBAL_READER)})}, Operation.SIGN_IN, "excludes the role Global Reader."),
        ({"exclude": frozenset({user("u1")})}, Operation.SIGN_IN, "excludes ada@example.org."),
        ({"exclude": frozenset({ALL_USERS})}, Operation.REGISTER, "excludes everyone."),
        ({"include": ()}, Operation.SIGN_IN, "no kind of passkey is meant for this account."),
        ({"self_service": False}, Operation.REGISTER, "people may not add passkeys by themselves."),
        ({"self_service": False}, Operation.SIGN_IN, "synced passkeys are not allowed."),
        ({"include": (Target(ALL_USERS, ("p2",)),)}, Operation.REGISTER, "may add this passkey: For sales accepts it."),
    ],
)
def test_the_verdict_is_one_sentence(changes: dict[str, Any], operation: Operation, expected: str) -> None:
    told = explain(replace(POLICY, **changes), ADA, SYNCED, operation)

    assert verdict(told, NAMES).endswith(expected)


def test_an_administrator_who_adds_a_passkey_is_not_stopped_by_self_service() -> None:
    closed = replace(POLICY, self_service=False, include=(Target(ALL_USERS, ("p2",)),))

    assert not explain(closed, ADA, SYNCED, Operation.REGISTER).accepted
    assert explain(closed, ADA, SYNCED, Operation.REGISTER, self_service=False).accepted


def test_where_no_profile_is_asked_each_says_why() -> None:
    off, out = replace(POLICY, enabled=False), replace(POLICY, exclude=frozenset({ALL_USERS}))
    nobodys = replace(POLICY, include=())

    for policy, why in ((off, "switched off"), (out, "exclusion comes first"), (nobodys, "meant for nobody")):
        told = explain(policy, ADA, SYNCED, Operation.SIGN_IN)
        assert told.in_scope == ()
        assert [why in not_asked(told, meant, NAMES) for _, meant in told.out_of_scope] == [True, True]


def test_under_strictest_all_that_accept_are_named() -> None:
    both = replace(POLICY, combination=ProfileCombination.STRICTEST, include=(Target(ALL_USERS, ("p1", "p2")),))
    told = explain(both, ADA, replace(SYNCED, type=PasskeyType.DEVICE_BOUND), Operation.SIGN_IN)

    assert isinstance(told.admission, Admitted)
    assert told.admission.name == "Bound + For sales"


def test_the_models_that_are_allowed_are_named_by_their_sets() -> None:
    models = frozenset(UUID(int=n) for n in range(1, 9))
    listed = KeyRestrictions(True, EnforcementType.ALLOW, models, frozenset({"windowsHello"}))
    policy = replace(POLICY, profiles=(replace(BOUND_ONLY, key_restrictions=listed), FOR_SALES))

    told = explain(policy, ADA, replace(SYNCED, type=PasskeyType.DEVICE_BOUND), Operation.SIGN_IN)

    (rule,) = told.in_scope[0].broken
    assert rule.says == "the model Keystead on a TPM is not on the list of allowed models"
    assert rule.remedy.startswith("Use one of these: Windows Hello; 00000000-0000")
    assert rule.remedy.endswith("; 3 more.")


def test_a_name_that_is_gone_is_called_by_its_id() -> None:
    assert called(group("g9"), NAMES) == "the group g9"


def test_a_set_has_its_id_and_models_and_no_two_have_one_name() -> None:
    assert all(key == named.id and named.aaguids for key, named in SETS.items())
    assert len({named.name for named in SETS.values()}) == len(SETS)


# -- differences -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"enabled": False}, "Passkeys are switched off."),
        ({"self_service": False}, "People may not add passkeys by themselves."),
        ({"combination": ProfileCombination.STRICTEST}, "Every profile in scope must accept a passkey."),
        ({"exclude": frozenset({group("g1"), user("u1")})}, "Now excluded: ada@example.org, the group Staff."),
        ({"profiles": (FOR_SALES,)}, "The profile Bound is taken away."),
        ({"profiles": (FOR_SALES, BOUND_ONLY)}, "The profiles are asked in another order."),
        ({"include": POLICY.include[:1]}, "For sales: no longer meant for: the group Sales."),
        ({"include": (*POLICY.include, Target(ALL_USERS, ("p1",)))}, "Bound: now meant for: everyone."),
    ],
)
def test_a_difference_is_a_sentence(changes: dict[str, Any], expected: str) -> None:
    assert differences(POLICY, replace(POLICY, **changes), NAMES) == (expected,)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "Hardware"}, "Hardware: its name was Bound."),
        ({"passkey_types": frozenset(PasskeyType)}, "Bound: types device-bound and synced, before device-bound."),
        ({"attestation_enforcement": AttestationEnforcement.ALWAYS}, "Bound: attestation always, before disabled."),
        ({"minimum_proof": Proof.PROVEN}, "Bound: minimum proof proven, before none."),
        ({"algorithms": frozenset({-7, -8})}, "Bound: signatures ES256/EdDSA, before of any kind."),
    ],
)
def test_a_difference_of_a_profile_is_a_sentence(changes: dict[str, Any], expected: str) -> None:
    after = replace(POLICY, profiles=(replace(BOUND_ONLY, **changes), FOR_SALES))

    assert differences(POLICY, after, NAMES) == (expected,)


def test_models_and_sets_that_come_and_go_are_named() -> None:
    listed = KeyRestrictions(True, EnforcementType.BLOCK, frozenset({KEYSTEAD_TPM}), frozenset({"yubiKey5"}))
    after = replace(POLICY, profiles=(replace(BOUND_ONLY, key_restrictions=listed), FOR_SALES))

    assert differences(POLICY, after, NAMES) == (
        "Bound: models by block list, before of any kind.",
        f"Bound: models added to the list: Keystead on a TPM {KEYSTEAD_TPM}, YubiKey 5.",
    )
    assert f"models off the list: Keystead on a TPM {KEYSTEAD_TPM}, YubiKey 5." in differences(after, POLICY, NAMES)[1]


def test_a_new_profile_is_described() -> None:
    (sentence, meant) = differences(replace(FIRST_POLICY, profiles=(), include=()), replace(FIRST_POLICY), NAMES)

    assert sentence == (
        "The profile Default passkey profile is added: types device-bound and synced, attestation disabled, "
        "minimum proof none, signatures of any kind, models of any kind."
    )
    assert meant == "Default passkey profile: now meant for: everyone."
