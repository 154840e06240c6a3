"""Inside the guest, as its only process besides the kernel's: the agent, its virtual key, and clients that are not ours.

agent             as an ordinary person, on the chip at /dev/tpmrm0, with a pinentry that types the PIN
front             started as root, which opens /dev/uhid and becomes that person
libfido2's tools  list, register, verify, sign in, verify
ssh-keygen        makes a key and signs with it
python-fido2      over /dev/hidraw0
"""

import base64
import os
import pty
import pwd
import shutil
import subprocess
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Final

from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.hid import CtapHidDevice
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity
from keystead_testkit.pinentry import ScriptedPinentry

PASSED: Final = "The guest has done it all."
_PIN: Final = "137946"
_PERSON: Final = pwd.getpwnam("nobody")
_RUNTIME: Final = Path(f"/run/user/{_PERSON.pw_uid}")
_HOME: Final = Path("/run/guest")
_KEY: Final = "/dev/hidraw0"
_SITE: Final = "libfido2.example"
_AGENT: Final = [sys.executable, "-m", "keystead_agent.main"]


def main() -> None:
    try:
        _set_up()
        _start_agent()
        _start_front()
        _libfido2()
        _ssh()
        _python_fido2()
        _tell(PASSED)
    except Exception:
        traceback.print_exc(file=sys.stdout)
        for log in [*sorted(_HOME.glob("*.log")), _HOME / "state" / "agent.log"]:
            if log.exists():
                print(f"--- {log}\n{log.read_text(encoding='utf-8')[-3000:]}", flush=True)
    finally:
        os.sync()
        subprocess.run(["/bin/busybox", "poweroff", "-f"])


def _tell(said: str) -> None:
    print(f"{float(Path('/proc/uptime').read_text().split()[0]):5.0f} s up: {said}", flush=True)


def _set_up() -> None:
    os.environ.update({"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/run/guest", "LANG": "C.UTF-8"})
    subprocess.run(["/bin/busybox", "ifconfig", "lo", "127.0.0.1", "up"], check=True)
    # The overlay is thrown away: here an ordinary person may read what is root's on the computer below.
    for folder in (*Path(sys.executable).resolve().parents, *Path(__file__).resolve().parents, Path.home().parent):
        folder.chmod(folder.stat().st_mode | 0o055)
    for folder in (_RUNTIME, _HOME, _HOME / "state"):
        folder.mkdir(parents=True)
        folder.chmod(0o700)
        os.chown(folder, _PERSON.pw_uid, _PERSON.pw_gid)
    os.chown("/dev/tpmrm0", _PERSON.pw_uid, _PERSON.pw_gid)
    Path("/run/udev").mkdir()
    subprocess.run(["/lib/systemd/systemd-udevd", "--daemon"], check=True)
    assert Path("/dev/uhid").exists(), "no /dev/uhid"


def _start_agent() -> None:
    pinentry = ScriptedPinentry(_HOME / "pinentry").install()
    pinentry.answer({"pin": _PIN, "button": "ok", "forever": True})
    subprocess.run(["chown", "-R", f"{_PERSON.pw_uid}:{_PERSON.pw_gid}", str(pinentry.directory)], check=True)
    settings = {
        "KEYSTEAD_AGENT_STATE_DIR": str(_HOME / "state"),
        "KEYSTEAD_AGENT_PINENTRY": str(pinentry.program),
        "KEYSTEAD_AGENT_SECURITY_KEY_SITES": f"{_SITE} ssh:",
        "XDG_RUNTIME_DIR": str(_RUNTIME),
    }
    become = ["setpriv", f"--reuid={_PERSON.pw_uid}", f"--regid={_PERSON.pw_gid}", "--clear-groups"]
    _background([*become, *_AGENT, "daemon"], "daemon", os.environ | settings)
    socket = _RUNTIME / "keystead" / "agent.sock"
    _wait_for(socket.exists, "the daemon's socket")
    # As that person: the daemon hears nobody else.
    ask = (
        "from keystead_agent.client.client import AgentClient; from keystead_core.link.messages import SetPin;"
        f"from pathlib import Path; AgentClient(Path('{socket}')).ask(SetPin('1'))"
    )
    subprocess.run([*become, sys.executable, "-c", ask], check=True)
    _tell("the agent runs on the chip, with a PIN")


def _start_front() -> None:
    _background([*_AGENT, "hid", "--user", _PERSON.pw_name], "hid", dict(os.environ))
    _wait_for(Path(_KEY).exists, _KEY)
    (front,) = (int(each) for each in subprocess.check_output(["pgrep", "-f", "main hid"], text=True).split())
    status = Path(f"/proc/{front}/status").read_text(encoding="utf-8")
    assert f"Uid:\t{_PERSON.pw_uid}\t{_PERSON.pw_uid}\t{_PERSON.pw_uid}" in status, status
    subprocess.run(["udevadm", "trigger", "--subsystem-match=hidraw", "--action=add"], check=True)
    subprocess.run(["udevadm", "settle", "-t", "10"], check=False)
    _tell("the front is the person, and the key is plugged in")


