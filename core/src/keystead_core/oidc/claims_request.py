"""The `claims` parameter (OpenID Connect Core §5.5), and `acr_values`: what an app asks a sign-in to have shown.

    contexts       authentication contexts, `c1` to `c99`, by `acrs` or by `acr_values`: each is to be satisfied
    acr            `acr` as an essential claim: the answer has one of these, or there is none (§5.5.1.1)
    capabilities   `xms_cc`: what the app says it can do with a challenge, passed on to the API

All other claims are voluntary in effect: §5.5.1 "The Authorization Server MUST NOT generate an error when
Claims are not returned, whether they are Essential or Voluntary, unless otherwise specified".
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from keystead_core.wire.errors import BadJson
from keystead_core.wire.strict_json import JsonValue, json_decode_object

MAX_CLAIMS_CHARACTERS = 8 * 1024
MAX_CLAIMS_DEPTH = 6
MAX_VALUES = 100
CLIENT_CAPABILITIES = frozenset({"cp1"})
# As many digits as nobody has: what only looks like a context is refused as one that is not there.
_CONTEXT = re.compile(r"c[0-9]{1,9}", re.IGNORECASE)
_TOKENS = ("id_token", "access_token")


class ClaimsMalformed(Exception):
    """The description is a text of our own, for the app."""


@dataclass(frozen=True, slots=True)
class ClaimsRequest:
    contexts: tuple[str, ...] = ()
    acr: frozenset[str] = frozenset()
    capabilities: tuple[str, ...] = ()


NO_CLAIMS = ClaimsRequest()


def read_claims_request(claims: str | None, acr_values: Iterable[str]) -> ClaimsRequest:
    """Read what the two parameters ask for.

    Raises:
        ClaimsMalformed: `claims` is no such request.
    """
    contexts = [value.casefold() for value in acr_values if _CONTEXT.fullmatch(value)]
    if claims is None:
        return ClaimsRequest(tuple(dict.fromkeys(contexts))) if contexts else NO_CLAIMS
    members = _members(claims)
    acr: frozenset[str] = frozenset()
    capabilities: list[str] = []
    for token in _TOKENS:
        asked = _object(members.get(token), token)
        contexts += [value.casefold() for value in _values(asked, "acrs")]
        capabilities += [value.casefold() for value in _values(asked, "xms_cc")]
        if token == "id_token":
            _refuse_other_people(asked)
            acr = _essential_acr(asked)
    known = tuple(one for one in dict.fromkeys(capabilities) if one in CLIENT_CAPABILITIES)
    return ClaimsRequest(tuple(dict.fromkeys(contexts)), acr, known)


def _members(claims: str) -> Mapping[str, JsonValue]:
    try:
        return json_decode_object(
            claims.encode("utf-8"), max_bytes=4 * MAX_CLAIMS_CHARACTERS, max_depth=MAX_CLAIMS_DEPTH
        )
    except BadJson:
        raise ClaimsMalformed("claims is not a JSON object") from None


def _object(value: JsonValue, name: str) -> Mapping[str, JsonValue]:
    # §5.5.1: null "Indicates that this Claim is being requested in the default manner".
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise ClaimsMalformed(f"{name} in claims is not an object")
    return value


def _values(asked: Mapping[str, JsonValue], name: str) -> list[str]:
    """What is asked for as `value`, as `values`, or as both."""
    request = _object(asked.get(name), name)
    value, values = request.get("value"), request.get("values")
    several = [] if values is None else values if isinstance(values, list) else None
    if several is None or len(several) > MAX_VALUES:
        raise ClaimsMalformed(f"values of {name} in claims is not a list of at most {MAX_VALUES}")
    found = [one for one in ([value] if value is not None else []) + several if isinstance(one, str)]
    if len(found) != len(several) + (value is not None):
        raise ClaimsMalformed(f"a value of {name} in claims is not text")
    return found


def _essential_acr(asked: Mapping[str, JsonValue]) -> frozenset[str]:
    request = _object(asked.get("acr"), "acr")
    return frozenset(_values(asked, "acr")) if request.get("essential") is True else frozenset()


def _refuse_other_people(asked: Mapping[str, JsonValue]) -> None:
    # §3.1.2.1: with a requested `sub` the server "MUST NOT reply with an ID Token or Access Token for a
    # different user". To ignore the request would do just that.
    if _values(asked, "sub"):
        raise ClaimsMalformed("claims cannot name the person; send login_hint")
