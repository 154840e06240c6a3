"""JSON (RFC 8259) as two careful programs would both read it.

Refused, because parsers differ about them and an attacker chooses the parser:
duplicate members, NaN and Infinity, lone surrogates, encodings other than
UTF-8, more than one value, great depth and great size.
"""

import json
from collections.abc import Callable, Mapping
from typing import TypeAlias

from keystead_core.wire.errors import BadJson

JsonValue: TypeAlias = "bool | int | float | str | list[JsonValue] | dict[str, JsonValue] | None"

MAX_JSON_BYTES = 64 * 1024
MAX_JSON_DEPTH = 16


def _unique(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise BadJson("a member appears twice in one object")
    return members


def _no_constants(name: str) -> JsonValue:
    raise BadJson(f"{name} is not JSON")


# One decoder, made once: `json.loads` would make a new one for every message.
_raw_decode: Callable[[str], tuple[JsonValue, int]] = json.JSONDecoder(
    object_pairs_hook=_unique, parse_constant=_no_constants
).raw_decode
_WHITE_SPACE = " \t\n\r"


def json_decode(data: bytes, *, max_bytes: int = MAX_JSON_BYTES, max_depth: int = MAX_JSON_DEPTH) -> JsonValue:
    """Decode exactly one JSON text.

    Raises:
        BadJson: for anything that is not one, or is one of the refused kinds.
    """
    if len(data) > max_bytes:
        raise BadJson(f"{len(data)} bytes where at most {max_bytes} are read")
    try:
        text = data.decode("utf-8").strip(_WHITE_SPACE)
        value, end = _raw_decode(text)
    except (ValueError, RecursionError) as error:
        raise BadJson(f"not JSON: {type(error).__name__}") from None
    if end != len(text):
        raise BadJson("something after the JSON text")
    # Fewer openers than the limit cannot nest deeper than it, and without an
    # escape there is no lone surrogate: nearly every message is spared the walk.
    if b"\\u" in data or data.count(b"{") + data.count(b"[") > max_depth:
        _check(value, max_depth)
    return value


def json_decode_object(
    data: bytes, *, max_bytes: int = MAX_JSON_BYTES, max_depth: int = MAX_JSON_DEPTH
) -> Mapping[str, JsonValue]:
    """Decode one JSON text which is an object; raises BadJson otherwise."""
    value = json_decode(data, max_bytes=max_bytes, max_depth=max_depth)
    if not isinstance(value, dict):
        raise BadJson("not an object")
    return value


def _check(value: JsonValue, depth_left: int) -> None:
    if isinstance(value, str):
        # A lone surrogate decodes here and explodes where it is next encoded: in a log, a database.
        if any("\ud800" <= character <= "\udfff" for character in value):
            raise BadJson("a lone surrogate in a string")
        return
    if not isinstance(value, (dict, list)):
        return
    if depth_left == 0:
        raise BadJson("nested too deeply")
    if isinstance(value, dict):
        for name in value:
            _check(name, depth_left)
    for child in value.values() if isinstance(value, dict) else value:
        _check(child, depth_left - 1)
