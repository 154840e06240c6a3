"""The passkey policy as JSON: Graph's names, and errors that say where."""

import json
from typing import Any

import pytest
from keystead_server.domain.invalid import Invalid
from keystead_server.policy.passkeys.document import from_json, from_text, to_json, to_text
from keystead_server.policy.passkeys.model import FIRST_POLICY, KeyRestrictions


def written() -> dict[str, Any]:
    return to_json(FIRST_POLICY)


def test_is_written_in_graphs_names() -> None:
    assert written() == {
        "@odata.type": "#microsoft.graph.fido2AuthenticationMethodConfiguration",
        "id": "Fido2",
        "state": "enabled",
        "isSelfServiceRegistrationAllowed": True,
        "includeTargets": [
            {
                "targetType": "group",
                "id": "all_users",
                "allowedPasskeyProfiles": ["00000000-0000-0000-0000-000000000001"],
            }
        ],
        "excludeTargets": [],
        "profileCombination": "any",
        "passkeyProfiles": [
            {
                "id": "00000000-0000-0000-0000-000000000001",
                "name": "Default passkey profile",
                "passkeyTypes": "deviceBound,synced",
                "attestationEnforcement": "disabled",
                "keyRestrictions": {
                    "isEnforced": False,
                    "enforcementType": "allow",
                    "aaGuids": [],
                    "authenticatorSets": [],
                },
                "minimumProof": "none",
                "algorithms": [],
                "allowLegacyAttestation": True,
            }
        ],
    }


def test_what_is_written_is_read_as_it_was() -> None:
    assert from_text(to_text(FIRST_POLICY)) == FIRST_POLICY


def test_what_a_profile_leaves_out_is_not_asked() -> None:
    body = written()
    for name in ("keyRestrictions", "attestationEnforcement", "minimumProof", "algorithms", "allowLegacyAttestation"):
        del body["passkeyProfiles"][0][name]
    del body["profileCombination"], body["includeTargets"][0]["targetType"]

    assert from_json(body) == FIRST_POLICY


def test_model_ids_are_read_in_any_spelling() -> None:
    body = written()
    body["passkeyProfiles"][0]["keyRestrictions"]["aaGuids"] = ["08987058CADC4B81B6E130DE50DCBE96"]

    (profile,) = from_json(body).profiles
    assert isinstance(profile.key_restrictions, KeyRestrictions)
    assert [str(a) for a in profile.key_restrictions.aaguids] == ["08987058-cadc-4b81-b6e1-30de50dcbe96"]


PROFILE = "passkeyProfiles[0]"


@pytest.mark.parametrize(
    ("path", "value", "target"),
    [
        ("state", "on", "state"),
        ("state", None, "state"),
        ("isSelfServiceRegistrationAllowed", "yes", "isSelfServiceRegistrationAllowed"),
        ("isSelfServiceRegistrationAllowed", None, "isSelfServiceRegistrationAllowed"),
        ("includeTargets", {}, "includeTargets"),
        ("includeTargets.0", "x", "includeTargets[0]"),
        ("includeTargets.0.id", "", "includeTargets[0].id"),
        ("includeTargets.0.colour", "red", "includeTargets[0].colour"),
        ("includeTargets.0.allowedPasskeyProfiles", ["gone"], "includeTargets[0].allowedPasskeyProfiles"),
        ("excludeTargets", [{}], "excludeTargets[0].id"),
        ("passkeyProfiles", "x", "passkeyProfiles"),
        ("passkeyProfiles.0.id", 7, f"{PROFILE}.id"),
        ("passkeyProfiles.0.name", "", f"{PROFILE}.name"),
        ("passkeyProfiles.0.passkeyTypes", "", f"{PROFILE}.passkeyTypes"),
        ("passkeyProfiles.0.passkeyTypes", "deviceBound,paper", f"{PROFILE}.passkeyTypes"),
        ("passkeyProfiles.0.attestationEnforcement", "sometimes", f"{PROFILE}.attestationEnforcement"),
        ("passkeyProfiles.0.minimumProof", "very", f"{PROFILE}.minimumProof"),
        ("passkeyProfiles.0.allowLegacyAttestation", "no", f"{PROFILE}.allowLegacyAttestation"),
        ("passkeyProfiles.0.keyRestrictions", [], f"{PROFILE}.keyRestrictions"),
        ("passkeyProfiles.0.keyRestrictions.isEnforced", 1, f"{PROFILE}.keyRestrictions.isEnforced"),
        ("passkeyProfiles.0.keyRestrictions.enforcementType", "x", f"{PROFILE}.keyRestrictions.enforcementType"),
        ("passkeyProfiles.0.keyRestrictions.aaGuids", ["x"], f"{PROFILE}.keyRestrictions.aaGuids"),
        ("passkeyProfiles.0.keyRestrictions.authenticatorSets", ["x"], f"{PROFILE}.keyRestrictions.authenticatorSets"),
        ("passkeyProfiles.0.keyRestrictions.authenticatorSets", [[]], f"{PROFILE}.keyRestrictions.authenticatorSets"),
        ("passkeyProfiles.0.algorithms", ["-7"], f"{PROFILE}.algorithms"),
        ("passkeyProfiles.0.algorithms", [True], f"{PROFILE}.algorithms"),
        ("passkeyProfiles.0.algorithms", [-65535], f"{PROFILE}.algorithms"),
        ("passkeyProfiles.0.algorithms", -7, f"{PROFILE}.algorithms"),
        ("profileCombination", "laxest", "profileCombination"),
        ("includeTargets.0.targetType", "device", "includeTargets[0].targetType"),
        ("excludeTargets", [{"targetType": "role", "id": "Janitor"}], "excludeTargets[0].id"),
        ("passkeyProfiles.0.unknown", 1, f"{PROFILE}.unknown"),
        ("unknown", 1, "unknown"),
    ],
)
def test_what_is_wrong_is_named_by_where_it_stands(path: str, value: object, target: str) -> None:
    body: Any = written()
    *way, last = path.split(".")
    place = body
    for step in way:
        place = place[int(step)] if step.isdigit() else place[step]
    place[int(last) if last.isdigit() else last] = value

    with pytest.raises(Invalid) as refused:
        from_json(body)

    assert (refused.value.code, refused.value.target) == ("policy_malformed", target)


def test_two_profiles_of_one_id_are_refused() -> None:
    body = written()
    body["passkeyProfiles"] *= 2

    with pytest.raises(Invalid) as refused:
        from_json(body)

    assert refused.value.target == "passkeyProfiles"


@pytest.mark.parametrize("text", ["", "{", "null", "[]", '"x"', "7"])
def test_what_is_no_object_is_refused(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        from_text(text)

    assert refused.value.code == "policy_malformed"


def test_text_is_json_that_others_can_read() -> None:
    assert json.loads(to_text(FIRST_POLICY)) == written()
