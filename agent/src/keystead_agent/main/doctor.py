"""What `keystead-agent doctor` looks at, and how to mend what it finds. It changes nothing and asks nobody.

The chip is the daemon's: what it knows is taken from its status, and only without a
daemon is the device looked at from outside.
"""

import asyncio
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from shutil import which
from typing import Any, Final

from keystead_agent.browser_host.everybody import PACKAGED_HOST, ForEverybody
from keystead_agent.browser_host.install import host_files
from keystead_agent.cli.findings import Finding
from keystead_agent.client.log_file import last_lines
from keystead_agent.gesture.fingerprint import Fingerprint, Readiness
from keystead_agent.gesture.system_bus import SYSTEM
from keystead_agent.main.config import Settings

Status = Mapping[str, Any]

UHID: Final = Path("/dev/uhid")
_SKEW: Final = timedelta(minutes=5)
# Older than this program: a clock that lost its battery.
_PAST: Final = datetime(2026, 1, 1, tzinfo=UTC)
_LOCKOUT: Final = "tpm2_changeauth -c lockout NEW-PASSWORD (as root, of tpm2-tools); keep it where you keep disk keys"


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

    def examine(self) -> list[Finding]:
        return [
            self._daemon(),
            *self._chip(),
            *self._pin(),
            *self._prompt(),
            self._fingerprint(),
            self._session(),
            *self._browsers(),
            self._security_key(),
            *self._permissions(),
            self._clock(),
        ]

    def _daemon(self) -> Finding:
        if self.status is None:
            mend = "systemctl --user start keystead-agent, or: keystead-agent setup"
            if self.settings.is_served:
                mend = "systemctl status keystead-agent says why; systemctl restart keystead-agent (as root)"
            return Finding("daemon", "broken", f"No agent answers at {self.settings.socket}.", mend)
        serves = ", the service of this computer," if self._is_served else ""
        return Finding("daemon", "ok", f"Version {self.status['agent']}{serves} answers.")

    @property
    def _is_served(self) -> bool:
        return self.status is not None and self.status["serves"] == "everybody"

    def _chip(self) -> Iterator[Finding]:
        if self.status is None:
            yield from self._device()
            return
        keystore = self.status["keystore"]
        if "error" in keystore:
            mend = _SERVICE_DEVICE_MEND if self._is_served else _DEVICE_MEND
            yield Finding("chip", "broken", f"{keystore['message']} [{keystore['error']}]", mend)
            return
        state = "ok" if keystore["kind"] == "tpm" else "beware"
        yield Finding("chip", "ok" if state == "ok" else "beware", str(keystore["label"]))
        for warning in keystore["warnings"]:
            yield Finding("chip", "beware", str(warning), _LOCKOUT if "lockout" in warning else "")

    def _device(self) -> Iterator[Finding]:
        kind, _, path = self.settings.tpm.partition(":")
        if self.settings.keystore == "software":
            yield Finding("chip", "beware", "The setting keystore is software: keys are in a file.")
        elif kind == "device" and not Path(path).exists():
            yield Finding("chip", "broken", f"There is no {path}.", "Switch the TPM on in the firmware's menu.")
        elif kind == "device" and not self.settings.is_served and not os.access(path, os.R_OK | os.W_OK):
            yield Finding("chip", "broken", f"You may not open {path}.", _DEVICE_MEND)

    def _pin(self) -> Iterator[Finding]:
        if self.status is None or "error" in self.status:
            return
        yield from self._leftovers(int(self.status["pin_leftovers"]))
        if not self.status["pin_set"]:
            yield Finding("pin", "broken", "There is no PIN yet.", "keystead-agent pin set")
            return
        match self.status["pin_guard"]:
            case "provider" | "person":
                yield Finding("pin", "ok", "Wrong PINs are counted in the chip, for you alone.")
            case "chip":
                says = "Wrong PINs are counted by the chip's one counter: this chip gives no count of one's own."
                mend = (
                    "If its owner password is set, empty it (tpm2_changeauth -c owner), then: keystead-agent pin change"
                )
                yield Finding("pin", "beware", says, mend)
            case _:
                yield Finding("pin", "beware", "Wrong PINs are counted in a file, which a copy turns back.")

    def _leftovers(self, count: int) -> Iterator[Finding]:
        if count:
            says = "The chip still keeps the count of a PIN that was changed or deleted. It opens nothing."
            mend = "The next PIN takes its place: keystead-agent pin set, or keystead-agent pin change"
            yield Finding("pin", "beware", says, mend)

    def _prompt(self) -> Iterator[Finding]:
        if self.status is not None and not self.status["prompter"]:
            mend = "systemctl --user start keystead-session, or: keystead-agent setup"
            yield Finding("prompt", "broken", "Nothing in your session asks you for the service.", mend)
        program = which(self.settings.pinentry, path=self.environment.get("PATH"))
        if program is None:
            mend = "apt install pinentry-gnome3, pinentry-qt or pinentry-curses; or name one in the setting pinentry"
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
                mend = "systemctl status fprintd; from an ssh session it answers nobody"
                return Finding("fingerprint", "beware", "fprintd does not answer.", mend)

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
            if path.exists() and (path.stat().st_uid != os.getuid() or stat.S_IMODE(path.stat().st_mode) & 0o077):
                yield Finding("permissions", "broken", f"{path} is open to others.", f"chmod 700 {path}")
                return
        yield Finding("permissions", "ok", "The agent's folders are yours alone.")

    def _clock(self) -> Finding:
        mend = "timedatectl set-ntp true"
        if self.now < _PAST:
            return Finding("clock", "broken", f"The clock says {self.now:%Y-%m-%d}.", mend)
        newest = [] if self.settings.is_served else last_lines(self.settings.state_dir / "agent.log", 1)
        if newest and _moment(newest[0].get("at")) > self.now + _SKEW:
            return Finding(
                "clock", "beware", "The agent's log has lines from the future: the clock was set back.", mend
            )
        return Finding("clock", "ok", "The clock goes forward.")


_DEVICE_MEND: Final = "Be in the group tss: sudo usermod -aG tss $USER, then log in again."
_SERVICE_DEVICE_MEND: Final = (
    "The service's user must be able to open it: apt install tpm-udev, then systemctl restart keystead-agent (as root)."
)


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
