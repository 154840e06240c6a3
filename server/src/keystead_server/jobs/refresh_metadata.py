"""Get the current FIDO metadata from where the operator says, and put them in force.

Refreshed | NotDue | NotRefreshed; it raises for nothing that a source, a network or a blob can do.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from keystead_server.ports.clock import Clock
from keystead_server.ports.fetcher import Fetcher, FetchFailed
from keystead_server.ports.metadata import Blob, MetadataKeeper, MetadataRefused

MAX_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Refreshed:
    blob: Blob


@dataclass(frozen=True, slots=True)
class NotDue:
    """What is in force is good for longer."""


@dataclass(frozen=True, slots=True)
class NotRefreshed:
    """Attributes:
    code: stable.
    reason: for the operator.
    """

    code: str
    reason: str


Outcome: TypeAlias = Refreshed | NotDue | NotRefreshed


@dataclass(frozen=True, slots=True)
class RefreshMetadata:
    """Attributes:
    source: a file, or an https address.
    """

    source: str
    keeper: MetadataKeeper
    fetcher: Fetcher
    clock: Clock

    async def __call__(self, *, only_if_due: bool = False) -> Outcome:
        if only_if_due and not self.keeper.is_due(self.clock.now()):
            return NotDue()
        try:
            blob = await self._get()
            # Judging takes long enough to keep people waiting, so it is done beside the loop.
            return Refreshed(await asyncio.to_thread(self.keeper.accept, blob, self.clock.now()))
        except OSError as error:
            return NotRefreshed("metadata_source_unreadable", f"{self.source}: {error.strerror}")
        except (FetchFailed, MetadataRefused) as error:
            return NotRefreshed(error.code, str(error))

    async def pick_up(self) -> None:
        """Take what another process, such as the command line, has refreshed."""
        await asyncio.to_thread(self.keeper.pick_up)

    async def _get(self) -> bytes:
        if self.source.startswith("https://"):
            return await self.fetcher.fetch(self.source, max_bytes=MAX_BYTES)
        return await asyncio.to_thread(_read, Path(self.source))


def _read(file: Path) -> bytes:
    with file.open("rb") as opened:
        # One byte more than a blob may have, which is then refused as malformed.
        return opened.read(MAX_BYTES + 1)
