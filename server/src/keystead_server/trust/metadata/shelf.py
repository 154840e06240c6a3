"""The metadata in force, kept in the data folder between starts.

The last good blob stays in force whatever becomes of its source: an old report of a compromise is
better than none. It was judged when it came, so its signer's certificate may expire afterwards.
"""

import os
import tempfile
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

from cryptography import x509

from keystead_server.domain.authenticator import AuthenticatorModel
from keystead_server.ports.metadata import MetadataRefused
from keystead_server.trust.metadata.blob import AuthenticatorMetadata, read_blob
from keystead_server.trust.metadata.entries import MetadataEntry
from keystead_server.trust.metadata.errors import MetadataMalformed, MetadataNotKept, MetadataRolledBack

KEPT = "fido-metadata.kept"
_MARK = b"keystead-fido-metadata "


class MetadataShelf:
    """The ports Metadata and MetadataKeeper, and roots for the RootStore.

    Attributes:
        problem: why the kept blob could not be used, or None. That stops nobody: there is no metadata then.
    """

    def __init__(self, kept: Path | None, roots: Sequence[x509.Certificate], signer: str) -> None:
        """*kept* is None when no metadata are wanted."""
        self.problem: MetadataRefused | None = None
        self._kept = kept
        self._roots = roots
        self._signer = signer
        self._in_force: AuthenticatorMetadata | None = None
        self._seen: tuple[int, int] | None = None
        self._is_read = False
        self._changing = threading.Lock()

    @property
    def in_force(self) -> AuthenticatorMetadata | None:
        # Read at the first question, so that commands which ask none need not wait for it.
        if not self._is_read:
            self.pick_up()
        return self._in_force

    # -- what is asked -------------------------------------------------------------------------

    def about(self, aaguid: UUID) -> AuthenticatorModel | None:
        entry = self._entry(aaguid)
        return None if entry is None else entry.model

    def roots_of(self, aaguid: UUID) -> Sequence[x509.Certificate]:
        entry = self._entry(aaguid)
        return () if entry is None else entry.roots

    def withdrawn(self, aaguid: UUID, now: datetime) -> Sequence[x509.Certificate]:
        entry = self._entry(aaguid)
        today = now.date()
        return () if entry is None else [each for since, each in entry.withdrawn if since is None or since <= today]

    def _entry(self, aaguid: UUID) -> MetadataEntry | None:
        metadata = self.in_force
        return None if metadata is None else metadata.entries.models.get(aaguid)

    # -- how it is kept ------------------------------------------------------------------------

    def is_due(self, now: datetime) -> bool:
        metadata = self.in_force
        return metadata is None or metadata.next_update is None or metadata.next_update <= now.date()

    def judge(self, blob: bytes, now: datetime) -> AuthenticatorMetadata:
        """Whether *blob* would be accepted; nothing changes.

        Raises:
            MetadataRefused: why not.
        """
        new, before = read_blob(blob, self._roots, self._signer, now), self.in_force
        # "Serial numbers MUST be consecutive and strictly monotonic": whoever can replay an old blob must
        # not be able to take back a report. The same number again is what we have.
        if before is not None and new.number < before.number:
            raise MetadataRolledBack(new.number, before.number)
        return new

    def accept(self, blob: bytes, now: datetime) -> AuthenticatorMetadata:
        self.pick_up()
        with self._changing:
            new = self.judge(blob, now)
            try:
                if self._kept is not None:
                    self._seen = _write(self._kept, _MARK + now.astimezone(UTC).isoformat().encode() + b"\n" + blob)
            finally:
                # A full disk is no reason to go on without what was just learnt.
                self._in_force, self.problem = new, None
            return new

    def pick_up(self) -> None:
        with self._changing:
            self._is_read = True
            seen = None if self._kept is None else _stamp(self._kept)
            if seen is None or seen == self._seen or self._kept is None:
                return
            self._seen = seen
            try:
                self._in_force, self.problem = self._read(self._kept), None
            except MetadataRefused as error:
                self.problem = error

    def _read(self, kept: Path) -> AuthenticatorMetadata:
        try:
            head, _, blob = kept.read_bytes().partition(b"\n")
            came_at = datetime.fromisoformat(head.removeprefix(_MARK).decode("ascii"))
        except (OSError, ValueError) as error:
            raise MetadataMalformed(f"{kept} cannot be read: {error}") from None
        if not head.startswith(_MARK) or came_at.tzinfo is None:
            raise MetadataMalformed(f"{kept} is not what was written there")
        return read_blob(blob, self._roots, self._signer, came_at.astimezone(UTC))


def _stamp(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _write(path: Path, content: bytes) -> tuple[int, int] | None:
    """Put *content* there whole or not at all, durably, for its owner alone."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, staging = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(staging, path)
        except BaseException:
            Path(staging).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise MetadataNotKept(f"in force, and not kept in {path}: {error.strerror}") from None
    return _stamp(path)
