"""The editor of the passkey policy: what it shows is what is in force, and nothing typed is lost."""

from dataclasses import replace
from html import unescape
from typing import Any
from uuid import UUID

import pytest
from keystead_core.cose import ALGORITHMS
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.domain.user import Role
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    ProfileCombination,
    Target,
    role,
    user,
)
from keystead_server.policy.passkeys.model import group as group_target
from keystead_server.policy.passkeys.sets import SETS

from .policy_forms import PAGE, changed, save, shown

KEYSTEAD = "20263fe7-97ae-4bb6-b3b9-a7b5dae6614f"


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def test_saving_what_is_shown_changes_nothing(office: Any, ada: Any) -> None:
    group = office.add_group("Staff")
    policy = office.policy()
    office.change_policy(exclude=frozenset({group_target(group.id)}), self_service=False)
    before = office.policy()

    answer = save(ada, shown(ada.get(PAGE)))

    assert answer.status_code == 303, answer.text
    assert office.policy() == before != policy


def test_a_profile_is_changed_field_by_field(office: Any, ada: Any) -> None:
    staff = office.add_group("Staff")
    office.change_policy(profiles=office.policy().profiles)

    answer = save(
        ada,
        changed(
            shown(ada.get(PAGE)),
            profile_0_name="Hardware",
            profile_0_types=["deviceBound"],
            profile_0_listing="block",
            profile_0_aaguids=f"{KEYSTEAD} Keystead on a TPM\r\n\r\na02e549b-2f40-496f-99eb-90999de59314\r\n",
            profile_0_minimum_proof="claimed",
            profile_0_attestation="registrationOnly",
            profile_0_legacy=[],
            profile_0_groups=[ALL_USERS.id, staff.id],
        ),
    )

    assert answer.status_code == 303, answer.text
    (profile,) = office.policy().profiles
    assert profile.name == "Hardware"
    assert profile.passkey_types == {PasskeyType.DEVICE_BOUND}
    assert profile.key_restrictions.enforcement_type is EnforcementType.BLOCK
    assert len(profile.key_restrictions.aaguids) == 2
    assert profile.minimum_proof is Proof.CLAIMED
    assert not profile.allow_legacy_attestation
    assert profile.attestation_enforcement is AttestationEnforcement.REGISTRATION_ONLY
    assert {target.who for target in office.policy().include} == {ALL_USERS, group_target(staff.id)}
    assert f"{KEYSTEAD} Keystead on a TPM" in ada.get(PAGE).text


def test_profiles_are_added_and_taken_away_before_anything_is_saved(office: Any, ada: Any) -> None:
    before = office.policy()

    added = save(ada, changed(shown(ada.get(PAGE)), profile_0_name="Renamed"), "add-profile")
    fields = shown(added)
    second = dict(fields)["profile-1-id"]
    taken = save(ada, fields, f"remove-{dict(fields)['profile-0-id']}")

    assert "Not saved yet." in added.text
    assert 'value="Renamed"' in added.text
    assert dict(shown(taken))["profile-0-id"] == second
    assert "profile-1-id" not in taken.text
    assert office.policy() == before


def test_a_second_profile_for_a_group_is_put_into_force(office: Any, ada: Any) -> None:
    staff = office.add_group("Staff")
    added = shown(save(ada, shown(ada.get(PAGE)), "add-profile"))

    answer = save(ada, changed(added, profile_1_name="Staff only", profile_1_groups=[staff.id]))

    assert answer.status_code == 303, answer.text
    assert [profile.name for profile in office.policy().profiles] == ["Default passkey profile", "Staff only"]


@pytest.mark.parametrize(
    ("changes", "field", "complaint"),
    [
        ({"profile_0_name": ""}, "profile-0-name", "Give the profile a name."),
        ({"profile_0_types": None}, "profile-0-types", "Tick at least one type."),
        ({"profile_0_types": ["deviceBound", "floating"]}, "profile-0-types", "not one of"),
        ({"profile_0_listing": "allow"}, "profile-0-aaguids", "Tick a set, or list at least one model"),
        ({"profile_0_aaguids": "not-an-aaguid here"}, "profile-0-aaguids", "An AAGUID looks like"),
        ({"profile_0_minimum_proof": "sworn"}, "profile-0-minimum-proof", "not one of"),
    ],
)
def test_a_mistake_is_said_beside_its_field_and_nothing_typed_is_lost(
    office: Any, ada: Any, changes: dict[str, Any], field: str, complaint: str
) -> None:
    before = office.policy()
    fields = changed(shown(ada.get(PAGE)), **changes)
    if "profile_0_aaguids" not in changes and "profile_0_listing" not in changes:
        fields = changed(fields, profile_0_aaguids=f"{KEYSTEAD} our own")

    answer = save(ada, fields)

    assert answer.status_code == 422
    error = answer.text.partition(f'id="{field}-error">')[2].partition("</p>")[0]
    assert complaint in unescape(error)
    typed = dict(fields).get("profile-0-aaguids", "")
    assert dict(shown(answer))["profile-0-aaguids"] == typed
    assert office.policy() == before


