"""What `keystead-agent doctor` looks at, and how to mend what it finds. It changes nothing and asks nobody.

The chip and what stands on it are in `doctor_chip`.
"""

import asyncio
import os
import stat
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Final

from keystead_agent.browser_host.everybody import PACKAGED_HOST, ForEverybody
from keystead_agent.browser_host.install import host_files
from keystead_agent.cli.findings import Finding
from keystead_agent.client.log_file import last_lines
from keystead_agent.gesture.fingerprint import Fingerprint, Readiness
from keystead_agent.gesture.system_bus import SYSTEM
from keystead_agent.main.config import Settings
from keystead_agent.main.doctor_chip import Status, about_chip, about_container, about_pin, person

UHID: Final = Path("/dev/uhid")
_SKEW: Final = timedelta(minutes=5)
# Older than this program: a clock that lost its battery.
_PAST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LEAST_ROOM_BYTES: Final = 1024 * 1024


def free_bytes(folder: Path) -> int:
    """How much may still be written into *folder*, or the nearest above it that is there."""
    while not folder.exists():
        folder = folder.parent
    disk = os.statvfs(folder)
    # A disk without room for another file has none for a byte.
    return 0 if disk.f_files and not disk.f_favail else disk.f_bavail * disk.f_frsize


@dataclass(frozen=True, slots=True)
class Doctor:
    """Attributes:
    status: what the daemon says; None when none answers.
    environment, home: of the person; `uhid`, `bus` and `root` are where they are on every computer.
    """

    settings: Settings
    status: Status | None
    environment: Mapping[str, str]
    home: Path
    now: datetime
    uhid: Path = UHID
    bus: str = SYSTEM
    root: Path = Path("/")
    free_bytes: Callable[[Path], int] = free_bytes

    def examine(self) -> list[Finding]:
        return [
            self._daemon(),
            *about_chip(self.settings, self.status),
            *about_container(self.settings, self.status),
            *about_pin(self.status),
            *self._prompt(),
            self._fingerprint(),
            self._session(),
            *self._browsers(),
            self._security_key(),
            *self._permissions(),
            self._room(),
            self._clock(),
        ]

    def _daemon(self) -> Finding:
        if self.status is None:
            mend = "keystead-agent setup; if it does not stay: journalctl --user -u keystead-agent"
            if self.settings.is_served:
                mend = "systemctl status keystead-agent says why; systemctl restart keystead-agent (as root)"
            return Finding("daemon", "broken", f"No agent answers at {self.settings.socket}.", mend)
        serves = ", the service of this computer," if self._is_served else ""
        return Finding("daemon", "ok", f"Version {self.status['agent']}{serves} answers.")

    @property
    def _is_served(self) -> bool:
        return self.status is not None and self.status["serves"] == "everybody"

    def _prompt(self) -> Iterator[Finding]:
        if self.status is not None and not self.status["prompter"]:
            mend = "systemctl --user start keystead-session, or: keystead-agent setup"
            yield Finding("prompt", "broken", "Nothing in your session asks you for the service.", mend)
        program = which(self.settings.pinentry, path=self.environment.get("PATH"))
        if program is None:
            mend = "apt install pinentry-gnome3 (or pinentry-qt; without a screen pinentry-curses), as root"
            yield Finding("prompt", "broken", f"{self.settings.pinentry} is not there, so nobody can be asked.", mend)
            return
        yield Finding("prompt", "ok", f"{program} asks for the PIN.")
        shown = {"DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY"}.intersection(self.environment)
        if not shown:
            mend = "In a session with a screen: systemctl --user import-environment DISPLAY WAYLAND_DISPLAY"
            yield Finding("prompt", "beware", "There is neither a display nor GPG_TTY to show it on.", mend)

    def _fingerprint(self) -> Finding:
        if not self.settings.fingerprint:
            return Finding("fingerprint", "ok", "Switched off in the settings.")
        match asyncio.run(Fingerprint(timedelta(seconds=5), bus=self.bus).readiness()):
            case Readiness.YES:
                return Finding("fingerprint", "ok", "fprintd knows a finger of yours.")
            case Readiness.NO:
                mend = "If there is a reader: apt install fprintd, then fprintd-enroll"
                return Finding("fingerprint", "ok", "No reader, or no finger enrolled; the PIN does.", mend)
            case Readiness.UNKNOWN:
                mend = "systemctl status dbus fprintd; from an ssh session fprintd answers nobody"
                return Finding("fingerprint", "beware", "fprintd, or the system's bus, does not answer.", mend)

    def _session(self) -> Finding:
        ways = self.status.get("gestures", {}).get("ways", []) if self.status else []
        if self.settings.pam_service and not any(way["name"] == "pam" and way["ready"] for way in ways):
            says = f"The PAM service {self.settings.pam_service} cannot be used now."
            mend = f"Is there /etc/pam.d/{self.settings.pam_service}, and does systemd-logind run?"
            return Finding("session", "beware", says, mend)
        return Finding("session", "ok", "Suspend, lock and logout close what is open, where logind runs.")

    def _browsers(self) -> Iterator[Finding]:
        own = [path for path in host_files(self.home) if path.exists()]
        everybodys = ForEverybody(self.root).given()
        if not own and not everybodys:
            says = "No browser knows the agent; they can still use it as a security key."
            yield Finding("browsers", "beware", says, "keystead-agent browser install")
        if own:
            host = self.settings.state_dir / "browser" / "keystead-browser-host"
            yield _host_finding(
                host, f"Browsers of yours that know the agent: {len(own)}.", "keystead-agent browser install"
            )
        if everybodys:
            host, mend = self.root / PACKAGED_HOST, "Install the package keystead-agent again"
            yield _host_finding(host, f"Browsers that know it for everybody on this computer: {len(everybodys)}.", mend)

    def _security_key(self) -> Finding:
        if not self.uhid.exists():
            mend = "modprobe uhid (as root), if programs without the extension are to use the passkeys"
            return Finding("uhid", "beware", f"There is no {self.uhid}.", mend)
        if stat.S_IMODE(self.uhid.stat().st_mode) & 0o077 and os.getuid() != 0:
            mend = f"chmod 600 {self.uhid} (as root), and take away the udev rule that opens it"
            return Finding("uhid", "broken", f"Others than root may open {self.uhid}, and be any keyboard.", mend)
        return Finding("uhid", "ok", "Root can offer the passkeys as a security key: keystead-hid@NAME.service")

    def _permissions(self) -> Iterator[Finding]:
        if self.settings.is_served:
            yield Finding("permissions", "ok", "The service keeps what is yours, where you and others cannot reach it.")
            return
        for path in (self.settings.state_dir, self.settings.socket.parent):
            if not path.exists():
                continue
            status = path.stat()
            if status.st_uid != os.getuid():
                says, mend = f"{path} is somebody else's.", f"chown -R {person()} {path}, as root"
                yield Finding("permissions", "broken", says, mend)
                return
            if stat.S_IMODE(status.st_mode) & 0o077:
                yield Finding("permissions", "broken", f"{path} is open to others.", f"chmod 700 {path}")
                return
        yield Finding("permissions", "ok", "The agent's folders are yours alone.")

    def _room(self) -> Finding:
        where = self.settings.state_dir
        if self.free_bytes(where) < _LEAST_ROOM_BYTES:
            says = f"There is no room where {where} is: nothing can be kept, so no passkey is made or used."
            mend = f"See what fills it: df -h {where}; as root: apt clean, journalctl --vacuum-size=100M"
            return Finding("disk", "broken", says, mend)
        return Finding("disk", "ok", "There is room for what has to be kept.")

    def _clock(self) -> Finding:
        mend = "timedatectl set-ntp true, as root; where that says it is not supported: apt install systemd-timesyncd"
        if self.now < _PAST:
            return Finding("clock", "broken", f"The clock says {self.now:%Y-%m-%d}.", mend)
        newest = [] if self.settings.is_served else last_lines(self.settings.state_dir / "agent.log", 1)
        if newest and _moment(newest[0].get("at")) > self.now + _SKEW:
            return Finding(
                "clock", "beware", "The agent's log has lines from the future: the clock was set back.", mend
            )
        return Finding("clock", "ok", "The clock goes forward.")


def _host_finding(host: Path, says: str, mend: str) -> Finding:
    """Whether what the browsers would start, *host*, can be started."""
    if not os.access(host, os.X_OK):
        return Finding("browsers", "broken", f"{host} cannot be started.", mend)
    return Finding("browsers", "ok", says)


def _moment(value: object) -> datetime:
    try:
        return datetime.fromisoformat(str(value))
    except ValueError:
        return datetime.min.replace(tzinfo=UTC)
