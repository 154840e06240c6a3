"""What proves the logs: links and checkpoints.

A link's rows rest packed, 65 bytes each: which log, tenant, id, digest. As JSON they would take
as much room as the log itself.
"""

import struct
from functools import lru_cache
from uuid import UUID

from keystead_server.domain.log_chain import Kind, LogCheckpoint, LogLink, RowMark
from keystead_server.storage import schema
from keystead_server.storage.rows.columns import all_but, to_micros, to_moment
from keystead_server.storage.statement import Arguments, Row

_ROW = struct.Struct(">c16s16s32s")
_LETTERS = {Kind.ATTEMPT: b"s", Kind.AUDIT: b"a"}
_KINDS = {letter: kind for kind, letter in _LETTERS.items()}

LINK = all_but(schema.log_links)


def link_row(link: LogLink, packed: bytes) -> Arguments:
    """*packed*: its rows, as `pack` has made them."""
    return link.chain_id, link.number, link.previous, link.digest, packed


def link(row: Row) -> LogLink:
    chain_id, number, previous, digest, packed = row
    # Only somebody else makes another length. What is left over says nothing, so it is no row; what
    # is missing shows in the digest.
    # SQLite would keep text in these columns as well.
    previous, digest, packed = (value if isinstance(value, bytes) else b"" for value in (previous, digest, packed))
    whole = len(packed) - len(packed) % _ROW.size
    return LogLink(chain_id, number, previous, tuple(map(_mark, _ROW.iter_unpack(packed[:whole]))), digest)


def pack(row: RowMark) -> bytes:
    """Raises ValueError when an id is no UUID: such a row cannot be logged."""
    return _ROW.pack(_LETTERS[row.kind], _tenant(row.tenant_id), _sixteen(row.id), row.digest)


def _sixteen(text: str) -> bytes:
    # `UUID` takes ten times as long, and half of what it accepts would come back as another text.
    raw = bytes.fromhex(text.replace("-", ""))
    if len(raw) != 16 or len(text) != 36:
        raise ValueError(f"no UUID: {text!r}")
    return raw


_tenant = lru_cache(maxsize=256)(_sixteen)


def _mark(packed: tuple[bytes, bytes, bytes, bytes]) -> RowMark:
    letter, tenant, id_, digest = packed
    return RowMark(_KINDS.get(letter, Kind.ATTEMPT), str(UUID(bytes=tenant)), str(UUID(bytes=id_)), digest)


CHECKPOINT = all_but(schema.log_checkpoints)


def checkpoint_row(c: LogCheckpoint) -> Arguments:
    return c.number, to_micros(c.at), c.token


def checkpoint(row: Row) -> LogCheckpoint:
    number, at, token = row
    return LogCheckpoint(number, to_moment(at), token)
