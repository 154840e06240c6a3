"""Connections to PostgreSQL, kept open.

Not asyncpg's pool: we set no session state, so nothing has to be reset between uses, and what the
pool does for each use costs a quarter of what the query itself does. What remains is a count, a
list of idle connections, and the rule that a connection whose last use did not end is closed.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg

from keystead_server.ports.clock import Entropy
from keystead_server.storage.errors import StorageUnavailable
from keystead_server.storage.statement import Arguments, Row

T = TypeVar("T")

_CONNECTING_SECONDS = 5.0
_ANSWERING_SECONDS = 15.0
_TRIES = 8
_FIRST_PAUSE_SECONDS = 0.005

# The database asks for the transaction to be run again. Nothing of it was done.
_TRY_AGAIN = (asyncpg.SerializationError, asyncpg.DeadlockDetectedError)
# A constraint or a value was refused, by the server or before it was sent, and with it the whole
# statement: what that means, the caller knows.
REFUSED = (asyncpg.IntegrityConstraintViolationError, asyncpg.DataError)


class Lines:
    """Up to *most* connections to one database.

    Attributes:
        entropy: spreads retries, and names chains.
    """

    def __init__(self, dsn: str, entropy: Entropy, most: int) -> None:
        self._dsn = dsn
        self.entropy = entropy
        self._free = asyncio.Semaphore(most)
        self._idle: list[Any] = []

    async def fetch(self, sql: str, arguments: Arguments) -> list[Row]:
        """All rows of one statement, in a transaction of its own."""
        return await self.use(lambda connection: connection.fetch(sql, *arguments))

    async def use(self, job: Callable[[Any], Awaitable[T]]) -> T:
        """Run *job* with a connection, and again when the database asks for that.

        So a job does nothing but use its connection.

        Raises:
            StorageUnavailable: there was no answer in time, or an error that is not the job's.
            asyncpg.PostgresError: one of REFUSED; nothing was written.
        """
        last: Exception | None = None
        for tried in range(_TRIES):
            if tried:
                await asyncio.sleep(self._pause(tried))
            connection = await self._take()
            try:
                return await job(connection)
            except _TRY_AGAIN as error:
                last = error
            except REFUSED:
                raise
            except asyncpg.PostgresError as error:
                raise StorageUnavailable(f"PostgreSQL: {error}") from error
            except BaseException as error:
                # Cancelled, cut off or too late: what the server still does on it is not known.
                connection.terminate()
                if isinstance(error, asyncpg.InterfaceError | OSError | TimeoutError):
                    raise StorageUnavailable(f"PostgreSQL: {str(error) or 'no answer in time'}") from error
                raise
            finally:
                self._put_back(connection)
        raise StorageUnavailable(f"PostgreSQL: {last}") from last

    @asynccontextmanager
    async def hold(self) -> AsyncIterator[Any]:
        """A connection of one's own for as long as the block lasts.

        Raises:
            StorageUnavailable: it was not there, or was lost meanwhile.
        """
        connection = await self._take()
        try:
            yield connection
        except BaseException as error:
            connection.terminate()
            if isinstance(error, asyncpg.PostgresError | asyncpg.InterfaceError | OSError | TimeoutError):
                raise StorageUnavailable(f"PostgreSQL: {error or 'no answer in time'}") from error
            raise
        finally:
            self._put_back(connection)

    async def close(self) -> None:
        while self._idle:
            await self._idle.pop().close()

    async def _take(self) -> Any:
        await self._free.acquire()
        try:
            while self._idle:
                connection = self._idle.pop()
                if not connection.is_closed():
                    return connection
            return await self._connect()
        except BaseException:
            self._free.release()
            raise

    async def _connect(self) -> Any:
        try:
            return await asyncpg.connect(
                self._dsn,
                timeout=_CONNECTING_SECONDS,
                command_timeout=_ANSWERING_SECONDS,
                statement_cache_size=512,
                max_cached_statement_lifetime=0,
                server_settings={"application_name": "keystead"},
            )
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
            raise StorageUnavailable(f"PostgreSQL: {str(error) or 'no answer in time'}") from error

    def _put_back(self, connection: Any) -> None:
        if not connection.is_closed():
            self._idle.append(connection)
        self._free.release()

    def _pause(self, tried: int) -> float:
        # Full jitter, doubling: two that met once would otherwise meet again.
        return _FIRST_PAUSE_SECONDS * 2.0**tried * (self.entropy.token(1)[0] + 1) / 256
