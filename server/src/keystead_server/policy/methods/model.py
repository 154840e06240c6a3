"""The Authentication methods policy, as frozen values (Graph's `authenticationMethodsPolicy`)."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum

from keystead_server.domain.access_pass import DEFAULT_LENGTH, DEFAULT_LIFETIME, MAX_LIFETIME, MIN_LIFETIME
from keystead_server.domain.sign_in import Method
from keystead_server.policy.people import ALL_USERS, Principal, Subject, any_covers

MAX_SNOOZE = timedelta(days=14)
MAX_ALLOWED_SNOOZES = 100

EVERYONE = frozenset({ALL_USERS})
NOBODY: frozenset[Principal] = frozenset()


@dataclass(frozen=True, slots=True)
class MethodConfiguration:
    """One method, and who may use it.

    Attributes:
        self_service: whether people may set it up by themselves.
        exclude: who may neither set it up nor sign in with it; exclusion wins.
    """

    method: Method
    enabled: bool = True
    self_service: bool = True
    include: frozenset[Principal] = EVERYONE
    exclude: frozenset[Principal] = NOBODY


@dataclass(frozen=True, slots=True)
class PassSettings:
    """What a Temporary Access Pass may be.

    Attributes:
        length: characters that a pass has when its issuer does not say.
        one_time: every pass is good for one sign-in, whatever its issuer says.
    """

    default_lifetime: timedelta = DEFAULT_LIFETIME
    minimum_lifetime: timedelta = MIN_LIFETIME
    maximum_lifetime: timedelta = MAX_LIFETIME
    length: int = DEFAULT_LENGTH
    one_time: bool = False


@dataclass(frozen=True, slots=True)
class Campaign:
    """The registration campaign: people are asked to add a passkey on the device they sit at.

    Attributes:
        snooze: how long "not now" lasts; nothing means until the next sign-in.
        enforced: whether "not now" is offered only *allowed_snoozes* times.
    """

    enabled: bool = False
    snooze: timedelta = timedelta(days=1)
    enforced: bool = True
    allowed_snoozes: int = 3
    include: frozenset[Principal] = EVERYONE
    exclude: frozenset[Principal] = NOBODY

    def is_for(self, subject: Subject) -> bool:
        return self.enabled and not any_covers(self.exclude, subject) and any_covers(self.include, subject)


class Preference(StrEnum):
    """Whether the strongest of somebody's methods is offered first: never, for the second factor, or for both."""

    DISABLED = "disabled"
    ENABLED = "enabled"
    DEFAULT = "default"


@dataclass(frozen=True, slots=True)
class SystemPreferred:
    state: Preference = Preference.DEFAULT
    include: frozenset[Principal] = EVERYONE
    exclude: frozenset[Principal] = NOBODY

    def is_for(self, subject: Subject) -> bool:
        on = self.state is not Preference.DISABLED
        return on and not any_covers(self.exclude, subject) and any_covers(self.include, subject)


CONFIGURED = (
    Method.WINDOWS_HELLO,
    Method.TEMPORARY_ACCESS_PASS,
    Method.SOFTWARE_OATH,
    Method.RECOVERY_CODE,
    Method.PASSWORD,
)
"""Every method that this policy configures, strongest first; passkeys have a policy of their own."""


@dataclass(frozen=True, slots=True)
class MethodsPolicy:
    """Who may use which methods, and what holds for all of them.

    Attributes:
        configurations: one for each method of CONFIGURED, in its order.
        security_defaults: everybody registers a phishing-resistant method before anything else, and
            administrators always sign in with one.
        passwords_forbidden: nobody has a password, whatever its configuration says.
        retire_weaker_on_passkey: whoever registers a passkey loses what is weaker.
    """

    configurations: tuple[MethodConfiguration, ...]
    passes: PassSettings = PassSettings()
    campaign: Campaign = Campaign()
    preferred: SystemPreferred = SystemPreferred()
    security_defaults: bool = True
    passwords_forbidden: bool = False
    retire_weaker_on_passkey: bool = False

    def of(self, method: Method) -> MethodConfiguration | None:
        """The method's configuration; None for one that this policy says nothing of."""
        return next((each for each in self.configurations if each.method is method), None)

    def having(self, configuration: MethodConfiguration) -> "MethodsPolicy":
        """This policy with *configuration* in the place of the same method's."""
        changed = tuple(configuration if each.method is configuration.method else each for each in self.configurations)
        return replace(self, configurations=changed)

    @property
    def principals(self) -> frozenset[Principal]:
        """Everybody whom this policy names."""
        named: list[MethodConfiguration | Campaign | SystemPreferred] = [self.campaign, self.preferred]
        named += self.configurations
        return frozenset().union(*(each.include | each.exclude for each in named))


FIRST_METHODS = MethodsPolicy(
    configurations=tuple(MethodConfiguration(method, enabled=method is not Method.PASSWORD) for method in CONFIGURED)
)
"""What a new tenant has: security defaults on, every method but the password."""

RETIRED_BY_PASSKEY = (Method.TEMPORARY_ACCESS_PASS, Method.PASSWORD, Method.SOFTWARE_OATH)
"""What a passkey retires where the policy says so. Recovery codes stay: they are for the day the passkey is lost."""
