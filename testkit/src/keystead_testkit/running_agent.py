"""The agent as people run it: a daemon process, its socket, a pinentry that answers from a file.

RunningAgent   the daemon, on a given TPM or on none, in a home of its own
cli            the program `keystead-agent` in that home
"""

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from keystead_agent.client.client import AgentClient
from keystead_core.link.messages import Hello

from keystead_testkit.pinentry import ScriptedPinentry

NO_BUS = "unix:path=/nonexistent/keystead-test-bus"
_START_SECONDS = 60.0


class RunningAgent:
    """A daemon in *home*.

    Args:
        tpm: the address of a TPM, as SoftwareTpm or BusTap gives it; None for the software keystore.
        bus: the address of the system's bus; by default there is none, whatever this computer has.
        settings: more of them, by name.
    """

    command: tuple[str, ...] = ("daemon",)

    def __init__(self, home: Path, tpm: str | None, *, bus: str = NO_BUS, **settings: str) -> None:
        self.home = home
        self._bus = bus
        self.tpm = tpm or ""
        self.pinentry = ScriptedPinentry(home / "pinentry").install()
        keystore = {"keystore": "software"} if tpm is None else {"keystore": "tpm", "tpm": tpm}
        self._settings = {
            "state_dir": str(self.state),
            "socket": str(self.socket),
            "pinentry": str(self.pinentry.program),
            **keystore,
            **settings,
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def state(self) -> Path:
        return self.home / "state"

    @property
    def socket(self) -> Path:
        return self.home / "run" / "agent.sock"

    @property
    def client(self) -> AgentClient:
        return AgentClient(self.socket)

    @property
    def environment(self) -> dict[str, str]:
        named = {f"KEYSTEAD_AGENT_{name.upper()}": value for name, value in self._settings.items()}
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "DBUS_SYSTEM_BUS_ADDRESS": self._bus,
            **named,
        }

    @property
    def log(self) -> list[dict[str, Any]]:
        path = self.state / "agent.log"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    @property
    def pid(self) -> int:
        if self._process is None:
            raise RuntimeError("the agent is not running")
        return self._process.pid

    def begin(self) -> None:
        """Start it, and do not wait until it answers."""
        with (self.home / "daemon.stderr").open("ab") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "keystead_agent.main", *self.command],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=stderr,
                stderr=stderr,
            )

    def start(self) -> None:
        self.begin()
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if self._process is None or self._process.poll() is not None or time.monotonic() > deadline:
                said = (self.home / "daemon.stderr").read_text(encoding="utf-8")
                raise RuntimeError(f"the agent did not start: {said[-2000:]}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        with suppress(Exception):
            return "agent" in self.client.ask(Hello("probe"))
        return False

    def kill(self) -> None:
        """SIGKILL: no chance to save anything."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, and return its exit code."""
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        if self._process is None:
            return 0
        self._process.send_signal(number)
        code = self._process.wait(timeout=20)
        self._process = None
        return code

    def cli(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "keystead_agent.main", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
        )

    def begin_cli(self, *arguments: str) -> subprocess.Popen[str]:
        """One that waits for something; its output is read as it comes."""
        return subprocess.Popen(
            [sys.executable, "-m", "keystead_agent.main", *arguments],
            env=self.environment | {"PYTHONUNBUFFERED": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
