"""Prove the logs of a store: recompute every digest, follow every chain, check every signature."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass

from keystead_core.jose import KeySet, PublicKey

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.log_chain import Kind, UnreadableRow, link_line, row_line
from keystead_server.domain.log_proof import LogProof, Verdict
from keystead_server.domain.sign_in import Attempt
from keystead_server.ports.store import Store


def _silent(_: int) -> None:
    return None


@dataclass(frozen=True, slots=True)
class VerifyLog:
    store: Store

    async def __call__(
        self,
        keys: KeySet[PublicKey],
        *,
        noted_checkpoint: str | None = None,
        begun: Callable[[int], None] = _silent,
        looked_at: Callable[[int], None] = _silent,
    ) -> Verdict:
        """The verdict over the logs as they are now, by *keys*.

        Args:
            noted_checkpoint: the digest of a checkpoint that must be among them.
            begun, looked_at: told how much there is, and how much more was done.

        Raises:
            StorageUnavailable: the database did not answer.
        """
        proof = LogProof(keys)
        async with self.store.chains.whole() as log:
            begun((await log.size()).total)
            async for checkpoints in log.checkpoints():
                for checkpoint in checkpoints:
                    proof.checkpoint(checkpoint.number, checkpoint.token)
                looked_at(len(checkpoints))
            await _rows(proof, Kind.ATTEMPT, log.attempts(), looked_at)
            await _rows(proof, Kind.AUDIT, log.audit(), looked_at)
            async for links in log.links():
                for link in links:
                    proof.link(link_line(link.chain_id, link.number, link.previous, link.rows), link.digest)
                looked_at(len(links))
        return proof.conclude(noted_checkpoint=noted_checkpoint)


async def _rows(
    proof: LogProof,
    kind: Kind,
    pages: AsyncIterator[Sequence[Attempt | AuditEvent | UnreadableRow]],
    looked_at: Callable[[int], None],
) -> None:
    async for page in pages:
        for row in page:
            proof.row(kind, row.tenant_id, row.id, row_line(row))
        looked_at(len(page))
