"""The master key: 32 random bytes in a file that only the server's user may read."""

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
        _create(path, entropy.token(MASTER_KEY_BYTES))
    # Whoever reads it can forge sessions and tokens.
    if path.stat().st_mode & 0o077:
        raise MasterKeyError(f"{path} can be read by others; run: chmod 600 {path}")
    key = path.read_bytes()
    if len(key) != MASTER_KEY_BYTES:
        raise MasterKeyError(
            f"{path} has {len(key)} bytes where {MASTER_KEY_BYTES} are due; restore it from your backup"
        )
    return key


def _create(path: Path, key: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    staging = path.with_suffix(".new")
    staging.unlink(missing_ok=True)
    descriptor = os.open(staging, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(key)
        file.flush()
        os.fsync(file.fileno())
    try:
        # Two servers started at once must end with one key, so the first stays.
        os.link(staging, path)
    except FileExistsError:
        pass
    finally:
        staging.unlink()
