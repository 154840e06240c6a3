"""A browser session, and the code an app got under it."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from keystead_core.fast_init import fast_init

from keystead_server.domain.ids import AppId, GrantId, PasskeyId, SessionId, TenantId, UserId
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User

SESSION_LIFETIME = timedelta(hours=24)
# Where a policy says that the browser keeps the session (Entra: "90 days").
KEPT_SESSION_LIFETIME = timedelta(days=90)
FRESH_FOR_REGISTRATION = timedelta(minutes=5)
# A one-time pass cannot sign in again: whoever spent it has a little longer, as in Entra, and no more.
FRESH_BY_PASS = timedelta(minutes=10)
CODE_LIFETIME = timedelta(seconds=60)
ID_TOKEN_LIFETIME = timedelta(hours=1)
ACCESS_TOKEN_LIFETIME = timedelta(hours=1)


@fast_init
@dataclass(frozen=True, slots=True)
class Session:
    """Opened by one granted sign-in, whose attempt has the same id.

    Attributes:
        methods: how the person signed in, in the order used; freshness checks ask for them, because
            a pass never counts as step-up.
        acr: as apps see it: `phrh`, `phr` or `mfa` (docs/guides/apps.md). No session is opened with
            one factor alone.
    """

    id: SessionId
    tenant_id: TenantId
    user_id: UserId
    methods: tuple[Method, ...]
    acr: str
    signed_in_at: datetime
    expires_at: datetime
    passkey_id: PasskeyId | None = None
    closed_at: datetime | None = None

    def is_open(self, user: User, now: datetime) -> bool:
        """Whether it may still be used; asked at every use, never remembered."""
        return (
            user.enabled
            and self.closed_at is None
            and now < self.expires_at
            and self.signed_in_at >= user.sessions_valid_from
        )

    def is_fresh(self, now: datetime) -> bool:
        """Whether the person signed in within the last five minutes, as registering a passkey asks.

        Ten with a Temporary Access Pass.
        """
        by_pass = self.used(Method.TEMPORARY_ACCESS_PASS)
        return now - self.signed_in_at <= (FRESH_BY_PASS if by_pass else FRESH_FOR_REGISTRATION)

    def kept(self) -> "Session":
        """This session, to outlast the browser's being closed; one that ends early, as a pass's does, stays as it is."""
        if self.expires_at < self.signed_in_at + SESSION_LIFETIME:
            return self
        return replace(self, expires_at=self.signed_in_at + KEPT_SESSION_LIFETIME)

    @property
    def is_kept(self) -> bool:
        return self.expires_at > self.signed_in_at + SESSION_LIFETIME

    def closed(self, *, at: datetime) -> "Session":
        return replace(self, closed_at=at)

    @property
    def amr(self) -> tuple[str, ...]:
        """RFC 8176: every method's, and `mfa` because no session is less."""
        named = dict.fromkeys(value for method in self.methods for value in method.amr)
        return (*(value for value in named if value != "mfa"), "mfa")

    def used(self, method: Method) -> bool:
        return method in self.methods


@fast_init
@dataclass(frozen=True, slots=True)
class Grant:
    """What an app got for a code. Its id is the code's, so a code redeemed twice meets the key.

    Attributes:
        revoked_at: set when the code was presented again (RFC 6749 §4.1.2: tokens
            issued on it should be revoked).
    """

    id: GrantId
    tenant_id: TenantId
    session_id: SessionId
    app_id: AppId
    user_id: UserId
    scope: str
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
