"""What the lists of the passkey policy's pages offer, with the words for it."""

from collections.abc import Sequence

from keystead_core.cose import ALGORITHMS
from keystead_core.webauthn import authenticator_name

from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.domain.user import Role
from keystead_server.policy.passkeys.model import AttestationEnforcement, EnforcementType, ProfileCombination
from keystead_server.policy.passkeys.rules import Operation, algorithm_called
from keystead_server.policy.passkeys.sets import SETS

_Choices = Sequence[tuple[str, str]]

CHOICES: dict[str, _Choices] = {
    "combinations": (
        (ProfileCombination.ANY.value, "Any one: the most generous profile decides"),
        (ProfileCombination.STRICTEST.value, "Every one: the strictest profile decides"),
    ),
    "attestations": (
        (AttestationEnforcement.DISABLED.value, "Not asked"),
        (AttestationEnforcement.REGISTRATION_ONLY.value, "Asked of new passkeys"),
        (AttestationEnforcement.ALWAYS.value, "Asked of every passkey, at each sign-in too"),
    ),
    "listings": (
        ("off", "Any model"),
        (EnforcementType.ALLOW.value, "Only the models listed"),
        (EnforcementType.BLOCK.value, "Every model but those listed"),
    ),
    "sets": tuple((named.id, named.name) for named in SETS.values()),
    "algorithms": tuple((str(number), algorithm_called(number)) for number in ALGORITHMS),
    "roles": tuple((role.value, role.value) for role in Role),
    "types": (
        (PasskeyType.DEVICE_BOUND.value, "Device-bound: the key stays on one device"),
        (PasskeyType.SYNCED.value, "Synced: a provider keeps copies"),
    ),
    "proofs": (
        (Proof.NONE.value, "None: any passkey"),
        (Proof.CLAIMED.value, "Claimed: the device says that the key cannot leave it"),
        (Proof.ATTESTED.value, "Attested: its maker vouches for the device"),
        (Proof.PROVEN.value, "Proven: its security chip proved it to us"),
    ),
}

# For the page on which a passkey is only supposed.
SUPPOSED: dict[str, _Choices] = {
    "operations": ((Operation.SIGN_IN.value, "Sign in with it"), (Operation.REGISTER.value, "Add it")),
    "types": ((PasskeyType.DEVICE_BOUND.value, "Device-bound"), (PasskeyType.SYNCED.value, "Synced")),
    "proofs": (
        (Proof.NONE.value, "None"),
        (Proof.CLAIMED.value, "Claimed by the device"),
        (Proof.ATTESTED.value, "Attested by its maker"),
        (Proof.PROVEN.value, "Proven by its security chip"),
    ),
    "attestations": (
        ("none", "None"), ("packed", "packed: security keys, the container"), ("tpm", "tpm: Windows Hello"),
        ("apple", "apple"), ("android-key", "android-key"), ("fido-u2f", "fido-u2f: old security keys"),
    ),
    "algorithms": CHOICES["algorithms"],
    "models": tuple(
        (str(aaguid), authenticator_name(aaguid) or str(aaguid))
        for aaguid in dict.fromkeys(a for named in SETS.values() for a in sorted(named.aaguids))
    ),
}  # fmt: skip
