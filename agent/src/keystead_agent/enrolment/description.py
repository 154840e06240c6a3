"""What an identity provider says about itself under `/.well-known/keystead`, and what of it may be believed.

    {"issuer": …, "tenant": {"id": …, "name": …}, "rp_id": …, "origins": […], "name": …}

It was fetched over TLS from the address that a person typed, so it may speak
for that address and for nothing else: everything in it must lie there.
"""

import ipaddress
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Final
from urllib.parse import urlsplit

from keystead_core.wire.errors import BadJson
from keystead_core.wire.strict_json import JsonValue, json_decode_object

from keystead_agent.container.records import Provider
from keystead_agent.enrolment.errors import AddressRefused, DescriptionRefused

WELL_KNOWN: Final = "/.well-known/keystead"
MAX_DESCRIPTION_BYTES: Final = 16 * 1024
_MAX_ORIGINS: Final = 16
_MAX_TEXT_CHARACTERS: Final = 256
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


def read_description(data: bytes, url: str, *, now: datetime) -> Provider:
    """Return the provider that *data*, fetched from *url*, describes.

    Raises:
        DescriptionRefused: it is malformed, or speaks for others.
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
        if not _may_use(urlsplit(origin).hostname or "", provider.rp_id):
            raise DescriptionRefused(f"{origin} may not use the relying-party id {provider.rp_id}")


def _may_use(host: str, rp_id: str) -> bool:
    """HTML's "is a registrable domain suffix of or is equal to", less its list of public suffixes.

    A parent domain must have a dot in it, which keeps out whole top-level domains.
    """
    if _is_ip_address(rp_id):
        return False
    return host == rp_id or ("." in rp_id and host.endswith(f".{rp_id}"))


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