def test_a_policy_that_locks_the_administrators_out_is_refused(office: Any, ada: Any) -> None:
    before = office.policy()

    answer = save(ada, changed(shown(ada.get(PAGE)), profile_0_types=["synced"]))

    assert answer.status_code == 422
    assert "no administrator could sign in" in answer.text
    assert office.policy() == before


def test_two_administrators_do_not_overwrite_each_other(office: Any, ada: Any) -> None:
    fields = shown(ada.get(PAGE))
    office.change_policy(self_service=False)

    answer = save(ada, fields)

    assert answer.status_code == 422
    assert "Somebody else changed the policy" in answer.text
    assert not office.policy().self_service


def test_a_group_that_does_not_exist_is_not_taken(office: Any, ada: Any) -> None:
    answer = save(ada, changed(shown(ada.get(PAGE)), exclude_groups=["none"]))

    assert answer.status_code == 422
    assert "There is no group with the id" in answer.text


# -- roles, people, sets, signatures, strictest ----------------------------------------------------


def test_everything_that_is_ours_is_changed_and_shown_again(office: Any, ada: Any) -> None:
    bob = office.person("bob@example.org")

    answer = save(
        ada,
        changed(
            shown(ada.get(PAGE)),
            combination="strictest",
            exclude_roles=["Global Reader"],
            exclude_users="BOB@example.org",
            profile_0_roles=["Global Administrator"],
            profile_0_users="bob@example.org\r\nada@example.org bob@example.org",
            profile_0_listing="block",
            profile_0_sets=["yubiKey5", "windowsHello"],
            profile_0_algorithms=["-7", "-8"],
        ),
    )

    assert answer.status_code == 303, answer.text
    policy = office.policy()
    (profile,) = policy.profiles
    assert policy.combination is ProfileCombination.STRICTEST
    assert policy.exclude == {role(Role.GLOBAL_READER), user(bob.id)}
    assert {t.who for t in policy.include} == {
        ALL_USERS, role(Role.GLOBAL_ADMINISTRATOR), user(bob.id), user(office.ada.id),
    }  # fmt: skip
    assert profile.key_restrictions.sets == {"yubiKey5", "windowsHello"}
    assert profile.algorithms == {-7, -8}
    again = shown(ada.get(PAGE))
    assert ("exclude-users", "bob@example.org") in again
    assert save(ada, again).status_code == 303
    assert office.policy() == policy


def test_a_person_who_is_not_there_is_said_beside_the_field(office: Any, ada: Any) -> None:
    before = office.policy()

    answer = save(ada, changed(shown(ada.get(PAGE)), profile_0_users="nobody@example.org", exclude_users="ghost"))

    assert answer.status_code == 422
    assert "There is nobody with the username “nobody@example.org”." in answer.text
    assert "There is nobody with the username “ghost”." in answer.text
    assert ("profile-0-users", "nobody@example.org") in shown(answer)
    assert office.policy() == before


@pytest.mark.parametrize(
    ("field", "value"),
    [("profile_0_algorithms", "7"), ("profile_0_sets", "x"), ("profile_0_roles", "Janitor"), ("combination", "x"),
     ("profile_0_attestation", "x")],
)  # fmt: skip
def test_a_choice_that_is_not_offered_is_not_taken(office: Any, ada: Any, field: str, value: str) -> None:
    before = office.policy()

    assert save(ada, changed(shown(ada.get(PAGE)), **{field: value})).status_code == 422

    assert office.policy() == before


def test_twenty_full_profiles_fit_into_the_form(office: Any, ada: Any) -> None:
    (first,) = office.policy().profiles
    full = KeyRestrictions(True, EnforcementType.BLOCK, frozenset(UUID(int=n + 1) for n in range(25)), frozenset(SETS))
    profiles = tuple(
        replace(first, id=f"p{n}", key_restrictions=full, algorithms=frozenset(ALGORITHMS)) for n in range(20)
    )
    everybody = (ALL_USERS, *map(role, Role))
    office.change_policy(
        profiles=profiles, include=tuple(Target(who, tuple(p.id for p in profiles)) for who in everybody)
    )
    before = office.policy()

    answer = save(ada, shown(ada.get(PAGE)))

    assert answer.status_code == 303, answer.text
    assert office.policy() == before
