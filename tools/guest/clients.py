"""Inside the guest: clients that are not ours, with the virtual key.

libfido2's tools  list, register, verify, sign in, verify
ssh-keygen        makes a key and signs with it
python-fido2      over /dev/hidraw0
"""

import base64
import os
import pty
import shutil
import subprocess
from contextlib import suppress
from typing import Final

from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.hid import CtapHidDevice
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity

from tools.guest.desk import HOME, KEY, PIN, at_the_desk, output, start_agent, start_front, tell

_SITE: Final = "libfido2.example"


def main() -> None:
    at_the_desk(lambda: start_agent(f"{_SITE} ssh:"), start_front, _libfido2, _ssh, _python_fido2)


def _libfido2() -> None:
    listed = output("fido2-token", "-L")
    assert "/dev/hidraw0" in listed, listed
    about = output("fido2-token", "-I", KEY)
    assert "FIDO_2_1" in about, about
    tell("fido2-token lists and describes it")
    challenge, user = (base64.b64encode(os.urandom(32)).decode() for _ in range(2))
    (HOME / "make").write_text(f"{challenge}\n{_SITE}\ncarol\n{user}\n", encoding="utf-8")
    output("fido2-cred", "-M", "-r", "-v", "-i", "make", "-o", "made", KEY)
    output("fido2-cred", "-V", "-v", "-i", "made", "-o", "verified")
    tell("fido2-cred registers, and believes it")
    credential, *public = (HOME / "verified").read_text(encoding="utf-8").splitlines()
    (HOME / "public.pem").write_text("\n".join(public) + "\n", encoding="utf-8")
    (HOME / "get").write_text(f"{challenge}\n{_SITE}\n{credential}\n", encoding="utf-8")
    output("fido2-assert", "-G", "-t", "uv=true", "-i", "get", "-o", "got", KEY)
    output("fido2-assert", "-V", "-v", "-i", "got", "public.pem", "es256")
    tell("fido2-assert signs in by our own prompt, and believes it")
    _output_of_typing(PIN, "fido2-assert", "-G", "-v", "-i", "get", "-o", "again", KEY)
    output("fido2-assert", "-V", "-v", "-i", "again", "public.pem", "es256")
    tell("fido2-assert takes the same PIN itself, and signs in with it")
    assert _SITE in output("fido2-token", "-L", "-r", KEY)
    tell("fido2-token lists the passkeys")


def _ssh() -> None:
    if shutil.which("ssh-keygen") is None:
        return
    output("ssh-keygen", "-q", "-t", "ecdsa-sk", "-N", "", "-f", "ssh-key")
    (HOME / "letter").write_text("dear all", encoding="utf-8")
    output("ssh-keygen", "-Y", "sign", "-n", "file", "-f", "ssh-key", "letter")
    with (HOME / "letter").open("rb") as letter:
        verify = ["ssh-keygen", "-Y", "check-novalidate", "-n", "file", "-s", "letter.sig"]
        subprocess.run(verify, cwd=HOME, stdin=letter, check=True, stdout=subprocess.DEVNULL)
    tell("ssh-keygen makes a key and signs with it")


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
    tell("python-fido2 registers and signs in")


def _output_of_typing(pin: str, *command: str) -> str:
    """As `_output`, for a program that asks for a PIN at a terminal."""
    child, terminal = pty.fork()
    if child == 0:
        os.chdir(HOME)
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


if __name__ == "__main__":
    main()
