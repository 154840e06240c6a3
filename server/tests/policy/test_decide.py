"""The passkey policy's decision: exclusion first, then one profile that accepts a passkey whole."""

from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_server.domain.ids import GroupId
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.policy.passkeys.decide import (
    COMPROMISED,
    Admitted,
    NotAdmitted,
    Operation,
    PasskeyFacts,
    admit,
    may_register,
    profiles_in_scope,
)
from keystead_server.policy.passkeys.document import from_text, to_text
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    FIRST_POLICY,
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyPolicy,
    PasskeyProfile,
    Target,
)

LAPTOP, KEY = UUID(int=1), UUID(int=2)
STAFF, LEAVERS = GroupId("staff"), GroupId("leavers")
BOUND = PasskeyFacts(PasskeyType.DEVICE_BOUND, LAPTOP, Proof.CLAIMED)
SYNCED = PasskeyFacts(PasskeyType.SYNCED, LAPTOP, Proof.NONE)
NOBODY_SPECIAL: frozenset[GroupId] = frozenset()


def profile(name: str = "p", **conditions: Any) -> PasskeyProfile:
    return PasskeyProfile(name, name, **conditions)


def policy(*profiles: PasskeyProfile, **changes: Any) -> PasskeyPolicy:
    include = (Target(ALL_USERS, tuple(p.id for p in profiles)),)
    return replace(PasskeyPolicy(True, True, include, frozenset(), profiles), **changes)


def verdict(
    of: PasskeyPolicy,
    passkey: PasskeyFacts = BOUND,
    operation: Operation = Operation.SIGN_IN,
    groups: frozenset[GroupId] = NOBODY_SPECIAL,
) -> str:
    decision = admit(of, groups, passkey, operation)
    return decision.profile.name if isinstance(decision, Admitted) else decision.code


def test_a_new_tenant_admits_every_passkey_of_everybody() -> None:
    for kind, proof, operation in product(PasskeyType, Proof, Operation):
        assert isinstance(admit(FIRST_POLICY, NOBODY_SPECIAL, PasskeyFacts(kind, LAPTOP, proof), operation), Admitted)


# -- one condition at a time -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("conditions", "passkey", "expected"),
    [
        ({"passkey_types": frozenset({PasskeyType.DEVICE_BOUND})}, BOUND, "p"),
        ({"passkey_types": frozenset({PasskeyType.DEVICE_BOUND})}, SYNCED, "passkey_type_not_allowed"),
        ({"passkey_types": frozenset({PasskeyType.SYNCED})}, BOUND, "passkey_type_not_allowed"),
        ({"passkey_types": frozenset()}, BOUND, "passkey_type_not_allowed"),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.ALLOW, frozenset({LAPTOP}))}, BOUND, "p"),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.ALLOW, frozenset({KEY}))}, BOUND, "aaguid_not_allowed"),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.ALLOW)}, BOUND, "aaguid_not_allowed"),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.BLOCK, frozenset({LAPTOP}))}, BOUND, "aaguid_blocked"),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.BLOCK, frozenset({KEY}))}, BOUND, "p"),
        ({"key_restrictions": KeyRestrictions(False, EnforcementType.BLOCK, frozenset({LAPTOP}))}, BOUND, "p"),
        ({"key_restrictions": KeyRestrictions(False, EnforcementType.ALLOW)}, BOUND, "p"),
    ],
)  # fmt: skip
def test_each_condition_by_itself(conditions: dict[str, Any], passkey: PasskeyFacts, expected: str) -> None:
    for operation in Operation:
        assert verdict(policy(profile(**conditions)), passkey, operation) == expected


@pytest.mark.parametrize(("asked", "shown"), list(product(Proof, Proof)))
def test_a_minimum_proof_admits_itself_and_what_is_stronger(asked: Proof, shown: Proof) -> None:
    passkey = PasskeyFacts(PasskeyType.DEVICE_BOUND, LAPTOP, shown)

    expected = "p" if list(Proof).index(shown) >= list(Proof).index(asked) else "proof_too_weak"
    assert verdict(policy(profile(minimum_proof=asked)), passkey) == expected


@pytest.mark.parametrize("proof", Proof)
def test_attestation_is_asked_at_registration_and_not_at_sign_in(proof: Proof) -> None:
    enforced = policy(profile(attestation_enforcement=AttestationEnforcement.REGISTRATION_ONLY))
    passkey = PasskeyFacts(PasskeyType.DEVICE_BOUND, LAPTOP, proof)

    attested = proof in (Proof.ATTESTED, Proof.PROVEN)
    assert verdict(enforced, passkey, Operation.REGISTER) == ("p" if attested else "attestation_required")
    assert verdict(enforced, passkey, Operation.SIGN_IN) == "p"


