"""A search for what is wrong with the policies, in a thread: it computes for seconds, and others are to be answered.

One search at a time for the whole server; it ends between two findings when nobody waits for it any more.
"""

import asyncio
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import datetime
from typing import Final

from keystead_server.domain.ids import TenantId
from keystead_server.flows.what_if_access import AnalyseAccess
from keystead_server.http.runs import LEFT_AFTER
from keystead_server.policy.access.analyse import search
from keystead_server.policy.access.compiled import Compiled, PolicySet
from keystead_server.policy.access.finding import Directory, Finding
from keystead_server.policy.strengths.model import Strength
from keystead_server.ports.clock import Clock

_WAIT_SECONDS = 0.3
_THREAD: Final = ThreadPoolExecutor(1, "analyse")


class Search:
    """As `Runs` takes it."""

    part = None

    def __init__(
        self, analyse: AnalyseAccess, clock: Clock, tenant: TenantId, policies: PolicySet, floor: Strength
    ) -> None:
        self._analyse, self._clock, self._tenant = analyse, clock, tenant
        self._policies, self._floor = policies, floor
        self._asked_at: datetime = clock.now()
        self._found: Future[tuple[Finding, ...]] | None = None

    @property
    def is_done(self) -> bool:
        return self._found is not None and self._found.done()

    async def step(self, limit: int) -> None:
        self._asked_at = self._clock.now()
        if self._found is None:
            directory = await self._analyse.directory(self._tenant, self._policies)
            self._found = _THREAD.submit(self._search, directory)
        await asyncio.wait([asyncio.wrap_future(self._found)], timeout=_WAIT_SECONDS)

    def outcome(self) -> tuple[Finding, ...]:
        return () if self._found is None else self._found.result()

    def _search(self, directory: Directory) -> tuple[Finding, ...]:
        return tuple(
            self._while_waited_for(search(Compiled(self._policies), directory, self._asked_at, floor=self._floor))
        )

    def _while_waited_for(self, found: Iterator[Finding]) -> Iterator[Finding]:
        for one in found:
            if self._clock.now() - self._asked_at >= LEFT_AFTER:
                return
            yield one
