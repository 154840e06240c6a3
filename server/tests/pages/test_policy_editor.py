"""The editor of the passkey policy: what it shows is what is in force, and nothing typed is lost."""

import re
from html import unescape
from typing import Any

import pytest
from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.policy.passkeys.model import ALL_USERS, AttestationEnforcement, EnforcementType

PAGE = "/example/admin/passkey-policy"
KEYSTEAD = "20263fe7-97ae-4bb6-b3b9-a7b5dae6614f"


@pytest.fixture
def ada(office: Any) -> Any:
    return office.signed_in(office.ada)


def shown(page: Any) -> list[tuple[str, str]]:
    """The fields of the form as a browser would send them."""
    form = page.text.partition('<form class="stack"')[2].partition("</form>")[0]
    found: list[tuple[str, str]] = []
    pattern = r'<input ([^>]*)>|<select id="[^"]*" name="([^"]*)".*?</select>|<textarea [^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>'
    for match in re.finditer(pattern, form, re.DOTALL):
        if match[2]:
            selected = re.search(r'<option value="([^"]*)" selected>', match[0])
            found.append((match[2], selected[1] if selected else ""))
        elif match[3]:
            found.append((match[3], unescape(match[4])))
        elif 'type="checkbox"' not in match[1] or "checked" in match[1]:
            name, value = re.search(r'name="([^"]*)"', match[1]), re.search(r'value="([^"]*)"', match[1])
            assert name
            assert value
            found.append((name[1], unescape(value[1])))
    return [pair for pair in found if pair[0] != "form_token"]


def changed(fields: list[tuple[str, str]], **changes: str | list[str] | None) -> list[tuple[str, str]]:
    """*fields* with some taken away (None), exchanged, or repeated."""
    by_name = {name.replace("_", "-"): value for name, value in changes.items()}
    kept = [pair for pair in fields if pair[0] not in by_name]
    for name, value in by_name.items():
        kept += [(name, each) for each in ([value] if isinstance(value, str) else value or [])]
    return kept


def save(ada: Any, fields: list[tuple[str, str]], action: str = "save") -> Any:
    return ada.submit(PAGE, PAGE, [*fields, ("action", action)])


def test_saving_what_is_shown_changes_nothing(office: Any, ada: Any) -> None:
    group = office.add_group("Staff")
    policy = office.policy()
    office.change_policy(exclude=frozenset({group.id}), self_service=False)
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
            profile_0_attested="yes",
            profile_0_groups=[ALL_USERS, staff.id],
        ),
    )

    assert answer.status_code == 303, answer.text
    (profile,) = office.policy().profiles
    assert profile.name == "Hardware"
    assert profile.passkey_types == {PasskeyType.DEVICE_BOUND}
    assert profile.key_restrictions.enforcement_type is EnforcementType.BLOCK
    assert len(profile.key_restrictions.aaguids) == 2
    assert profile.minimum_proof is Proof.CLAIMED
    assert profile.attestation_enforcement is AttestationEnforcement.REGISTRATION_ONLY
    assert {target.group for target in office.policy().include} == {ALL_USERS, staff.id}
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
        ({"profile_0_listing": "allow"}, "profile-0-aaguids", "List at least one model"),
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
    answer = save(ada, changed(shown(ada.get(PAGE)), exclude=["none"]))

    assert answer.status_code == 422
    assert "There is no group with the id" in answer.text
