"""Fetch a provider's description: over TLS, from there and nowhere else, not much, not long."""

import http.client
import time
from datetime import datetime
from typing import IO, Final
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, OpenerDirector, ProxyHandler, Request, build_opener

from keystead_agent.container.records import Provider
from keystead_agent.enrolment.description import MAX_DESCRIPTION_BYTES, address_of, is_loopback, read_description
from keystead_agent.enrolment.errors import DescriptionRefused, ProviderUnreachable

TOTAL_SECONDS: Final = 10.0
_SILENCE_SECONDS: Final = 5.0
_CHUNK_BYTES: Final = 4096


class _NoRedirects(HTTPRedirectHandler):
    """A redirect would let one server speak at the address of another; so it is the error that it looks like."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: http.client.HTTPMessage, newurl: str
    ) -> None:
        return None


def fetch_provider(typed: str, *, now: datetime, total_seconds: float = TOTAL_SECONDS) -> Provider:
    """Return the provider at the address that a person typed.

    Raises:
        EnrolmentError: AddressRefused, ProviderUnreachable or DescriptionRefused.
    """
    url = address_of(typed)
    return read_description(_fetch(url, total_seconds), url, now=now)


def _fetch(url: str, total_seconds: float) -> bytes:
    deadline = time.monotonic() + total_seconds
    request = Request(url, headers={"Accept": "application/json", "User-Agent": "keystead-agent"})  # noqa: S310 (https, or http on loopback, by address_of)
    try:
        with _opener(url).open(request, timeout=_SILENCE_SECONDS) as response:
            data = b""
            while piece := response.read1(_CHUNK_BYTES):
                data += piece
                if len(data) > MAX_DESCRIPTION_BYTES:
                    raise DescriptionRefused(f"{url} is longer than {MAX_DESCRIPTION_BYTES} bytes")
                # Byte by byte is a way to be silent, too.
                if time.monotonic() > deadline:
                    raise ProviderUnreachable(f"{url} takes longer than {total_seconds:.0f} seconds")
            return data
    except HTTPError as error:
        error.close()
        raise ProviderUnreachable(f"{url} answers {error.code}: is there a Keystead tenant?") from error
    except (URLError, OSError, http.client.HTTPException) as error:
        reason = error.reason if isinstance(error, URLError) else error
        raise ProviderUnreachable(f"{url} cannot be reached: {reason}") from error


def _opener(url: str) -> OpenerDirector:
    # A proxy has no way to our own loopback.
    proxies = [ProxyHandler({})] if is_loopback(url) else []
    return build_opener(_NoRedirects, *proxies)
