"""Read the fields of a record, each with its strict default."""

from collections.abc import Mapping
from datetime import datetime

from keystead_core.wire import BadBase64Url, b64url_decode


class RecordMalformed(Exception):
    """A field is missing or of another type: nothing can be judged."""

    code = "record_malformed"


def text(record: Mapping[str, object], name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise RecordMalformed(f"{name} is not text")
    return value


def octets(record: Mapping[str, object], name: str) -> bytes:
    try:
        return b64url_decode(text(record, name))
    except BadBase64Url as error:
        raise RecordMalformed(f"{name}: {error}") from None


def members(record: Mapping[str, object], name: str) -> Mapping[str, object]:
    value = record.get(name)
    if not isinstance(value, Mapping):
        raise RecordMalformed(f"{name} is not an object")
    return value


def flag(record: Mapping[str, object], name: str, default: bool) -> bool:
    value = record.get(name)
    if value is None:
        return default
    if not isinstance(value, bool):
        raise RecordMalformed(f"{name} is not a boolean")
    return value


def texts(record: Mapping[str, object], name: str) -> frozenset[str]:
    """Return a list of text; absent, it is empty. One text alone is a list of one."""
    value = record.get(name)
    values = [] if value is None else [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise RecordMalformed(f"{name} is not a list of text")
    return frozenset(values)


def numbers(record: Mapping[str, object], name: str, default: tuple[int, ...]) -> tuple[int, ...]:
    values = record.get(name)
    if values is None:
        return default
    if not isinstance(values, list) or not all(type(item) is int for item in values):
        raise RecordMalformed(f"{name} is not a list of numbers")
    return tuple(values)


def number(record: Mapping[str, object], name: str, default: int) -> int:
    return numbers({name: [record[name]]}, name, ())[0] if record.get(name) is not None else default


def moment(record: Mapping[str, object], name: str) -> datetime | None:
    """Return an ISO 8601 moment with its offset, or None if it is absent."""
    if record.get(name) is None:
        return None
    try:
        at = datetime.fromisoformat(text(record, name))
    except ValueError:
        raise RecordMalformed(f"{name} is not a moment") from None
    if at.tzinfo is None:
        raise RecordMalformed(f"{name} has no offset from UTC")
    return at
