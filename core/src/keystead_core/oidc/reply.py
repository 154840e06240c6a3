"""The answer to an authorization request: where it goes and what it carries.

RFC 9207: every answer, refusals included, names its issuer, so that a client
of several servers cannot be made to bring one's code to another.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import quote_plus

from keystead_core.fast_init import fast_init

Parameters: TypeAlias = Sequence[tuple[str, str]]


class ResponseMode(StrEnum):
    QUERY = "query"
    FORM_POST = "form_post"


@fast_init
@dataclass(frozen=True, slots=True)
class ReplyTo:
    """An address that the client registered, and what the client wants to find there.

    Made only by parsing an authorization request, after the redirect URI has been matched.
    """

    redirect_uri: str
    response_mode: ResponseMode
    state: str | None


def code_parameters(reply_to: ReplyTo, code: str, issuer: str) -> Parameters:
    return [("code", code), *_state(reply_to), ("iss", issuer)]


def error_parameters(reply_to: ReplyTo, error: str, description: str, issuer: str) -> Parameters:
    return [("error", error), ("error_description", description), *_state(reply_to), ("iss", issuer)]


def location(uri: str, parameters: Parameters) -> str:
    """Return *uri* with *parameters* added to its query; they keep the query that was registered."""
    if not parameters:
        return uri
    query = "&".join([f"{quote_plus(name)}={quote_plus(value)}" for name, value in parameters])
    return f"{uri}{'&' if '?' in uri else '?'}{query}"


def _state(reply_to: ReplyTo) -> Parameters:
    return [] if reply_to.state is None else [("state", reply_to.state)]
