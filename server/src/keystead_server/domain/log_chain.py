"""What makes the logs provable: rows, links, chains, checkpoints. docs/flows/sign-in-log.md has it in words.

    row         one attempt or audit event. Its line is its canonical JSON, its digest that line's SHA-256
    link        what one transaction wrote: the digests of its rows, in order, and of the link before it
    chain       the links of one writer. There are as many chains as writers, so that none waits for another
    checkpoint  where chains stand, signed, and chained to the checkpoint before it

Everything is hashed as it is written in an exported copy, line by line, so that a verifier needs
SHA-256 and no rules about JSON. A line says nothing about a member that is None: a column that is
added later, and empty in older rows, does not change what was hashed before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from hashlib import sha256
from json import JSONEncoder
from json.encoder import encode_basestring_ascii as text
from typing import NewType

from keystead_core.fast_init import fast_init
from keystead_core.wire import b64url_encode

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.log_text import storable
from keystead_server.domain.sign_in import Attempt

VERSION = 1
CHECKPOINT_TYP = "keystead-log-checkpoint+jwt"
CHECKPOINT_ALG = "ES256"
NOTHING_BEFORE = bytes(32)

ChainId = NewType("ChainId", str)
Digest = bytes

_encode = JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"), check_circular=False).encode


class Kind(StrEnum):
    """Which log a row stands in."""

    ATTEMPT = "attempt"
    AUDIT = "audit"


def moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _object(*members: tuple[str, str | None]) -> bytes:
    """Canonical JSON of texts, given in the order of their names; what is None is left out.

    No white space, and all but ASCII is escaped: a lone surrogate in an event's detail must not stop
    its being logged, and no reader takes U+2028 for the end of a line. By hand, because every sign-in
    pays for it: `json` takes four times as long.
    """
    inside = ",".join([f'"{name}":{text(value)}' for name, value in members if value is not None])
    return f"{{{inside}}}".encode("ascii")


def attempt_line(a: Attempt) -> bytes:
    """Every field of *a*, as the store keeps it."""
    return _object(
        ("aaguid", None if a.aaguid is None else str(a.aaguid)),
        ("access", None if a.access is None else a.access.to_text()),
        ("app_id", a.app_id),
        ("at", moment(a.at)),
        ("challenge_id", a.challenge_id),
        ("client_address", storable(a.client_address)),
        ("credential_id", None if a.credential_id is None else b64url_encode(a.credential_id)),
        ("detail", storable(a.detail)),
        ("id", a.id),
        ("method", a.method.value),
        ("profile", a.profile),
        ("proof", a.proof),
        ("purpose", a.purpose.value),
        ("reason", a.reason),
        ("result", a.result.value),
        ("tenant_id", a.tenant_id),
        ("user_agent", storable(a.user_agent)),
        ("user_id", a.user_id),
        ("username", None if a.username is None else storable(a.username)),
    )


def audit_line(e: AuditEvent) -> bytes:
    return line_of(
        {
            "id": e.id,
            "tenant_id": e.tenant_id,
            "at": moment(e.at),
            "name": e.name,
            "actor_id": e.actor_id,
            "target_id": e.target_id,
            "detail": e.detail,
        }
    )


def line_of(members: Mapping[str, object]) -> bytes:
    """The same canonical JSON, of anything and in any order."""
    return _encode({name: value for name, value in members.items() if value is not None}).encode("ascii")


@dataclass(frozen=True, slots=True)
class UnreadableRow:
    """A row that no write of ours made: what it holds is no attempt or audit event."""

    kind: Kind
    tenant_id: str
    id: str


def row_line(row: Attempt | AuditEvent | UnreadableRow) -> bytes:
    match row:
        case Attempt():
            return attempt_line(row)
        case AuditEvent():
            return audit_line(row)
        case UnreadableRow():
            return line_of({"id": row.id, "tenant_id": row.tenant_id, "unreadable": True})


@fast_init
@dataclass(frozen=True, slots=True)
class RowMark:
    """Which row, and the SHA-256 of its line."""

    kind: Kind
    tenant_id: str
    id: str
    digest: Digest


def mark(value: Attempt | AuditEvent) -> RowMark:
    kind = Kind.ATTEMPT if isinstance(value, Attempt) else Kind.AUDIT
    return RowMark(kind, value.tenant_id, value.id, sha256(row_line(value)).digest())


@dataclass(frozen=True, slots=True)
class LogLink:
    """One transaction's rows, chained to the one before.

    Attributes:
        number: 1 for the first of its chain.
        previous: the digest of the link before; zeros before the first.
        digest: the SHA-256 of `link_line`; made with it, or read and still to be believed.
    """

    chain_id: ChainId
    number: int
    previous: Digest
    rows: tuple[RowMark, ...]
    digest: Digest

    @property
    def head(self) -> "Head":
        return Head(self.chain_id, self.number, self.digest)


def link_line(chain: str, number: int, previous: Digest, rows: Iterable[RowMark]) -> bytes:
    named = ",".join(
        [f'["{row.kind.value}",{text(row.tenant_id)},{text(row.id)},"{row.digest.hex()}"]' for row in rows]
    )
    line = f'{{"chain":{text(chain)},"number":{number},"previous":"{previous.hex()}","rows":[{named}],"v":{VERSION}}}'
    return line.encode("ascii")


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain stands: its last link; number 0 before the first."""

    chain_id: ChainId
    number: int = 0
    digest: Digest = NOTHING_BEFORE

    def link(self, rows: Iterable[RowMark]) -> LogLink:
        """The link that follows."""
        marks, number = tuple(rows), self.number + 1
        line = link_line(self.chain_id, number, self.digest, marks)
        return LogLink(self.chain_id, number, self.digest, marks, sha256(line).digest())


@dataclass(frozen=True, slots=True)
class LogCheckpoint:
    """Where chains stood, signed by the server.

    Attributes:
        number: 1 for the first, without a gap.
        token: a compact JWS over `checkpoint_claims`.
    """

    number: int
    at: datetime
    token: str

    @property
    def digest(self) -> Digest:
        return sha256(self.token.encode("ascii")).digest()


def checkpoint_claims(number: int, previous: Digest, at: datetime, heads: Iterable[Head]) -> dict[str, object]:
    """Of the chains, those that have moved since the checkpoint before: with it, all."""
    return {
        "v": VERSION,
        "number": number,
        "previous": previous.hex(),
        "iat": int(at.timestamp()),
        "heads": {head.chain_id: [head.number, head.digest.hex()] for head in heads},
    }
