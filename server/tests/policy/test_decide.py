"""The passkey policy's decision: exclusion first, then one profile that accepts a passkey whole."""

from dataclasses import replace
from itertools import product
from typing import Any
from uuid import UUID

import pytest
from keystead_core.webauthn import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM
from keystead_server.domain.ids import GroupId, UserId
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.domain.user import Role
from keystead_server.policy.passkeys.decide import (
    COMPROMISED,
    Admitted,
    NotAdmitted,
    Operation,
    PasskeyFacts,
    admit,
    algorithms_allowed,
    may_register,
)
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    FIRST_POLICY,
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyPolicy,
    PasskeyProfile,
    Principal,
    ProfileCombination,
    Subject,
    Target,
    group,
    role,
    user,
)
from keystead_server.policy.passkeys.sets import SETS

LAPTOP, KEY = UUID(int=1), UUID(int=2)
STAFF, LEAVERS = GroupId("staff"), GroupId("leavers")
USER = UserId("ada")
BOUND = PasskeyFacts(PasskeyType.DEVICE_BOUND, LAPTOP, Proof.CLAIMED)
SYNCED = PasskeyFacts(PasskeyType.SYNCED, LAPTOP, Proof.NONE)
NOBODY_SPECIAL: frozenset[GroupId] = frozenset()


def member(groups: frozenset[GroupId] = NOBODY_SPECIAL, *roles: Role) -> Subject:
    return Subject(USER, groups, frozenset(roles))


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
    decision = admit(of, member(groups), passkey, operation)
    return decision.name if isinstance(decision, Admitted) else decision.code


def test_a_new_tenant_admits_every_passkey_of_everybody() -> None:
    for kind, proof, operation in product(PasskeyType, Proof, Operation):
        assert isinstance(admit(FIRST_POLICY, member(), PasskeyFacts(kind, LAPTOP, proof), operation), Admitted)


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


@pytest.mark.parametrize("kind", EnforcementType)
def test_a_set_stands_for_its_models_when_it_is_asked(kind: EnforcementType) -> None:
    hello = policy(profile(key_restrictions=KeyRestrictions(True, kind, sets=frozenset({"windowsHelloHardware"}))))
    listed, other = ("p", "aaguid_not_allowed") if kind is EnforcementType.ALLOW else ("aaguid_blocked", "p")

    for aaguid in SETS["windowsHelloHardware"].aaguids:
        assert verdict(hello, replace(BOUND, aaguid=aaguid)) == listed
    (software,) = SETS["windowsHello"].aaguids - SETS["windowsHelloHardware"].aaguids
    assert verdict(hello, replace(BOUND, aaguid=software)) == other


def test_models_are_listed_beside_sets() -> None:
    both = KeyRestrictions(True, EnforcementType.ALLOW, frozenset({KEY}), frozenset({"keysteadContainerHardware"}))

    for aaguid in (KEY, KEYSTEAD_TPM):
        assert verdict(policy(profile(key_restrictions=both)), replace(BOUND, aaguid=aaguid)) == "p"
    for aaguid in (LAPTOP, KEYSTEAD_SOFTWARE):
        assert verdict(policy(profile(key_restrictions=both)), replace(BOUND, aaguid=aaguid)) == "aaguid_not_allowed"


@pytest.mark.parametrize(("allowed", "expected"), [((), "p"), ((-7, -257), "p"), ((-8,), "algorithm_not_allowed")])
def test_an_algorithm_is_allowed_when_it_is_listed_or_none_is(allowed: tuple[int, ...], expected: str) -> None:
    for operation in Operation:
        assert verdict(policy(profile(algorithms=frozenset(allowed))), BOUND, operation) == expected


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


@pytest.mark.parametrize("proof", Proof)
def test_always_asks_for_attestation_at_sign_in_too(proof: Proof) -> None:
    enforced = policy(profile(attestation_enforcement=AttestationEnforcement.ALWAYS))

    expected = "p" if proof in (Proof.ATTESTED, Proof.PROVEN) else "attestation_required"
    for operation in Operation:
        assert verdict(enforced, replace(BOUND, proof=proof), operation) == expected


