"""The store in one SQLite file: the default, for one server process.

Two connections, both used on the event loop: a read takes a few microseconds, less than handing
it to a thread would. Writes go through `group_commit`. Between turns of the loop no transaction
of ours is open, so a read that follows a confirmed write sees it.
"""

import os
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from keystead_server.ports.changes import Change, Conflict, Written
from keystead_server.ports.clock import Entropy
from keystead_server.storage import writes
from keystead_server.storage.chains import logged
from keystead_server.storage.errors import StorageUnavailable
from keystead_server.storage.group_commit import GroupCommit, is_busy
from keystead_server.storage.reads.nouns import Nouns
from keystead_server.storage.reads.reader import Reader
from keystead_server.storage.statement import Arguments, Row, Statement
from keystead_server.storage.sweep import sweeps
from keystead_server.storage.writes import Step

_WRITTEN = Written()
_REFUSALS = frozenset(
    {sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY, sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY}
)
_PRAGMAS = (
    "journal_mode = WAL",
    # FULL waits for the disk at every commit, so that a power cut loses nothing that was confirmed.
    "synchronous = FULL",
    "foreign_keys = ON",
    "cache_size = -16384",
    "temp_store = MEMORY",
    # What a stranger put into the schema of a file we were given must not run.
    "trusted_schema = OFF",
    # Bring the write-ahead log into the file every 16 MB and not every 4: fewer pages are written twice.
    "wal_autocheckpoint = 4000",
    # The write-ahead log keeps the size of its busiest hour otherwise.
    "journal_size_limit = 67108864",
)
_OPENING_WAITS_SECONDS = 5.0
_FSYNC_SAMPLES = 5


def connect(path: Path, *pragmas: str) -> sqlite3.Connection:
    """Open *path*, creating it for the eyes of its owner only.

    Raises:
        StorageUnavailable: it cannot be opened, or is not a SQLite database.
    """
    deadline = time.monotonic() + _OPENING_WAITS_SECONDS
    while True:
        try:
            return _connect(path, pragmas)
        except (OSError, sqlite3.Error) as error:
            # Of processes that open a new file at once, one turns it to write-ahead logging, and
            # SQLite tells the others that it is locked without waiting as it was asked to.
            if not is_busy(error) or time.monotonic() > deadline:
                raise StorageUnavailable(f"{path}: {error}") from error
            time.sleep(0.01)


def _connect(path: Path, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    # Made, when it is new, for our eyes only; a file that is there is not opened. POSIX drops every lock
    # that a process has on a file when it closes *any* descriptor of it, so our own connections would stand
    # without theirs, and another program that opens and closes the database would take its log away.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    # isolation_level=None: the driver begins no transactions of its own.
    connection = sqlite3.connect(path, timeout=_OPENING_WAITS_SECONDS, isolation_level=None, cached_statements=512)
    try:
        for pragma in (*_PRAGMAS, *pragmas):
            connection.execute(f"PRAGMA {pragma}")
    except BaseException:
        connection.close()
        raise
    return connection


class SqliteReader:
    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    async def one(self, statement: Statement, arguments: Arguments) -> Row | None:
        text, arrange = statement.sqlite
        try:
            row: Row | None = self._connection.execute(
                text, arguments if arrange is None else arrange(arguments)
            ).fetchone()
        except UnicodeEncodeError:
            # A lone surrogate, as a JSON escape can carry one: no row can hold it, so none is found.
            return None
        except sqlite3.Error as error:
            raise StorageUnavailable(f"SQLite: {error}") from error
        return row

    async def all(self, statement: Statement, arguments: Arguments) -> Sequence[Row]:
        text, arrange = statement.sqlite
        try:
            return self._connection.execute(text, arguments if arrange is None else arrange(arguments)).fetchall()
        except UnicodeEncodeError:
            return ()
        except sqlite3.Error as error:
            raise StorageUnavailable(f"SQLite: {error}") from error


class SqliteStore(Nouns):
    """Everything, in one file.

    Attributes:
        fsync_time: how long the disk took to make a small write durable, when we started. Each
            commit stops the event loop for about that long.
    """

    def __init__(self, path: Path, entropy: Entropy) -> None:
        # The write connection never waits inside SQLite: group_commit waits on the loop instead.
        self._write_connection = connect(path, "busy_timeout = 0")
        self._read_connection = connect(path, "query_only = ON", "busy_timeout = 250")
        self._commits = GroupCommit(self._write_connection, entropy)
        self.fsync_time = measure_fsync(path.absolute().parent)
        self._path = path
        super().__init__(SqliteReader(self._read_connection), self._snapshot)

    async def write(self, *changes: Change) -> Written | Conflict:
        steps = [writes.step(change) for change in changes]
        return await self._commits.submit(lambda cursor: _apply(cursor, changes, steps), logged(changes))

    @asynccontextmanager
    async def _snapshot(self) -> AsyncIterator[Reader]:
        # A connection of its own: a transaction on the other would show every request the past.
        connection = connect(self._path, "query_only = ON", "busy_timeout = 250")
        try:
            connection.execute("BEGIN")
            yield SqliteReader(connection)
        finally:
            connection.close()

    async def sweep(self, now: datetime) -> int:
        deleted = 0
        for statement, arguments in sweeps(now):
            while rows := await self._commits.submit(_deletion(statement, arguments)):
                deleted += rows
        return deleted

    async def ping(self) -> None:
        await self.tenants.by_name("")
        await self._commits.submit(_touch)

    async def close(self) -> None:
        """Let what is being written finish, and close the file."""
        # Queued behind everything else; a disk that takes no more writes must still let us leave.
        with suppress(StorageUnavailable):
            await self._commits.submit(lambda _: None)
        self._read_connection.close()
        self._write_connection.close()


def _apply(cursor: sqlite3.Cursor, changes: tuple[Change, ...], steps: list[Step]) -> Written | Conflict:
    for change, (statement, arguments, must_hit, _) in zip(changes, steps, strict=True):
        text, arrange = statement.sqlite
        try:
            cursor.execute(text, arguments if arrange is None else arrange(arguments))
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode in _REFUSALS:
                return Conflict(change)
            raise
        if must_hit and cursor.rowcount == 0:
            return Conflict(change)
    return _WRITTEN


def _deletion(statement: Statement, arguments: Arguments) -> Callable[[sqlite3.Cursor], int]:
    text = statement.sqlite
    return lambda cursor: cursor.execute(text.sql, text.arguments(arguments)).rowcount


def _touch(cursor: sqlite3.Cursor) -> None:
    """Change nothing, but find out that changing is possible: a read-only file lets a transaction begin."""
    cursor.execute("UPDATE alembic_version SET version_num = version_num")


def measure_fsync(folder: Path) -> timedelta:
    """The median time of writing a page and waiting for the disk, in *folder*."""
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_FSYNC_SAMPLES):
            started = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            taken.append(time.perf_counter() - started)
    return timedelta(seconds=median(taken))