# -- who is meant ----------------------------------------------------------------------------------


def test_exclusion_wins_over_every_inclusion() -> None:
    excluded = policy(profile(), exclude=frozenset({LEAVERS}))

    assert verdict(excluded, groups=frozenset({LEAVERS, STAFF})) == "user_excluded"
    assert verdict(excluded, groups=frozenset({STAFF})) == "p"


def test_excluding_everybody_excludes_whoever_is_in_no_group() -> None:
    assert verdict(policy(profile(), exclude=frozenset({ALL_USERS}))) == "user_excluded"


def test_a_policy_that_is_switched_off_admits_nobody() -> None:
    assert verdict(policy(profile(), enabled=False)) == "passkey_method_disabled"


def test_profiles_are_for_the_groups_they_were_given_to() -> None:
    staff_only = policy(profile(), include=(Target(STAFF, ("p",)),))

    assert verdict(staff_only, groups=frozenset({STAFF})) == "p"
    assert verdict(staff_only) == "no_profile_in_scope"


def test_a_target_without_profiles_gives_none() -> None:
    assert verdict(policy(profile(), include=(Target(ALL_USERS, ()),))) == "no_profile_in_scope"


def test_a_profile_that_is_no_longer_there_admits_nobody() -> None:
    assert verdict(policy(profile(), include=(Target(ALL_USERS, ("gone",)),))) == "no_profile_in_scope"


def test_people_in_several_groups_have_the_profiles_of_all_of_them() -> None:
    bound = profile("bound", passkey_types=frozenset({PasskeyType.DEVICE_BOUND}))
    synced = profile("synced", passkey_types=frozenset({PasskeyType.SYNCED}))
    both = policy(bound, synced, include=(Target(STAFF, ("bound",)), Target(LEAVERS, ("synced",))))

    assert verdict(both, SYNCED, groups=frozenset({STAFF, LEAVERS})) == "synced"
    assert verdict(both, SYNCED, groups=frozenset({STAFF})) == "passkey_type_not_allowed"


# -- whole, not in parts ---------------------------------------------------------------------------


def test_one_profile_must_accept_a_passkey_whole() -> None:
    # Each profile would accept one half of this passkey.
    right_type = profile("type", passkey_types=frozenset({PasskeyType.SYNCED}), minimum_proof=Proof.ATTESTED)
    right_proof = profile("proof", passkey_types=frozenset({PasskeyType.DEVICE_BOUND}))
    passkey = PasskeyFacts(PasskeyType.SYNCED, LAPTOP, Proof.NONE)

    decision = admit(policy(right_type, right_proof), NOBODY_SPECIAL, passkey, Operation.REGISTER)

    assert isinstance(decision, NotAdmitted)
    assert len(decision.because) == 2


def test_the_first_profile_that_accepts_is_the_one_named() -> None:
    strict, lax = profile("strict", minimum_proof=Proof.PROVEN), profile("lax")

    assert verdict(policy(strict, lax)) == "lax"
    assert verdict(policy(strict, lax), replace(BOUND, proof=Proof.PROVEN)) == "strict"


def test_the_code_is_of_the_profile_that_came_closest() -> None:
    far = profile("far", passkey_types=frozenset({PasskeyType.SYNCED}), minimum_proof=Proof.PROVEN)
    close = profile("close", key_restrictions=KeyRestrictions(is_enforced=True))

    assert verdict(policy(far, close)) == "aaguid_not_allowed"


def test_because_tells_every_profile_and_every_broken_rule() -> None:
    far = profile("far", passkey_types=frozenset({PasskeyType.SYNCED}), minimum_proof=Proof.PROVEN)
    close = profile("close", minimum_proof=Proof.ATTESTED)

    decision = admit(policy(far, close), NOBODY_SPECIAL, BOUND, Operation.SIGN_IN)

    assert isinstance(decision, NotAdmitted)
    assert decision.because == (
        "far: device-bound passkeys are not allowed; device binding is claimed and the profile asks for proven",
        "close: device binding is claimed and the profile asks for attested",
    )


# -- before the browser prompts --------------------------------------------------------------------


def test_self_service_off_stops_people_and_not_administrators() -> None:
    closed = policy(profile(), self_service=False)

    refusal = may_register(closed, NOBODY_SPECIAL, self_service=True)
    assert refusal is not None
    assert refusal.code == "self_service_off"
    assert may_register(closed, NOBODY_SPECIAL, self_service=False) is None
    assert verdict(closed) == "p"


def test_whoever_is_excluded_may_not_register_by_an_administrator_either() -> None:
    refusal = may_register(policy(profile(), exclude=frozenset({ALL_USERS})), NOBODY_SPECIAL, self_service=False)

    assert refusal is not None
    assert refusal.code == "user_excluded"


# -- for any policy --------------------------------------------------------------------------------

