"""Are the logs whole? Recomputes every digest and names what was changed, dropped, added or reordered.

Fed one thing after the other, as a copy or a store has them; the order matters:

    checkpoint      each signed checkpoint, by number
    row             each row, by tenant and id
    link            each link, by chain and number
    conclude        what was found

It remembers a digest for each row, and no row.
"""

from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from keystead_core.jose import KeySet, PublicKey
from keystead_core.wire import json_decode_object
from keystead_core.wire.errors import BadJson

from keystead_server.domain.log_chain import NOTHING_BEFORE, VERSION, Digest, Kind
from keystead_server.domain.log_checkpoints import CheckpointProof
from keystead_server.domain.log_fault import Fault, digest_from_hex

MAX_LINK_BYTES = 64 * 1024 * 1024
MOST_FAULTS_KEPT = 1000


@dataclass(frozen=True, slots=True)
class LastCheckpoint:
    """Attributes:
    digest: hexadecimal; noted down elsewhere, it shows later that nothing up to it was cut off.
    """

    number: int
    at: datetime
    digest: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was looked at, and what is wrong with it.

    Attributes:
        unbound_links: written since the last checkpoint of their chain: whoever can write to the
            database could still take them away unseen.
        faults: the first ones, in the order in which they were met; empty when the log is whole.
        fault_count: of all.
    """

    rows: int
    links: int
    chains: int
    unbound_links: int
    checkpoints: int
    last_checkpoint: LastCheckpoint | None
    faults: tuple[Fault, ...]
    fault_count: int

    @property
    def whole(self) -> bool:
        return not self.fault_count


class LogProof:
    def __init__(self, keys: KeySet[PublicKey]) -> None:
        self._checkpoints = CheckpointProof(keys, self._fault)
        self._faults: list[Fault] = []
        self._fault_count = 0
        self._rows: dict[str, Digest] = {}
        self._row_count = 0
        self._last_row: dict[Kind, tuple[str, str]] = {}
        self._chain = ""
        self._number = 0
        self._digest = NOTHING_BEFORE
        self._bound = 0
        self._links = 0
        self._chains = 0
        self._unbound = 0

    def _fault(self, fault: Fault) -> None:
        self._fault_count += 1
        if len(self._faults) < MOST_FAULTS_KEPT:
            self._faults.append(fault)

    def checkpoint(self, number: object, token: object) -> None:
        self._checkpoints.take(number, token)

    def row(self, kind: Kind, tenant: str, row_id: str, line: bytes) -> None:
        """*line* is the row's canonical JSON, without a line feed."""
        self._row_count += 1
        key, place = _key(kind, tenant, row_id), (tenant, row_id)
        if key in self._rows:
            self._fault(_of_row(kind, tenant, row_id, code="log_row_added", sentence="stands there twice"))
            return
        if place < self._last_row.get(kind, ("", "")):
            sentence = "does not stand where its id belongs"
            self._fault(_of_row(kind, tenant, row_id, code="log_row_reordered", sentence=sentence))
        else:
            self._last_row[kind] = place
        self._rows[key] = sha256(line).digest()

    def unreadable(self, sentence: str) -> None:
        """Something of a copy is no row and no link."""
        self._fault(Fault(code="log_malformed", sentence=sentence))

    def differs(self, sentence: str) -> None:
        """A copy is not what its manifest says."""
        self._fault(Fault(code="log_manifest_differs", sentence=sentence))

    def link(self, line: bytes, stored: Digest | None = None) -> None:
        """*line* is the link's canonical JSON; *stored*, what a store says its digest is."""
        try:
            link = _read_link(line)
        except (BadJson, ValueError) as error:
            self._fault(
                Fault(code="log_malformed", sentence=f"link {self._links + 1} of the copy cannot be read: {error}")
            )
            return
        self._links += 1
        if link.chain != self._chain:
            self._end_chain()
            self._begin_chain(link.chain)
        if not self._follows(link):
            return
        digest = sha256(line).digest()
        if stored is not None and digest != stored:
            self._fault(
                _of_link(link.chain, link.number, code="log_link_changed", sentence="is not what its digest says")
            )
        self._number, self._digest = link.number, digest if stored is None else stored
        self._meet_checkpoint()
        for row in link.rows:
            self._named(link, *row)

    def conclude(self, *, noted_checkpoint: str | None = None) -> Verdict:
        """*noted_checkpoint* is the digest of one that must be among them, as somebody noted it elsewhere."""
        self._end_chain()
        for chain, number, checkpoint in self._checkpoints.never_met():
            sentence = f"is not there, and checkpoint {checkpoint} says that its chain goes on to link {number}"
            self._fault(_of_link(chain, 1, code="log_chain_cut", sentence=sentence))
        for key in self._rows:
            kind, tenant, row_id = key.split(" ", 2)
            self._fault(_of_row(Kind(kind), tenant, row_id, code="log_row_added", sentence="is in no link of a chain"))
        if noted_checkpoint is not None and not self._checkpoints.holds(noted_checkpoint):
            sentence = (
                f"no checkpoint has the digest {noted_checkpoint}: the end of the log was cut off, or it is another log"
            )
            self._fault(Fault(code="log_checkpoint_dropped", sentence=sentence))
        signed = self._checkpoints.last
        return Verdict(
            rows=self._row_count,
            links=self._links,
            chains=self._chains,
            unbound_links=self._unbound,
            checkpoints=self._checkpoints.count,
            last_checkpoint=None if signed is None else LastCheckpoint(signed.number, signed.at, signed.digest.hex()),
            faults=tuple(self._faults),
            fault_count=self._fault_count,
        )

    def _begin_chain(self, chain: str) -> None:
        if chain < self._chain:
            self._fault(
                _of_link(chain, 1, code="log_link_reordered", sentence="does not stand where its chain belongs")
            )
        self._chain, self._number, self._digest, self._bound = chain, 0, NOTHING_BEFORE, 0
        self._chains += 1

    def _end_chain(self) -> None:
        if not self._chain:
            return
        self._unbound += max(0, self._number - self._bound)
        beyond = self._checkpoints.beyond(self._chain)
        # A link in the middle that was not met is missing, and was named.
        if beyond and beyond[0] > self._number:
            number, checkpoint = beyond
            sentence = f"is not there, and checkpoint {checkpoint} says that its chain goes on to link {number}"
            self._fault(_of_link(self._chain, self._number + 1, code="log_chain_cut", sentence=sentence))

    def _follows(self, link: "_Link") -> bool:
        expected = self._number + 1
        if link.number < expected:
            self._fault(
                _of_link(
                    link.chain, link.number, code="log_link_reordered", sentence="stands behind a later one, or twice"
                )
            )
            return False
        if link.number > expected:
            self._fault(_of_link(link.chain, expected, code="log_link_dropped", sentence="is not there"))
        elif link.previous != self._digest:
            if expected == 1:
                fault = _of_link(
                    link.chain, 1, code="log_link_changed", sentence="is the first of its chain and names one before"
                )
            else:
                sentence = f"is not the one that link {link.number} follows"
                fault = _of_link(link.chain, self._number, code="log_link_changed", sentence=sentence)
            self._fault(fault)
        return True

    def _meet_checkpoint(self) -> None:
        met = self._checkpoints.meet(self._chain, self._number)
        if met is None:
            return
        digest, checkpoint = met
        if digest != self._digest:
            sentence = (
                f"is not the one that checkpoint {checkpoint} signed: it, or one since link {self._bound}, was changed"
            )
            self._fault(_of_link(self._chain, self._number, code="log_link_changed", sentence=sentence))
        self._bound = self._number

    def _named(self, link: "_Link", kind: Kind, tenant: str, row_id: str, digest: Digest) -> None:
        found = self._rows.pop(_key(kind, tenant, row_id), None)
        if found is None:
            self._fault(
                _of_row(kind, tenant, row_id, link.chain, link.number, code="log_row_dropped", sentence="is not there")
            )
        elif found != digest:
            sentence = "is not what was written"
            self._fault(
                _of_row(kind, tenant, row_id, link.chain, link.number, code="log_row_changed", sentence=sentence)
            )


