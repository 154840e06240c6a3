"""The master key: 32 random bytes in a file that only the server's user may read."""

import contextlib
import os
from pathlib import Path

from keystead_server.keys.sealer import MASTER_KEY_BYTES
from keystead_server.ports.clock import Entropy


class MasterKeyError(Exception):
    """The master key cannot be used; the message says what to do."""

    code = "master_key_unusable"


def load_or_create(path: Path, entropy: Entropy, *, may_create: bool) -> bytes:
    """Return the key at *path*, made now when it is not there and *may_create*.

    Raises:
        MasterKeyError: it is missing, damaged, or readable by others.
    """
    if not path.exists():
        if not may_create:
            raise MasterKeyError(
                f"{path} is missing, but the database was made with one: put it back from your backup. "
                "Without it nobody's session or signing key can be opened."
            )
        _create(path, entropy)
    # Whoever reads it can forge sessions and tokens.
    if path.stat().st_mode & 0o077:
        raise MasterKeyError(f"{path} can be read by others; run: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != MASTER_KEY_BYTES:
        raise MasterKeyError(
            f"{path} has {len(key)} bytes where {MASTER_KEY_BYTES} are due; restore it from your backup"
        )
    return key


def _create(path: Path, entropy: Entropy) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A name of its own: under a shared one, a second start would link the first one's half-written file.
    staging = path.with_name(f".{path.name}.{entropy.token(8).hex()}")
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(entropy.token(MASTER_KEY_BYTES))
            file.flush()
            os.fsync(file.fileno())
        # Two servers started at once must end with one key, so the first stays.
        with contextlib.suppress(FileExistsError):
            os.link(staging, path)
    finally:
        staging.unlink()
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """Make the file's name durable too: after a power cut, a database without its key is lost."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
