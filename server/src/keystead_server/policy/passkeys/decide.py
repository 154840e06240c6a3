"""Whether a user may register, or sign in with, a passkey.

`admit` is asked at registration and again at every sign-in: a passkey that the policy no longer
accepts is refused from the next attempt on, and works again if the policy changes back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from uuid import UUID

from keystead_server.domain.authenticator import AuthenticatorModel
from keystead_server.domain.ids import GroupId
from keystead_server.domain.passkey import Passkey, PasskeyType, Proof
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    AttestationEnforcement,
    EnforcementType,
    PasskeyPolicy,
    PasskeyProfile,
)

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


@dataclass(frozen=True, slots=True)
class PasskeyFacts:
    """What policy asks about a passkey.

    Attributes:
        attested: its attestation chains to a root we keep for its model.
        statuses: what is reported of its model now; empty when nothing is known of it.
    """

    type: PasskeyType
    aaguid: UUID
    proof: Proof
    statuses: frozenset[str] = frozenset()

    @property
    def attested(self) -> bool:
        return self.proof.rank >= Proof.ATTESTED.rank

    @classmethod
    def of(cls, passkey: Passkey, model: AuthenticatorModel | None, now: datetime) -> "PasskeyFacts":
        """*model* is what the Metadata port has about the passkey's model."""
        statuses = frozenset[str]() if model is None else model.statuses_on(now.date())
        return cls(passkey.type, passkey.aaguid, passkey.proof, statuses)


@dataclass(frozen=True, slots=True)
class Admitted:
    profile: PasskeyProfile


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """Attributes:
    code: the rule that refused, stable; with several profiles, the one of the profile that came closest.
    because: a sentence for each profile in scope, for the log and for administrators.
    """

    code: str
    because: tuple[str, ...]


Admission: TypeAlias = Admitted | NotAdmitted


def profiles_in_scope(policy: PasskeyPolicy, groups: frozenset[GroupId]) -> tuple[PasskeyProfile, ...] | NotAdmitted:
    """The profiles one of which must accept a passkey of a member of *groups*, or why there can be none."""
    if not policy.enabled:
        return NotAdmitted("passkey_method_disabled", ("passkeys are switched off in this tenant",))
    # Exclusion first, and for everyone: excluding all users is a way to switch the method off.
    if policy.exclude & (groups | {ALL_USERS}):
        return NotAdmitted("user_excluded", ("the user is in a group that the passkey policy excludes",))
    wanted = [
        p for target in policy.include if target.group in groups or target.group == ALL_USERS for p in target.profiles
    ]
    profiles = tuple(p for p in policy.profiles if p.id in wanted)
    if not profiles:
        return NotAdmitted("no_profile_in_scope", ("no passkey profile is meant for this user",))
    return profiles


def may_register(policy: PasskeyPolicy, groups: frozenset[GroupId], *, self_service: bool) -> NotAdmitted | None:
    """Why this user can register no passkey at all, or None. Asked before the browser prompts."""
    in_scope = profiles_in_scope(policy, groups)
    if isinstance(in_scope, NotAdmitted):
        return in_scope
    if self_service and not policy.self_service:
        return NotAdmitted("self_service_off", ("people may not register passkeys by themselves in this tenant",))
    return None


def admit(policy: PasskeyPolicy, groups: frozenset[GroupId], passkey: PasskeyFacts, operation: Operation) -> Admission:
    """Admitted by the first profile in scope that accepts *passkey* whole; settings are never mixed across profiles."""
    in_scope = profiles_in_scope(policy, groups)
    if isinstance(in_scope, NotAdmitted):
        return in_scope
    # No profile can outweigh it: what the profiles ask about the model is what no longer holds.
    reported = sorted(passkey.statuses & COMPROMISED)
    if reported:
        because = f"the FIDO metadata report {', '.join(reported)} for the authenticator model {passkey.aaguid}"
        return NotAdmitted("authenticator_compromised", (because,))
    refusals = []
    for profile in in_scope:
        broken = list(_broken_rules(profile, passkey, operation))
        if not broken:
            return Admitted(profile)
        refusals.append((profile, broken))
    _, closest = min(refusals, key=lambda refusal: len(refusal[1]))
    return NotAdmitted(
        closest[0][0],
        tuple(f"{profile.name}: {'; '.join(sentence for _, sentence in broken)}" for profile, broken in refusals),
    )


def _broken_rules(profile: PasskeyProfile, passkey: PasskeyFacts, operation: Operation) -> Iterable[tuple[str, str]]:
    if passkey.type not in profile.passkey_types:
        yield "passkey_type_not_allowed", f"{_TYPE_WORDS[passkey.type]} passkeys are not allowed"
    restrictions = profile.key_restrictions
    if restrictions.is_enforced:
        listed = passkey.aaguid in restrictions.aaguids
        if restrictions.enforcement_type is EnforcementType.ALLOW and not listed:
            yield "aaguid_not_allowed", f"the authenticator model {passkey.aaguid} is not on the allow list"
        if restrictions.enforcement_type is EnforcementType.BLOCK and listed:
            yield "aaguid_blocked", f"the authenticator model {passkey.aaguid} is on the block list"
    if (
        operation is Operation.REGISTER
        and profile.attestation_enforcement is AttestationEnforcement.REGISTRATION_ONLY
        and not passkey.attested
    ):
        yield "attestation_required", "the authenticator did not prove its model with a trusted attestation"
    if passkey.proof.rank < profile.minimum_proof.rank:
        yield (
            "proof_too_weak",
            f"device binding is {passkey.proof} and the profile asks for {profile.minimum_proof}",
        )


_TYPE_WORDS = {PasskeyType.SYNCED: "synced", PasskeyType.DEVICE_BOUND: "device-bound"}
