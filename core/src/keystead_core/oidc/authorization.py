"""The authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1).

Two values, the second only reachable from the first:

    ReceivedAuthorization   names a client and an address; believe neither
    AuthorizationRequest    asked for by a client's own registered address, and well formed

Between them the caller looks the client up. Up to the match of the redirect
URI a fault is UnsafeToRedirect, and is shown to the person; after it, an
AuthorizationError, and is sent to the client.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from types import MappingProxyType

from keystead_core.fast_init import fast_init
from keystead_core.oidc.claims_request import (
    MAX_CLAIMS_CHARACTERS,
    NO_CLAIMS,
    ClaimsMalformed,
    ClaimsRequest,
    read_claims_request,
)
from keystead_core.oidc.errors import AuthorizationError, ClientIdMissing, RedirectUriMissing
from keystead_core.oidc.parameters import TEXT, KnownParameters, Rule, read_parameters
from keystead_core.oidc.pkce import is_s256_challenge
from keystead_core.oidc.redirect import MAX_URI_CHARACTERS, match_redirect
from keystead_core.oidc.reply import ReplyTo, ResponseMode

KNOWN_SCOPES = ("openid", "profile", "email", "offline_access")

_RULES = {
    "client_id": Rule(256),
    "redirect_uri": Rule(MAX_URI_CHARACTERS),
    "response_type": Rule(64),
    "response_mode": Rule(64),
    "scope": Rule(4096),
    "state": Rule(4096),
    "nonce": Rule(512, TEXT),
    "code_challenge": Rule(128),
    "code_challenge_method": Rule(16),
    "prompt": Rule(128),
    "max_age": Rule(16),
    "login_hint": Rule(320, TEXT),
    "acr_values": Rule(1024),
    "claims": Rule(MAX_CLAIMS_CHARACTERS, TEXT),
    "id_token_hint": Rule(16 * 1024),
    "request": Rule(64 * 1024),
    "request_uri": Rule(MAX_URI_CHARACTERS),
    "registration": Rule(16 * 1024, TEXT),
}
_MAX_AGE_DIGITS = 9


class Prompt(StrEnum):
    NONE = "none"
    LOGIN = "login"
    SELECT_ACCOUNT = "select_account"
    CONSENT = "consent"


@fast_init
@dataclass(frozen=True, slots=True)
class ReceivedAuthorization:
    """Parsed; believe nothing. For finding the client."""

    client_id: str
    redirect_uri: str
    parameters: KnownParameters


@fast_init
@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """What a client asks for, answerable at an address it registered.

    Attributes:
        scopes: those we know of those asked for; "openid" is always one.
        max_age: how long ago the person may have signed in; None for no limit.
        login_hint: who the client believes is there. A hint, typed by anybody.
        id_token_hint: unverified.
        claims: what the sign-in must have shown.
    """

    client_id: str
    reply_to: ReplyTo
    scopes: tuple[str, ...]
    nonce: str | None
    code_challenge: str
    prompts: frozenset[Prompt]
    max_age: timedelta | None
    login_hint: str | None
    acr_values: tuple[str, ...]
    id_token_hint: str | None
    claims: ClaimsRequest = NO_CLAIMS

    @property
    def redirect_uri(self) -> str:
        return self.reply_to.redirect_uri


def receive_authorization(pairs: Iterable[tuple[str, str]]) -> ReceivedAuthorization:
    """Read the parameters of a query or a form, decoded, in their order. Raises UnsafeToRedirect."""
    parameters = read_parameters(pairs, _RULES)
    client_id, redirect_uri = parameters.get("client_id"), parameters.get("redirect_uri")
    if client_id is None:
        raise ClientIdMissing(parameters.faults.get("client_id", "client_id is missing"))
    if redirect_uri is None:
        raise RedirectUriMissing(parameters.faults.get("redirect_uri", "redirect_uri is missing"))
    return ReceivedAuthorization(client_id, redirect_uri, parameters)


def parse_authorization(
    received: ReceivedAuthorization,
    registered: Collection[str],
    *,
    api_scopes: Mapping[str, Sequence[str]] = MappingProxyType({}),
) -> AuthorizationRequest:
    """Read the whole request of a client whose redirect URIs are *registered*.

    Args:
        api_scopes: what this client may ask for beyond OpenID's scopes, each with the scopes it stands for.

    Raises:
        RedirectUriNotRegistered: to be shown to the person.
        AuthorizationError: to be sent to the client.
    """
    parameters = received.parameters
    reply_to = ReplyTo(
        match_redirect(registered, received.redirect_uri), _response_mode(parameters), parameters.get("state")
    )
    try:
        _refuse_unusable(parameters)
        return AuthorizationRequest(
            client_id=received.client_id,
            reply_to=reply_to,
            scopes=_scopes(parameters, api_scopes),
            nonce=parameters.get("nonce"),
            code_challenge=_code_challenge(parameters),
            prompts=_prompts(parameters),
            max_age=_max_age(parameters),
            login_hint=parameters.get("login_hint"),
            acr_values=tuple((parameters.get("acr_values") or "").split()),
            id_token_hint=parameters.get("id_token_hint"),
            claims=_claims(parameters),
        )
    except _Refused as refused:
        raise AuthorizationError(refused.error, refused.description, reply_to) from None


class _Refused(Exception):
    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error = error
        self.description = description


def _response_mode(parameters: KnownParameters) -> ResponseMode:
    # A mode that we refuse below is answered in the code flow's own.
    form_post = parameters.get("response_mode") == ResponseMode.FORM_POST
    return ResponseMode.FORM_POST if form_post else ResponseMode.QUERY


def _refuse_unusable(parameters: KnownParameters) -> None:
    # A request object says what the parameters beside it say otherwise; to ignore it is to answer
    # another question than the client signed.
    for name in ("request", "request_uri", "registration"):
        if name in parameters.values or name in parameters.faults:
            raise _Refused(f"{name}_not_supported", f"{name} is not supported")
    fault = parameters.first_fault()
    if fault is not None:
        raise _Refused("invalid_request", fault)
    match parameters.get("response_type"):
        case "code":
            pass
        case None:
            raise _Refused("invalid_request", "response_type is missing")
        case _:
            raise _Refused("unsupported_response_type", "response_type must be code")
    if parameters.get("response_mode") not in (None, ResponseMode.QUERY, ResponseMode.FORM_POST):
        raise _Refused("invalid_request", "response_mode must be query or form_post")


def _scopes(parameters: KnownParameters, api_scopes: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    asked = (parameters.get("scope") or "").split(" ")
    if "openid" not in asked:
        raise _Refused("invalid_scope", "scope must include openid")
    # OpenID Connect Core §3.1.2.1: "Scope values used that are not understood ... SHOULD be ignored."
    known = [scope for scope in KNOWN_SCOPES if scope in asked]
    return tuple(dict.fromkeys([*known, *(one for scope in asked for one in api_scopes.get(scope, ()))]))


def _code_challenge(parameters: KnownParameters) -> str:
    challenge = parameters.get("code_challenge")
    if challenge is None:
        raise _Refused("invalid_request", "code_challenge is missing: PKCE is required")
    # RFC 7636 §4.3: the method "defaults to "plain" if not present", so it must be present.
    if parameters.get("code_challenge_method") != "S256":
        raise _Refused("invalid_request", "code_challenge_method must be S256")
    if not is_s256_challenge(challenge):
        raise _Refused("invalid_request", "code_challenge is not the base64url of a SHA-256")
    return challenge


def _prompts(parameters: KnownParameters) -> frozenset[Prompt]:
    try:
        prompts = frozenset(Prompt(name) for name in (parameters.get("prompt") or "").split())
    except ValueError:
        raise _Refused("invalid_request", "prompt must be none, login, select_account or consent") from None
    # §3.1.2.1: "If this parameter contains none with any other value, an error is returned."
    if Prompt.NONE in prompts and len(prompts) > 1:
        raise _Refused("invalid_request", "prompt none stands alone")
    return prompts


def _max_age(parameters: KnownParameters) -> timedelta | None:
    value = parameters.get("max_age")
    if value is None:
        return None
    if not (value.isascii() and value.isdigit() and len(value) <= _MAX_AGE_DIGITS):
        raise _Refused("invalid_request", "max_age must be a number of seconds")
    return timedelta(seconds=int(value))


def _claims(parameters: KnownParameters) -> ClaimsRequest:
    try:
        return read_claims_request(parameters.get("claims"), (parameters.get("acr_values") or "").split())
    except ClaimsMalformed as error:
        raise _Refused("invalid_request", str(error)) from None
