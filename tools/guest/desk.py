"""A person's desk inside the guest: their agent on the chip, their virtual key, and what is done there.

at_the_desk       run it all, say what went wrong, switch the machine off
start_agent       as an ordinary person, on the chip at /dev/tpmrm0, with a pinentry that types the PIN
start_front       started as root, which opens /dev/uhid and becomes that person
"""

import os
import pwd
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Final

from keystead_testkit.pinentry import ScriptedPinentry

PASSED: Final = "The guest has done it all."
PIN: Final = "137946"
HOME: Final = Path("/run/guest")
KEY: Final = "/dev/hidraw0"
_PERSON: Final = pwd.getpwnam("nobody")
_RUNTIME: Final = Path(f"/run/user/{_PERSON.pw_uid}")
_SOCKET: Final = _RUNTIME / "keystead" / "agent.sock"
_AGENT: Final = [sys.executable, "-m", "keystead_agent.main"]
_BECOME: Final = ["setpriv", f"--reuid={_PERSON.pw_uid}", f"--regid={_PERSON.pw_gid}", "--clear-groups"]
_PATIENCE_SECONDS: Final = 90.0


def at_the_desk(*steps: Callable[[], None]) -> None:
    try:
        _set_up()
        for step in steps:
            step()
        tell(PASSED)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        for log in [*sorted(HOME.glob("*.log")), HOME / "state" / "agent.log"]:
            if log.exists():
                print(f"--- {log}\n{log.read_text(encoding='utf-8')[-3000:]}", flush=True)
    finally:
        os.sync()
        subprocess.run(["/bin/busybox", "poweroff", "-f"])


def tell(said: str) -> None:
    print(f"{float(Path('/proc/uptime').read_text().split()[0]):5.0f} s up: {said}", flush=True)


def _set_up() -> None:
    os.environ.update({"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/run/guest", "LANG": "C.UTF-8"})
    subprocess.run(["/bin/busybox", "ifconfig", "lo", "127.0.0.1", "up"], check=True)
    # The overlay is thrown away: here an ordinary person may read what is root's on the computer below.
    for folder in (*Path(sys.executable).resolve().parents, *Path(__file__).resolve().parents, Path.home().parent):
        folder.chmod(folder.stat().st_mode | 0o055)
    for folder in (_RUNTIME, HOME, HOME / "state"):
        folder.mkdir(parents=True)
        folder.chmod(0o700)
        os.chown(folder, _PERSON.pw_uid, _PERSON.pw_gid)
    os.chown("/dev/tpmrm0", _PERSON.pw_uid, _PERSON.pw_gid)
    Path("/run/udev").mkdir()
    subprocess.run(["/lib/systemd/systemd-udevd", "--daemon"], check=True)
    assert Path("/dev/uhid").exists(), "no /dev/uhid"


def start_agent(sites: str) -> None:
    pinentry = ScriptedPinentry(HOME / "pinentry").install()
    pinentry.answer_at_once(PIN)
    subprocess.run(["chown", "-R", f"{_PERSON.pw_uid}:{_PERSON.pw_gid}", str(pinentry.directory)], check=True)
    settings = {
        "KEYSTEAD_AGENT_STATE_DIR": str(HOME / "state"),
        "KEYSTEAD_AGENT_PINENTRY": str(pinentry.program),
        "KEYSTEAD_AGENT_SECURITY_KEY_SITES": sites,
        "XDG_RUNTIME_DIR": str(_RUNTIME),
    }
    background([*_BECOME, *_AGENT, "daemon"], "daemon", os.environ | settings)
    wait_for(_SOCKET.exists, "the daemon's socket")
    # As that person: the daemon hears nobody else.
    ask = (
        "from keystead_agent.client.client import AgentClient; from keystead_core.link.messages import SetPin;"
        f"from pathlib import Path; AgentClient(Path('{_SOCKET}')).ask(SetPin('1'))"
    )
    subprocess.run([*_BECOME, sys.executable, "-c", ask], check=True)
    tell("the agent runs on the chip, with a PIN")


def start_front() -> None:
    background([*_AGENT, "hid", "--user", _PERSON.pw_name], "hid", dict(os.environ))
    wait_for(Path(KEY).exists, KEY)
    (front,) = (int(each) for each in subprocess.check_output(["pgrep", "-f", "main hid"], text=True).split())
    status = Path(f"/proc/{front}/status").read_text(encoding="utf-8")
    assert f"Uid:\t{_PERSON.pw_uid}\t{_PERSON.pw_uid}\t{_PERSON.pw_uid}" in status, status
    subprocess.run(["udevadm", "trigger", "--subsystem-match=hidraw", "--action=add"], check=True)
    subprocess.run(["udevadm", "settle", "-t", "10"], check=False)
    # What browsers look for, and what logind gives to whom sits at the computer.
    known = output("udevadm", "info", KEY)
    assert "ID_SECURITY_TOKEN=1" in known, known
    assert ":uaccess:" in known, known
    tell("the front is the person, and the key is plugged in")


def background(command: list[str], name: str, environment: dict[str, str]) -> None:
    with (HOME / f"{name}.log").open("wb") as log:
        subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def output(*command: str) -> str:
    ended = subprocess.run(
        command, cwd=HOME, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=_PATIENCE_SECONDS
    )
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {ended.returncode}: {ended.stdout}{ended.stderr}")
    return ended.stdout


def wait_for(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come")
        time.sleep(0.1)
