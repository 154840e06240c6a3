"""What one profile has against one passkey.

Every rule that is broken says so in words that person, administrator and log read alike, and says
what would change it: for the passkey's owner (another passkey) and for the administrator (another rule).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from keystead_core.cose import ES256
from keystead_core.fast_init import fast_init
from keystead_core.webauthn import NO_AAGUID, authenticator_name

from keystead_server.domain.authenticator import AuthenticatorModel
from keystead_server.domain.passkey import Passkey, PasskeyType, Proof
from keystead_server.policy.passkeys.model import (
    AttestationEnforcement,
    EnforcementType,
    KeyRestrictions,
    PasskeyProfile,
)
from keystead_server.policy.passkeys.sets import SETS

# What the FIDO Metadata Service reports when a model's promises no longer hold; nothing but these refuses.
COMPROMISED = frozenset(
    {
        "REVOKED",
        "USER_VERIFICATION_BYPASS",
        "ATTESTATION_KEY_COMPROMISE",
        "USER_KEY_REMOTE_COMPROMISE",
        "USER_KEY_PHYSICAL_COMPROMISE",
    }
)


class Operation(StrEnum):
    REGISTER = "register"
    SIGN_IN = "signIn"


@fast_init
@dataclass(frozen=True, slots=True)
class PasskeyFacts:
    """What policy asks about a passkey.

    Attributes:
        attestation_format: what its registration carried, such as "packed" or "none".
        attested: its attestation chains to a root we keep for its model.
        statuses: what is reported of its model now; empty when nothing is known of it.
        legacy_attestation: its attestation is signed over SHA-1.
    """

    type: PasskeyType
    aaguid: UUID
    proof: Proof
    algorithm: int = ES256
    attestation_format: str = "none"
    statuses: frozenset[str] = frozenset()
    legacy_attestation: bool = False

    @property
    def attested(self) -> bool:
        return self.proof.rank >= Proof.ATTESTED.rank

    @classmethod
    def of(cls, passkey: Passkey, model: AuthenticatorModel | None, now: datetime) -> "PasskeyFacts":
        """*model* is what the Metadata port has about the passkey's model."""
        return cls(
            passkey.type,
            passkey.aaguid,
            passkey.proof,
            passkey.algorithm,
            passkey.attestation_format,
            reported_of(model, now),
            passkey.legacy_attestation,
        )


def reported_of(model: AuthenticatorModel | None, now: datetime) -> frozenset[str]:
    return frozenset() if model is None else model.statuses_on(now.date())


@dataclass(frozen=True, slots=True)
class Broken:
    """A rule that stands against a passkey or its owner.

    Attributes:
        code: stable.
        says: what is against it; completes "Your organisation does not accept this passkey: …".
        remedy: what its owner can do; a sentence.
        change: what an administrator could change; a sentence.
    """

    code: str
    says: str
    remedy: str
    change: str


def compromised(passkey: PasskeyFacts) -> Broken | None:
    """What is reported of the model, when that alone refuses the passkey."""
    reported = sorted(passkey.statuses & COMPROMISED)
    if not reported:
        return None
    return Broken(
        "authenticator_compromised",
        "its model is publicly reported as compromised or revoked "
        f"(the FIDO metadata say {', '.join(reported)} of {passkey.aaguid})",
        "Use an authenticator of another model.",
        "Nothing in the policy: a later report on the model can lift it.",
    )


def broken_rules(profile: PasskeyProfile, passkey: PasskeyFacts, operation: Operation) -> Iterator[Broken]:
    """Every rule of *profile* that *passkey* breaks; none means accepted."""
    if passkey.type not in profile.passkey_types:
        yield _type_not_allowed(passkey)
    restrictions = profile.key_restrictions
    if restrictions.is_enforced:
        listed = restrictions.lists(passkey.aaguid)
        if restrictions.enforcement_type is EnforcementType.ALLOW and not listed:
            yield _model_not_allowed(restrictions, passkey)
        if restrictions.enforcement_type is EnforcementType.BLOCK and listed:
            yield _model_blocked(passkey)
    if _asks_attestation(profile, operation) and not passkey.attested:
        yield _attestation_required(profile, passkey)
    if passkey.legacy_attestation and not profile.allow_legacy_attestation:
        yield _LEGACY_ATTESTATION
    if passkey.proof.rank < profile.minimum_proof.rank:
        yield _proof_too_weak(profile, passkey)
    if profile.algorithms and passkey.algorithm not in profile.algorithms:
        yield _algorithm_not_allowed(profile, passkey)


def _asks_attestation(profile: PasskeyProfile, operation: Operation) -> bool:
    match profile.attestation_enforcement:
        case AttestationEnforcement.DISABLED:
            return False
        case AttestationEnforcement.REGISTRATION_ONLY:
            return operation is Operation.REGISTER
        case AttestationEnforcement.ALWAYS:
            return True


