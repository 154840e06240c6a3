"""A copy of the logs in a folder, which proves itself; docs/flows/sign-in-log.md.

attempts.jsonl, audit.jsonl, links.jsonl    one canonical line each: what is hashed is what stands there
checkpoints.jsonl                           signed by the server
keys.json                                   the public keys, as the server publishes them
manifest.json                               how many lines, and the SHA-256 of each file; written last
"""

import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeVar

from keystead_core.jose import JoseError, KeySet, PublicKey, parse_public_jwk_set
from keystead_core.wire import json_decode_object
from keystead_core.wire.errors import BadJson

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.log_chain import Kind, UnreadableRow, line_of, link_line, row_line
from keystead_server.domain.log_proof import LogProof, Verdict
from keystead_server.domain.sign_in import Attempt
from keystead_server.ports.store import WholeLog

T = TypeVar("T")
LogRow = Attempt | AuditEvent | UnreadableRow

ROWS = {Kind.ATTEMPT: "attempts.jsonl", Kind.AUDIT: "audit.jsonl"}
LINKS = "links.jsonl"
CHECKPOINTS = "checkpoints.jsonl"
KEYS = "keys.json"
MANIFEST = "manifest.json"
VERSION = 1
MAX_LINE_BYTES = 64 * 1024 * 1024
MAX_KEYS_BYTES = 1024 * 1024


class CopyExists(Exception):
    """There is something in the folder already."""

    code = "log_copy_exists"


class CopyUnreadable(Exception):
    """The folder holds no copy of a log, or only part of one."""

    code = "log_copy_unreadable"


class KeysUnusable(Exception):
    """Not a file of public keys."""

    code = "log_keys_unusable"


class RowsSink(Protocol):
    """Takes the rows of a log as well, in another form."""

    def rows(self, kind: Kind, rows: Sequence[LogRow]) -> None: ...


