"""A screen that nobody sees (Xvfb), with somebody who reads what is on it and types.

Screen    open from `with` to the end of the block; `display` is what programs are told
missing   a sentence for pytest.skip when one of the programs for it is not there
"""

import os
import subprocess
import time
from pathlib import Path
from shutil import which
from types import TracebackType
from typing import Self

_PROGRAMS = {"Xvfb": "xvfb", "xdotool": "xdotool", "import": "imagemagick", "tesseract": "tesseract-ocr"}
_START_SECONDS = 20


def missing() -> str | None:
    packages = [package for program, package in _PROGRAMS.items() if which(program) is None]
    return f"a screen needs: apt-get install {' '.join(packages)}" if packages else None


class Screen:
    """
    Args:
        folder: for pictures.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pictures = 0
        self._server: subprocess.Popen[bytes]
        self.display = ""

    def __enter__(self) -> Self:
        reading, writing = os.pipe()
        command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "800x600x24", "-nolisten", "tcp"]
        self._server = subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL)
        os.close(writing)
        with os.fdopen(reading) as said:
            self.display = f":{said.readline().strip()}"
        if self.display == ":":
            raise OSError("Xvfb did not start")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.terminate()
        self._server.wait(timeout=_START_SECONDS)

    @property
    def environment(self) -> dict[str, str]:
        """For a program that draws here: no session of the desktop, nothing of this process's own."""
        home = str(self._folder)
        language = {"LANG": "C.UTF-8", "HOME": home, "XDG_RUNTIME_DIR": home}
        return {"PATH": os.environ["PATH"], "DISPLAY": self.display, **language}

    def wait_for_window(self, title: str) -> None:
        """Wait until a window of this title is shown and has the keyboard."""
        words = ["xdotool", "search", "--sync", "--onlyvisible", "--name", f"^{title}$"]
        self._run(*words)
        time.sleep(0.3)  # it grabs the keyboard once it is drawn

    def picture(self) -> Path:
        self._pictures += 1
        path = self._folder / f"screen-{self._pictures}.png"
        self._run("import", "-window", "root", str(path))
        return path

    def read(self, picture: Path) -> str:
        """The text in *picture* in lower case, read by somebody who knows letters and nothing of the program."""
        large = picture.with_suffix(".large.png")
        # In blue light red letters are as black as black ones.
        self._run(
            "convert", str(picture), "-channel", "B", "-separate", "-resize", "300%", "-threshold", "50%", str(large)
        )
        sparse = "11"  # here and there, in no order: a window is no page of a book
        return " ".join(self._run("tesseract", str(large), "-", "--psm", sparse).split()).lower()

    def type(self, text: str) -> None:
        self._run("xdotool", "type", "--delay", "30", text)

    def press(self, key: str) -> None:
        self._run("xdotool", "key", key)

    def _run(self, *words: str) -> str:
        done = subprocess.run(words, env=self.environment, capture_output=True, timeout=_START_SECONDS, check=True)
        return done.stdout.decode()
