"""Style sheets, scripts and pictures, read once from the package.

Each address holds a digest of all of them, so browsers may keep what they have for ever,
and a script never meets another version of the module it imports.
"""

from hashlib import sha256
from importlib.resources import files
from typing import NamedTuple

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.problems import NOT_FOUND, Refuse

_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}
_HEADERS = {
    "cache-control": "public, max-age=31536000, immutable",
    # A picture opened by itself is a document; it may do nothing.
    "content-security-policy": "default-src 'none'; style-src 'self'",
}


class _Asset(NamedTuple):
    body: bytes
    type: str


def _read() -> dict[str, bytes]:
    folder = files(__package__).joinpath("assets")
    return {entry.name: entry.read_bytes() for entry in folder.iterdir() if entry.name.rpartition(".")[2] in _TYPES}


def _named(name: str, version: str) -> str:
    stem, _, ending = name.rpartition(".")
    return f"{stem}.{version}.{ending}"


def _versioned(originals: dict[str, bytes]) -> dict[str, str]:
    version = sha256(b"".join(name.encode() + originals[name] for name in sorted(originals))).hexdigest()[:12]
    return {name: _named(name, version) for name in originals}


def _linked(body: bytes, names: dict[str, str]) -> bytes:
    """A script, with the modules it imports under their versioned names."""
    for plain, versioned in names.items():
        body = body.replace(f'"./{plain}"'.encode(), f'"./{versioned}"'.encode())
    return body


_ORIGINALS = _read()
_NAMES = _versioned(_ORIGINALS)
_ASSETS = {
    _NAMES[name]: _Asset(_linked(body, _NAMES), _TYPES[name.rpartition(".")[2]]) for name, body in _ORIGINALS.items()
}
ADDRESSES = {name: f"/assets/{versioned}" for name, versioned in _NAMES.items()}
"""Where templates find each file, by its plain name."""


async def asset(call: Call) -> Response:
    found = _ASSETS.get(call.path["name"])
    if found is None:
        raise Refuse(NOT_FOUND)
    return Response(found.body, headers=_HEADERS, media_type=found.type)
