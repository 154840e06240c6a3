"""Files for one person's eyes: written whole or not at all, and refused when others could have touched them."""

import errno
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

_FILE_MODE: Final = 0o600
_DIRECTORY_MODE: Final = 0o700
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


class FileNotPrivate(Exception):
    """The file or its directory belongs to somebody else, or others may read or write it."""

    code = "file_not_private"

    def __init__(self, path: Path, what: str) -> None:
        super().__init__(f"{path} {what}")
        self.path = path


class FileNotWritten(Exception):
    """The disk is full, or one may not write so much; what was there before is still there, whole."""

    code = "file_not_written"

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} could not be written ({why}): make room and try again.")


def ensure_private_directory(path: Path) -> None:
    """Make *path* if it is not there, and require that it is ours alone.

    Raises:
        FileNotPrivate
    """
    path.mkdir(mode=_DIRECTORY_MODE, parents=True, exist_ok=True)
    _require(path, path.lstat(), stat.S_ISDIR, f"chmod 700 {path}")


def read_private(path: Path, *, max_bytes: int) -> bytes | None:
    """Return what is in *path*, or None if it is not there.

    Raises:
        FileNotPrivate: anybody else may read or write it; what it says may be theirs.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        # Of the open file, not of the name: the name may mean another file by now.
        _require(path, os.fstat(descriptor), stat.S_ISREG, f"chmod 600 {path}")
        data = file.read(max_bytes + 1)
    if len(data) > max_bytes:
        raise FileNotPrivate(path, f"is larger than {max_bytes} bytes; it was not written by this program")
    return data


def write_private(path: Path, data: bytes) -> None:
    """Replace *path* by *data*; after a crash it is the old file or the new one, never a part of either.

    Raises:
        FileNotWritten: it is the old one.
    """
    temporary = path.with_name(f".{path.name}.new")
    try:
        _write_whole(temporary, data)
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        temporary.unlink(missing_ok=True)
        raise FileNotWritten(path, error.strerror or "no room") from error
    temporary.replace(path)
    _sync_directory(path.parent)


def _write_whole(temporary: Path, data: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(temporary, flags, _FILE_MODE)
    with os.fdopen(descriptor, "wb") as file:
        os.fchmod(descriptor, _FILE_MODE)
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _require(path: Path, status: os.stat_result, is_kind: Callable[[int], bool], mend: str) -> None:
    if not is_kind(status.st_mode):
        raise FileNotPrivate(path, "is not what it should be (a link, a device?)")
    if status.st_uid != os.getuid():
        raise FileNotPrivate(path, f"belongs to user {status.st_uid}, not to you")
    if status.st_mode & 0o077:
        raise FileNotPrivate(path, f"is open to other users (mode {status.st_mode & 0o777:o}); write: {mend}")
