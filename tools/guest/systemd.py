"""Inside the guest, with systemd as its init: what the guide tells a newcomer, from nothing to a passkey.

    python -m tools.guest.systemd PROVIDER

A person sits at the first seat, in a session that logind knows, and somebody else is
there too. What is done is what the guide says, and each step looks at what is so
afterwards. PROVIDER is the address of an organisation, at a server that runs outside.
"""

import base64
import json
import os
import pwd
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from keystead_testkit.pinentry import ScriptedPinentry

from tools.guest.desk import KEY, PASSED, PIN, tell, wait_for
from tools.guest.machine import BUILD, ROOT
from tools.guest.outside import reach_outside

_AGENT: Final = "keystead-agent"
_SESSION: Final = "keystead-session.service"
_HID: Final = "keystead-hid@ada.service"
_SERVICE: Final = "keystead-agent.service"
_PINENTRY: Final = Path("/opt/pinentry")
_PEOPLE: Final = Path("/var/lib/keystead-agent/people")
_SITE: Final = "localhost"


def main() -> None:
    try:
        reach_outside(urlsplit(sys.argv[1]).port or 80)
        for step in (
            _install,
            _plug_in_before_anybody_is_there,
            _sit_down,
            _set_up,
            _make_a_passkey,
            _examine,
            _confined,
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
    _said("modprobe", "uhid", fails=True)
    _said("dpkg", "--install", "--no-triggers", str(package))
    wait_for(lambda: _said("systemctl", "is-active", _SERVICE, fails=True) == "active", _SERVICE)
    assert _said("ps", "-o", "user:20=", "-p", _said("systemctl", "show", "-P", "MainPID", _SERVICE)) == _AGENT
    for name in ("ada", "mallory"):
        _said("useradd", "--create-home", "--shell", "/bin/bash", name)
    tell(f"the package is installed, {_SERVICE} runs as {_AGENT}, and two people are there, in no group")


def _plug_in_before_anybody_is_there() -> None:
    """As an enabled unit does when the computer starts: nobody has logged in yet."""
    _said("systemctl", "daemon-reload")
    _said("systemctl", "start", _HID)
    wait_for(Path(KEY).exists, KEY)
    tell(f"{_HID} offers the key before its owner has logged in")


def _sit_down() -> None:
    """A session at the seat, as a display manager opens it; on a screen that this machine lacks, somebody types."""
    pinentry = ScriptedPinentry(_PINENTRY).install()
    pinentry.answer_at_once(PIN)
    settings = Path("/home/ada/.config/keystead")
    _as("ada", "mkdir", "-p", str(settings))
    (settings / "agent.toml").write_text(f'pinentry = "{pinentry.program}"\n', encoding="utf-8")
    wanted = ("User=ada", "PAMName=login", "TTYPath=/dev/tty1", "StandardInput=tty", "StandardOutput=null")
    properties = [f"--property={each}" for each in (*wanted, "UtmpIdentifier=tty1", "UtmpMode=user")]
    _said("systemd-run", "--unit=adas-desk", "--quiet", *properties, "/bin/sleep", "infinity")
    wait_for(Path(f"{_runtime('ada')}/bus").exists, "ada's session")
    wait_for(lambda: "yes" in _said("loginctl", "show-session", "-p", "Active", "--value", _session()), "her seat")
    tell("ada sits at the computer")


def _set_up() -> None:
    print(_as("ada", _AGENT, "setup", "--enrol", sys.argv[1]), flush=True)
    for word in ("is-active", "is-enabled"):
        assert _as("ada", "systemctl", "--user", word, _SESSION) in ("active", "enabled")
    status = json.loads(_as("ada", _AGENT, "status", "--json"))
    assert (status["serves"], status["prompter"], status["pin_set"]) == ("everybody", True, True), status
    assert status["keystore"]["kind"] == "tpm", status
    tell("keystead-agent setup --enrol: an identity provider and a PIN, asked for in her session")


def _make_a_passkey() -> None:
    home = Path("/home/ada")
    challenge, user = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    (home / "make").write_text(f"{challenge}\n{_SITE}\nada\n{user}\n", encoding="utf-8")
    # With logind's leave, for whom the seat is: no group, no rule of ours.
    assert KEY in _as("ada", "fido2-token", "-L")
    _as("ada", "fido2-cred", "-M", "-r", "-v", "-i", "/home/ada/make", "-o", "/home/ada/made", KEY)
    _as("ada", "fido2-cred", "-V", "-v", "-i", "/home/ada/made", "-o", "/home/ada/verified")
    assert "ada" in _as("ada", _AGENT, "list")
    tell("she has a passkey in the chip, and her PIN was asked for in her session")


def _examine() -> None:
    found = {each["check"]: each for each in _doctor()}
    print("\n".join(f"  {name}: {each['state']}: {each['says']}" for name, each in found.items()), flush=True)
    broken = [name for name, each in found.items() if each["state"] == "broken"]
    assert not broken, broken
    tell("keystead-agent doctor finds nothing broken")


def _confined() -> None:
    guide = (ROOT / "docs/guides/container.md").read_text()
    for unit, page in ((_HID, "keystead-hid@.service"), (_SERVICE, _SERVICE)):
        assert _said("systemctl", "is-active", unit) == "active"
        found = re.search(r"exposure level for .*: ([0-9.]+)", _said("systemd-analyze", "security", "--no-pager", unit))
        promised = re.search(rf"\| `{re.escape(page)}` \| ([0-9.]+) \|", guide)
        assert found is not None
        assert promised is not None
        assert float(found[1]) <= float(promised[1]), (unit, found[1])
        tell(f"{unit} is as confined as the guide says ({found[1]})")


def _others() -> None:
    assert KEY not in _as("mallory", "sh", "-c", f"test -r {KEY} && echo {KEY}; true")
    assert _as("ada", "sh", "-c", f"ls {_PEOPLE} || echo closed", fails=True) == "closed"
    assert _as("ada", "sh", "-c", "test -r /dev/tpmrm0 || echo closed") == "closed"
    told = [_as("mallory", _AGENT, "list", "--json", fails=True), _said(_AGENT, "list", "--json", fails=True)]
    assert all(json.loads(each)["error"]["code"] == "no_session" for each in told), told
    tell("she reaches neither chip nor files, and somebody else, or root, who is not logged in is not served")


def _lock() -> None:
    delays = _said("systemd-inhibit", "--list", "--no-pager", "--no-legend")
    assert "Keystead" in delays, delays
    _said("loginctl", "lock-session", _session())
    wait_for(lambda: "session.left" in _as("ada", _AGENT, "log"), "the agent's word that she left")
    _said("systemctl", "kill", "--signal=KILL", _SERVICE)
    wait_for(lambda: '"prompter": true' in _as("ada", _AGENT, "status", "--json", fails=True), "the agent, again")
    assert '"pin_set": true' in _as("ada", _AGENT, "status", "--json")
    print(_as("ada", _AGENT, "setup", "--undo"), flush=True)
    tell("sleep waits for the service, a lock closes it, and after SIGKILL it comes back by itself, her prompter too")
    _said("dpkg", "--purge", _AGENT)
    assert _said("systemctl", "is-active", _SERVICE, fails=True) != "active"
    assert (_PEOPLE / str(pwd.getpwnam("ada").pw_uid)).exists()
    tell("the package goes, and the passkeys stay")


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