@pytest.mark.parametrize(
    ("passkey", "says"),
    [
        (BOUND, "it came without an attestation that proves its model"),
        (replace(BOUND, attestation_format="packed"), "its attestation (packed) leads to no root that is trusted here"),
        (SYNCED, "synced passkeys cannot prove which model keeps them"),
    ],
)
def test_what_is_missing_in_an_attestation_is_said(passkey: PasskeyFacts, says: str) -> None:
    enforced = policy(profile(attestation_enforcement=AttestationEnforcement.ALWAYS))

    decision = admit(enforced, member(), passkey, Operation.SIGN_IN)

    assert isinstance(decision, NotAdmitted)
    assert decision.says == says


# -- who is meant ----------------------------------------------------------------------------------


def test_exclusion_wins_over_every_inclusion() -> None:
    excluded = policy(profile(), exclude=frozenset({group(LEAVERS)}))

    assert verdict(excluded, groups=frozenset({LEAVERS, STAFF})) == "user_excluded"
    assert verdict(excluded, groups=frozenset({STAFF})) == "p"


def test_excluding_everybody_excludes_whoever_is_in_no_group() -> None:
    assert verdict(policy(profile(), exclude=frozenset({ALL_USERS}))) == "user_excluded"


def test_a_policy_that_is_switched_off_admits_nobody() -> None:
    assert verdict(policy(profile(), enabled=False)) == "passkey_method_disabled"


def test_profiles_are_for_the_groups_they_were_given_to() -> None:
    staff_only = policy(profile(), include=(Target(group(STAFF), ("p",)),))

    assert verdict(staff_only, groups=frozenset({STAFF})) == "p"
    assert verdict(staff_only) == "no_profile_in_scope"


@pytest.mark.parametrize("target", [user(USER), role(Role.GLOBAL_READER), group(STAFF), ALL_USERS])
def test_people_and_roles_are_targets_as_groups_are(target: Principal) -> None:
    meant, left_out = (
        policy(profile(), include=(Target(target, ("p",)),)),
        policy(profile(), exclude=frozenset({target})),
    )
    one = Subject(USER, frozenset({STAFF}), frozenset({Role.GLOBAL_READER}))
    another = Subject(UserId("bob"), frozenset({LEAVERS}), frozenset({Role.GLOBAL_ADMINISTRATOR}))

    def code(of: PasskeyPolicy, subject: Subject) -> str:
        decision = admit(of, subject, BOUND, Operation.SIGN_IN)
        return "admitted" if isinstance(decision, Admitted) else decision.code

    assert (code(meant, one), code(left_out, one)) == ("admitted", "user_excluded")
    everybody = target == ALL_USERS
    assert code(meant, another) == ("admitted" if everybody else "no_profile_in_scope")
    assert code(left_out, another) == ("user_excluded" if everybody else "admitted")


def test_ids_of_different_kinds_do_not_stand_for_each_other() -> None:
    same = Subject(UserId("x"), frozenset({GroupId("y")}), frozenset())

    for target in (group("x"), user("y"), user("all_users"), group("Global Reader")):
        assert not target.covers(same)


def test_a_target_without_profiles_gives_none() -> None:
    assert verdict(policy(profile(), include=(Target(ALL_USERS, ()),))) == "no_profile_in_scope"


def test_a_profile_that_is_no_longer_there_admits_nobody() -> None:
    assert verdict(policy(profile(), include=(Target(ALL_USERS, ("gone",)),))) == "no_profile_in_scope"


def test_people_in_several_groups_have_the_profiles_of_all_of_them() -> None:
    bound = profile("bound", passkey_types=frozenset({PasskeyType.DEVICE_BOUND}))
    synced = profile("synced", passkey_types=frozenset({PasskeyType.SYNCED}))
    both = policy(bound, synced, include=(Target(group(STAFF), ("bound",)), Target(group(LEAVERS), ("synced",))))

    assert verdict(both, SYNCED, groups=frozenset({STAFF, LEAVERS})) == "synced"
    assert verdict(both, SYNCED, groups=frozenset({STAFF})) == "passkey_type_not_allowed"


# -- whole, not in parts ---------------------------------------------------------------------------


