"""Reads of what proves the logs whole, and of the whole of them."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.log_chain import Head, LogCheckpoint, LogLink, UnreadableRow
from keystead_server.domain.sign_in import Attempt


@dataclass(frozen=True, slots=True)
class LogSize:
    """How many rows a whole log has."""

    attempts: int
    audit: int
    links: int
    checkpoints: int

    @property
    def total(self) -> int:
        return self.attempts + self.audit + self.links + self.checkpoints


class WholeLog(Protocol):
    """Both logs of every tenant with what proves them, as they were at one moment; page by page."""

    async def size(self) -> LogSize: ...

    def attempts(self) -> AsyncIterator[Sequence[Attempt | UnreadableRow]]:
        """In order of tenant and id."""
        ...

    def audit(self) -> AsyncIterator[Sequence[AuditEvent | UnreadableRow]]:
        """In order of tenant and id."""
        ...

    def links(self) -> AsyncIterator[Sequence[LogLink]]:
        """In order of chain and number."""
        ...

    def checkpoints(self) -> AsyncIterator[Sequence[LogCheckpoint]]:
        """In order of number."""
        ...


class Chains(Protocol):
    """What proves the logs whole: links are written by `Store.write`, checkpoints added by a flow."""

    async def unbound(self, *, limit: int) -> Sequence[Head]:
        """Chains that have moved since a checkpoint last bound them, in order of their id."""
        ...

    async def last_checkpoint(self) -> LogCheckpoint | None: ...

    def whole(self) -> AbstractAsyncContextManager[WholeLog]:
        """The one read across tenants: it is the operator's. Not for the server's own loop, which it may hold up."""
        ...
