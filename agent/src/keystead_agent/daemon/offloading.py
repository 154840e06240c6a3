"""One thread for everything that blocks: the chip, the disk. Its order is the order of asking."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class OneThread:
    """The Protocol `Offload`."""

    _executor: ThreadPoolExecutor = field(
        default_factory=lambda: ThreadPoolExecutor(max_workers=1, thread_name_prefix="keystore")
    )

    async def __call__(self, work: Callable[[], T], /) -> T:
        job = self._executor.submit(work)
        running = asyncio.wrap_future(job)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            # What has not begun never begins. What has cannot be cancelled: whoever gives up still
            # waits for its end, so that it can be undone and nobody else meets it half done.
            if not job.cancel():
                await asyncio.wait([running])
                running.exception()
            raise

    def close(self) -> None:
        self._executor.shutdown()