def test_one_profile_must_accept_a_passkey_whole() -> None:
    # Each profile would accept one half of this passkey.
    right_type = profile("type", passkey_types=frozenset({PasskeyType.SYNCED}), minimum_proof=Proof.ATTESTED)
    right_proof = profile("proof", passkey_types=frozenset({PasskeyType.DEVICE_BOUND}))
    passkey = PasskeyFacts(PasskeyType.SYNCED, LAPTOP, Proof.NONE)

    decision = admit(policy(right_type, right_proof), member(), passkey, Operation.REGISTER)

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

    decision = admit(policy(far, close), member(), BOUND, Operation.SIGN_IN)

    assert isinstance(decision, NotAdmitted)
    assert decision.because == (
        "far: device-bound passkeys are not allowed; device binding is claimed and at least proven is asked for",
        "close: device binding is claimed and at least attested is asked for",
    )


# -- strictest -------------------------------------------------------------------------------------


def test_under_strictest_every_profile_in_scope_must_accept() -> None:
    lax = profile("lax")
    strict = profile("strict", minimum_proof=Proof.PROVEN, passkey_types=frozenset({PasskeyType.SYNCED}))
    strictest = policy(lax, strict, combination=ProfileCombination.STRICTEST)

    decision = admit(strictest, member(), BOUND, Operation.SIGN_IN)

    assert verdict(policy(lax, strict)) == "lax"
    assert isinstance(decision, NotAdmitted)
    assert decision.code == "passkey_type_not_allowed"
    assert decision.because == (
        "strict: device-bound passkeys are not allowed; device binding is claimed and at least proven is asked for",
    )
    assert verdict(strictest, replace(SYNCED, proof=Proof.PROVEN)) == "lax + strict"


def test_under_strictest_profiles_of_others_do_not_count() -> None:
    lax, strict = profile("lax"), profile("strict", minimum_proof=Proof.PROVEN)
    include = (Target(ALL_USERS, ("lax",)), Target(group(STAFF), ("strict",)))
    strictest = policy(lax, strict, combination=ProfileCombination.STRICTEST, include=include)

    assert verdict(strictest) == "lax"
    assert verdict(strictest, groups=frozenset({STAFF})) == "proof_too_weak"


def test_what_is_offered_to_the_browser_is_what_would_be_accepted() -> None:
    one, two = profile("one", algorithms=frozenset({-7, -8})), profile("two", algorithms=frozenset({-8, -257}))
    offered = (-257, -8, -7)

    assert algorithms_allowed(policy(one, two), member(), offered) == (-257, -8, -7)
    assert algorithms_allowed(policy(one), member(), offered) == (-8, -7)
    assert algorithms_allowed(policy(one, profile("any")), member(), offered) == offered
    strictest = policy(one, two, combination=ProfileCombination.STRICTEST)
    assert algorithms_allowed(strictest, member(), offered) == (-8,)
    assert algorithms_allowed(policy(one, enabled=False), member(), offered) == ()


# -- before the browser prompts --------------------------------------------------------------------


def test_self_service_off_stops_people_and_not_administrators() -> None:
    closed = policy(profile(), self_service=False)

    refusal = may_register(closed, member(), self_service=True)
    assert refusal is not None
    assert refusal.code == "self_service_off"
    assert may_register(closed, member(), self_service=False) is None
    assert verdict(closed) == "p"


def test_whoever_is_excluded_may_not_register_by_an_administrator_either() -> None:
    refusal = may_register(policy(profile(), exclude=frozenset({ALL_USERS})), member(), self_service=False)

    assert refusal is not None
    assert refusal.code == "user_excluded"


# -- what is reported of the model -----------------------------------------------------------------


@pytest.mark.parametrize("operation", Operation)
@pytest.mark.parametrize("status", sorted(COMPROMISED))
def test_a_model_reported_as_compromised_is_refused_by_whatever_profile(operation: Operation, status: str) -> None:
    passkey = replace(BOUND, statuses=frozenset({status, "FIDO_CERTIFIED_L2"}))

    refused = admit(FIRST_POLICY, member(), passkey, operation)

    assert isinstance(refused, NotAdmitted)
    assert refused.code == "authenticator_compromised"
    assert status in refused.because[0]
    assert str(LAPTOP) in refused.because[0]


@pytest.mark.parametrize(
    "status", ["FIDO_CERTIFIED_L1", "NOT_FIDO_CERTIFIED", "UPDATE_AVAILABLE", "RETIRED", "revoked"]
)
def test_other_reports_change_nothing(status: str) -> None:
    passkey = replace(BOUND, statuses=frozenset({status}))

    assert isinstance(admit(FIRST_POLICY, member(), passkey, Operation.SIGN_IN), Admitted)
