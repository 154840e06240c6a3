"""Group commit for SQLite: what is written in one turn of the event loop shares one transaction.

A commit that survives a power cut waits for the disk, and the wait is the same for one row as for
a hundred. So `submit` only queues; at the end of the turn one transaction carries everything
queued, and each caller learns its own outcome after COMMIT has returned, never before.

It runs on the loop itself: measured against a writer thread it takes two thirds of the processor
time, because the two threads fight over the interpreter. The price is that a slow disk stops the
loop for as long as it takes; `SqliteStore.fsync_time` says how long that is.

What the jobs of a transaction wrote into the logs is one link of this process's chain, written
last, when it is known which jobs were refused.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar

from keystead_server.domain.log_chain import Head
from keystead_server.ports.changes import Conflict
from keystead_server.ports.clock import Entropy
from keystead_server.storage.chains import TRIES, Chains, Logged, follow, link_steps, together
from keystead_server.storage.errors import StorageUnavailable

T = TypeVar("T")

MAX_JOBS_IN_A_COMMIT = 256
# Another process (the command line, a backup) holds the file for milliseconds; longer, and something is wrong.
PATIENCE_SECONDS = 5.0
_SHORTEST_PAUSE_SECONDS = 0.002
_LONGEST_PAUSE_SECONDS = 0.012


class _Waiting(NamedTuple):
    job: Callable[[sqlite3.Cursor], Any]
    future: "asyncio.Future[Any]"
    until: float
    logged: Logged | None


class GroupCommit:
    """The only writer of a SQLite database in this process."""

    def __init__(self, connection: sqlite3.Connection, entropy: Entropy, *, patience: float = PATIENCE_SECONDS) -> None:
        self._connection = connection
        self._cursor = connection.cursor()
        self._entropy = entropy
        self._patience = patience
        self._chains = Chains(entropy)
        self._waiting: list[_Waiting] = []
        self._scheduled = False

    async def submit(self, job: Callable[[sqlite3.Cursor], T], logged: Logged | None = None) -> T:
        """Run *job*, which writes *logged* into the logs, in a transaction; return its result once it is durable.

        What a job wrote before it returned a Conflict or raised is taken back; its neighbours'
        work is not. It may be run again, so it must do nothing but use its cursor.

        Raises:
            StorageUnavailable: nothing was written.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._waiting.append(_Waiting(job, future, loop.time() + self._patience, logged))
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._flush, loop)
        return await future

    def _flush(self, loop: asyncio.AbstractEventLoop) -> None:
        self._scheduled = False
        batch, self._waiting = self._waiting[:MAX_JOBS_IN_A_COMMIT], self._waiting[MAX_JOBS_IN_A_COMMIT:]
        pause = 0.0
        try:
            outcomes = self._transaction(batch)
        except sqlite3.Error as error:
            self._roll_back()
            if is_busy(error):
                batch, again = [w for w in batch if w.until <= loop.time()], [w for w in batch if w.until > loop.time()]
                self._waiting[:0] = again
                pause = self._jitter()
            outcomes = [StorageUnavailable(f"SQLite: {error}")] * len(batch)
        for waiting, outcome in zip(batch, outcomes, strict=True):
            _settle(waiting.future, outcome)
        if self._waiting:
            self._scheduled = True
            loop.call_later(pause, self._flush, loop)

    def _transaction(self, batch: list[_Waiting]) -> list[Any]:
        # IMMEDIATE takes the write lock now: a transaction that read first and wrote later could
        # be refused in the middle, when another process wrote in between.
        self._cursor.execute("BEGIN IMMEDIATE")
        outcomes = self._run_all(batch)
        done = [w.logged for w, o in zip(batch, outcomes, strict=True) if w.logged and not _is_refused(o)]
        # Where the link or COMMIT fails, nobody keeps the head: a failing disk may have taken the
        # transaction all the same, and the next one begins a new chain.
        head = self._link(together(done)) if done else None
        self._cursor.execute("COMMIT")
        if head is not None:
            self._chains.keep(head)
        return outcomes

    def _link(self, unit: Logged) -> Head:
        tries = TRIES
        while True:
            new = follow(self._chains.take(unit.at), unit)
            try:
                for statement, arguments in link_steps(new):
                    text = statement.sqlite
                    self._cursor.execute(text.sql, text.arguments(arguments))
            except sqlite3.IntegrityError:
                tries -= 1
                if not tries:
                    raise
            else:
                return new.link.head

    def _run_all(self, batch: list[_Waiting]) -> list[Any]:
        """Every job's outcome, with nothing left of those that were refused.

        Refusals are rare and savepoints cost two statements a job, so all is tried without them
        first, and once more from the beginning when somebody was refused.
        """
        outcomes = self._run_unguarded(batch)
        if outcomes is None:
            self._roll_back()
            self._cursor.execute("BEGIN IMMEDIATE")
            outcomes = [self._run(waiting.job) for waiting in batch]
        return outcomes

    def _run_unguarded(self, batch: list[_Waiting]) -> list[Any] | None:
        """Every job's outcome; None as soon as one was refused or raised."""
        outcomes: list[Any] = []
        for waiting in batch:
            try:
                outcomes.append(waiting.job(self._cursor))
            except sqlite3.OperationalError:
                raise
            except Exception:
                return None
            if _is_refused(outcomes[-1]):
                return None
        return outcomes

    def _run(self, job: Callable[[sqlite3.Cursor], Any]) -> Any:
        self._cursor.execute("SAVEPOINT job")
        try:
            outcome: Any = job(self._cursor)
        except sqlite3.OperationalError:
            # The disk is full, the file is locked or broken: nobody's work can be kept.
            raise
        except sqlite3.Error as error:
            outcome = StorageUnavailable(f"SQLite: {error}")
        except Exception as error:
            outcome = error
        if _is_refused(outcome):
            self._cursor.execute("ROLLBACK TO job")
        self._cursor.execute("RELEASE job")
        return outcome

    def _roll_back(self) -> None:
        # Some errors, such as a full disk, have ended the transaction already.
        if self._connection.in_transaction:
            self._cursor.execute("ROLLBACK")

    def _jitter(self) -> float:
        # Not busy_timeout: SQLite would sleep inside the call, and every request with it. The dice
        # keep two waiting processes from meeting again and again.
        share = self._entropy.token(1)[0] / 255
        return _SHORTEST_PAUSE_SECONDS + share * (_LONGEST_PAUSE_SECONDS - _SHORTEST_PAUSE_SECONDS)


def _is_refused(outcome: Any) -> bool:
    return isinstance(outcome, Conflict | Exception)


def _settle(future: "asyncio.Future[Any]", outcome: Any) -> None:
    if future.done():
        return  # Its caller was cancelled; the work is done all the same.
    if isinstance(outcome, Exception):
        future.set_exception(outcome)
    else:
        future.set_result(outcome)


def is_busy(error: Exception) -> bool:
    """Whether another process has the file, and it is worth trying again."""
    return getattr(error, "sqlite_errorcode", 0) & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
