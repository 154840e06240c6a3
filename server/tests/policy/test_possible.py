"""Whether any passkey could be registered, said before anybody is asked to make one."""

from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.cose import ES256
from keystead_core.webauthn import DEFAULT_OFFERED_ALGORITHMS, NO_AAGUID
from keystead_server.domain.ids import UserId
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.policy.passkeys.decide import Admitted, Operation, PasskeyFacts, admit, may_register
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
)
from keystead_server.policy.passkeys.possible import nothing_to_register, registrable_models

ADA = Subject(UserId("ada"), frozenset(), frozenset())
MODEL, OTHER = UUID(int=1), UUID(int=2)
SYNCED, BOUND = frozenset({PasskeyType.SYNCED}), frozenset({PasskeyType.DEVICE_BOUND})
ALLOW, BLOCK = EnforcementType.ALLOW, EnforcementType.BLOCK


def policy(*profiles: PasskeyProfile, combination: ProfileCombination = ProfileCombination.ANY) -> PasskeyPolicy:
    named = tuple(replace(profile, id=str(n)) for n, profile in enumerate(profiles))
    include = (Target(ALL_USERS, tuple(p.id for p in named)),)
    return replace(FIRST_POLICY, include=include, profiles=named, combination=combination)


def profile(**changes: object) -> PasskeyProfile:
    return replace(FIRST_POLICY.profiles[0], **changes)  # type: ignore[arg-type]


def code(of: PasskeyPolicy, *, self_service: bool = True) -> str | None:
    refusal = nothing_to_register(of, ADA, DEFAULT_OFFERED_ALGORITHMS, self_service=self_service)
    return None if refusal is None else refusal.code


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"passkey_types": SYNCED},
        {"key_restrictions": KeyRestrictions(True, ALLOW, frozenset({MODEL}))},
        {"key_restrictions": KeyRestrictions(True, ALLOW, sets=frozenset({"windowsHello"}))},
        {"key_restrictions": KeyRestrictions(True, BLOCK, frozenset({MODEL, NO_AAGUID}))},
        {"attestation_enforcement": AttestationEnforcement.ALWAYS, "minimum_proof": Proof.PROVEN},
        {"algorithms": frozenset({ES256})},
    ],
)
def test_what_some_passkey_can_meet_is_possible(changes: dict[str, object]) -> None:
    assert code(policy(profile(**changes))) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"key_restrictions": KeyRestrictions(True, ALLOW)},
        {"passkey_types": SYNCED, "attestation_enforcement": AttestationEnforcement.REGISTRATION_ONLY},
        {"passkey_types": SYNCED, "minimum_proof": Proof.CLAIMED},
        {"passkey_types": frozenset()},
    ],
)
def test_what_excludes_itself_is_said_beforehand(changes: dict[str, object]) -> None:
    assert code(policy(profile(**changes))) == "no_passkey_admitted"


def test_profiles_that_only_together_admit_none() -> None:
    both = profile(passkey_types=SYNCED), profile(passkey_types=BOUND)

    assert code(policy(*both)) is None
    assert code(policy(*both, combination=ProfileCombination.STRICTEST)) == "no_passkey_admitted"


def test_signatures_that_no_two_profiles_share_leave_none() -> None:
    both = profile(algorithms=frozenset({ES256})), profile(algorithms=frozenset({-8}))

    assert code(policy(*both, combination=ProfileCombination.STRICTEST)) == "no_algorithm_left"


def test_a_model_that_is_compromised_does_not_count() -> None:
    only = policy(profile(key_restrictions=KeyRestrictions(True, ALLOW, frozenset({MODEL}))))

    refusal = nothing_to_register(
        only, ADA, [ES256], self_service=True, known=lambda facts: replace(facts, statuses=frozenset({"REVOKED"}))
    )

    assert refusal is not None
    assert refusal.code == "no_passkey_admitted"


def test_what_may_register_refuses_comes_first() -> None:
    assert code(replace(FIRST_POLICY, enabled=False)) == "passkey_method_disabled"
    assert code(replace(FIRST_POLICY, self_service=False)) == "self_service_off"
    assert code(replace(FIRST_POLICY, self_service=False), self_service=False) is None
    assert code(replace(FIRST_POLICY, exclude=frozenset({ALL_USERS}))) == "user_excluded"


_profiles = st.builds(
    profile,
    passkey_types=st.sampled_from([SYNCED, BOUND, SYNCED | BOUND]),
    attestation_enforcement=st.sampled_from(list(AttestationEnforcement)),
    minimum_proof=st.sampled_from(list(Proof)),
    key_restrictions=st.builds(
        KeyRestrictions,
        st.booleans(),
        st.sampled_from([ALLOW, BLOCK]),
        st.frozensets(st.sampled_from([MODEL, OTHER, NO_AAGUID])),
    ),
    algorithms=st.frozensets(st.sampled_from(DEFAULT_OFFERED_ALGORITHMS)),
)
_facts = st.builds(
    PasskeyFacts,
    st.sampled_from(list(PasskeyType)),
    st.sampled_from([MODEL, OTHER, NO_AAGUID, UUID(int=3)]),
    st.sampled_from(list(Proof)),
    st.sampled_from(DEFAULT_OFFERED_ALGORITHMS),
).filter(lambda facts: facts.type is PasskeyType.DEVICE_BOUND or facts.proof is Proof.NONE)


@given(st.lists(_profiles, min_size=1, max_size=3), st.sampled_from(list(ProfileCombination)), _facts)
def test_nobody_is_turned_away_beforehand_whose_passkey_would_be_admitted(
    profiles: list[PasskeyProfile], combination: ProfileCombination, facts: PasskeyFacts
) -> None:
    decided_by = policy(*profiles, combination=combination)

    if isinstance(admit(decided_by, ADA, facts, Operation.REGISTER), Admitted):
        assert may_register(decided_by, ADA, self_service=True) is None
        assert code(decided_by) is None


def test_of_some_models_those_that_a_profile_admits_can_be_registered() -> None:
    only = KeyRestrictions(True, aaguids=frozenset({MODEL}))
    policy = replace(FIRST_POLICY, profiles=(replace(FIRST_POLICY.profiles[0], key_restrictions=only),))

    assert registrable_models(policy, ADA, [ES256], [MODEL, OTHER]) == {MODEL}
    assert registrable_models(FIRST_POLICY, ADA, [ES256], [MODEL, OTHER]) == {MODEL, OTHER}
    assert registrable_models(replace(FIRST_POLICY, enabled=False), ADA, [ES256], [MODEL]) == frozenset()
