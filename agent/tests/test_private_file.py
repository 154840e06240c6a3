"""Files for one person: whole or not at all, and refused when others could have touched them."""

import os
from pathlib import Path

import pytest
from keystead_agent.keystore.private_file import FileNotPrivate, ensure_private_directory, read_private, write_private


@pytest.fixture
def here(tmp_path: Path) -> Path:
    tmp_path.chmod(0o700)
    return tmp_path


def test_what_is_written_is_for_its_owner_alone(here: Path) -> None:
    umask = os.umask(0)
    try:
        write_private(here / "file", b"secret")
        ensure_private_directory(here / "made" / "deeper")
    finally:
        os.umask(umask)

    assert (here / "file").stat().st_mode & 0o777 == 0o600
    assert (here / "made" / "deeper").stat().st_mode & 0o777 == 0o700
    assert read_private(here / "file", max_bytes=10) == b"secret"


def test_what_somebody_left_open_beside_it_is_closed(here: Path) -> None:
    (here / ".file.new").touch()
    (here / ".file.new").chmod(0o666)

    write_private(here / "file", b"secret")

    assert (here / "file").stat().st_mode & 0o777 == 0o600


def test_what_is_not_there_is_nothing(here: Path) -> None:
    assert read_private(here / "file", max_bytes=10) is None


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602])
def test_a_file_open_to_others_is_refused_and_says_how_to_mend_it(here: Path, mode: int) -> None:
    write_private(here / "file", b"x")
    (here / "file").chmod(mode)

    with pytest.raises(FileNotPrivate, match="chmod 600"):
        read_private(here / "file", max_bytes=10)


def test_a_directory_open_to_others_is_refused(here: Path) -> None:
    (here / "open").mkdir()
    (here / "open").chmod(0o755)

    with pytest.raises(FileNotPrivate, match="chmod 700"):
        ensure_private_directory(here / "open")


def test_somebody_elses_file_is_refused(here: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a file to somebody else")
    write_private(here / "file", b"x")
    os.chown(here / "file", 12345, -1)

    with pytest.raises(FileNotPrivate, match="belongs to user 12345"):
        read_private(here / "file", max_bytes=10)


def test_a_link_is_refused(here: Path) -> None:
    write_private(here / "file", b"x")
    (here / "link").symlink_to(here / "file")
    (here / "linked").mkdir(mode=0o700)
    (here / "to").symlink_to(here / "linked")

    with pytest.raises(OSError, match="symbolic links"):
        read_private(here / "link", max_bytes=10)
    with pytest.raises(FileNotPrivate):
        ensure_private_directory(here / "to")


def test_a_pipe_is_refused_and_not_waited_for(here: Path) -> None:
    os.mkfifo(here / "pipe", 0o600)

    with pytest.raises(FileNotPrivate):
        read_private(here / "pipe", max_bytes=10)


def test_a_file_over_its_limit_is_refused(here: Path) -> None:
    write_private(here / "file", b"x" * 11)

    with pytest.raises(FileNotPrivate, match="larger than 10"):
        read_private(here / "file", max_bytes=10)


def test_a_write_that_fails_leaves_the_old_file(here: Path) -> None:
    write_private(here / "file", b"old")
    (here / ".file.new").mkdir()

    with pytest.raises(OSError, match="directory"):
        write_private(here / "file", b"new")

    assert read_private(here / "file", max_bytes=10) == b"old"
