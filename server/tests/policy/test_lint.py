"""What an author may not have meant is said, and nothing else is."""

from dataclasses import replace

import pytest
from keystead_server.domain.passkey import PasskeyType
from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.lint import warnings as of_methods
from keystead_server.policy.methods.model import FIRST_METHODS, Campaign, MethodConfiguration
from keystead_server.policy.passkeys.lint import warnings
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    FIRST_POLICY,
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyPolicy,
    PasskeyProfile,
    ProfileCombination,
    Target,
    group,
)
from keystead_server.policy.passkeys.sets import SETS

HELLO = SETS["windowsHello"].aaguids
ATTESTED = PasskeyProfile("a", "Attested", attestation_enforcement=AttestationEnforcement.REGISTRATION_ONLY)
OPEN = PasskeyProfile("o", "Open")


def policy(*meant: tuple[PasskeyProfile, object], **settings: object) -> PasskeyPolicy:
    include = tuple(Target(who, (profile.id,)) for profile, who in meant)  # type: ignore[arg-type]
    return replace(FIRST_POLICY, profiles=tuple(p for p, _ in meant), include=include, **settings)


def test_a_profile_that_enforces_attestation_alone_makes_windows_hello_unusable() -> None:
    (warning,) = warnings(policy((ATTESTED, ALL_USERS)))

    assert warning.startswith("Attested asks for attestation")
    assert "makes Windows Hello unusable" in warning


def test_the_first_policy_has_no_trap() -> None:
    assert warnings(FIRST_POLICY) == ()
    assert of_methods(FIRST_METHODS, FIRST_POLICY) == ()


def test_another_profile_for_the_same_people_is_a_way_around() -> None:
    assert warnings(policy((ATTESTED, group("admins")), (OPEN, ALL_USERS))) == ()
    assert warnings(policy((ATTESTED, group("admins")), (OPEN, group("admins")))) == ()
    assert len(warnings(policy((ATTESTED, ALL_USERS), (OPEN, group("admins"))))) == 1


def test_where_every_profile_must_accept_there_is_no_way_around() -> None:
    strictest = policy((ATTESTED, ALL_USERS), (OPEN, ALL_USERS), combination=ProfileCombination.STRICTEST)

    assert len(warnings(strictest)) == 1


@pytest.mark.parametrize(
    ("changes", "warned"),
    [
        ({"passkey_types": frozenset({PasskeyType.SYNCED})}, False),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.BLOCK, HELLO)}, False),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.ALLOW, frozenset())}, False),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.ALLOW, HELLO)}, True),
        ({"key_restrictions": KeyRestrictions(True, EnforcementType.BLOCK, frozenset())}, True),
        ({"key_restrictions": KeyRestrictions(False, EnforcementType.BLOCK, HELLO)}, True),
    ],
)
def test_a_profile_that_does_not_take_windows_hello_anyway_is_no_trap(changes: dict[str, object], warned: bool) -> None:
    profile = replace(ATTESTED, **changes)  # type: ignore[arg-type]

    assert bool(warnings(policy((profile, ALL_USERS)))) is warned


def test_passkeys_that_are_switched_off_have_no_trap() -> None:
    assert warnings(policy((ATTESTED, ALL_USERS), enabled=False)) == ()


@pytest.mark.parametrize("nobody", [{"enabled": False}, {"self_service": False}])
def test_asking_for_a_passkey_that_nobody_may_add_is_a_trap(nobody: dict[str, bool]) -> None:
    passkeys = replace(FIRST_POLICY, **nobody)  # type: ignore[arg-type]
    campaign = replace(FIRST_METHODS, campaign=Campaign(enabled=True))

    assert "whoever has none cannot go on" in of_methods(FIRST_METHODS, passkeys)[0]
    assert "The campaign asks nobody" in of_methods(campaign, passkeys)[1]


def test_weaker_ways_in_are_pointed_out() -> None:
    weaker = replace(
        FIRST_METHODS.having(MethodConfiguration(Method.PASSWORD)).having(
            MethodConfiguration(Method.TEMPORARY_ACCESS_PASS, enabled=False)
        ),
        security_defaults=False,
    )

    told = " ".join(of_methods(weaker, FIRST_POLICY))

    assert "phished" in told
    assert "first passkey" in told
    assert "Security defaults are off" in told
