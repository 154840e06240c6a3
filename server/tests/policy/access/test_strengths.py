"""Authentication strengths: read, met, reached (§4.4)."""

from typing import Any
from uuid import UUID

import pytest
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Proof
from keystead_server.policy.strengths.document import read_strength, strength_to_json
from keystead_server.policy.strengths.evaluate import Credential, Reach, is_met, reach, ways
from keystead_server.policy.strengths.model import (
    BUILT_IN,
    MULTIFACTOR,
    PASSWORDLESS,
    PHISHING_RESISTANT,
    MethodMode,
    Strength,
)

KEY, OTHER_KEY = UUID(int=1), UUID(int=2)
ONLY_KEYS: dict[str, Any] = {
    "id": "s1",
    "displayName": "Our keys",
    "allowedCombinations": ["fido2", "temporaryAccessPassOneTime", "password,x509CertificateSingleFactor"],
    "combinationConfigurations": [
        {
            "@odata.type": "#microsoft.graph.fido2CombinationConfiguration",
            "allowedAAGUIDs": [str(KEY)],
            "appliesToCombinations": ["fido2"],
        },
        {
            "@odata.type": "#microsoft.graph.x509CertificateCombinationConfiguration",
            "allowedIssuerSkis": ["ski"],
            "allowedPolicyOIDs": ["1.2.3"],
            "appliesToCombinations": ["password,x509CertificateSingleFactor"],
        },
    ],
}


def met(strength: Strength, *modes: MethodMode) -> bool:
    return is_met(strength, [Credential(mode) for mode in modes])


def test_the_built_in_ones_have_their_ids_and_contain_one_another() -> None:
    assert [one.id[-4:] for one in BUILT_IN.values()] == ["0002", "0003", "0004"]
    assert set(PHISHING_RESISTANT.combinations) < set(PASSWORDLESS.combinations) < set(MULTIFACTOR.combinations)
    assert len(MULTIFACTOR.combinations) == 19


@pytest.mark.parametrize(
    ("modes", "strengths"),
    [
        ([MethodMode.FIDO2], 3), ([MethodMode.WINDOWS_HELLO], 3), ([MethodMode.CERTIFICATE_MULTI_FACTOR], 3),
        ([MethodMode.DEVICE_BASED_PUSH], 2), ([MethodMode.PASS_ONE_TIME], 1),
        ([MethodMode.PASSWORD, MethodMode.SMS], 1), ([MethodMode.FEDERATED_SINGLE_FACTOR, MethodMode.VOICE], 1),
        ([MethodMode.PASSWORD], 0), ([MethodMode.SMS], 0), ([MethodMode.SMS, MethodMode.VOICE], 0),
        ([MethodMode.PASSWORD, MethodMode.FEDERATED_SINGLE_FACTOR], 0), ([MethodMode.PASSWORD, MethodMode.EMAIL], 0), ([], 0),
    ],
)  # fmt: skip
def test_what_meets_how_many_of_the_built_in_ones(modes: list[MethodMode], strengths: int) -> None:
    assert [met(one, *modes) for one in BUILT_IN.values()] == [True] * strengths + [False] * (3 - strengths)


def test_only_models_on_the_list_count() -> None:
    strength = read_strength(ONLY_KEYS).strength

    assert is_met(strength, [Credential(MethodMode.FIDO2, KEY)])
    assert not is_met(strength, [Credential(MethodMode.FIDO2, OTHER_KEY)])
    assert not is_met(strength, [Credential(MethodMode.FIDO2)])
    assert is_met(strength, [Credential(MethodMode.PASS_ONE_TIME)])


def test_only_certificates_of_the_issuer_and_the_policy_count() -> None:
    strength = read_strength(ONLY_KEYS).strength
    password = Credential(MethodMode.PASSWORD)
    mode = MethodMode.CERTIFICATE_SINGLE_FACTOR

    assert is_met(strength, [password, Credential(mode, issuer_ski="ski", policy_oids=frozenset({"1.2.3"}))])
    assert not is_met(strength, [password, Credential(mode, issuer_ski="other", policy_oids=frozenset({"1.2.3"}))])
    assert not is_met(strength, [password, Credential(mode, issuer_ski="ski")])