def _libfido2() -> None:
    listed = _output("fido2-token", "-L")
    assert "/dev/hidraw0" in listed, listed
    about = _output("fido2-token", "-I", _KEY)
    assert "FIDO_2_1" in about, about
    _tell("fido2-token lists and describes it")
    challenge, user = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    (_HOME / "make").write_text(f"{challenge}\n{_SITE}\ncarol\n{user}\n", encoding="utf-8")
    _output("fido2-cred", "-M", "-r", "-v", "-i", "make", "-o", "made", _KEY)
    _output("fido2-cred", "-V", "-v", "-i", "made", "-o", "verified")
    _tell("fido2-cred registers, and believes it")
    credential, *public = (_HOME / "verified").read_text(encoding="utf-8").splitlines()
    (_HOME / "public.pem").write_text("\n".join(public) + "\n", encoding="utf-8")
    (_HOME / "get").write_text(f"{challenge}\n{_SITE}\n{credential}\n", encoding="utf-8")
    _output("fido2-assert", "-G", "-t", "uv=true", "-i", "get", "-o", "got", _KEY)
    _output("fido2-assert", "-V", "-v", "-i", "got", "public.pem", "es256")
    _tell("fido2-assert signs in by our own prompt, and believes it")
    _output_of_typing(_PIN, "fido2-assert", "-G", "-v", "-i", "get", "-o", "again", _KEY)
    _output("fido2-assert", "-V", "-v", "-i", "again", "public.pem", "es256")
    _tell("fido2-assert takes the same PIN itself, and signs in with it")
    assert _SITE in _output("fido2-token", "-L", "-r", _KEY)
    _tell("fido2-token lists the passkeys")


def _ssh() -> None:
    if shutil.which("ssh-keygen") is None:
        return
    _output("ssh-keygen", "-q", "-t", "ecdsa-sk", "-N", "", "-f", "ssh-key")
    (_HOME / "letter").write_text("dear all", encoding="utf-8")
    _output("ssh-keygen", "-Y", "sign", "-n", "file", "-f", "ssh-key", "letter")
    with (_HOME / "letter").open("rb") as letter:
        verify = ["ssh-keygen", "-Y", "check-novalidate", "-n", "file", "-s", "letter.sig"]
        subprocess.run(verify, cwd=_HOME, stdin=letter, check=True, stdout=subprocess.DEVNULL)
    _tell("ssh-keygen makes a key and signs with it")


def _python_fido2() -> None:
    device = next(CtapHidDevice.list_devices())
    server = Fido2Server(PublicKeyCredentialRpEntity(id=_SITE, name=_SITE))
    client = Fido2Client(device, DefaultClientDataCollector(f"https://{_SITE}"), user_interaction=UserInteraction())
    user = {"id": b"dave", "name": "dave", "displayName": "Dave"}
    options, state = server.register_begin(user, user_verification="required", resident_key_requirement="required")
    made = server.register_complete(state, client.make_credential(options.public_key))
    options, state = server.authenticate_begin([made.credential_data], user_verification="required")
    answer = client.get_assertion(options.public_key).get_response(0)
    server.authenticate_complete(state, [made.credential_data], answer)
    _tell("python-fido2 registers and signs in")


def _background(command: list[str], name: str, environment: dict[str, str]) -> None:
    with (_HOME / f"{name}.log").open("wb") as log:
        subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def _output(*command: str) -> str:
    ended = subprocess.run(command, cwd=_HOME, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=90)
    if ended.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {ended.returncode}: {ended.stdout}{ended.stderr}")
    return ended.stdout


def _output_of_typing(pin: str, *command: str) -> str:
    """As `_output`, for a program that asks for a PIN at a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(_HOME)
        os.execvp(command[0], command)
    said = b""
    while b"PIN" not in said:
        said += os.read(terminal, 1024)
    os.write(terminal, pin.encode() + b"\n")
    # The other end of a terminal that was closed is an error on Linux, and the end of what it said.
    with suppress(OSError):
        while data := os.read(terminal, 1024):
            said += data
    _, status = os.waitpid(child, 0)
    text = said.decode()
    if status != 0:
        raise RuntimeError(f"{' '.join(command)}: {status}: {text}")
    return text


def _wait_for(happened: object, what: str) -> None:
    assert callable(happened)
    deadline = time.monotonic() + 90
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not come")
        time.sleep(0.1)


if __name__ == "__main__":
    main()
