"""Inside the guest, with systemd as its init: the package, installed as a stranger does, and its units at work.

A person sits at the first seat, in a session that logind knows, and somebody else is
there too. What is done is what the guide says, and each step looks at what is so afterwards.
"""

import json
import os
import pwd
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, Final

from keystead_testkit.pinentry import ScriptedPinentry

from tools.guest.desk import KEY, PASSED, PIN, tell, wait_for
from tools.guest.machine import BUILD, ROOT

_AGENT: Final = "keystead-agent"
_HID: Final = "keystead-hid@ada.service"
_PINENTRY: Final = Path("/opt/pinentry")


def main() -> None:
    try:
        for step in (
            _install,
            _plug_in_before_anybody_is_there,
            _sit_down,
            _set_up,
            _examine,
            _plugged_in,
            _others,
            _lock,
        ):
            step()
        tell(PASSED)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        print(_said("journalctl", "-b", "--no-pager", "-n", "60", fails=True), flush=True)


def _install() -> None:
    (package,) = BUILD.glob("keystead-agent_*.deb")
    _said("dpkg", "--install", "--no-triggers", str(package))
    for name in ("ada", "mallory"):
        _said("useradd", "--create-home", "--shell", "/bin/bash", name)
    _said("usermod", "-aG", "tss", "ada")
    _said("modprobe", "uhid", fails=True)
    tell("the package is installed, and two people are there")


def _plug_in_before_anybody_is_there() -> None:
    """As an enabled unit does when the computer starts: nobody has logged in yet."""
    _said("systemctl", "daemon-reload")
    _said("systemctl", "start", _HID)
    wait_for(Path(KEY).exists, KEY)
    tell(f"{_HID} offers the key before its owner has logged in")


def _sit_down() -> None:
    """A session at the seat, as a display manager opens it."""
    wanted = ("User=ada", "PAMName=login", "TTYPath=/dev/tty1", "StandardInput=tty", "StandardOutput=null")
    properties = [f"--property={each}" for each in (*wanted, "UtmpIdentifier=tty1", "UtmpMode=user")]
    _said("systemd-run", "--unit=adas-desk", "--quiet", *properties, "/bin/sleep", "infinity")
    wait_for(Path(f"{_runtime('ada')}/bus").exists, "ada's session")
    wait_for(lambda: "yes" in _said("loginctl", "show-session", "-p", "Active", "--value", _session()), "her seat")
    tell("ada sits at the computer")


def _set_up() -> None:
    pinentry = ScriptedPinentry(_PINENTRY).install()
    pinentry.answer_at_once(PIN)
    settings = Path("/home/ada/.config/keystead")
    _as("ada", "mkdir", "-p", str(settings))
    (settings / "agent.toml").write_text(f'pinentry = "{pinentry.program}"\n', encoding="utf-8")
    print(_as("ada", _AGENT, "setup"), flush=True)
    assert _as("ada", "systemctl", "--user", "is-active", _AGENT) == "active"
    assert _as("ada", "systemctl", "--user", "is-enabled", _AGENT) == "enabled"
    assert json.loads(_as("ada", _AGENT, "status", "--json"))["pin_set"] is True
    tell("keystead-agent setup: the agent runs in her session, on the chip, with a PIN")


def _examine() -> None:
    found = {each["check"]: each for each in _doctor()}
    print("\n".join(f"  {name}: {each['state']}: {each['says']}" for name, each in found.items()), flush=True)
    broken = [name for name, each in found.items() if each["state"] == "broken"]
    assert not broken, broken
    tell("keystead-agent doctor finds nothing broken")


def _plugged_in() -> None:
    assert _said("systemctl", "is-active", _HID) == "active"
    exposure = re.search(r"exposure level for .*: ([0-9.]+)", _said("systemd-analyze", "security", "--no-pager", _HID))
    promised = re.search(r"`systemd-analyze security`: ([0-9.]+[0-9])", (ROOT / "docs/guides/container.md").read_text())
    assert exposure is not None
    assert promised is not None
    assert float(exposure[1]) <= float(promised[1]), exposure[1]
    # With logind's leave, for whom the seat is: no group, no rule of ours.
    assert KEY in _as("ada", "fido2-token", "-L")
    assert "FIDO_2_1" in _as("ada", "fido2-token", "-I", KEY)
    tell(f"{_HID} is as confined as the guide says ({exposure[1]}), and she can use the key")


def _others() -> None:
    assert KEY not in _as("mallory", "sh", "-c", f"test -r {KEY} && echo {KEY}; true")
    socket = f"{_runtime('ada')}/keystead/agent.sock"
    asked = subprocess.run(
        [_AGENT, "list"],
        env={**os.environ, "KEYSTEAD_AGENT_SOCKET": socket},
        capture_output=True,
        text=True,
        timeout=90,
    )
    assert asked.returncode != 0, asked.stdout
    tell(f"somebody else cannot open the key, and root's agent client is told: {asked.stderr.strip()}")


def _lock() -> None:
    delays = _said("systemd-inhibit", "--list", "--no-pager", "--no-legend")
    assert "Keystead" in delays, delays
    _said("loginctl", "lock-session", _session())
    log = Path("/home/ada/.local/state/keystead/agent.log")
    wait_for(lambda: "session.left" in log.read_text(encoding="utf-8"), "the agent's word that she left")
    _as("ada", "systemctl", "--user", "kill", "--signal=KILL", _AGENT)
    wait_for(lambda: '"pin_set": true' in _as("ada", _AGENT, "status", "--json", fails=True), "the agent, again")
    print(_as("ada", _AGENT, "setup", "--undo"), flush=True)
    tell("sleep waits for the agent, a lock closes it, and after SIGKILL it comes back by itself")


def _doctor() -> Any:
    return json.loads(_as("ada", _AGENT, "doctor", "--json", fails=True))["findings"]


def _runtime(name: str) -> str:
    return f"/run/user/{pwd.getpwnam(name).pw_uid}"


def _session() -> str:
    sessions = [line.split() for line in _said("loginctl", "list-sessions", "--no-legend").splitlines()]
    return next(session for session, _, name, *_ in sessions if name == "ada")


def _as(name: str, *command: str, fails: bool = False) -> str:
    """What that person's *command* prints, in a shell of theirs."""
    runtime = _runtime(name)
    theirs = (f"HOME=/home/{name}", f"XDG_RUNTIME_DIR={runtime}", f"DBUS_SESSION_BUS_ADDRESS=unix:path={runtime}/bus")
    return _said(
        "runuser", "-u", name, "--", "env", "-i", "PATH=/usr/bin:/bin", "LANG=C.UTF-8", *theirs, *command, fails=fails
    )


def _said(*command: str, fails: bool = False) -> str:
    done = subprocess.run(command, cwd="/", capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=180)
    if done.returncode != 0 and not fails:
        raise RuntimeError(f"{' '.join(command)}: {done.returncode}: {done.stdout}{done.stderr}")
    return done.stdout.strip()


if __name__ == "__main__":
    main()