def _type_not_allowed(passkey: PasskeyFacts) -> Broken:
    word, other = _TYPE_WORDS[passkey.type], _TYPE_WORDS[_OTHER_TYPE[passkey.type]]
    return Broken(
        "passkey_type_not_allowed",
        f"{word} passkeys are not allowed",
        f"Use a {other} passkey.",
        f"Allow {word} passkeys in the profile.",
    )


def _model_not_allowed(restrictions: KeyRestrictions, passkey: PasskeyFacts) -> Broken:
    return Broken(
        "aaguid_not_allowed",
        f"{model_called(passkey.aaguid)} is not on the list of allowed models",
        f"Use {_one_of(restrictions)}.",
        f"Add {model_called(passkey.aaguid)} to the profile's list of models.",
    )


def _model_blocked(passkey: PasskeyFacts) -> Broken:
    return Broken(
        "aaguid_blocked",
        f"{model_called(passkey.aaguid)} is on the list of blocked models",
        "Use an authenticator of another model.",
        f"Take {model_called(passkey.aaguid)}, or the set it is in, off the profile's list of models.",
    )


def _attestation_required(profile: PasskeyProfile, passkey: PasskeyFacts) -> Broken:
    if passkey.type is PasskeyType.SYNCED:
        says = "synced passkeys cannot prove which model keeps them"
    elif passkey.attestation_format == "none":
        says = "it came without an attestation that proves its model"
    else:
        says = f"its attestation ({passkey.attestation_format}) leads to no root that is trusted here"
    always = profile.attestation_enforcement is AttestationEnforcement.ALWAYS
    return Broken(
        "attestation_required",
        says,
        "Add a new passkey with an authenticator that proves its model.",
        (
            f"Ask for attestation {'at registration only, or not at all' if always else 'not at all'}; "
            "or trust the maker's root and let its owner add the passkey again."
        ),
    )


def _proof_too_weak(profile: PasskeyProfile, passkey: PasskeyFacts) -> Broken:
    return Broken(
        "proof_too_weak",
        f"device binding is {passkey.proof} and at least {profile.minimum_proof} is asked for",
        _STRONGER[profile.minimum_proof],
        f"Ask for no more proof than {passkey.proof} in the profile.",
    )


def _algorithm_not_allowed(profile: PasskeyProfile, passkey: PasskeyFacts) -> Broken:
    allowed = ", ".join(algorithm_called(number) for number in sorted(profile.algorithms, reverse=True))
    return Broken(
        "algorithm_not_allowed",
        f"its signatures are {algorithm_called(passkey.algorithm)}, and only {allowed} may be used",
        "Add a new passkey; it will be made with signatures that are allowed.",
        f"Allow {algorithm_called(passkey.algorithm)} in the profile.",
    )


def model_called(aaguid: UUID) -> str:
    """A model as sentences name it."""
    if aaguid == NO_AAGUID:
        return "an authenticator that does not give its model"
    name = authenticator_name(aaguid)
    return f"the model {aaguid}" if name is None else f"the model {name}"


def algorithm_called(number: int) -> str:
    return _ALGORITHM_NAMES.get(number, str(number))


def _one_of(restrictions: KeyRestrictions) -> str:
    names = [named.name for named in SETS.values() if named.id in restrictions.sets]
    names += sorted(authenticator_name(aaguid) or str(aaguid) for aaguid in restrictions.aaguids)
    return f"one of these: {_listed(names)}" if names else "none: the list of allowed models is empty"


def _listed(names: Iterable[str], most: int = 6) -> str:
    every = list(names)
    more = [f"{len(every) - most} more"] if len(every) > most else []
    return "; ".join([*every[:most], *more])


_LEGACY_ATTESTATION = Broken(
    "attestation_legacy",
    "the attestation of its security chip is signed with SHA-1, which can be forged",
    "Update the firmware of the device's security chip and add a new passkey, or use another device.",
    "Accept attestations signed with SHA-1 in the profile.",
)
_OTHER_TYPE = {PasskeyType.SYNCED: PasskeyType.DEVICE_BOUND, PasskeyType.DEVICE_BOUND: PasskeyType.SYNCED}
_TYPE_WORDS = {PasskeyType.SYNCED: "synced", PasskeyType.DEVICE_BOUND: "device-bound"}
_STRONGER = {
    Proof.NONE: "Use any passkey.",
    Proof.CLAIMED: "Use a device-bound passkey.",
    Proof.ATTESTED: "Use an authenticator whose maker vouches that its keys cannot leave it.",
    Proof.PROVEN: "Use a device whose security chip proves to this server that its keys cannot leave it.",
}
_ALGORITHM_NAMES = {
    -7: "ES256", -8: "EdDSA", -19: "Ed25519", -35: "ES384", -36: "ES512", -37: "PS256", -53: "Ed448", -257: "RS256",
}  # fmt: skip
