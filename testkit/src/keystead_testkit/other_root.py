"""Run a program on a computer that is this one with other files laid over it: what a package has installed.

    command   the words to start a program with, so that it sees them
    missing   a sentence for pytest.skip where this is not possible

Run as `python -m keystead_testkit.other_root FOLDER PROGRAM …` in a mount namespace of its
own, which is gone with the program; nothing of this computer is changed. A folder
that gets new names becomes a folder of links to the old ones and the new.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path
from shutil import which


def missing() -> str | None:
    if which("unshare") is None:
        return "unshare is needed: apt-get install util-linux"
    tried = subprocess.run([*_NAMESPACE, "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True, check=False)
    return None if tried.returncode == 0 else "this machine lets nobody mount in a namespace of their own"


_NAMESPACE = ["unshare", "--mount"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--mount"]


def command(over: Path, *words: str) -> list[str]:
    """*over* is a folder with nothing else beside it that matters: what is covered is mounted there."""
    return [*_NAMESPACE, sys.executable, "-m", "keystead_testkit.other_root", str(over), *words]


def _lay(over: Path, on: Path, aside: Path) -> None:
    """Make what is in the folder *over* appear in the folder *on*, whose own goes to a folder in *aside*."""
    new = [each.name for each in over.iterdir() if not (on / each.name).exists()]
    hidden = _as_links(on, aside) if new else on
    for each in over.iterdir():
        here = on / each.name
        if each.name in new:
            here.symlink_to(each)
        elif not each.is_dir():
            if hidden is not on:
                here.unlink()
                here.touch()
            _mount("--bind", str(each), str(here))
        else:
            if hidden is not on:
                here.unlink()
                here.mkdir()
                _mount("--rbind", str(hidden / each.name), str(here))
            _lay(each, here, aside)


def _as_links(folder: Path, aside: Path) -> Path:
    hidden = Path(tempfile.mkdtemp(prefix="hidden-", dir=aside))
    _mount("--rbind", str(folder), str(hidden))
    _mount("-t", "tmpfs", "-o", "mode=755", "none", str(folder))
    for each in hidden.iterdir():
        (folder / each.name).symlink_to(os.readlink(each) if each.is_symlink() else each)
    return hidden


def _mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


if __name__ == "__main__":
    over = Path(sys.argv[1])
    _lay(over, Path("/"), over.parent)
    os.execvp(sys.argv[2], sys.argv[2:])