def test_a_strength_may_ask_how_far_device_binding_is_shown() -> None:
    strength = read_strength(
        {"id": "s", "displayName": "Proven", "allowedCombinations": ["fido2"], "minimumProof": "proven"}
    )

    for proof in Proof:
        found = is_met(strength.strength, [Credential(MethodMode.FIDO2, KEY, proof)])
        assert found is (proof is Proof.PROVEN)


def test_says_what_is_left_to_somebody_who_does_not_meet_it() -> None:
    strength = read_strength(ONLY_KEYS).strength
    password = [Credential(MethodMode.PASSWORD)]

    assert reach(strength, [Credential(MethodMode.FIDO2, KEY)], []) is Reach.USABLE
    assert reach(strength, [Credential(MethodMode.FIDO2, OTHER_KEY)], [MethodMode.FIDO2]) is Reach.REGISTRABLE
    assert reach(strength, password, [MethodMode.SMS]) is Reach.OUT_OF_REACH
    assert reach(MULTIFACTOR, password, [MethodMode.SMS]) is Reach.REGISTRABLE


def test_the_ways_in_are_the_smallest() -> None:
    assert set(ways([MULTIFACTOR, PHISHING_RESISTANT])) == set(PHISHING_RESISTANT.combinations)
    assert ways([]) == (frozenset(),)


@pytest.mark.parametrize("body", [ONLY_KEYS, strength_to_json(MULTIFACTOR)], ids=["custom", "built in"])
def test_written_and_read_again_it_is_the_same(body: dict[str, Any]) -> None:
    strength = read_strength(body).strength

    assert read_strength(strength_to_json(strength)).strength == strength


def test_one_that_is_built_in_cannot_be_redefined() -> None:
    weaker = {"id": PHISHING_RESISTANT.id, "displayName": "x", "allowedCombinations": ["password"]}

    assert read_strength(weaker).strength is PHISHING_RESISTANT


def test_says_whether_it_is_more_than_one_factor() -> None:
    single = read_strength({"displayName": "x", "allowedCombinations": ["password"]}, new_id="n").strength

    assert strength_to_json(single)["requirementsSatisfied"] == "none"
    assert strength_to_json(read_strength(ONLY_KEYS).strength)["requirementsSatisfied"] == "mfa"
    assert single.id == "n"


def _with_configuration(**other: Any) -> dict[str, Any]:
    return {**ONLY_KEYS, "combinationConfigurations": [{**ONLY_KEYS["combinationConfigurations"][0], **other}]}


@pytest.mark.parametrize(
    ("body", "target"),
    [
        ("x", "$"),
        ({**ONLY_KEYS, "displayName": ""}, "displayName"),
        ({**ONLY_KEYS, "allowedCombinations": []}, "allowedCombinations"),
        ({**ONLY_KEYS, "allowedCombinations": ["password,telepathy"]}, "allowedCombinations"),
        ({**ONLY_KEYS, "minimumProof": "sworn"}, "minimumProof"),
        (_with_configuration(allowedAAGUIDs=["x"]), "combinationConfigurations[0].allowedAAGUIDs"),
        (_with_configuration(appliesToCombinations=[]), "combinationConfigurations[0].appliesToCombinations"),
        (_with_configuration(appliesToCombinations=["password,sms"]), "combinationConfigurations[0].appliesToCombinations"),
        (_with_configuration(appliesToCombinations=["temporaryAccessPassOneTime"]),
         "combinationConfigurations[0].appliesToCombinations"),
        (_with_configuration(**{"@odata.type": "#microsoft.graph.other"}), "combinationConfigurations[0].@odata.type"),
    ],
)  # fmt: skip
def test_refuses_what_is_no_strength(body: Any, target: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_strength(body)

    assert (refused.value.code, refused.value.target) == ("policy_malformed", target)
