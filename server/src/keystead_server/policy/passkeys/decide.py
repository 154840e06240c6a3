"""Whether a user may register, or sign in with, a passkey.

`admit` is asked at registration and again at every sign-in: a passkey that the policy no longer
accepts is refused from the next attempt on, and works again if the policy changes back.
Until then it is quarantined; nothing is deleted.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from keystead_server.policy.passkeys.model import PasskeyPolicy, PasskeyProfile, ProfileCombination, Subject
from keystead_server.policy.passkeys.rules import (
    COMPROMISED,
    Broken,
    Operation,
    PasskeyFacts,
    broken_rules,
    compromised,
)

__all__ = [
    "COMPROMISED", "Admission", "Admitted", "NotAdmitted", "Operation", "PasskeyFacts",
    "admit", "algorithms_allowed", "may_register", "profiles_in_scope", "quarantined",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Admitted:
    """Attributes:
    profiles: those that accepted: the first that did, or under `strictest` every one in scope.
    """

    profiles: tuple[PasskeyProfile, ...]

    @property
    def name(self) -> str:
        return " + ".join(profile.name for profile in self.profiles)


@dataclass(frozen=True, slots=True)
class NotAdmitted:
    """Attributes:
    code: the first of *broken*; stable.
    because: a sentence for each profile that refused, for the log and for administrators.
    broken: the rules to meet: of the profile that came closest, or under `strictest` of every one that refused.
    """

    code: str
    because: tuple[str, ...]
    broken: tuple[Broken, ...]

    @property
    def says(self) -> str:
        """What is against it, for its owner; completes "… does not accept this passkey: …"."""
        return "; ".join(dict.fromkeys(rule.says for rule in self.broken))

    @property
    def remedy(self) -> str:
        """What its owner can do, in sentences."""
        return " ".join(dict.fromkeys(rule.remedy for rule in self.broken))


Admission: TypeAlias = Admitted | NotAdmitted


def _against(rule: Broken) -> NotAdmitted:
    return NotAdmitted(rule.code, (rule.says,), (rule,))


_METHOD_OFF = _against(
    Broken(
        "passkey_method_disabled",
        "passkeys are switched off",
        "Ask an administrator of your organisation.",
        "Switch passkeys on in the policy.",
    )
)
_EXCLUDED = _against(
    Broken(
        "user_excluded",
        "this account, or a group or role it has, is excluded from using passkeys",
        "Ask an administrator of your organisation.",
        "Take the account out of what the policy excludes; exclusion wins over every profile.",
    )
)
_NO_PROFILE = _against(
    Broken(
        "no_profile_in_scope",
        "no kind of passkey is meant for this account",
        "Ask an administrator of your organisation.",
        "Give a profile to the account, to one of its groups or roles, or to everyone.",
    )
)
_SELF_SERVICE_OFF = _against(
    Broken(
        "self_service_off",
        "people may not add passkeys by themselves",
        "Ask an administrator of your organisation.",
        "Let people add passkeys by themselves in the policy.",
    )
)


def profiles_in_scope(policy: PasskeyPolicy, subject: Subject) -> tuple[PasskeyProfile, ...] | NotAdmitted:
    """The profiles that judge *subject*'s passkeys, or why there can be none."""
    if not policy.enabled:
        return _METHOD_OFF
    # Exclusion first, and for everyone: excluding all users is a way to switch the method off.
    if any(principal.covers(subject) for principal in policy.exclude):
        return _EXCLUDED
    wanted = [p for target in policy.include if target.who.covers(subject) for p in target.profiles]
    profiles = tuple(p for p in policy.profiles if p.id in wanted)
    return profiles or _NO_PROFILE


def may_register(policy: PasskeyPolicy, subject: Subject, *, self_service: bool) -> NotAdmitted | None:
    """Why this user can register no passkey at all, or None. Asked before the browser prompts."""
    in_scope = profiles_in_scope(policy, subject)
    if isinstance(in_scope, NotAdmitted):
        return in_scope
    if self_service and not policy.self_service:
        return _SELF_SERVICE_OFF
    return None


def algorithms_allowed(policy: PasskeyPolicy, subject: Subject, offered: Iterable[int]) -> tuple[int, ...]:
    """Those of *offered* with which a passkey of *subject* may sign, in their order.

    So that no browser makes a passkey that is refused afterwards and lies about unused.
    """
    in_scope = profiles_in_scope(policy, subject)
    if isinstance(in_scope, NotAdmitted):
        return ()
    enough = all if policy.combination is ProfileCombination.STRICTEST else any
    return tuple(n for n in offered if enough(not p.algorithms or n in p.algorithms for p in in_scope))


def admit(policy: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts, operation: Operation) -> Admission:
    """The decision. A profile accepts *passkey* whole or not at all; settings are never mixed across profiles."""
    in_scope = profiles_in_scope(policy, subject)
    if isinstance(in_scope, NotAdmitted):
        return in_scope
    # No profile can outweigh it: what the profiles ask about the model is what no longer holds.
    reported = compromised(passkey)
    if reported is not None:
        return _against(reported)
    strictest = policy.combination is ProfileCombination.STRICTEST
    refusals = []
    for profile in in_scope:
        broken = tuple(broken_rules(profile, passkey, operation))
        if broken:
            refusals.append((profile, broken))
        elif not strictest:
            return Admitted((profile,))
    return _not_admitted(refusals, strictest) if refusals else Admitted(in_scope)


def quarantined(policy: PasskeyPolicy, subject: Subject, passkey: PasskeyFacts) -> NotAdmitted | None:
    """Why a registered passkey is refused at sign-in as long as *policy* is in force, or None."""
    admission = admit(policy, subject, passkey, Operation.SIGN_IN)
    return admission if isinstance(admission, NotAdmitted) else None


def _not_admitted(refusals: list[tuple[PasskeyProfile, tuple[Broken, ...]]], strictest: bool) -> NotAdmitted:
    if strictest:
        to_meet = tuple(rule for _, broken in refusals for rule in broken)
    else:
        _, to_meet = min(refusals, key=lambda refusal: len(refusal[1]))
    because = tuple(f"{profile.name}: {'; '.join(rule.says for rule in broken)}" for profile, broken in refusals)
    return NotAdmitted(to_meet[0].code, because, to_meet)
