"""What can be wrong with what an app asks of us, by who may hear of it.

    UnsafeToRedirect        only the person, on our own page: the address is not proven
    AuthorizationError      the client, at the address it registered
    TokenError              the client, in the token endpoint's JSON
    RedirectUriError   the administrator who registers an app

`code` is stable and goes to the log. Descriptions are our own fixed texts: nothing of a
request is ever repeated in them.
"""

from keystead_core.oidc.reply import ReplyTo


class OidcError(Exception):
    code = "oidc_refused"


class UnsafeToRedirect(OidcError):
    """Nobody may be sent anywhere: answering would make us an open redirector."""

    code = "unsafe_to_redirect"


class ClientIdMissing(UnsafeToRedirect):
    code = "client_id_missing"


class UnknownClient(UnsafeToRedirect):
    """For whoever looks the client up: there is none of this name."""

    code = "client_unknown"


class RedirectUriMissing(UnsafeToRedirect):
    code = "redirect_uri_missing"


class RedirectUriNotRegistered(UnsafeToRedirect):
    code = "redirect_uri_not_registered"

    def __init__(self, presented: str) -> None:
        super().__init__(f"not registered for this client: {presented!r}")
        self.presented = presented


class LogoutMalformed(UnsafeToRedirect):
    code = "logout_malformed"


class LogoutClientUnknown(UnsafeToRedirect):
    """Asked to go somewhere afterwards without saying which client's address that is."""

    code = "logout_client_unknown"


class AuthorizationError(OidcError):
    """Refused, and the client is told at its own address.

    Attributes:
        error: an error code of RFC 6749 §4.1.2.1 or OpenID Connect Core §3.1.2.6.
        reply_to: where the refusal goes.
    """

    def __init__(self, error: str, description: str, reply_to: ReplyTo) -> None:
        super().__init__(description)
        self.code = error
        self.error = error
        self.description = description
        self.reply_to = reply_to

    @property
    def state(self) -> str | None:
        return self.reply_to.state


class TokenError(OidcError):
    """Refused at the token endpoint (RFC 6749 §5.2).

    Attributes:
        status: the HTTP status that goes with it; with 401 the answer carries `WWW-Authenticate: Basic`.
    """

    error = "invalid_request"
    status = 400

    def __init__(self, description: str) -> None:
        super().__init__(description)
        self.description = description

    @property
    def code(self) -> str:  # type: ignore[override]
        return self.error


class InvalidRequest(TokenError):
    error = "invalid_request"


class InvalidClient(TokenError):
    error = "invalid_client"
    status = 401


class InvalidGrant(TokenError):
    """The code or what was bound to it: used, expired, another client's, another address's, no verifier."""

    error = "invalid_grant"


class InvalidScope(TokenError):
    error = "invalid_scope"


class UnauthorizedClient(TokenError):
    """A client that is who it says, and may not use this grant."""

    error = "unauthorized_client"


class UnsupportedGrantType(TokenError):
    error = "unsupported_grant_type"


class RedirectUriError(OidcError):
    """An address that an app may not register; the message says what to change."""

    code = "redirect_uri_not_allowed"
