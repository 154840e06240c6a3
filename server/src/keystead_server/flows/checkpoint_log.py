"""Sign where the chains of the logs stand, so that nothing up to there can be taken away unseen.

Every process may do it, for all: the chains of one that was killed are bound by whoever comes next.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from keystead_server.domain.log_chain import (
    CHECKPOINT_ALG,
    CHECKPOINT_TYP,
    NOTHING_BEFORE,
    Head,
    LogCheckpoint,
    checkpoint_claims,
)
from keystead_server.ports.changes import Add, Conflict, HeadBound
from keystead_server.ports.clock import Clock
from keystead_server.ports.signer import Signer
from keystead_server.ports.store import Store

# A token is read up to 64 KiB, and a head takes some 160 bytes of one.
MOST_HEADS = 200


@dataclass(frozen=True, slots=True)
class CheckpointLog:
    store: Store
    clock: Clock
    signer: Signer

    async def __call__(self) -> LogCheckpoint | None:
        """Bind every chain that has moved; the last checkpoint of the log, None when nothing was ever logged.

        Raises:
            StorageUnavailable: the database did not answer.
        """
        last = await self.store.chains.last_checkpoint()
        while heads := await self.store.chains.unbound(limit=MOST_HEADS):
            checkpoint = self._over(heads, last)
            bound = [HeadBound(head.chain_id, head.number) for head in heads]
            if isinstance(await self.store.write(Add(checkpoint), *bound), Conflict):
                # Another process made the one with this number. What it did not bind, the next one does.
                last = await self.store.chains.last_checkpoint()
                continue
            last = checkpoint
            if len(heads) < MOST_HEADS:
                # Those that moved meanwhile belong to the next time: on a busy server there are always some.
                break
        return last

    def _over(self, heads: Sequence[Head], last: LogCheckpoint | None) -> LogCheckpoint:
        number, previous = (last.number + 1, last.digest) if last else (1, NOTHING_BEFORE)
        now = self.clock.now()
        claims = checkpoint_claims(number, previous, now, heads)
        return LogCheckpoint(number, now, self.signer.sign(CHECKPOINT_ALG, CHECKPOINT_TYP, claims))
