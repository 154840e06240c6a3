"""libfido2's own programs at a security key: what Debian's fido2-tools do with it, and nothing of ours in between.

tools = Libfido2(folder, agent.at_terminal())
credential = tools.register("id.example.org")
tools.sign_in(credential)
"""

import base64
import os
import pty
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MISSING = "fido2-tools are not installed: apt-get install fido2-tools"
NO_TERMINAL = "this machine gives no pseudo-terminal"


def why_not() -> str:
    """Why it cannot be done here; "" if it can."""
    if shutil.which("fido2-assert") is None:
        return MISSING
    try:
        for end in pty.openpty():
            os.close(end)
    except OSError as error:
        # A bare room has /dev/ptmx and nothing mounted at /dev/pts.
        return f"{NO_TERMINAL}: {error}"
    return ""


class ToolRefused(Exception):
    """One of the programs ended with an error; the message is its own."""


@dataclass(frozen=True, slots=True)
class Credential:
    """Attributes:
    id: in base64, as the programs write it.
    public: the file with its public key.
    """

    rp_id: str
    id: str
    public: Path


@dataclass(frozen=True, slots=True)
class Libfido2:
    folder: Path
    device: str

    def about(self) -> str:
        return self._run("fido2-token", "-I", self.device)

    def register(self, rp_id: str) -> Credential:
        """Make a passkey, and have the statement verified; raises ToolRefused."""
        user = _random(16)
        made = self._run("fido2-cred", "-M", "-r", "-v", self.device, typed=f"{_random(32)}\n{rp_id}\nada\n{user}\n")
        credential, *public = self._run("fido2-cred", "-V", "-v", typed=made).splitlines()
        file = self.folder / f"{rp_id}.pem"
        file.write_text("\n".join(public) + "\n")
        return Credential(rp_id, credential, file)

    def assertion(self, credential: Credential) -> str:
        """What `fido2-assert -G` writes; raises ToolRefused."""
        wanted = f"{_random(32)}\n{credential.rp_id}\n{credential.id}\n"
        return self._run("fido2-assert", "-G", "-t", "uv=true", self.device, typed=wanted)

    def verify(self, credential: Credential, assertion: str) -> None:
        """Raises ToolRefused."""
        self._run("fido2-assert", "-V", "-v", str(credential.public), "es256", typed=assertion)

    def sign_in(self, credential: Credential) -> None:
        self.verify(credential, self.assertion(credential))

    def _run(self, *command: str, typed: str = "") -> str:
        # In a session of its own, so that none of them asks for a PIN at the terminal of whoever runs the tests.
        done = subprocess.run(command, input=typed, capture_output=True, text=True, timeout=60, start_new_session=True)
        if done.returncode:
            raise ToolRefused(done.stderr.strip())
        return done.stdout


def _random(size: int) -> str:
    return base64.b64encode(os.urandom(size)).decode()
