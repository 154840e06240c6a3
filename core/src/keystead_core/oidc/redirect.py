"""Redirect URIs: which may be registered, and which is the registered one.

    check_redirect_uri   the rules for an administrator who registers an address
    match_redirect      is the presented address, character by character, a registered one?

RFC 9700 §4.1.3: "exact string matching", so nothing is normalised, decoded or
compared by parts: every such rule has been somebody's open redirector. RFC 8252
§7.3 would let a native app change the port of a loopback address; it does not
here, the port is registered with the rest (decided for now; see the rules below).
"""

import ipaddress
import re
from collections.abc import Collection
from urllib.parse import SplitResult, parse_qsl, urlsplit

from keystead_core.oidc.errors import RedirectUriError, RedirectUriNotRegistered

MAX_URI_CHARACTERS = 2048

_URI_CHARACTERS = re.compile(r"[A-Za-z0-9._~:/?\[\]@!$&'()+,;=%-]+")
"""RFC 3986 §2, without "#" (no fragment) and "*" (read as a wildcard by people and by others' code)."""
_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")
_DOT_SEGMENT = re.compile(r"(^|/)(\.|%2[eE]){1,2}(/|$)")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_PRIVATE_USE_URI = re.compile(r"[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:/.*")
"""With the slash: "app.example.com:8443/callback" is an address whose https:// was forgotten."""
_LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
_OUR_PARAMETERS = frozenset({"code", "state", "iss", "error", "error_description", "error_uri"})


def match_redirect(registered: Collection[str], presented: str) -> str:
    """Return *presented*, which is one of *registered*; raises RedirectUriNotRegistered."""
    if isinstance(registered, str):
        raise TypeError("registered is a collection of URIs: in a string, part of a URI would match")
    if presented not in registered:
        raise RedirectUriNotRegistered(presented)
    return presented


def check_redirect_uri(uri: str) -> str:
    """Return *uri*, if an app may have its answers sent there.

    https anywhere; http only on this computer; or a scheme of the app's own, with
    a dot in it (RFC 8252 §7.1).

    Raises:
        RedirectUriError: with what is to be changed.
    """
    _check_characters(uri)
    parts = _split(uri)
    if parts.scheme == "https" or parts.scheme == "http":
        _check_web(uri, parts)
    elif not _PRIVATE_USE_URI.fullmatch(uri):
        raise RedirectUriError("use https, or an app's own scheme with a dot in it: com.example.app:/callback")
    _check_path_and_query(parts)
    return uri


def _check_characters(uri: str) -> None:
    if len(uri) > MAX_URI_CHARACTERS:
        raise RedirectUriError(f"longer than {MAX_URI_CHARACTERS} characters")
    if "#" in uri:
        # RFC 6749 §3.1.2: "The endpoint URI MUST NOT include a fragment component."
        raise RedirectUriError("a redirect URI has no fragment")
    if "*" in uri:
        raise RedirectUriError("wildcards are not understood: register each address by itself")
    if not _URI_CHARACTERS.fullmatch(uri) or _PERCENT.search(uri):
        raise RedirectUriError("characters that no URI has: percent-encode them")


def _split(uri: str) -> SplitResult:
    try:
        return urlsplit(uri)
    except ValueError:
        raise RedirectUriError("not a URI") from None


def _check_web(uri: str, parts: SplitResult) -> None:
    # Beginning as written: a browser also reads "https:/host", and names in capitals as others.
    if not uri.startswith(f"{parts.scheme}://"):
        raise RedirectUriError(f"write {parts.scheme}:// in small letters, with both slashes")
    if "@" in parts.netloc:
        raise RedirectUriError("no user name in the address: what stands before the @ is not the host")
    host = _check_host(parts.netloc)
    if parts.scheme == "http" and host not in _LOOPBACK_HOSTS:
        raise RedirectUriError("http only for localhost, 127.0.0.1 and [::1]; use https")


def _check_host(netloc: str) -> str:
    written = re.fullmatch(r"(?P<host>\[[0-9a-f:.]+\]|[^\[\]:]+)(:(?P<port>[1-9][0-9]{0,4}))?", netloc)
    if written is None or int(written["port"] or 1) > 65535:
        raise RedirectUriError("no host, or no port that exists")
    host = written["host"]
    if host.startswith("["):
        return _check_ipv6(host[1:-1])
    if host.replace(".", "").isdigit():
        return _check_ipv4(host)
    # The last label too must be one: "example.com." and "1.2.3" are other names for other hosts.
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in host.split(".")):
        raise RedirectUriError("not a host name in small letters; write others in punycode")
    if re.fullmatch(r"0x[0-9a-f]*|[0-9]+", host.rpartition(".")[2]):
        raise RedirectUriError("browsers read this host as a number")
    return host


def _check_ipv4(host: str) -> str:
    try:
        return str(ipaddress.IPv4Address(host))
    except ValueError:
        raise RedirectUriError("not an IPv4 address of four parts") from None


def _check_ipv6(host: str) -> str:
    try:
        return str(ipaddress.IPv6Address(host))
    except ValueError:
        raise RedirectUriError("not an IPv6 address") from None


def _check_path_and_query(parts: SplitResult) -> None:
    if _DOT_SEGMENT.search(parts.path):
        raise RedirectUriError("a path with . or .. in it leads elsewhere than it says")
    # Registered with `state=…` of its own, an address would receive two of them.
    taken = _OUR_PARAMETERS & {name for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    if taken:
        raise RedirectUriError(f"its query has parameters of ours: {', '.join(sorted(taken))}")
