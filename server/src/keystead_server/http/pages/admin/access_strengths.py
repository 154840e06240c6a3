"""Authentication strengths as pages: combinations of methods to tick, models of passkeys, proof of binding."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from keystead_server.domain.passkey import Proof
from keystead_server.http.pages.admin.access_items import ItemPages
from keystead_server.http.pages.admin.asked import Typed
from keystead_server.http.pages.admin.policy_choices import CHOICES
from keystead_server.policy.access import items
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.names import listed
from keystead_server.policy.strengths.document import combination_text, strength_to_json
from keystead_server.policy.strengths.model import (
    MULTIFACTOR,
    Combination,
    Fido2Configuration,
    MethodMode,
    Strength,
    StrengthType,
    combination,
)
from keystead_server.policy.strengths.words import combination_words

_Choices = Sequence[tuple[str, str]]
# What people can have here; the others are Entra's, which exported strengths name.
_HERE: Final = (
    combination(MethodMode.FIDO2),
    combination(MethodMode.WINDOWS_HELLO),
    combination(MethodMode.PASSWORD, MethodMode.SOFTWARE_OATH),
    combination(MethodMode.PASS_ONE_TIME),
    combination(MethodMode.PASS_MULTI_USE),
    combination(MethodMode.PASSWORD),
)
_ALONE = map(
    combination,
    (
        MethodMode.CERTIFICATE_SINGLE_FACTOR,
        MethodMode.FEDERATED_SINGLE_FACTOR,
        MethodMode.SMS,
        MethodMode.QR_CODE_PIN,
    ),
)
_ELSEWHERE: Final = tuple(one for one in (*MULTIFACTOR.combinations, *_ALONE) if one not in _HERE)
_FIDO2 = "#microsoft.graph.fido2CombinationConfiguration"


def _large(words: str) -> str:
    return words[:1].upper() + words[1:]


def _choices(combinations: Iterable[Combination]) -> _Choices:
    return tuple((combination_text(one), _large(combination_words(one))) for one in combinations)


def _one_list(strength: Strength) -> Fido2Configuration | None:
    """The models that count in every combination with a passkey, where that is all there is to say of models."""
    with_passkeys = {one for one in strength.combinations if MethodMode.FIDO2 in one}
    if len(strength.fido2) == 1 and strength.fido2[0].combinations == with_passkeys:
        return strength.fido2[0]
    return None


def _filled(strength: Strength) -> dict[str, tuple[str, ...]]:
    one = _one_list(strength)
    models = "" if one is None else "\n".join(sorted(map(str, one.allowed_aaguids)))
    return {
        "description": (strength.description,),
        "combinations": tuple(map(combination_text, strength.combinations)),
        "models": (models,),
        "listing": ("several",) if strength.fido2 and one is None else ("one",),
        "proof": (strength.minimum_proof.value,),
    }


def _against(form: Typed) -> dict[str, str]:
    if not form.all("combinations"):
        return {"combinations": "Tick at least one: whatever is enough to meet the strength."}
    wrong = [typed for typed in form.text("models").split() if not _is_model(typed)]
    if wrong:
        said = listed(f"“{one}”" for one in wrong)
        return {"models": f"No AAGUID: {said}. One looks like 08987058-cadc-4b81-b6e1-30de50dcbe96."}
    if form.text("models").split() and not _with_passkeys(form.all("combinations")):
        return {"models": "Only passkeys have a model: tick a combination with a passkey, or leave this empty."}
    return {}


def _is_model(typed: str) -> bool:
    try:
        return str(UUID(typed)) == typed.casefold()
    except ValueError:
        return False


def _with_passkeys(combinations: Iterable[str]) -> list[str]:
    return [one for one in combinations if MethodMode.FIDO2.value in one.split(",")]


def _body(form: Typed, before: Strength | None) -> dict[str, Any]:
    ticked = list(form.all("combinations"))
    return {
        "description": form.text("description"),
        "allowedCombinations": ticked,
        "combinationConfigurations": _configurations(form, before, ticked),
        "minimumProof": form.text("proof"),
    }


def _configurations(form: Typed, before: Strength | None, ticked: list[str]) -> list[dict[str, Any]]:
    """Those that the form has no field for, as far as they still hang on something, and the list of models."""
    one = None if before is None else _one_list(before)
    kept = []
    for each in () if before is None else strength_to_json(before)["combinationConfigurations"]:
        applies = [name for name in each["appliesToCombinations"] if name in ticked]
        if applies and (one is None or each["id"] != one.id):
            kept.append({**each, "appliesToCombinations": applies})
    models = form.text("models").split()
    if models:
        of_models = {"@odata.type": _FIDO2, "allowedAAGUIDs": models, "appliesToCombinations": _with_passkeys(ticked)}
        kept.append(of_models if one is None else {**of_models, "id": one.id})
    return kept


def _offered(form: Typed, rules: AccessRules) -> Mapping[str, _Choices]:
    here, elsewhere = _choices(_HERE), _choices(_ELSEWHERE)
    known = {value for value, _ in (*here, *elsewhere)}
    own = [(one, one.replace(",", " and ")) for one in form.all("combinations") if one not in known]
    return {"here": here, "elsewhere": (*elsewhere, *own), "proofs": CHOICES["proofs"]}


def _about(strength: Strength) -> str:
    # Words of some methods have a comma in them.
    here = [combination_words(one) for one in _HERE if one in strength.combinations]
    others = len(strength.combinations) - len(here)
    elsewhere = [f"{others} {'way' if others == 1 else 'ways'} that nobody can have here"] if others else []
    ways = _large("; ".join([*here, *elsewhere]))
    models = {aaguid for one in strength.fido2 for aaguid in one.allowed_aaguids}
    of_models = (
        f" Of passkeys {len(models)} {'model counts' if len(models) == 1 else 'models count'}." if models else ""
    )
    proof = f" Proof of binding: {strength.minimum_proof}." if strength.minimum_proof is not Proof.NONE else ""
    return f"{ways}.{of_models}{proof}"


def _badges(strength: Strength) -> Sequence[tuple[str, str]]:
    built_in = (("Built in", ""),) if strength.type is StrengthType.BUILT_IN else ()
    return (*built_in, ("Two factors", "good") if strength.is_multifactor else ("One factor is enough", "warn"))


STRENGTHS: ItemPages[Strength] = ItemPages(
    items.STRENGTHS,
    path="strengths",
    title="Authentication strengths",
    intro="Which methods, alone or together, are enough where a policy asks for a strength. Three are built in.",
    none_yet="No strengths.",
    ways_in=(("", "Add a strength"),),
    fields=("combinations", "models", "listing", "proof"),
    places={
        "displayName": "name",
        "allowedCombinations": "combinations",
        "combinationConfigurations": "models",
        "minimumProof": "proof",
    },
    blank=lambda _: {"proof": (Proof.NONE.value,)},
    filled=_filled,
    against=_against,
    body=_body,
    offered=_offered,
    about=_about,
    badges=_badges,
)
