"""Checkpoints of a log: is each signed, and is none missing; and where do they say that chains stood?"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from keystead_core.jose import JoseError, KeySet, PublicKey, check_type, claims_of, parse, verify_received

from keystead_server.domain.log_chain import CHECKPOINT_ALG, CHECKPOINT_TYP, NOTHING_BEFORE, VERSION, Digest
from keystead_server.domain.log_fault import Fault, digest_from_hex


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """What a checkpoint of ours says."""

    number: int
    previous: Digest
    at: datetime
    heads: Mapping[str, tuple[int, Digest]]
    digest: Digest


class CheckpointProof:
    """Attributes:
    last: the last one that is signed by one of the keys.
    """

    def __init__(self, keys: KeySet[PublicKey], fault: Callable[[Fault], None]) -> None:
        self._keys = keys
        self._fault = fault
        self._number = 0
        self._digest = NOTHING_BEFORE
        self._digests: set[Digest] = set()
        # For each chain, what checkpoints say of its links: number → digest, number of the checkpoint.
        self._bound: dict[str, dict[int, tuple[Digest, int]]] = {}
        self.last: SignedCheckpoint | None = None
        self.count = 0

    def take(self, number: object, token: object) -> None:
        self.count += 1
        expected = self._number + 1
        if not isinstance(number, int) or not isinstance(token, str):
            self._fault(Fault(code="log_malformed", sentence=f"checkpoint {expected} cannot be read"))
            return
        if number < expected:
            self._fault(
                Fault(
                    code="log_checkpoint_changed", sentence=f"checkpoint {number} stands behind a later one, or twice"
                )
            )
            return
        if number > expected:
            self._fault(Fault(code="log_checkpoint_dropped", sentence=f"checkpoint {expected} is not there"))
        self._number, gap = number, number > expected
        previous, self._digest = self._digest, sha256(token.encode("utf-8", "replace")).digest()
        try:
            signed = self._verified(token)
        except (JoseError, ValueError, OverflowError) as error:
            self._fault(
                Fault(
                    code="log_checkpoint_forged",
                    sentence=f"checkpoint {number} is not signed by one of the keys: {error}",
                )
            )
            return
        if signed.number != number:
            self._fault(
                Fault(code="log_checkpoint_changed", sentence=f"checkpoint {number} is really number {signed.number}")
            )
        if not gap and signed.previous != previous:
            self._fault(
                Fault(code="log_checkpoint_changed", sentence=f"checkpoint {number} follows another one than is there")
            )
        self._digests.add(signed.digest)
        self.last = signed
        for chain, (link, digest) in signed.heads.items():
            self._bound.setdefault(chain, {})[link] = digest, number

    def meet(self, chain: str, number: int) -> tuple[Digest, int] | None:
        """What a checkpoint says the digest of this link is, and which does; each is asked for once."""
        links = self._bound.get(chain)
        return links.pop(number, None) if links else None

    def beyond(self, chain: str) -> tuple[int, int] | None:
        """Of what was not met, the furthest link and its checkpoint; then it counts as met."""
        links = self._bound.pop(chain, None)
        if not links:
            return None
        number = max(links)
        return number, links[number][1]

    def never_met(self) -> Iterator[tuple[str, int, int]]:
        for chain in sorted(self._bound):
            if found := self.beyond(chain):
                yield chain, *found

    def holds(self, digest: str) -> bool:
        return digest in {each.hex() for each in self._digests}

    def _verified(self, token: str) -> SignedCheckpoint:
        """Raises JoseError, ValueError or OverflowError."""
        received = parse(token)
        verified = verify_received(received, self._keys.find(received.kid), [CHECKPOINT_ALG])
        check_type(verified, CHECKPOINT_TYP)
        return _read(claims_of(verified), sha256(token.encode()).digest())


def _read(claims: Mapping[str, object], digest: Digest) -> SignedCheckpoint:
    match claims:
        case {
            "v": int(version),
            "number": int(number),
            "previous": str(previous),
            "iat": int(at),
            "heads": dict(heads),
        }:
            pass
        case _:
            raise ValueError("not a checkpoint")
    if version != VERSION:
        raise ValueError(f"version {version} of the format, and this program knows {VERSION}")
    moment = datetime.fromtimestamp(at, UTC)
    return SignedCheckpoint(number, digest_from_hex(previous), moment, {c: _head(h) for c, h in heads.items()}, digest)


def _head(head: object) -> tuple[int, Digest]:
    match head:
        case [int(number), str(digest)]:
            return number, digest_from_hex(digest)
        case _:
            raise ValueError("not a head")
