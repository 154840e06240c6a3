"""Ask an identity provider: over TLS, there and nowhere else, not much, not long."""

import http.client
import json
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import cache
from typing import IO, Final, TypeAlias
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from keystead_core.wire.errors import BadJson
from keystead_core.wire.strict_json import JsonValue, json_decode_object

from keystead_agent.container.records import Provider
from keystead_agent.enrolment.description import (
    MAX_DESCRIPTION_BYTES,
    Judge,
    address_of,
    is_loopback,
    read_description,
)
from keystead_agent.enrolment.errors import (
    AnswerRefused,
    DescriptionRefused,
    EnrolmentError,
    ProviderRefused,
    ProviderUnreachable,
)
from keystead_agent.enrolment.public_suffixes import PublicSuffixes
from keystead_agent.enrolment.related_origins import WELL_KNOWN_WEBAUTHN

TOTAL_SECONDS: Final = 10.0
_SILENCE_SECONDS: Final = 5.0
_CHUNK_BYTES: Final = 4096
_CODE: Final = re.compile(r"[a-z][a-z_]{0,63}")
_MESSAGE_CHARACTERS: Final = 500
Json: TypeAlias = Mapping[str, JsonValue]


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would let one server speak at the address of another; so it is the error that it looks like."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> None:
        return None


def fetch_provider(
    typed: str, *, now: datetime, suffixes: PublicSuffixes | None, total_seconds: float = TOTAL_SECONDS
) -> Provider:
    """Return the provider at the address that a person typed.

    Raises:
        EnrolmentError: AddressRefused, ProviderUnreachable or DescriptionRefused.
    """
    url = address_of(typed)

    @cache
    def related(rp_id: str) -> bytes:
        # Over TLS, always: whoever answers there speaks for a domain that is not the one we were sent to.
        try:
            return _fetch(f"https://{rp_id}{WELL_KNOWN_WEBAUTHN}", total_seconds, media_type="application/json")
        except ProviderUnreachable as error:
            raise DescriptionRefused(f"{rp_id} does not say which pages may use it: {error}") from error

    return read_description(_fetch(url, total_seconds), url, now=now, judge=Judge(suffixes, related))


def _fetch(url: str, total_seconds: float, *, media_type: str | None = None) -> bytes:
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "keystead-agent"})  # noqa: S310 (https, or http on loopback, by address_of)
    try:
        with _opener(url).open(request, timeout=_SILENCE_SECONDS) as response:
            # §5.11.1 asks for it: what people upload to a site is not what the site says.
            if media_type is not None and response.headers.get_content_type() != media_type:
                raise ProviderUnreachable(f"{url} is not {media_type}")
            return _read(response, url, total_seconds)
    except HTTPError as error:
        error.close()
        raise ProviderUnreachable(f"{url} answers {error.code}: is there a Keystead tenant?") from error
    except (URLError, OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise ProviderUnreachable(f"{url} cannot be reached: {reason}") from error


def _read(response: http.client.HTTPResponse, url: str, total_seconds: float) -> bytes:
    deadline = time.monotonic() + total_seconds
    data = b""
    while piece := response.read1(_CHUNK_BYTES):
        data += piece
        if len(data) > MAX_DESCRIPTION_BYTES:
            raise DescriptionRefused(f"{url} is longer than {MAX_DESCRIPTION_BYTES} bytes")
        # Byte by byte is a way to be silent, too.
        if time.monotonic() > deadline:
            raise ProviderUnreachable(f"{url} takes longer than {total_seconds:.0f} seconds")
    return data


def post_json(url: str, said: Mapping[str, object], total_seconds: float = TOTAL_SECONDS) -> Json:
    """Return a provider's answer to *said*; *url* is under the address of an enrolled provider.

    Raises:
        ProviderUnreachable: there was none in time.
        ProviderRefused: with the provider's code.
        AnswerRefused: it is not JSON.
    """
    headers = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": "keystead-agent"}
    request = Request(url, data=json.dumps(said).encode(), headers=headers)  # noqa: S310 (an enrolled provider's, by address_of)
    try:
        with _opener(url).open(request, timeout=_SILENCE_SECONDS) as response:
            return _json(url, _read(response, url, total_seconds))
    except HTTPError as error:
        with error:
            raise _refusal(url, error.code, error.read(MAX_DESCRIPTION_BYTES)) from error
    except (URLError, OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise ProviderUnreachable(f"{url} cannot be reached: {reason}") from error


def _json(url: str, data: bytes) -> Json:
    try:
        return json_decode_object(data, max_bytes=MAX_DESCRIPTION_BYTES)
    except BadJson as error:
        raise AnswerRefused(f"{url} answers no JSON: {error}") from error


def _refusal(url: str, status: int, body: bytes) -> EnrolmentError:
    with suppress(AnswerRefused):
        said = _json(url, body)
        code, message = said.get("code"), said.get("message")
        # They end on a terminal and in a log: nothing but what such a thing looks like.
        if isinstance(code, str) and _CODE.fullmatch(code) and isinstance(message, str) and message.isprintable():
            return ProviderRefused(code, message[:_MESSAGE_CHARACTERS] or code)
    return ProviderUnreachable(f"{url} answers {status}: is there a Keystead tenant that takes devices?")


def _opener(url: str) -> OpenerDirector:
    # A proxy has no way to our own loopback.
    proxies = [ProxyHandler({})] if is_loopback(url) else []
    return build_opener(_NoRedirects, *proxies)