class _Writing:
    """One file, as it grows."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._digest = sha256()
        self._lines = 0

    def write(self, lines: Sequence[bytes]) -> None:
        text = b"".join([line + b"\n" for line in lines])
        self._file.write(text)
        self._digest.update(text)
        self._lines += len(lines)

    def told(self) -> dict[str, object]:
        return {"lines": self._lines, "sha256": self._digest.hexdigest()}


async def write_copy(
    log: WholeLog,
    keys: Mapping[str, object],
    folder: Path,
    about: Mapping[str, object],
    *,
    also: RowsSink | None = None,
    written: Callable[[int], None],
) -> dict[str, Any]:
    """Write *log* into *folder*, page by page; return its manifest, in which *about* stands too.

    Args:
        written: told after each page how many rows it had.

    Raises:
        CopyExists: nothing was written.
        OSError: it could not be written whole, and there is no manifest.
    """
    _empty(folder)
    with ExitStack() as files:
        opened = {
            name: _Writing(files.enter_context(_create(folder / name))) for name in (*ROWS.values(), LINKS, CHECKPOINTS)
        }

        async def all_of(name: str, pages: AsyncIterator[Sequence[T]], line: Callable[[T], bytes]) -> None:
            async for page in pages:
                opened[name].write([line(each) for each in page])
                written(len(page))

        async def rows(kind: Kind, pages: AsyncIterator[Sequence[LogRow]]) -> None:
            async for page in pages:
                opened[ROWS[kind]].write([row_line(row) for row in page])
                if also is not None:
                    also.rows(kind, page)
                written(len(page))

        await all_of(CHECKPOINTS, log.checkpoints(), lambda c: line_of({"number": c.number, "token": c.token}))
        await rows(Kind.ATTEMPT, log.attempts())
        await rows(Kind.AUDIT, log.audit())
        await all_of(LINKS, log.links(), lambda link: link_line(link.chain_id, link.number, link.previous, link.rows))
    _write_json(folder / KEYS, keys)
    manifest = {"v": VERSION, **about, "files": {name: file.told() for name, file in opened.items()}}
    _write_json(folder / MANIFEST, manifest)
    return manifest


def _empty(folder: Path) -> None:
    try:
        # What stands in the logs is for whoever runs the server.
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        taken = any(folder.iterdir())
    except (FileExistsError, NotADirectoryError):
        taken = True
    if taken:
        raise CopyExists(f"{folder} is not empty; name a new folder")


def _create(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb")


def _write_json(path: Path, value: object) -> None:
    with _create(path) as file:
        file.write(json.dumps(value, indent=2).encode() + b"\n")


# -- reading -------------------------------------------------------------------------------------------------


def read_keys(path: Path) -> KeySet[PublicKey]:
    """The keys of a JWK set, as the server's `jwks_uri` has it.

    Raises:
        KeysUnusable: it is none.
    """
    try:
        return parse_public_jwk_set(json_decode_object(path.read_bytes(), max_bytes=MAX_KEYS_BYTES))
    except (OSError, BadJson, JoseError) as error:
        raise KeysUnusable(f"{path} is no set of public keys: {error}") from error


def line_count(folder: Path) -> int:
    """How many lines the manifest promises.

    Raises:
        CopyUnreadable: there is no manifest.
    """
    return sum(int(each["lines"]) for each in _manifest(folder).values())


def verify_copy(
    folder: Path, keys: KeySet[PublicKey], *, noted_checkpoint: str | None, looked_at: Callable[[int], None]
) -> Verdict:
    """Prove the copy in *folder*; needs nothing else.

    Raises:
        CopyUnreadable: it is no copy, or part of one.
    """
    promised = _manifest(folder)
    proof = LogProof(keys)
    files = {name: _Reading(folder / name, looked_at) for name in (CHECKPOINTS, *ROWS.values(), LINKS)}
    for number, line in files[CHECKPOINTS].lines():
        _feed_checkpoint(proof, number, line)
    for kind, name in ROWS.items():
        for number, line in files[name].lines():
            _feed_row(proof, kind, f"line {number} of {name}", line)
    for _, line in files[LINKS].lines():
        proof.link(line)
    for name, file in files.items():
        if file.told() != promised.get(name):
            proof.differs(f"{name} is not the file that the manifest describes")
    return proof.conclude(noted_checkpoint=noted_checkpoint)


class _Reading:
    """One file of a copy, line by line; afterwards, what the manifest should say of it."""

    def __init__(self, path: Path, looked_at: Callable[[int], None]) -> None:
        self._path = path
        self._looked_at = looked_at
        self._digest = sha256()
        self._lines = 0

    def lines(self) -> Iterator[tuple[int, bytes]]:
        try:
            with self._path.open("rb") as file:
                while line := file.readline(MAX_LINE_BYTES):
                    self._digest.update(line)
                    self._lines += 1
                    yield self._lines, line.removesuffix(b"\n")
                    if not self._lines % 1000:
                        self._looked_at(1000)
        except OSError as error:
            raise CopyUnreadable(f"{self._path} cannot be read: {error.strerror}") from error

    def told(self) -> dict[str, object]:
        return {"lines": self._lines, "sha256": self._digest.hexdigest()}


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest = json_decode_object((folder / MANIFEST).read_bytes())
        files = manifest.get("files")
        if manifest.get("v") == VERSION and isinstance(files, dict) and all(map(_counts, files.values())):
            return files
    except (OSError, BadJson) as error:
        raise CopyUnreadable(f"{folder} holds no copy of a log: {error}") from error
    raise CopyUnreadable(f"{folder / MANIFEST} is no manifest of version {VERSION}")


def _counts(file: object) -> bool:
    return isinstance(file, dict) and isinstance(file.get("lines"), int)


def _feed_checkpoint(proof: LogProof, number: int, line: bytes) -> None:
    try:
        members = json_decode_object(line)
    except BadJson as error:
        proof.unreadable(f"line {number} of {CHECKPOINTS} cannot be read: {error}")
        return
    proof.checkpoint(members.get("number"), members.get("token"))


def _feed_row(proof: LogProof, kind: Kind, where: str, line: bytes) -> None:
    try:
        # Not our strict reader: what a stranger typed may have a lone surrogate in it, and was logged.
        members = json.loads(line)
        tenant, row_id = members["tenant_id"], members["id"]
    except (ValueError, LookupError, TypeError, RecursionError):
        proof.unreadable(f"{where} is no row of a log")
        return
    if not isinstance(tenant, str) or not isinstance(row_id, str):
        proof.unreadable(f"{where} is no row of a log")
        return
    proof.row(kind, tenant, row_id, line)
