"""What changed between two policies, in sentences."""

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import TypeVar

from keystead_core.webauthn import authenticator_name

from keystead_server.domain.passkey import PasskeyType
from keystead_server.policy.passkeys.explain import Names, called
from keystead_server.policy.passkeys.model import (
    KeyRestrictions,
    PasskeyPolicy,
    PasskeyProfile,
    ProfileCombination,
)
from keystead_server.policy.passkeys.rules import algorithm_called
from keystead_server.policy.passkeys.sets import SETS

_Item = TypeVar("_Item")


def differences(before: PasskeyPolicy, after: PasskeyPolicy, names: Names) -> tuple[str, ...]:
    """One sentence for each difference that decides anything; empty when there is none."""
    return (*_policy(before, after, names), *_profiles(before, after, names))


def _policy(before: PasskeyPolicy, after: PasskeyPolicy, names: Names) -> Iterator[str]:
    if before.enabled != after.enabled:
        yield f"Passkeys are switched {'on' if after.enabled else 'off'}."
    if before.self_service != after.self_service:
        yield f"People may {'' if after.self_service else 'not '}add passkeys by themselves."
    if before.combination is not after.combination:
        every = after.combination is ProfileCombination.STRICTEST
        yield f"{'Every profile' if every else 'Any one profile'} in scope must accept a passkey."
    yield from _both_ways(
        "Now excluded", "No longer excluded", before.exclude, after.exclude, lambda p: called(p, names)
    )


def _profiles(before: PasskeyPolicy, after: PasskeyPolicy, names: Names) -> Iterator[str]:
    old = {profile.id: profile for profile in before.profiles}
    new = {profile.id: profile for profile in after.profiles}
    for gone in (profile for profile in before.profiles if profile.id not in new):
        yield f"The profile {gone.name} is taken away."
    for profile in after.profiles:
        was = old.get(profile.id)
        if was is None:
            yield f"The profile {profile.name} is added: {', '.join(_described(profile))}."
        else:
            yield from (f"{profile.name}: {change}" for change in _profile(was, profile))
        yield from (
            f"{profile.name}: {change}"
            for change in _both_ways(
                "now meant for",
                "no longer meant for",
                () if was is None else before.meant_for(was),
                after.meant_for(profile),
                lambda p: called(p, names),
            )
        )
    kept = [p.id for p in before.profiles if p.id in new], [p.id for p in after.profiles if p.id in old]
    if kept[0] != kept[1]:
        yield "The profiles are asked in another order."


def _profile(was: PasskeyProfile, now: PasskeyProfile) -> Iterator[str]:
    if was.name != now.name:
        yield f"its name was {was.name}."
    for what, of in (("types", _types), ("attestation", attrgetter("attestation_enforcement")),
                     ("minimum proof", attrgetter("minimum_proof")), ("signatures", _signatures),
                     ("attestations signed with SHA-1", _legacy), ("models", _listing)):  # fmt: skip
        if of(was) != of(now):
            yield f"{what} {of(now)}, before {of(was)}."
    yield from _both_ways(
        "models added to the list", "models off the list",
        _models(was.key_restrictions), _models(now.key_restrictions), str,
    )  # fmt: skip


def _described(profile: PasskeyProfile) -> Iterator[str]:
    yield f"types {_types(profile)}"
    yield f"attestation {profile.attestation_enforcement}"
    yield f"minimum proof {profile.minimum_proof}"
    yield f"signatures {_signatures(profile)}"
    if not profile.allow_legacy_attestation:
        yield f"attestations signed with SHA-1 {_legacy(profile)}"
    models = "; ".join(sorted(_models(profile.key_restrictions)))
    yield f"models {_listing(profile)}" + (f" ({models})" if models else "")


def _types(profile: PasskeyProfile) -> str:
    return " and ".join(_TYPES[t] for t in PasskeyType if t in profile.passkey_types)


def _signatures(profile: PasskeyProfile) -> str:
    return "/".join(map(algorithm_called, sorted(profile.algorithms, reverse=True))) or "of any kind"


def _legacy(profile: PasskeyProfile) -> str:
    return "accepted" if profile.allow_legacy_attestation else "refused"


def _listing(profile: PasskeyProfile) -> str:
    restrictions = profile.key_restrictions
    return f"by {restrictions.enforcement_type} list" if restrictions.is_enforced else "of any kind"


def _models(restrictions: KeyRestrictions) -> set[str]:
    named = {SETS[named].name for named in restrictions.sets}
    return named | {f"{authenticator_name(a) or 'unknown model'} {a}" for a in restrictions.aaguids}


def _both_ways(
    added: str, gone: str, before: Iterable[_Item], after: Iterable[_Item], in_words: Callable[[_Item], str]
) -> Iterator[str]:
    old, new = set(before), set(after)
    for words, which in ((added, new - old), (gone, old - new)):
        if which:
            yield f"{words}: {', '.join(sorted(in_words(one) for one in which))}."


_TYPES = {PasskeyType.DEVICE_BOUND: "device-bound", PasskeyType.SYNCED: "synced"}
