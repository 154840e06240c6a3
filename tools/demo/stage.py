"""What the story needs: a narrator, an identity provider, an app, computers with TPMs."""

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from keystead_testkit.browser import Chromium
from keystead_testkit.running_agent import NO_BUS, RunningAgent
from keystead_testkit.software_tpm import SoftwareTpm, certified_state
from keystead_testkit.town import machine_id
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[2]
PICTURES = ROOT / "demo"
_A_MAKER = "id:49424D00"  # IBM's, in the TCG's list: the software TPM's own is in none
_PROGRAMS = Path(sys.executable).parent


class Narrator:
    """Says what happens, line by line, with the time each step took, and keeps a picture of every page."""

    def __init__(self) -> None:
        self._last = time.monotonic()
        self._pictures = 0
        self.failures: list[str] = []

    def chapter(self, title: str) -> None:
        print(f"\n{title}", flush=True)
        self._last = time.monotonic()

    def done(self, sentence: str) -> None:
        now = time.monotonic()
        print(f"  {now - self._last:5.1f} s  {sentence}", flush=True)
        self._last = now

    def refused(self, sentence: str, reason: str, *, expected: str) -> None:
        """Something that must not work did not; anything else is a failure of the demo."""
        if expected in reason:
            self.done(f"{sentence}\n           refused: {reason}")
        else:
            self.failures.append(f"{sentence} Expected {expected!r}, got: {reason}")
            self.done(f"NOT AS IT SHOULD BE: {self.failures[-1]}")

    def picture(self, page: Page, name: str) -> None:
        self._pictures += 1
        page.screenshot(path=PICTURES / f"{self._pictures:02}-{name}.png", full_page=True)


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def program(
    command: list[str | Path], output: Path, *, answers_at: int, settings: Mapping[str, str] | None = None
) -> Iterator[None]:
    """A program in the background, once it answers at a port of this computer."""
    environment = os.environ | (settings or {})
    with (
        output.open("w") as written,
        subprocess.Popen(command, stdout=written, stderr=written, env=environment) as process,
    ):
        try:
            deadline = time.monotonic() + 30
            while not _answers(answers_at):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"{command[0]} did not start:\n{output.read_text()[-2000:]}")
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(timeout=20)


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def identity_provider(folder: Path, port: int, *, makers: Path) -> Iterator[str]:
    """`keystead serve --init` on a new folder, trusting the TPM *makers*; yields the one-time link that it printed."""
    output = folder / "server.out"
    command = [_PROGRAMS / "keystead", "--data", folder / "data", "serve", "--init", "--port", str(port)]
    with program(command, output, answers_at=port, settings={"KEYSTEAD_TPM_MAKERS": str(makers)}):
        yield _printed_link(output)


def _printed_link(output: Path) -> str:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        found = re.search(r"http://\S+/sign-in/pass\?\S+", output.read_text())
        if found:
            return found[0]
        time.sleep(0.05)
    raise RuntimeError("the server printed no link")


@contextmanager
def relying_party(folder: Path, port: int, issuer: str, client_id: str, secret: str) -> Iterator[str]:
    app = ROOT / "examples" / "relying-party" / "app.py"
    command = [
        sys.executable, app, "--issuer", issuer, "--client-id", client_id, f"--client-secret={secret}", "--port", str(port),
    ]  # fmt: skip
    with program(command, folder / "app.out", answers_at=port):
        yield f"http://localhost:{port}"


def made_chip(folder: Path) -> tuple[Path, Path]:
    """A TPM as its maker delivers it: its state, and the folder with the maker's certificate."""
    made, makers = folder / "factory", folder / "tpm-makers"
    made.mkdir()
    makers.mkdir()
    state, certificate = certified_state(made, manufacturer=_A_MAKER)
    (makers / "maker.pem").write_bytes(certificate)
    return state, makers


class Laptop:
    """Somebody's computer: a TPM, the agent, and a browser with its extension.

    *shared* is another person's laptop, when both use the same one: the chip is theirs together.
    *bus* is the system's, where a fingerprint reader is.
    """

    def __init__(
        self, home: Path, chip: Path | None = None, *, shared: "Laptop | None" = None, bus: str = NO_BUS
    ) -> None:
        self.home = home
        self._bus = bus
        home.mkdir(parents=True)
        self._is_owner = shared is None
        self.tpm = SoftwareTpm(chip) if shared is None else shared.tpm
        self.agent: RunningAgent
        self.machine_id: Path

    def __enter__(self) -> "Laptop":
        if self._is_owner:
            self.tpm.start()
        self.machine_id = machine_id(self.home, "this computer")
        self.agent = RunningAgent(self.home, self.tpm.address, bus=self._bus, machine_id=str(self.machine_id))
        self.agent.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.agent.stop()
        if self._is_owner:
            self.tpm.close()

    def run(self, *arguments: str) -> str:
        """`keystead-agent …`, as the person types it."""
        done = self.agent.cli(*arguments)
        if done.returncode:
            raise RuntimeError(f"keystead-agent {' '.join(arguments)}: {done.stdout}{done.stderr}")
        return done.stdout

    def browser(self) -> Chromium:
        extension = self.agent.state / "browser" / "chromium"
        return Chromium(home=self.home, extension=extension, environment=self.agent.environment)


def clean_pictures() -> None:
    PICTURES.mkdir(exist_ok=True)
    for old in PICTURES.glob("*.png"):
        os.unlink(old)
