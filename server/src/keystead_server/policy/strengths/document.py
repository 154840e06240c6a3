"""Graph's `authenticationStrengthPolicy`, read and written. What is ours beyond Graph: `minimumProof`."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID, uuid5

from keystead_server.domain.passkey import Proof
from keystead_server.policy.loose import Members, Note, Notes, malformed
from keystead_server.policy.strengths.model import (
    BUILT_IN,
    CertificateConfiguration,
    Combination,
    Fido2Configuration,
    MethodMode,
    Strength,
    StrengthType,
)

_FIDO2, _CERTIFICATE = "fido2CombinationConfiguration", "x509CertificateCombinationConfiguration"
_CONFIGURATIONS = UUID("6e2d5f0c-52a4-4c1b-9a3e-6a1f6f3f8f51")
_CERTIFICATES = frozenset({MethodMode.CERTIFICATE_SINGLE_FACTOR, MethodMode.CERTIFICATE_MULTI_FACTOR})


@dataclass(frozen=True, slots=True)
class ImportedStrength:
    strength: Strength
    notes: tuple[Note, ...]


def read_strength(body: object, *, new_id: str = "", where: str = "") -> ImportedStrength:
    """Read a strength; *new_id* where it has none. One that is built in is ours, whatever else stands there.

    Raises:
        Invalid: it is not one; `target` names the property.
    """
    notes = Notes()
    if not isinstance(body, dict):
        raise malformed("an authentication strength must be an object", where or "$")
    members = Members(body, where, notes)
    strength_id = members.id("id") or new_id
    if strength_id in BUILT_IN:
        return ImportedStrength(BUILT_IN[strength_id], ())
    name = members.must_text("displayName")
    combinations = _combinations(members.texts("allowedCombinations"), members.at("allowedCombinations"), notes)
    if not combinations:
        raise malformed("allowedCombinations is empty", members.at("allowedCombinations"))
    fido2, certificates = _configurations(members, combinations, strength_id)
    strength = Strength(
        id=strength_id,
        name=name,
        combinations=combinations,
        description=members.text("description") or "",
        fido2=fido2,
        certificates=certificates,
        minimum_proof=members.word("minimumProof", Proof) or Proof.NONE,
    )
    _note_the_rest(members)
    return ImportedStrength(strength, tuple(notes))


def _note_the_rest(members: Members) -> None:
    for name in ("policyType", "requirementsSatisfied", "createdDateTime", "modifiedDateTime"):
        members.take(name)
    for name, _ in members.left():
        members.notes.add(members.at(name), "left out: it is no property of an authentication strength")


def _combinations(texts: Iterable[str], target: str, notes: Notes) -> tuple[Combination, ...]:
    reader = Members({}, target, notes)
    found = []
    for text in texts:
        words = [part.strip() for part in text.split(",")]
        modes = frozenset(reader.word_of(word, MethodMode, target) for word in words)
        found.append(frozenset(mode for mode in modes if isinstance(mode, MethodMode)))
    return tuple(dict.fromkeys(found))


def _configurations(
    members: Members, allowed: tuple[Combination, ...], strength_id: str
) -> tuple[tuple[Fido2Configuration, ...], tuple[CertificateConfiguration, ...]]:
    fido2: list[Fido2Configuration] = []
    certificates: list[CertificateConfiguration] = []
    ids = _ConfigurationIds(strength_id)
    for number, item in enumerate(members.items("combinationConfigurations")):
        where = f"{members.at('combinationConfigurations')}[{number}]"
        one = Members(item, where, members.notes)
        applies = _applies_to(one, allowed)
        one_id = ids.of(one.id("id"))
        if one.type == _CERTIFICATE:
            skis, oids = one.texts("allowedIssuerSkis"), one.texts("allowedPolicyOIDs")
            certificates.append(CertificateConfiguration(applies, frozenset(skis), frozenset(oids), one_id))
        elif one.type in (_FIDO2, ""):
            fido2.append(Fido2Configuration(applies, _aaguids(one), one_id))
        else:
            raise malformed(f"{one.type} is no combination configuration", f"{where}.@odata.type")
    return tuple(fido2), tuple(certificates)


class _ConfigurationIds:
    """Ids of one strength's configurations, no two alike.

    One that has none, as in what was kept or written before they had ids, gets one that is the same
    at every reading.
    """

    def __init__(self, strength_id: str) -> None:
        self._given: set[str] = set()
        self._made: Iterator[str] = (str(uuid5(_CONFIGURATIONS, f"{strength_id} {n}")) for n in count())

    def of(self, written: str | None) -> str:
        if written is None or not _is_guid(written) or written in self._given:
            written = next(each for each in self._made if each not in self._given)
        self._given.add(written)
        return written


def _is_guid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False


def _applies_to(one: Members, allowed: tuple[Combination, ...]) -> frozenset[Combination]:
    target = one.at("appliesToCombinations")
    applies = _combinations(one.texts("appliesToCombinations"), target, one.notes)
    wanted = _CERTIFICATES if one.type == _CERTIFICATE else frozenset({MethodMode.FIDO2})
    for combination in applies:
        # A configuration that hangs on nothing would look like a restriction and be none.
        if combination not in allowed or not combination & wanted:
            raise malformed(f"{_text(combination)} is not an allowed combination that this can restrict", target)
    if not applies:
        raise malformed("appliesToCombinations is empty", target)
    return frozenset(applies)


def _aaguids(one: Members) -> frozenset[UUID]:
    texts = one.texts("allowedAAGUIDs")
    try:
        return frozenset(UUID(text) for text in texts)
    except ValueError:
        raise malformed("allowedAAGUIDs holds something that is no AAGUID", one.at("allowedAAGUIDs")) from None


def strength_to_json(strength: Strength) -> dict[str, Any]:
    body: dict[str, Any] = {
        "id": strength.id,
        "displayName": strength.name,
        "description": strength.description,
        "policyType": strength.type.value,
        "requirementsSatisfied": "mfa" if strength.is_multifactor else "none",
        "allowedCombinations": [_text(combination) for combination in strength.combinations],
        "combinationConfigurations": _configurations_to_json(strength),
    }
    if strength.type is StrengthType.CUSTOM and strength.minimum_proof is not Proof.NONE:
        body["minimumProof"] = strength.minimum_proof.value
    return body


def _configurations_to_json(strength: Strength) -> list[dict[str, Any]]:
    return [
        {
            "@odata.type": f"#microsoft.graph.{_FIDO2}",
            "id": one.id,
            "allowedAAGUIDs": sorted(str(aaguid) for aaguid in one.allowed_aaguids),
            "appliesToCombinations": sorted(map(_text, one.combinations)),
        }
        for one in strength.fido2
    ] + [
        {
            "@odata.type": f"#microsoft.graph.{_CERTIFICATE}",
            "id": one.id,
            "allowedIssuerSkis": sorted(one.allowed_issuer_skis),
            "allowedPolicyOIDs": sorted(one.allowed_policy_oids),
            "appliesToCombinations": sorted(map(_text, one.combinations)),
        }
        for one in strength.certificates
    ]


def _text(combination: Combination) -> str:
    """Graph's spelling: the password first, a federated factor last."""
    last = MethodMode.FEDERATED_SINGLE_FACTOR
    modes = sorted(combination, key=lambda mode: (mode is last, mode is not MethodMode.PASSWORD, mode.value))
    return ",".join(modes)
