"""RP-initiated logout (OpenID Connect RP-Initiated Logout 1.0).

Two values, as with signing in:

    ReceivedLogout   what was asked; believe nothing
    LogoutRequest    with an address to go to afterwards only if the client registered it

Whose address it is must be said by `client_id` or proven by the ID token hint, and
where both speak they must agree.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from keystead_core.oidc.errors import LogoutClientUnknown, LogoutMalformed
from keystead_core.oidc.parameters import TEXT, Rule, read_parameters
from keystead_core.oidc.redirect import MAX_URI_CHARACTERS, match_redirect
from keystead_core.oidc.reply import Parameters, location

_RULES = {
    "id_token_hint": Rule(16 * 1024),
    "client_id": Rule(256),
    "post_logout_redirect_uri": Rule(MAX_URI_CHARACTERS),
    "state": Rule(4096),
    "logout_hint": Rule(320, TEXT),
}


@dataclass(frozen=True, slots=True)
class ReceivedLogout:
    """Parsed; believe nothing, the hint least of all before its signature is checked."""

    id_token_hint: str | None
    client_id: str | None
    post_logout_redirect_uri: str | None
    state: str | None
    logout_hint: str | None


@dataclass(frozen=True, slots=True)
class LogoutRequest:
    """Somebody wants to leave; whether they do is asked of the session's cookie, not of this.

    Attributes:
        return_to: where the person goes afterwards, with the client's state; None to stay with us.
    """

    client_id: str | None
    return_to: str | None


def receive_logout(pairs: Iterable[tuple[str, str]]) -> ReceivedLogout:
    """Raises LogoutMalformed."""
    parameters = read_parameters(pairs, _RULES)
    fault = parameters.first_fault()
    if fault is not None:
        raise LogoutMalformed(fault)
    return ReceivedLogout(**{name: parameters.get(name) for name in _RULES})


def client_of(received: ReceivedLogout, *, hinted_client_id: str | None) -> str | None:
    """Whose request it is, given the audience of the *verified* hint, if there was one.

    Raises:
        LogoutMalformed: the two name different clients.
    """
    # §2: "the OP MUST verify that the Client Identifier matches the one used when issuing the ID Token".
    if None not in (received.client_id, hinted_client_id) and received.client_id != hinted_client_id:
        raise LogoutMalformed("client_id is not the client of the ID token")
    return received.client_id or hinted_client_id


def parse_logout(received: ReceivedLogout, client_id: str | None, registered: Collection[str]) -> LogoutRequest:
    """Settle where the person goes, given the client and its registered addresses.

    Raises:
        UnsafeToRedirect: the address is nobody's, or not this client's.
    """
    uri = received.post_logout_redirect_uri
    if uri is None:
        return LogoutRequest(client_id, None)
    if client_id is None:
        raise LogoutClientUnknown("post_logout_redirect_uri without client_id or ID token")
    state: Parameters = [] if received.state is None else [("state", received.state)]
    return LogoutRequest(client_id, location(match_redirect(registered, uri), state))