GROUPS = st.frozensets(st.sampled_from([STAFF, LEAVERS, GroupId("third")]))
MODELS = st.frozensets(st.sampled_from([LAPTOP, KEY]))
FACTS = st.builds(PasskeyFacts, st.sampled_from(PasskeyType), st.sampled_from([LAPTOP, KEY]), st.sampled_from(Proof))
PROFILES = st.builds(
    PasskeyProfile,
    id=st.sampled_from(["a", "b", "c"]),
    name=st.just("p"),
    passkey_types=st.frozensets(st.sampled_from(PasskeyType), min_size=1),
    attestation_enforcement=st.sampled_from(AttestationEnforcement),
    key_restrictions=st.builds(KeyRestrictions, st.booleans(), st.sampled_from(EnforcementType), MODELS),
    minimum_proof=st.sampled_from(Proof),
)
SOME_PROFILES = st.lists(PROFILES, max_size=3, unique_by=lambda p: p.id).map(tuple)
TARGETS = st.builds(
    Target,
    st.sampled_from([STAFF, LEAVERS, ALL_USERS]),
    st.lists(st.sampled_from(["a", "b", "c"]), unique=True).map(tuple),
)


@st.composite
def policies(draw: st.DrawFn) -> PasskeyPolicy:
    profiles = draw(SOME_PROFILES)
    known = {p.id for p in profiles}
    include = [Target(t.group, tuple(p for p in t.profiles if p in known)) for t in draw(st.lists(TARGETS, max_size=3))]
    return PasskeyPolicy(draw(st.booleans()), draw(st.booleans()), tuple(include), draw(GROUPS), profiles)


@given(policies(), GROUPS, FACTS, st.sampled_from(Operation), PROFILES)
def test_adding_a_profile_never_refuses_what_was_admitted(
    before: PasskeyPolicy, groups: frozenset[GroupId], passkey: PasskeyFacts, operation: Operation, more: PasskeyProfile
) -> None:
    more = replace(more, id="more")
    after = replace(before, profiles=(*before.profiles, more), include=(*before.include, Target(ALL_USERS, ("more",))))

    if isinstance(admit(before, groups, passkey, operation), Admitted):
        assert isinstance(admit(after, groups, passkey, operation), Admitted)


@given(policies(), GROUPS, FACTS, st.sampled_from(Operation), GROUPS)
def test_excluding_more_groups_never_admits_what_was_refused(
    before: PasskeyPolicy,
    groups: frozenset[GroupId],
    passkey: PasskeyFacts,
    operation: Operation,
    more: frozenset[GroupId],
) -> None:
    after = replace(before, exclude=before.exclude | more)

    if isinstance(admit(before, groups, passkey, operation), NotAdmitted):
        assert isinstance(admit(after, groups, passkey, operation), NotAdmitted)
    if more & groups:
        assert isinstance(admit(after, groups, passkey, operation), NotAdmitted)


@given(policies(), GROUPS, FACTS, st.sampled_from(Operation))
def test_every_refusal_has_a_code_and_a_sentence_for_each_profile_in_scope(
    any_policy: PasskeyPolicy, groups: frozenset[GroupId], passkey: PasskeyFacts, operation: Operation
) -> None:
    decision = admit(any_policy, groups, passkey, operation)

    if isinstance(decision, NotAdmitted):
        in_scope = profiles_in_scope(any_policy, groups)
        assert decision.code
        assert len(decision.because) == (1 if isinstance(in_scope, NotAdmitted) else len(in_scope))


@given(policies())
def test_a_policy_survives_being_written_and_read(any_policy: PasskeyPolicy) -> None:
    assert from_text(to_text(any_policy)) == any_policy


# -- what is reported of the model -----------------------------------------------------------------


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("status", sorted(COMPROMISED))
def test_a_model_reported_as_compromised_is_refused_by_whatever_profile(operation: Operation, status: str) -> None:
    passkey = replace(BOUND, statuses=frozenset({status, "FIDO_CERTIFIED_L2"}))

    refused = admit(FIRST_POLICY, NOBODY_SPECIAL, passkey, operation)

    assert isinstance(refused, NotAdmitted)
    assert refused.code == "authenticator_compromised"
    assert status in refused.because[0]
    assert str(LAPTOP) in refused.because[0]


@pytest.mark.parametrize(
    "status", ["FIDO_CERTIFIED_L1", "NOT_FIDO_CERTIFIED", "UPDATE_AVAILABLE", "RETIRED", "revoked"]
)
def test_other_reports_change_nothing(status: str) -> None:
    passkey = replace(BOUND, statuses=frozenset({status}))

    assert isinstance(admit(FIRST_POLICY, NOBODY_SPECIAL, passkey, Operation.SIGN_IN), Admitted)
