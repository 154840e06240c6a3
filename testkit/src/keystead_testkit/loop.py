"""One event loop in a thread of its own, so that tests can be plain functions.

Not `asyncio.run` in the test's own thread: a browser driven there leaves a running loop in it,
and a store opened on a loop has to be used on that loop.
"""

import asyncio
import threading
from collections.abc import Coroutine
from functools import lru_cache
from typing import Any, TypeVar

T = TypeVar("T")
_PATIENCE_SECONDS = 60


@lru_cache(maxsize=1)
def _loop() -> asyncio.AbstractEventLoop:
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, name="testkit-loop", daemon=True).start()
    return loop


def run(work: Coroutine[Any, Any, T]) -> T:
    """Do *work* on the loop and return its result."""
    return asyncio.run_coroutine_threadsafe(work, _loop()).result(_PATIENCE_SECONDS)


def run_together(*works: Coroutine[Any, Any, T]) -> list[T]:
    """Do all of *works* concurrently and return their results in order."""

    async def gather() -> list[T]:
        return await asyncio.gather(*works)

    return run(gather())
