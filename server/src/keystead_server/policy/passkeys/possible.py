"""Whether any passkey at all could be registered, found out before anybody is asked to make one.

Every kind of passkey that a profile could tell from another is put to the policy's own `admit`, at its
best: so what is said here can never be stricter than what would be decided about a real one.
"""

from collections.abc import Callable, Iterable, Iterator
from uuid import UUID

from keystead_core.webauthn import NO_AAGUID

from keystead_server.domain.passkey import PasskeyType, Proof
from keystead_server.policy.passkeys.decide import (
    Admitted,
    NotAdmitted,
    Operation,
    admit,
    algorithms_allowed,
    may_register,
    profiles_in_scope,
)
from keystead_server.policy.passkeys.model import PasskeyPolicy, PasskeyProfile, Subject
from keystead_server.policy.passkeys.rules import Broken, PasskeyFacts
from keystead_server.policy.passkeys.sets import SETS

_ASK = "Ask an administrator of your organisation."
NO_ALGORITHM_LEFT = Broken(
    "no_algorithm_left",
    "the profiles meant for this account leave no kind of signature that a new passkey could use",
    _ASK,
    "Allow a kind of signature that every one of these profiles has.",
)
NO_PASSKEY_ADMITTED = Broken(
    "no_passkey_admitted",
    "no passkey that could be made meets the profiles meant for this account",
    _ASK,
    "Look for a profile that asks for what excludes itself, such as attestation of synced passkeys, "
    "or a list of allowed models that is empty.",
)
# Stands for every model that no list names.
_UNLISTED = UUID("ffffffff-ffff-4fff-bfff-ffffffffffff")


def nothing_to_register(
    policy: PasskeyPolicy,
    subject: Subject,
    offered: Iterable[int],
    *,
    self_service: bool,
    known: Callable[[PasskeyFacts], PasskeyFacts] = lambda facts: facts,
) -> NotAdmitted | None:
    """Why *subject* can register no passkey, whichever it is; None when some passkey would do.

    *known* adds to supposed facts what is publicly reported of their model.
    """
    refusal = may_register(policy, subject, self_service=self_service)
    if refusal is not None:
        return refusal
    algorithms = algorithms_allowed(policy, subject, offered)
    if not algorithms:
        return _against(NO_ALGORITHM_LEFT)
    in_scope = profiles_in_scope(policy, subject)
    profiles = in_scope if isinstance(in_scope, tuple) else ()
    admitted = (
        admit(policy, subject, known(facts), Operation.REGISTER) for facts in _kinds(_models(profiles), algorithms)
    )
    return None if any(isinstance(each, Admitted) for each in admitted) else _against(NO_PASSKEY_ADMITTED)


def registrable_models(
    policy: PasskeyPolicy, subject: Subject, offered: Iterable[int], among: Iterable[UUID]
) -> frozenset[UUID]:
    """Those of *among* of which *subject* could have some passkey registered."""
    algorithms = algorithms_allowed(policy, subject, offered)
    kinds = ((model, _kinds([model], algorithms)) for model in among)
    return frozenset(
        model
        for model, each in kinds
        if any(isinstance(admit(policy, subject, one, Operation.REGISTER), Admitted) for one in each)
    )


def _models(profiles: Iterable[PasskeyProfile]) -> list[UUID]:
    return [_UNLISTED, NO_AAGUID, *sorted(_listed(profiles))]


def _kinds(models: Iterable[UUID], algorithms: Iterable[int]) -> Iterator[PasskeyFacts]:
    models = list(models)
    for algorithm in algorithms:
        for model in models:
            yield PasskeyFacts(PasskeyType.DEVICE_BOUND, model, Proof.PROVEN, algorithm, "packed")
            yield PasskeyFacts(PasskeyType.SYNCED, model, Proof.NONE, algorithm)


def _listed(profiles: Iterable[PasskeyProfile]) -> set[UUID]:
    found: set[UUID] = set()
    for profile in profiles:
        found |= profile.key_restrictions.aaguids
        for named in profile.key_restrictions.sets:
            found |= SETS[named].aaguids
    return found


def _against(rule: Broken) -> NotAdmitted:
    return NotAdmitted(rule.code, (rule.says,), (rule,))
