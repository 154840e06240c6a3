"""What browsers are told, as values: the extension's manifest and the native host's.

    extension_manifest   the template, for one browser, claiming exactly the given origins
    kiosk_manifest       the same for kiosk mode, in which Chromium asks the extension for every site
    host_manifest        who may start the host: this one extension and no other

The extension's identity is fixed on both sides, because it is what the host's
manifest trusts: in Chromium it is the digest of the public key below (the
private half was thrown away: a store would bring its own), in Firefox a name.
"""

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal, TypeAlias
from urllib.parse import urlsplit

Browser: TypeAlias = Literal["chromium", "firefox"]

HOST_NAME: Final = "keystead.agent"
FIREFOX_ID: Final = "container@keystead.example"
CHROMIUM_KEY: Final = (
    "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAs8kQgl07bAuipCAcy0tBFa6RQqXIWvbY12XrYrDmfIpLgG2eZqAc76xw"
    "I0RiLr/69fAoXnex4l4J3choKy9/nWizoqrUIlmCMBESk5GycQSDopvAoBUT+uWxuSLFHvmUWef7/cp2H5+U8CMcgpVPZKbq3YSW"
    "qRLRXKm7/nymYOTfEGmo47zwVs6zQFzrAb6AlBoUhSiw6OO1leuqIuzCyOc9scOP1GEynLME24eeFQTi/7m302bN4DNe6eiXnjHO"
    "vTVQ2/NJ74jtHwLRVieM6D9CV+h8GclNbKPxhV+BEnR57aXSdC5Dm2SvovHnxWsj5+szw9LNOgCAdH4A4bYRgwIDAQAB"
)
# The first with base64url on Uint8Array, which the scripts use.
_OLDEST_CHROMIUM = "140"
_OLDEST_FIREFOX = "140.0"

_HOST_AND_PORT = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*(:[0-9]{1,5})?")
_SECURE_WITHOUT_TLS = frozenset({"localhost", "127.0.0.1"})


class OriginNotClaimable(ValueError):
    """Not the origin of one site on which passkeys work."""

    code = "origin_not_claimable"

    def __init__(self, origin: str) -> None:
        super().__init__(f'an origin looks like "https://id.example.org", not {origin!r}')
        self.origin = origin


def chromium_id(public_key: bytes | None = None) -> str:
    """The extension's id: the key's SHA-256, 16 bytes of it, each half-byte a letter from a to p."""
    public_key = base64.b64decode(CHROMIUM_KEY) if public_key is None else public_key
    digest = hashlib.sha256(public_key).hexdigest()[:32]
    return digest.translate(str.maketrans("0123456789abcdef", "abcdefghijklmnop"))


def extension_manifest(template: Mapping[str, object], browser: Browser, origins: Sequence[str]) -> dict[str, object]:
    """Fill in *template* for *browser*.

    Raises:
        OriginNotClaimable: one of *origins* is no origin, has a wildcard, or is not secure.
    """
    patterns = sorted({_match_pattern(origin) for origin in origins})
    # A match pattern is about hosts; Firefox takes no port in it. The globs, which must hold as well,
    # are compared with the whole address: so exactly these origins and not their neighbours.
    claimed = {"matches": patterns, "include_globs": [f"{origin}/*" for origin in sorted(set(origins))]}
    scripts = template["content_scripts"]
    if not isinstance(scripts, list):
        raise TypeError("the template's content_scripts is not a list")
    return {
        **template,
        "content_scripts": [script | claimed for script in scripts],
        "host_permissions": patterns,
        **(_CHROMIUM if browser == "chromium" else _FIREFOX),
    }


def kiosk_manifest(template: Mapping[str, object]) -> dict[str, object]:
    """Fill in *template* for a Chromium in which all passkey calls go to the agent: no site, and every site."""
    return {
        **{name: value for name, value in template.items() if name != "content_scripts"},
        **_CHROMIUM,
        "description": "Signs in to your organisation with the passkeys kept in this computer, and nowhere with others.",
        "background": {"service_worker": "kiosk.js", "type": "module"},
        "permissions": ["nativeMessaging", "webAuthenticationProxy"],
    }


_CHROMIUM: Final[Mapping[str, object]] = {
    "key": CHROMIUM_KEY,
    "minimum_chrome_version": _OLDEST_CHROMIUM,
    "background": {"service_worker": "background.js", "type": "module"},
}
_FIREFOX: Final[Mapping[str, object]] = {
    "browser_specific_settings": {"gecko": {"id": FIREFOX_ID, "strict_min_version": _OLDEST_FIREFOX}},
    "background": {"scripts": ["background.js"], "type": "module"},
}


def _match_pattern(origin: str) -> str:
    parts = urlsplit(origin)
    if f"{parts.scheme}://{parts.netloc}" != origin or not _HOST_AND_PORT.fullmatch(parts.netloc):
        raise OriginNotClaimable(origin)
    secure = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _SECURE_WITHOUT_TLS)
    if not secure:
        raise OriginNotClaimable(origin)
    return f"{parts.scheme}://{parts.hostname}/*"


def host_manifest(
    browser: Browser, executable: str, *, name: str = HOST_NAME, extension: str | None = None
) -> dict[str, object]:
    """Let the extension start *executable*, an absolute path, and nobody else.

    Args:
        extension: its id in Chromium, when it is not the one of our own key.
    """
    allowed = (
        {"allowed_origins": [f"chrome-extension://{extension or chromium_id()}/"]}
        if browser == "chromium"
        else {"allowed_extensions": [FIREFOX_ID]}
    )
    return {
        "name": name,
        "description": "Keystead agent: passkeys kept in this computer",
        "path": executable,
        "type": "stdio",
        **allowed,
    }