def _key(kind: Kind, tenant: str, row_id: str) -> str:
    return f"{kind.value} {tenant} {row_id}"


def _of_row(
    kind: Kind,
    tenant: str,
    row_id: str,
    chain: str | None = None,
    number: int | None = None,
    *,
    code: str,
    sentence: str,
) -> Fault:
    return Fault(code=code, sentence=sentence, kind=kind, tenant_id=tenant, id=row_id, chain=chain, number=number)


def _of_link(chain: str, number: int, *, code: str, sentence: str) -> Fault:
    return Fault(code=code, sentence=sentence, chain=chain, number=number)


@dataclass(frozen=True, slots=True)
class _Link:
    """As a line says; believe nothing."""

    chain: str
    number: int
    previous: Digest
    rows: tuple[tuple[Kind, str, str, Digest], ...]


def _read_link(line: bytes) -> _Link:
    """Raises BadJson or ValueError."""
    members = json_decode_object(line, max_bytes=MAX_LINK_BYTES)
    match members:
        case {
            "v": int(version),
            "chain": str(chain),
            "number": int(number),
            "previous": str(previous),
            "rows": list(rows),
        }:
            pass
        case _:
            raise ValueError("not a link")
    if version != VERSION:
        raise ValueError(f"version {version} of the format, and this program knows {VERSION}")
    return _Link(chain, number, digest_from_hex(previous), tuple(map(_read_row, rows)))


def _read_row(row: object) -> tuple[Kind, str, str, Digest]:
    match row:
        case [str(kind), str(tenant), str(row_id), str(digest)]:
            return Kind(kind), tenant, row_id, digest_from_hex(digest)
        case _:
            raise ValueError("not a row of a link")
