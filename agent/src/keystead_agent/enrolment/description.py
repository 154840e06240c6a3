"""What an identity provider says about itself under `/.well-known/keystead`, and what of it may be believed.

    {"issuer": …, "tenant": {"id": …, "name": …}, "rp_id": …, "origins": […], "name": …}

It was fetched over TLS from the address that a person typed, so it may speak
for that address and for nothing else: everything in it must lie there. A parent
domain must be nobody else's, which the list of public suffixes tells; for an
origin elsewhere the relying-party id has to speak for itself.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from keystead_core.wire.errors import BadJson
from keystead_core.wire.strict_json import JsonValue, json_decode_object

from keystead_agent.container.records import Provider
from keystead_agent.enrolment.errors import AddressRefused, DescriptionRefused
from keystead_agent.enrolment.public_suffixes import PublicSuffixes
from keystead_agent.enrolment.related_origins import is_related

WELL_KNOWN: Final = "/.well-known/keystead"
MAX_DESCRIPTION_BYTES: Final = 16 * 1024
_MAX_ORIGINS: Final = 16
_MAX_TEXT_CHARACTERS: Final = 256
# A name that can be asked at, and is in the one form that others would compare it with.
_DOMAIN: Final = re.compile(r"(?!-)[a-z0-9-]{1,63}(\.(?!-)[a-z0-9-]{1,63})*")
_HOST: Final = re.compile(r"[a-z0-9.-]+|[0-9a-f:.]+")
_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1", "::1"})


def address_of(typed: str) -> str:
    """Return where the description of the provider at *typed* is.

    Raises:
        AddressRefused: with what to write instead.
    """
    url = typed if "://" in typed else f"https://{typed}"
    if origin_of(url) is None or "?" in url or "#" in url:
        raise AddressRefused(f"write an address like https://id.example.org/contoso, not {typed}")
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/')}{WELL_KNOWN}"


def is_loopback(url: str) -> bool:
    return urlsplit(url).hostname in _LOOPBACK


@dataclass(frozen=True, slots=True)
class Judge:
    """What it takes to believe a relying-party id that is not its page's own host.

    Attributes:
        suffixes: None where this computer has no list of them.
        related: returns what a relying-party id says at `/.well-known/webauthn`; may block.
    """

    suffixes: PublicSuffixes | None
    related: Callable[[str], bytes]


def read_description(data: bytes, url: str, *, now: datetime, judge: Judge) -> Provider:
    """Return the provider that *data*, fetched from *url*, describes.

    Raises:
        DescriptionRefused: it is malformed, or speaks for others.
        EnrolmentError: what *judge* raises.
    """
    try:
        said = json_decode_object(data, max_bytes=MAX_DESCRIPTION_BYTES)
    except BadJson as error:
        raise DescriptionRefused(f"{url} is no description of a Keystead tenant: {error}") from error
    tenant = said.get("tenant")
    if not isinstance(tenant, Mapping):
        raise DescriptionRefused(f"{url} names no tenant")
    provider = Provider(
        rp_id=_text(said, "rp_id"),
        origins=_origins(said),
        issuer=_text(said, "issuer"),
        name=_text(said, "name"),
        tenant_id=_text(tenant, "id"),
        tenant_name=_text(tenant, "name"),
        url=url.removesuffix(WELL_KNOWN),
        enrolled_at=now,
    )
    _require_own(provider, url)
    for origin in provider.origins:
        _require_rp_id(provider.rp_id, origin, judge)
    return provider


def origin_of(url: str) -> str | None:
    """The serialised origin of an address on which passkeys work, or None."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return None
    if not host or parts.username is not None or parts.password is not None or not _HOST.fullmatch(host):
        return None
    if parts.scheme != "https" and not (parts.scheme == "http" and host in _LOOPBACK):
        return None
    default = 443 if parts.scheme == "https" else 80
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}" + ("" if port in (None, default) else f":{port}")


def _require_own(provider: Provider, url: str) -> None:
    own = origin_of(url)
    if own not in provider.origins:
        raise DescriptionRefused(f"{own} describes a provider that is not at {own}")
    # The issuer is the name under which the provider is remembered: another's would replace another.
    if origin_of(provider.issuer) != own:
        raise DescriptionRefused(f"{own} calls itself {provider.issuer}")
    for origin in provider.origins:
        if origin_of(origin) != origin:
            raise DescriptionRefused(f"{origin} is no origin on which passkeys work")


def _require_rp_id(rp_id: str, origin: str, judge: Judge) -> None:
    """HTML's "is a registrable domain suffix of or is equal to", and WebAuthn's related origins."""
    host, suffixes = urlsplit(origin).hostname or "", judge.suffixes
    refused = DescriptionRefused(f"{origin} may not use the relying-party id {rp_id}")
    if _is_ip_address(rp_id) or not _DOMAIN.fullmatch(rp_id):
        raise refused
    # Everybody's pages would be its pages. A browser lets a page at such a name use it; we need not.
    if suffixes is not None and suffixes.is_suffix(rp_id):
        raise DescriptionRefused(f"{rp_id} is a public suffix: anybody may have a page below it")
    if host == rp_id:
        return
    if suffixes is None:
        raise DescriptionRefused(
            f"{rp_id} is not {host} itself, and this computer has no list of public suffixes to judge it by: "
            "apt install publicsuffix"
        )
    # "If hostSuffix, prefixed by U+002E (.), matches the end of originalHost's public suffix, return false": below
    # *.kawasaki.jp, kawasaki.jp has no rule, and is nobody's domain all the same.
    if "." in rp_id and host.endswith(f".{rp_id}") and not suffixes.suffix_of(host).endswith(f".{rp_id}"):
        return
    if not is_related(judge.related(rp_id), origin, suffixes):
        raise refused


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _origins(said: Mapping[str, JsonValue]) -> tuple[str, ...]:
    origins = said.get("origins")
    if not isinstance(origins, list) or not 0 < len(origins) <= _MAX_ORIGINS:
        raise DescriptionRefused(f"origins must be a list of 1 to {_MAX_ORIGINS}")
    if not all(isinstance(origin, str) for origin in origins):
        raise DescriptionRefused("origins must be texts")
    return tuple(str(origin) for origin in origins)


def _text(said: Mapping[str, JsonValue], member: str) -> str:
    value = said.get(member)
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_TEXT_CHARACTERS:
        raise DescriptionRefused(f"{member} must be a text of 1 to {_MAX_TEXT_CHARACTERS} characters")
    return value
