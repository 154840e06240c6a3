"""A TPM for tests: swtpm in a directory of its own, which can be killed, restarted, copied and listened to.

SoftwareTpm   the chip; its address is written as the agent's setting wants it
BusTap        stands on the wires between the agent and the chip, and keeps every frame
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

MISSING = "swtpm is not installed: apt-get install swtpm"
_START_SECONDS = 10.0
_LISTENING = "00010000"  # the flag __SO_ACCEPTCON in /proc/net/unix


_SWTPM = "id:00001014"


def is_available() -> bool:
    return shutil.which("swtpm") is not None


def can_be_certified() -> bool:
    return shutil.which("swtpm_setup") is not None and shutil.which("swtpm_localca") is not None


def certified_state(directory: Path, *, manufacturer: str = _SWTPM) -> tuple[Path, bytes]:
    """Have a maker make a chip: its state, with an endorsement certificate in it, and the maker's own (PEM).

    swtpm's own *manufacturer* is in no list of the TCG's.
    """
    maker, state = directory / "maker", directory / "state"
    maker.mkdir()
    state.mkdir()
    files = {"signingkey": "signkey.pem", "issuercert": "issuercert.pem", "certserial": "serial"}
    named = {"statedir": maker} | {name: maker / file for name, file in files.items()}
    (maker / "localca.conf").write_text("".join(f"{name} = {value}\n" for name, value in named.items()))
    (maker / "options").write_text("--platform-manufacturer Keystead\n--platform-version 1\n--platform-model tests\n")
    # No option of swtpm_setup names the manufacturer; it hands its own to the tool.
    tool = maker / "certify"
    tool.write_text(f'#!/bin/bash\nexec {shutil.which("swtpm_localca")} "${{@//{_SWTPM}/{manufacturer}}}"\n')
    tool.chmod(0o755)
    (maker / "setup.conf").write_text(
        f"create_certs_tool = {tool}\n"
        f"create_certs_tool_config = {maker / 'localca.conf'}\n"
        f"create_certs_tool_options = {maker / 'options'}\n"
    )
    command = ["swtpm_setup", "--tpm2", "--tpmstate", str(state), "--create-ek-cert", "--overwrite"]
    subprocess.run([*command, "--config", str(maker / "setup.conf")], check=True, capture_output=True, timeout=60)
    return state, (maker / "issuercert.pem").read_bytes()


def has_tools() -> bool:
    return shutil.which("tpm2_readpublic") is not None


class SoftwareTpm:
    """One swtpm process.

    Args:
        state: where the chip keeps its seeds; a fresh chip in a temporary directory by default.
        transport: a unix socket, or TCP for programs that know nothing else (tpm2-tools).
    """

    def __init__(self, state: Path | None = None, *, transport: Literal["unix", "tcp"] = "unix") -> None:
        self._temporary = Path(tempfile.mkdtemp(prefix="swtpm-"))
        self.state = state or self._temporary / "state"
        self.state.mkdir(parents=True, exist_ok=True)
        self._transport = transport
        self._port = _free_port_pair() if transport == "tcp" else 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def socket_path(self) -> Path:
        return self._temporary / "tpm.sock"

    @property
    def address(self) -> str:
        """As the agent's setting `tpm` wants it."""
        if self._transport == "tcp":
            return f"swtpm:host=127.0.0.1,port={self._port}"
        return f"swtpm:path={self.socket_path}"

    @property
    def tcti(self) -> str:
        """As tpm2-tools want it."""
        if self._transport != "tcp":
            raise ValueError("tpm2-tools need transport='tcp'")
        return f"swtpm:host=127.0.0.1,port={self._port}"

    def start(self) -> None:
        with suppress(FileNotFoundError):
            self.socket_path.unlink()
        self._process = subprocess.Popen(
            self._command(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + _START_SECONDS
        while not self._answers():
            if time.monotonic() > deadline or self._process.poll() is not None:
                raise RuntimeError("swtpm did not start")
            time.sleep(0.01)

    def _command(self) -> list[str]:
        if self._transport == "tcp":
            server = f"type=tcp,port={self._port},bindaddr=127.0.0.1"
            control = f"type=tcp,port={self._port + 1},bindaddr=127.0.0.1"
        else:
            server = f"type=unixio,path={self.socket_path}"
            control = f"type=unixio,path={self.socket_path}.ctrl"
        state, flags = f"dir={self.state}", "not-need-init,startup-clear"
        arguments = ["--tpmstate", state, "--server", server, "--ctrl", control, "--flags", flags]
        return ["swtpm", "socket", "--tpm2", *arguments]

    def _answers(self) -> bool:
        # Only looked at, not connected to: swtpm serves one connection at a time. And the socket's
        # file is there before anybody listens.
        if self._transport == "unix":
            lines = Path("/proc/net/unix").read_text(encoding="utf-8").splitlines()
            return any(line.endswith(f" {self.socket_path}") and line.split()[3] == _LISTENING for line in lines)
        listening = f"0100007F:{self._port:04X} 00000000:0000 0A"
        return listening in Path("/proc/net/tcp").read_text(encoding="ascii")

    def run_tool(self, *arguments: str) -> str:
        """Run one of tpm2-tools on this TPM and return what it says."""
        environment = {**os.environ, "TPM2TOOLS_TCTI": self.tcti}
        done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=60)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def kill(self) -> None:
        """As if the plug were pulled: no shutdown command, no chance to save."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def restart(self) -> None:
        self.kill()
        self.start()

    def copy_state(self, to: Path) -> None:
        """Copy the chip itself, as only an emulator lets one do."""
        shutil.copytree(self.state, to)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self._temporary, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


@dataclass(frozen=True, slots=True)
class Frame:
    sent: bool
    data: bytes

    @property
    def command_code(self) -> int:
        return int.from_bytes(self.data[6:10], "big")


class BusTap:
    """Listen on the bus: connect the agent to `address`, and read `frames`.

    Frames are counted and searched here, by code that shares nothing with the
    agent's own TPM layer.

    Attributes:
        watch: called with each frame before it is passed on.
    """

    def __init__(self, tpm: SoftwareTpm) -> None:
        self._tpm = tpm
        self._directory = Path(tempfile.mkdtemp(prefix="bus-tap-"))
        self._listener = socket.socket(socket.AF_UNIX)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self.frames: list[Frame] = []
        self.watch: Callable[[], object] = lambda: None

    @property
    def address(self) -> str:
        return f"swtpm:path={self._directory / 'tap.sock'}"

    @property
    def commands(self) -> list[int]:
        return [frame.command_code for frame in self.frames if frame.sent]

    def carries(self, secret: bytes) -> bool:
        return any(secret in frame.data for frame in self.frames)

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                agent, _ = self._listener.accept()
                # A chip that dies ends this conversation, not the listening.
                with suppress(OSError), agent, socket.socket(socket.AF_UNIX) as chip:
                    chip.connect(str(self._tpm.socket_path))
                    self._relay(agent, chip)

    def _relay(self, agent: socket.socket, chip: socket.socket) -> None:
        while True:
            command = _read_frame(agent)
            if command is None:
                return
            self._passes(Frame(True, command))
            chip.sendall(command)
            answer = _read_frame(chip)
            if answer is None:
                return
            self._passes(Frame(False, answer))
            agent.sendall(answer)

    def _passes(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.watch()

    def __enter__(self) -> Self:
        self._listener.bind(str(self._directory / "tap.sock"))
        self._listener.listen()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(timeout=5)
        shutil.rmtree(self._directory, ignore_errors=True)


def _read_frame(stream: socket.socket) -> bytes | None:
    """A command or response: ten bytes of header, of which the third to sixth are the whole length."""
    try:
        header = stream.recv(10, socket.MSG_WAITALL)
        if len(header) < 10:
            return None
        rest = int.from_bytes(header[2:6], "big") - 10
        return header + (stream.recv(rest, socket.MSG_WAITALL) if rest else b"")
    except OSError:
        return None


def _free_port_pair() -> int:
    """A port that is free and whose successor is too: swtpm's control channel is expected there."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port = int(first.getsockname()[1])
            with suppress(OSError, OverflowError):
                second.bind(("127.0.0.1", port + 1))
                return port
    raise RuntimeError("no two free ports side by side")
