"""Chromium, driven through two pipes with the DevTools protocol: what `keystead_testkit.firefox` does for Firefox.

Playwright's driver is a program of its own that takes an emulated processor minutes; this
is the little of it that the guest needs. A message is JSON and a zero byte; Chromium reads
them from its file 3 and writes to its file 4.
"""

import json
import os
import subprocess
import tempfile
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from keystead_testkit.browser import find_chromium

_FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--no-zygote",
    # An emulator translates anew what a compiler inside it writes: interpreted is faster there.
    "--js-flags=--jitless",
    "--remote-debugging-pipe",
    "--enable-logging=stderr",
)


class ChromiumError(Exception):
    """It refused a command, or a script in the page threw."""


class PipedChromium:
    """One Chromium with one page, open from `with` to the end of the block; what it says of itself is in *log*."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._open = ExitStack()
        self._last_id = 0
        self._unread = b""
        self._to: int
        self._from: int
        self._page: str | None = None

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            temporary = tempfile.TemporaryDirectory(prefix="keystead-chromium-", ignore_cleanup_errors=True)
            self._launch(opening, Path(opening.enter_context(temporary)))
            page = self.command("Target.createTarget", url="about:blank")["targetId"]
            self._page = self.command("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
            # WebAuthn §5.1.3 wants a document that has the focus.
            self.command("Emulation.setFocusEmulationEnabled", enabled=True)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _launch(self, opening: ExitStack, home: Path) -> None:
        executable = find_chromium()
        if executable is None:
            raise FileNotFoundError("Chromium is not installed (Debian's package: chromium)")
        theirs_to_read, self._to = os.pipe()
        self._from, theirs_to_write = os.pipe()
        # A shell gives them the numbers that Chromium looks for.
        shell = f'exec "$@" 3<&{theirs_to_read} 4>&{theirs_to_write}'
        process = subprocess.Popen(
            ["sh", "-c", shell, "sh", executable, *_FLAGS, f"--user-data-dir={home / 'profile'}"],
            env={**os.environ, "HOME": str(home)},
            pass_fds=(theirs_to_read, theirs_to_write),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=opening.enter_context(self._log.open("wb")),
        )
        os.close(theirs_to_read)
        os.close(theirs_to_write)
        opening.callback(process.wait)
        opening.callback(process.kill)

    def command(self, method: str, **parameters: object) -> Any:
        """Run one command and return its result; what is told meanwhile is passed over.

        Raises:
            ChromiumError: it was refused.
        """
        self._last_id += 1
        message = {"id": self._last_id, "method": method, "params": parameters}
        if self._page is not None:
            message["sessionId"] = self._page
        os.write(self._to, json.dumps(message).encode() + b"\0")
        answer: dict[str, Any] = {}
        while answer.get("id") != self._last_id:
            answer = json.loads(self._receive())
        if "error" in answer:
            raise ChromiumError(f"{method}: {answer['error']['message']}")
        return answer["result"]

    def _receive(self) -> bytes:
        while b"\0" not in self._unread:
            more = os.read(self._from, 1 << 16)
            if not more:
                raise ConnectionError("Chromium hung up")
            self._unread += more
        message, self._unread = self._unread.split(b"\0", 1)
        return message

    def go(self, address: str) -> None:
        """Begin to open *address*."""
        self.command("Page.navigate", url=address)

    def run(self, script: str, *arguments: object) -> Any:
        """Run *script*, a function's body, in the page, as if a person had just touched it."""
        call = f"(function () {{ {script} }}).apply(null, {json.dumps(arguments)})"
        done = self.command("Runtime.evaluate", expression=call, userGesture=True, returnByValue=True)
        if "exceptionDetails" in done:
            raise ChromiumError(str(done["exceptionDetails"]))
        return done["result"].get("value")

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", selector)
