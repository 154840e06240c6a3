"""The server as people run it: a process on a free port, with its data in a folder."""

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

_PATIENCE_SECONDS = 60


def keystead(*arguments: str, data: Path) -> list[str]:
    """The command line of `keystead`, as this environment has it."""
    return [str(Path(sys.executable).with_name("keystead")), "--data", str(data), *arguments]


@dataclass(frozen=True, slots=True)
class RunningServer:
    """Attributes:
    said: the file that holds its standard output and error.
    """

    url: str
    data: Path
    process: subprocess.Popen[bytes]
    said: Path

    def stop(self, how: signal.Signals = signal.SIGINT) -> int:
        """Send a signal, and return the exit code."""
        self.process.send_signal(how)
        return self.process.wait(_PATIENCE_SECONDS)

    def one_time_pass(self) -> str:
        found = re.search(r"Temporary Access Pass yourself:  (\w+)", self.said.read_text())
        assert found, self.said.read_text()
        return found[1]


@contextmanager
def running_server(
    data: Path, *arguments: str, port: int | None = None, patience_seconds: float = _PATIENCE_SECONDS
) -> Iterator[RunningServer]:
    """`keystead serve --init` over *data*, answering when the block begins and gone when it ends."""
    port = port or free_port()
    said = data.with_name(f"{data.name}.said")
    with said.open("wb") as output:
        command = keystead("serve", "--init", "--port", str(port), *arguments, data=data)
        process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
    try:
        _wait_until_healthy(f"http://localhost:{port}", process, said, patience_seconds)
        yield RunningServer(f"http://localhost:{port}", data, process, said)
    finally:
        process.kill()
        process.wait()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _wait_until_healthy(url: str, process: subprocess.Popen[bytes], said: Path, seconds: float) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise AssertionError(f"the server stopped with {process.returncode}: {said.read_text()}")
        try:
            with urlopen(f"{url}/healthz", timeout=1):
                return
        except (URLError, OSError):
            time.sleep(0.05)
    raise AssertionError(f"the server did not answer: {said.read_text()}")
