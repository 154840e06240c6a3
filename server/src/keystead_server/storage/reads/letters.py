"""Letters that wait to be sent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select

from keystead_server.domain.letter import Letter
from keystead_server.storage.reads.reader import Reads, given
from keystead_server.storage.rows import letters as rows
from keystead_server.storage.rows.columns import to_micros
from keystead_server.storage.schema import letters
from keystead_server.storage.statement import Statement

_DUE = Statement(
    select(*rows.LETTER)
    .where(letters.c.due_at <= given("now"))
    .order_by(letters.c.due_at, letters.c.id)
    .limit(given("limit")),
    "now",
    "limit",
)


class Letters(Reads):
    async def due(self, now: datetime, *, limit: int) -> Sequence[Letter]:
        return list(map(rows.letter, await self._reader.all(_DUE, (to_micros(now), limit))))
