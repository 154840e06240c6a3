"""`keystead-agent setup`: the agent in the session, an identity provider, a PIN, the browsers; each once.

Each part says what it did, so that nothing on the computer changes unsaid. Doing it
again does what is missing; `undo` takes away what it put there, and no passkey.
"""

import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from keystead_core.link import messages as link
from keystead_core.link.messages import Request

from keystead_agent.browser_host.install import host_files
from keystead_agent.cli.doors import SetUp
from keystead_agent.cli.findings import Step
from keystead_agent.client.client import AgentClient, AgentRefused, AgentUnreachable
from keystead_agent.main.config import Settings
from keystead_agent.main.units import NAME, SESSION_NAME, agent_unit, session_unit

# A first start on a slow disk; a person who waits sees that it waits.
_START_SECONDS: Final = 30.0
_SYSTEMCTL_SECONDS: Final = 30.0
_PACKAGED_UNITS: Final = Path("/usr/lib/systemd/user")


@dataclass(frozen=True, slots=True)
class Installation:
    """Attributes:
    command: what starts this program, quoted as systemd reads it.
    install_browsers: given the origins, writes what browsers need.
    systemctl: the program; None where there is no systemd.
    """

    settings: Settings
    home: Path
    command: str
    install_browsers: Callable[[list[str]], list[Path]]
    systemctl: str | None
    packaged_units: Path = _PACKAGED_UNITS
    start_seconds: float = _START_SECONDS

    @property
    def _name(self) -> str:
        """What runs in the person's session: their own agent, or what asks them for the computer's service."""
        return SESSION_NAME if self.settings.is_served else NAME

    @property
    def _unit(self) -> Path:
        return self.home / ".config" / "systemd" / "user" / self._name

    def run(self, wanted: SetUp) -> list[Step]:
        if wanted.undo:
            return list(self._undo(dry_run=wanted.dry_run))
        if wanted.dry_run:
            return list(self._foreseen(wanted))
        return list(self._install(wanted))

    def _install(self, wanted: SetUp) -> Iterator[Step]:
        yield self._write_unit()
        started = self._start()
        yield started
        if started.outcome == "failed":
            return
        status = self._ask(link.Status("setup"))
        if isinstance(status, Step):
            start = "keystead-agent session" if self.settings.is_served else "keystead-agent daemon"
            yield Step("daemon", "failed", f"{status.says} Start it with: {start}")
            return
        if wanted.url is not None:
            yield self._enrol(wanted.url)
        if wanted.with_pin:
            yield self._pin(is_set=bool(status.get("pin_set")))
        yield self._browsers()

    def _foreseen(self, wanted: SetUp) -> Iterator[Step]:
        unit = self._needed_unit()
        yield Step("unit", "would" if unit else "already", f"write {self._unit}" if unit else "the unit is there")
        what = "the service's prompter" if self.settings.is_served else "the agent"
        yield Step("daemon", "already" if self._is_ready() else "would", f"start {what} in your session")
        if wanted.url is not None:
            yield Step("enrol", "would", f"enrol {wanted.url}")
        if wanted.with_pin:
            yield Step("pin", "would", "ask for a PIN, if there is none")
        yield Step("browsers", "would", "tell Chromium and Firefox where the agent is, for the enrolled pages alone")

    def _needed_unit(self) -> str | None:
        """The text to write, or None when what is there does."""
        if (self.packaged_units / self._name).exists():
            return None
        text = session_unit(self.command) if self.settings.is_served else agent_unit(self.command)
        return None if self._unit.exists() and self._unit.read_text(encoding="utf-8") == text else text

    def _write_unit(self) -> Step:
        text = self._needed_unit()
        if text is None:
            return Step("unit", "already", "the unit is there")
        self._unit.parent.mkdir(parents=True, exist_ok=True)
        self._unit.write_text(text, encoding="utf-8")
        return Step("unit", "done", f"wrote {self._unit}")

    def _start(self) -> Step:
        if self._is_ready():
            return Step("daemon", "already", self._ready_says)
        if self._systemctl("daemon-reload") and self._systemctl("enable", "--now", self._name):
            deadline = time.monotonic() + self.start_seconds
            while not self._is_ready():
                if time.monotonic() > deadline:
                    says = f"it was started, and does not answer: journalctl --user -u {self._name}"
                    return Step("daemon", "failed", says)
                time.sleep(0.1)
            return Step("daemon", "done", f"{self._ready_says}, now and at each login")
        return Step("daemon", "skipped", "there is no systemd for you here: the agent has to be started by hand")

    @property
    def _ready_says(self) -> str:
        return "the service of this computer asks you in your session" if self.settings.is_served else "the agent runs"

    def _enrol(self, url: str) -> Step:
        answer = self._ask(link.Enrol("setup", url=url))
        if isinstance(answer, Step):
            return Step("enrol", "failed", answer.says)
        provider = answer["provider"]
        says = f"{provider['name']} ({provider['rp_id']}) may keep passkeys here"
        return Step("enrol", "done", f"{says}. {answer['beware']}" if "beware" in answer else says)

    def _pin(self, *, is_set: bool) -> Step:
        if is_set:
            return Step("pin", "already", "there is a PIN")
        answer = self._ask(link.SetPin("setup"))
        return Step("pin", "failed", answer.says) if isinstance(answer, Step) else Step("pin", "done", "the PIN is set")

    def _browsers(self) -> Step:
        answer = self._ask(link.Providers("setup"))
        if isinstance(answer, Step):
            return Step("browsers", "failed", answer.says)
        origins = sorted({origin for provider in answer["providers"] for origin in provider["origins"]})
        if not origins:
            return Step("browsers", "skipped", "nothing is enrolled yet: keystead-agent setup --enrol URL")
        written = self.install_browsers(origins)
        return Step("browsers", "done", f"wrote {len(written)} files; they work on {', '.join(origins)}")

    def _undo(self, *, dry_run: bool) -> Iterator[Step]:
        if (self.packaged_units / self._name).exists():
            yield self._disable(dry_run=dry_run)
        extension = self.settings.state_dir / "browser"
        for step, path in [
            ("unit", self._unit),
            *(("browsers", path) for path in host_files(self.home)),
            ("browsers", extension),
        ]:
            if not path.exists():
                continue
            if dry_run:
                yield Step(step, "would", f"remove {path}")
                continue
            if path == self._unit:
                self._systemctl("disable", "--now", self._name)
            _remove(path)
            yield Step(step, "done", f"removed {path}")
        where = "with the service" if self.settings.is_served else f"in {self.settings.state_dir}"
        yield Step("passkeys", "skipped", f"passkeys and PIN stay {where}")

    def _disable(self, *, dry_run: bool) -> Step:
        if dry_run:
            return Step("unit", "would", f"stop {self._name} in your sessions")
        if self._systemctl("disable", "--now", self._name):
            return Step("unit", "done", f"stopped {self._name}, now and at each login")
        return Step("unit", "skipped", "there is no systemd for you here")

    def _systemctl(self, *arguments: str) -> bool:
        if self.systemctl is None:
            return False
        with suppress(OSError, subprocess.TimeoutExpired):
            done = subprocess.run(
                [self.systemctl, "--user", *arguments], capture_output=True, timeout=_SYSTEMCTL_SECONDS, check=False
            )
            return done.returncode == 0
        return False

    def _is_ready(self) -> bool:
        """Whether there is who answers, and who asks the person."""
        status = self._ask(link.Status("setup"))
        return not isinstance(status, Step) and bool(status.get("prompter"))

    def _ask(self, request: Request) -> Any:
        """The daemon's answer, or a Step that says why there is none."""
        try:
            return AgentClient(self.settings.socket).ask(request)
        except (AgentRefused, AgentUnreachable) as error:
            return Step("ask", "failed", f"{error} [{error.code}]")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink()
