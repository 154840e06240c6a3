"""What the policies that apply make of the session, and which methods are still fresh enough for it.

Several policies are merged strictest first: the shortest frequency, no persistent browser where one
says never, every binding that anyone asks for.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from keystead_server.policy.access.controls import (
    AccessEvaluation,
    AppSecurity,
    BrowserMode,
    FrequencyScope,
    SessionControls,
    SignInFrequency,
)
from keystead_server.policy.access.facts import Facts, Used
from keystead_server.policy.access.vocabulary import Unknown
from keystead_server.policy.strengths.evaluate import Credential
from keystead_server.policy.strengths.model import MethodMode

_FIRST_FACTORS = frozenset(
    {MethodMode.PASSWORD, MethodMode.FEDERATED_SINGLE_FACTOR, MethodMode.CERTIFICATE_SINGLE_FACTOR}
)


@dataclass(frozen=True, slots=True)
class Session:
    """Attributes:
    primary_limit: the age at which a sign-in no longer counts; None for no limit of policy's.
    secondary_limit: the same of a second factor, never longer.
    """

    primary_limit: timedelta | None = None
    secondary_limit: timedelta | None = None
    persistent_browser: BrowserMode | None = None
    access_evaluation: AccessEvaluation | None = None
    app_security: AppSecurity | None = None
    bound_session: bool = False
    app_restrictions: bool = False
    no_resilience: bool = False


UNDECIDED = Session()


def merge(controls: Iterable[SessionControls]) -> Session:
    """What several policies' session controls come to."""
    every = tuple(controls)
    if not every:
        return UNDECIDED
    frequencies = [one.frequency for one in every if one.frequency is not None]
    browser = [one.persistent_browser for one in every if one.persistent_browser is not None]
    evaluation = [one.access_evaluation for one in every if one.access_evaluation is not None]
    security = [one.app_security for one in every if one.app_security is not None]
    return Session(
        primary_limit=_shortest(one for one in frequencies if one.scope is FrequencyScope.PRIMARY_AND_SECONDARY),
        secondary_limit=_shortest(frequencies),
        persistent_browser=max(browser, key=list(BrowserMode).index, default=None),
        access_evaluation=max(evaluation, key=list(AccessEvaluation).index, default=None),
        app_security=max(security, key=list(AppSecurity).index, default=None),
        bound_session=any(one.bound_session for one in every),
        app_restrictions=any(one.app_restrictions for one in every),
        no_resilience=any(one.no_resilience for one in every),
    )


def _shortest(frequencies: Iterable[SignInFrequency]) -> timedelta | None:
    return min((one.limit for one in frequencies), default=None)


def fresh_credentials(session: Session, facts: Facts) -> tuple[Credential, ...]:
    """Of the methods used, those that are young enough to count."""
    return tuple(used.credential for used in facts.methods if _is_fresh(session, used, facts))


def _is_fresh(session: Session, used: Used, facts: Facts) -> bool:
    is_first = used.credential.mode in _FIRST_FACTORS
    limit = session.primary_limit if is_first else session.secondary_limit
    return limit is None or facts.now - used.at <= limit


def must_sign_in_again(session: Session, facts: Facts) -> bool:
    """Whether the sign-in itself is too old, whatever it was done with."""
    return is_too_old(session.primary_limit, facts)


def is_too_old(limit: timedelta | None, facts: Facts) -> bool:
    if limit is None:
        return False
    # A session whose age nobody knows has none that could be short enough.
    return isinstance(facts.authenticated_at, Unknown) or facts.now - facts.authenticated_at > limit
