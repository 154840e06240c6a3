"""What the author of a passkey policy may not have meant, in sentences. Nothing here refuses anything."""

from collections.abc import Iterator

from keystead_server.domain.passkey import PasskeyType
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    AttestationEnforcement,
    EnforcementType,
    PasskeyPolicy,
    PasskeyProfile,
    ProfileCombination,
)
from keystead_server.policy.passkeys.sets import SETS

_HELLO = SETS["windowsHello"].aaguids


def warnings(policy: PasskeyPolicy) -> tuple[str, ...]:
    """One sentence for each trap; empty when there is none."""
    return tuple(_warnings(policy)) if policy.enabled else ()


def _warnings(policy: PasskeyPolicy) -> Iterator[str]:
    for profile in policy.profiles:
        if _admits_hello(profile) and _attests(profile) and not _has_way_around(policy, profile):
            # Windows Hello attests with the chip's own format, and its chain ends at a TPM maker: a tool
            # that only ticks "enforce attestation" locks out every Windows computer without a word.
            yield (
                f"{profile.name} asks for attestation, and those it is meant for have no other profile: this makes "
                "Windows Hello unusable where the roots of TPM makers are not among your attestation roots, and "
                "synced passkeys everywhere."
            )


def _attests(profile: PasskeyProfile) -> bool:
    return profile.attestation_enforcement is not AttestationEnforcement.DISABLED


def _admits_hello(profile: PasskeyProfile) -> bool:
    restrictions = profile.key_restrictions
    if PasskeyType.DEVICE_BOUND not in profile.passkey_types:
        return False
    if not restrictions.is_enforced:
        return True
    allows = restrictions.enforcement_type is EnforcementType.ALLOW
    return any(restrictions.lists(aaguid) is allows for aaguid in _HELLO)


def _has_way_around(policy: PasskeyPolicy, profile: PasskeyProfile) -> bool:
    """Whether everybody *profile* is meant for has another that takes Windows Hello as it is."""
    if policy.combination is ProfileCombination.STRICTEST:
        return False
    others = [p for p in policy.profiles if p is not profile and _admits_hello(p) and not _attests(p)]
    covered = {who for other in others for who in policy.meant_for(other)}
    return all(who in covered or ALL_USERS in covered for who in policy.meant_for(profile))
