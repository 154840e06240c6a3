"""Why a passkey, real or supposed, is accepted or refused: the decision, told whole.

The verdict is `decide`'s own; beside it stands what every profile says, whether it counts or not.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead_server.policy.passkeys.decide import (
    Admission,
    Admitted,
    NotAdmitted,
    admit,
    may_register,
    profiles_in_scope,
)
from keystead_server.policy.passkeys.model import (
    ALL_USERS,
    PasskeyPolicy,
    PasskeyProfile,
    Principal,
    PrincipalType,
    ProfileCombination,
    Subject,
)
from keystead_server.policy.passkeys.rules import Broken, Operation, PasskeyFacts, broken_rules

Names = Mapping[Principal, str]
"""What users and groups are called; whoever is not in it is called by their id."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A profile in scope.

    Attributes:
        through: whom of the policy's targets this person is.
        broken: none means that the profile accepts the passkey.
    """

    profile: PasskeyProfile
    through: tuple[Principal, ...]
    broken: tuple[Broken, ...]


@dataclass(frozen=True, slots=True)
class Explanation:
    """Attributes:
    combination: whether one accepting profile is enough, or every one in scope must accept.
    excluded_by: whom of what the policy excludes this person is.
    out_of_scope: profiles that are not asked, with those whom they are meant for.
    """

    operation: Operation
    admission: Admission
    combination: ProfileCombination
    excluded_by: tuple[Principal, ...]
    in_scope: tuple[Judged, ...]
    out_of_scope: tuple[tuple[PasskeyProfile, tuple[Principal, ...]], ...]

    @property
    def accepted(self) -> bool:
        return isinstance(self.admission, Admitted)

    @property
    def beyond_profiles(self) -> tuple[Broken, ...]:
        """What refuses whatever any profile says."""
        if isinstance(self.admission, Admitted):
            return ()
        of_profiles = [rule for judged in self.in_scope for rule in judged.broken]
        return tuple(rule for rule in self.admission.broken if rule not in of_profiles)


def explain(
    policy: PasskeyPolicy,
    subject: Subject,
    passkey: PasskeyFacts,
    operation: Operation,
    *,
    self_service: bool = True,
) -> Explanation:
    """Tell `admit`'s decision whole; *self_service* says who would register, the person or an administrator."""
    refusal = may_register(policy, subject, self_service=self_service) if operation is Operation.REGISTER else None
    in_scope = profiles_in_scope(policy, subject)
    asked = in_scope if isinstance(in_scope, tuple) else ()
    return Explanation(
        operation=operation,
        admission=refusal or admit(policy, subject, passkey, operation),
        combination=policy.combination,
        excluded_by=tuple(sorted(p for p in policy.exclude if p.covers(subject))),
        in_scope=tuple(
            Judged(
                profile,
                tuple(who for who in policy.meant_for(profile) if who.covers(subject)),
                tuple(broken_rules(profile, passkey, operation)),
            )
            for profile in asked
        ),
        out_of_scope=tuple((p, policy.meant_for(p)) for p in policy.profiles if p not in asked),
    )


def called(principal: Principal, names: Names) -> str:
    """A target as sentences name it."""
    if principal == ALL_USERS:
        return "everyone"
    name = names.get(principal, principal.id)
    match principal.type:
        case PrincipalType.USER:
            return name
        case PrincipalType.GROUP:
            return f"the group {name}"
        case PrincipalType.ROLE:
            return f"the role {name}"


def verdict(explanation: Explanation, names: Names) -> str:
    """The decision in a sentence."""
    doing = "add" if explanation.operation is Operation.REGISTER else "sign in with"
    match explanation.admission:
        case Admitted() as admitted:
            return f"This person may {doing} this passkey: {admitted.name} accepts it."
        case NotAdmitted() as refused:
            by = _all_called(explanation.excluded_by, names) if refused.code == "user_excluded" else ""
            why = f"the policy excludes {by}" if by else refused.says
            return f"This person may not {doing} this passkey: {why}."


def not_asked(explanation: Explanation, meant_for: tuple[Principal, ...], names: Names) -> str:
    """Why a profile out of scope is not asked, in a sentence."""
    match explanation.admission:
        case NotAdmitted(code="passkey_method_disabled"):
            return "Not asked, because passkeys are switched off."
        case NotAdmitted(code="user_excluded"):
            return "Not asked, because exclusion comes first."
    if not meant_for:
        return "It is meant for nobody."
    return f"It is meant for {_all_called(meant_for, names)}, and this person is none of them."


def _all_called(principals: tuple[Principal, ...], names: Names) -> str:
    return ", ".join(called(principal, names) for principal in principals)
