"""Whether methods meet a strength: those somebody used, or those they could.

A combination is met when each of its methods is there and is one that the strength's configurations
count. Nothing outside the combinations helps: two methods that are each one factor are no strength
unless they are listed together.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from keystead_server.domain.passkey import Proof
from keystead_server.policy.strengths.model import Combination, MethodMode, Strength


@dataclass(frozen=True, slots=True)
class Credential:
    """A method, with what a strength may ask of it.

    Attributes:
        aaguid: the authenticator's model; None where the method has none, or it is not known.
        proof: how far device binding is shown.
        any_model: a credential that is still to be registered and may be of whatever model is asked for.
    """

    mode: MethodMode
    aaguid: UUID | None = None
    proof: Proof = Proof.NONE
    issuer_ski: str | None = None
    policy_oids: frozenset[str] = frozenset()
    any_model: bool = False


class Reach(StrEnum):
    """What somebody who has not met a strength can do about it."""

    USABLE = "usable"
    REGISTRABLE = "registrable"
    OUT_OF_REACH = "outOfReach"


def is_met(strength: Strength, used: Iterable[Credential]) -> bool:
    """Whether *used*, taken together, meet *strength*."""
    credentials = tuple(used)
    modes = {credential.mode for credential in credentials}
    return any(wanted <= modes and _counted(strength, wanted, credentials) for wanted in strength.combinations)


def _counted(strength: Strength, wanted: Combination, credentials: tuple[Credential, ...]) -> bool:
    return all(any(c.mode is mode and counts(strength, wanted, c) for c in credentials) for mode in wanted)


def counts(strength: Strength, wanted: Combination, credential: Credential) -> bool:
    """Whether *credential* is one that the strength's configurations count in this combination."""
    if credential.mode is MethodMode.FIDO2:
        return _passkey_counts(strength, wanted, credential)
    if credential.mode in (MethodMode.CERTIFICATE_SINGLE_FACTOR, MethodMode.CERTIFICATE_MULTI_FACTOR):
        return _certificate_counts(strength, wanted, credential)
    return True


def _passkey_counts(strength: Strength, wanted: Combination, credential: Credential) -> bool:
    if credential.any_model:
        return True
    if credential.proof.rank < strength.minimum_proof.rank:
        return False
    lists = [c.allowed_aaguids for c in strength.fido2 if wanted in c.combinations]
    # A passkey that does not say its model is on no list.
    return all(credential.aaguid in allowed for allowed in lists)


def _certificate_counts(strength: Strength, wanted: Combination, credential: Credential) -> bool:
    return all(
        (not c.allowed_issuer_skis or credential.issuer_ski in c.allowed_issuer_skis)
        and (not c.allowed_policy_oids or bool(credential.policy_oids & c.allowed_policy_oids))
        for c in strength.certificates
        if wanted in c.combinations
    )


def reach(
    strength: Strength,
    registered: Iterable[Credential],
    registrable: Iterable[MethodMode],
    models: frozenset[UUID] | None = None,
) -> Reach:
    """What is left to somebody who has *registered* and may still register *registrable*.

    Args:
        models: of the models that strengths name, those of which they may register a passkey; None for all.

    §4.4: who can register none of its methods is blocked, so a strength that is out of reach of
    everybody in a policy's scope is worth a word before the policy is saved.
    """
    owned = tuple(registered)
    if is_met(strength, owned):
        return Reach.USABLE
    could = tuple(one for mode in registrable for one in _best(strength, mode, models))
    return Reach.REGISTRABLE if is_met(strength, (*owned, *could)) else Reach.OUT_OF_REACH


def _best(strength: Strength, mode: MethodMode, models: frozenset[UUID] | None) -> Iterable[Credential]:
    """The best that can be registered of *mode*: of passkeys one of each model that counts."""
    if mode is not MethodMode.FIDO2:
        return (Credential(mode, any_model=True),)
    named = frozenset[UUID]().union(*(one.allowed_aaguids for one in strength.fido2))
    listed = named if models is None else named & models
    return (Credential(mode, one, Proof.PROVEN) for one in (None, *sorted(listed)))


def ways(strengths: Iterable[Strength]) -> tuple[Combination, ...]:
    """The smallest sets of methods that together meet every one of *strengths*.

    A password is no part of them where a passkey alone must be used anyway, so it is never asked for.
    """
    found: tuple[Combination, ...] = (frozenset(),)
    for strength in strengths:
        found = _smallest({way | wanted for way in found for wanted in strength.combinations})
    return found


def _smallest(sets: set[Combination]) -> tuple[Combination, ...]:
    kept: list[Combination] = []
    for candidate in sorted(sets, key=lambda modes: (len(modes), sorted(modes))):
        if not any(smaller <= candidate for smaller in kept):
            kept.append(candidate)
    return tuple(kept)
