"""What `keystead-agent doctor` finds about the chip, and about the container and the PIN that stand on it.

The chip is the daemon's: what it knows is taken from its status, and the device is looked at from outside
only where there is no daemon, or it could not open the device.
"""

import grp
import os
import pwd
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, TypeAlias

from keystead_agent.cli.findings import Finding
from keystead_agent.main.config import SERVICE_STATE, Settings

Status: TypeAlias = Mapping[str, Any]

_LOCKOUT: Final = (
    "apt install tpm2-tools; tpm2_changeauth -c lockout NEW-PASSWORD, as root; keep it beside your disk keys"
)
_OWNER: Final = (
    "Whoever set it may empty it: tpm2_changeauth -c owner -p PASSWORD; or keep a root key for everybody: "
    "tpm2_createprimary -C o -P PASSWORD -G ecc256:aes128cfb -c srk.ctx && "
    "tpm2_evictcontrol -C o -P PASSWORD -c srk.ctx 0x81000001 (as root, of tpm2-tools)"
)
_ENDORSEMENT: Final = "Whoever set it may empty it: tpm2_changeauth -c endorsement -p PASSWORD (as root, of tpm2-tools)"
# By what the chip's warnings are about.
_PASSWORDS: Final = {"lockout password": _LOCKOUT, "owner password": _OWNER, "endorsement password": _ENDORSEMENT}
_NO_TPM: Final = (
    "Switch it on in the firmware's menu, where it is called TPM, fTPM, PTT or security device: "
    "systemctl reboot --firmware-setup"
)
_OWN: Final = "systemctl --user restart keystead-agent; if it stays so, is the setting tpm right?"
_SERVICE: Final = (
    "The service's user has to be let in: apt install tpm-udev; systemctl restart keystead-agent, as root; "
    "if it stays so, is the setting tpm in /etc/keystead/agent.toml right?"
)
_NEW_SESSION: Final = "loginctl terminate-user {person}, which ends all you have open, or restart the computer"


def person() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def about_chip(settings: Settings, status: Status | None) -> Iterator[Finding]:
    if status is None:
        yield from _device(settings)
        return
    keystore = status["keystore"]
    if "error" in keystore:
        broken = [] if _is_served(status) else [finding for finding in _device(settings) if finding.state == "broken"]
        yield from broken or [_unanswered(keystore, _SERVICE if _is_served(status) else _OWN)]
        return
    yield Finding("chip", "ok" if keystore["kind"] == "tpm" else "beware", str(keystore["label"]))
    for warning in keystore["warnings"]:
        mends = (mend for about, mend in _PASSWORDS.items() if about in warning)
        yield Finding("chip", "beware", str(warning), next(mends, ""))


def _is_served(status: Status) -> bool:
    return bool(status["serves"] == "everybody")


def _unanswered(keystore: Status, mend: str) -> Finding:
    """The agent could not use the device, and that you may not open it is not why."""
    return Finding("chip", "broken", f"{keystore['message']} [{keystore['error']}]", mend)


def _device(settings: Settings) -> Iterator[Finding]:
    if settings.is_served:
        # It is for the service to open, and nobody else.
        return
    kind, _, path = settings.tpm.partition(":")
    if settings.keystore == "software":
        yield Finding("chip", "beware", "The setting keystore is software: keys are in a file.")
    elif kind == "device" and not Path(path).exists():
        yield Finding("chip", "broken", f"There is no TPM at {path}.", _NO_TPM)
    elif kind == "device" and not os.access(path, os.R_OK | os.W_OK):
        yield Finding("chip", "broken", f"You may not open {path}.", how_to_be_let_in(Path(path).stat().st_gid))
    elif kind == "device":
        yield Finding("chip", "ok", f"There is {path}, and you may open it.")


def how_to_be_let_in(group: int) -> str:
    """What to do about a device that belongs to *group*."""
    name, who = _group(group), person()
    if name == "root":
        # As the kernel leaves it: Debian's rules for udev give it to tss.
        return f"apt install tpm-udev; usermod -aG tss {who}, as root; then restart the computer"
    if who in grp.getgrgid(group).gr_mem:
        return f"You are in the group {name}, and were not when your session began: {_NEW_SESSION.format(person=who)}"
    return f"usermod -aG {name} {who}, as root; then {_NEW_SESSION.format(person=who)}"


def _group(group: int) -> str:
    try:
        return grp.getgrgid(group).gr_name
    except KeyError:
        return "root"


def about_container(settings: Settings, status: Status | None) -> Iterator[Finding]:
    """Nothing where it is open, or where only the chip is in its way."""
    if status is None or "error" not in status or status["error"] == status["keystore"].get("error"):
        return
    yield Finding(
        "container", "broken", f"{status['message']} [{status['error']}]", _opening(settings, status["error"])
    )


def _opening(settings: Settings, code: str) -> str:
    if settings.is_served:
        theirs = SERVICE_STATE / str(os.getuid())
        return (
            f"To begin anew, as root: mv {theirs} {theirs}.old; systemctl restart keystead-agent; then each site anew"
        )
    file = settings.state_dir / "container.cbor"
    match code:
        case "other_machine" | "chip_exchanged" | "machine_cloned" | "tpm_cleared" | "container_tampered":
            return f"To begin anew: mv {file} {file}.old; then keystead-agent setup, and a new passkey at each site"
        case "file_not_private":
            return f"chmod 700 {settings.state_dir}; chmod 600 {settings.state_dir}/*"
        case "keystore_unusable":
            return _OWNER
        case _:
            return "keystead-agent log"


def about_pin(status: Status | None) -> Iterator[Finding]:
    if status is None or "error" in status or "error" in status["keystore"]:
        return
    if status["pin_leftovers"]:
        says = "The chip still keeps the count of a PIN that was changed or deleted. It opens nothing."
        mend = "The next PIN takes its place: keystead-agent pin set, or keystead-agent pin change"
        yield Finding("pin", "beware", says, mend)
    if not status["pin_set"]:
        yield Finding("pin", "broken", "There is no PIN yet.", "keystead-agent pin set")
        return
    match status["pin_guard"]:
        case "provider" | "person":
            yield Finding("pin", "ok", "Wrong PINs are counted in the chip, for you alone.")
        case "chip":
            says = "Wrong PINs are counted by the chip's one counter: this chip gives no count of one's own."
            mend = (
                "If its owner password is set, empty it: tpm2_changeauth -c owner -p PASSWORD (as root); "
                "then: keystead-agent pin change"
            )
            yield Finding("pin", "beware", says, mend)
        case _:
            yield Finding("pin", "beware", "Wrong PINs are counted in a file, which a copy turns back.")
