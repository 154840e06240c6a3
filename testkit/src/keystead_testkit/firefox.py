"""A real Firefox, driven over Marionette: a TCP connection on which JSON goes to and fro.

Firefox brings the server along (`--marionette`); this is the client, no more
of it than our tests use. A message is `length:json`; a command is
`[0, id, name, parameters]` and its answer `[1, id, error, result]`.
"""

import base64
import json
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Self

_PREFERENCES: Mapping[str, object] = {
    "marionette.port": 0,  # any free one; Firefox writes it into the profile
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.page": 0,
    "browser.startup.homepage_override.mstone": "ignore",
    "app.update.disabledForTesting": True,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "extensions.getAddons.cache.enabled": False,
    "services.settings.server": "data:,",
}
_ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # how WebDriver marks a reference to an element
_LAUNCH_LIMIT_SECONDS = 60
_COMMAND_LIMIT_SECONDS = 40


class FirefoxError(Exception):
    """Firefox refused a command; `kind` is WebDriver's name for why."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind = kind


def find_firefox() -> str | None:
    return shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One Firefox, open from `with` to the end of the block.

    Args:
        home: becomes HOME, where native hosts are looked for. A temporary one when None.
        program: what to start in the place of the Firefox that is found.
        preferences: set over those that keep Firefox off the network.
        patience_seconds: for each command.
    """

    def __init__(
        self,
        *,
        home: Path | None = None,
        program: Path | None = None,
        environment: Mapping[str, str] | None = None,
        preferences: Mapping[str, object] | None = None,
        patience_seconds: float = _COMMAND_LIMIT_SECONDS,
    ) -> None:
        self._home = home
        self._program = program
        self._environment = dict(environment or {})
        self._preferences = {**_PREFERENCES, **(preferences or {})}
        self._patience_seconds = patience_seconds
        self._open = ExitStack()
        self._socket: socket.socket
        self._last_id = 0
        self.first_tab: str

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            temporary = Path(opening.enter_context(_temporary_folder()))
            process = self._launch(opening, temporary)
            self._socket = opening.enter_context(_connect(temporary / "profile", process, self._patience_seconds))
            self._receive()  # the greeting
            self.command("WebDriver:NewSession", {})
            self.first_tab = self.tab()
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _launch(self, opening: ExitStack, temporary: Path) -> subprocess.Popen[bytes]:
        executable = self._program or find_firefox()
        if executable is None:
            raise FileNotFoundError("Firefox is not installed (Debian's package: firefox-esr)")
        profile = temporary / "profile"
        profile.mkdir()
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in self._preferences.items()]
        (profile / "user.js").write_text("\n".join(lines))
        home = str(self._home or temporary)
        process = subprocess.Popen(
            [executable, "--headless", "--marionette", "--no-remote", "--profile", str(profile)],
            env={**os.environ, "HOME": home, **self._environment},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        opening.callback(_end, process)
        return process

    # -- the wire -------------------------------------------------------------

    def command(self, name: str, parameters: Mapping[str, object]) -> Any:
        """Run one command and return its result.

        Raises:
            FirefoxError: Firefox refused it.
        """
        self._last_id += 1
        text = json.dumps([0, self._last_id, name, parameters]).encode()
        self._socket.sendall(b"%d:%b" % (len(text), text))
        _, _, error, result = self._receive()
        if error is not None:
            raise FirefoxError(error["error"], error["message"])
        return result

    def _receive(self) -> Any:
        length = b""
        while not length.endswith(b":"):
            length += self._exactly(1)
        return json.loads(self._exactly(int(length[:-1])))

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            more = self._socket.recv(count - len(data))
            if not more:
                raise ConnectionError("Firefox hung up")
            data += more
        return data

    # -- what a person or a test does -----------------------------------------

    def install_extension(self, folder: Path) -> None:
        self.command("Addon:Install", {"path": str(folder), "temporary": True})

    def go(self, address: str) -> None:
        self.command("WebDriver:Navigate", {"url": address})

    def run(self, script: str, *arguments: object) -> Any:
        """Run *script*, a function's body, in the page; a promise it returns is waited for."""
        script = f"return (async function () {{ {script} }}).apply(null, arguments)"
        return self.command("WebDriver:ExecuteScript", {"script": script, "args": list(arguments)})["value"]

    def touch(self) -> None:
        """Let the page believe for a while that a person has just touched it: its user activation."""
        script = {"script": "document.notifyUserGestureActivation()", "args": [], "sandbox": "system"}
        self.command("WebDriver:ExecuteScript", script)

    def click(self, selector: str) -> None:
        self.command("WebDriver:ElementClick", {"id": self._find(selector)})

    def _find(self, selector: str) -> str:
        found = self.command("WebDriver:FindElement", {"using": "css selector", "value": selector})
        return str(found["value"][_ELEMENT])

    def press(self, *keys: str) -> None:
        """Press and release *keys* one after another, wherever the focus is."""
        actions = [{"type": kind, "value": key} for key in keys for kind in ("keyDown", "keyUp")]
        self._perform({"type": "key", "id": "keyboard", "actions": actions})

    def click_at(self, x: int, y: int) -> None:
        move = {"type": "pointerMove", "duration": 0, "x": x, "y": y, "origin": "viewport"}
        press = [{"type": kind, "button": 0} for kind in ("pointerDown", "pointerUp")]
        self._perform({"type": "pointer", "id": "mouse", "actions": [move, *press]})

    def _perform(self, source: Mapping[str, object]) -> None:
        self.command("WebDriver:PerformActions", {"actions": [source]})

    def new_tab(self) -> str:
        """Open a tab, go to it, and return its handle."""
        opened = self.command("WebDriver:NewWindow", {"type": "tab"})
        self.switch_to(opened["handle"])
        return str(opened["handle"])

    def tab(self) -> str:
        return str(self.command("WebDriver:GetWindowHandle", {})["value"])

    def switch_to(self, handle: str) -> None:
        self.command("WebDriver:SwitchToWindow", {"handle": handle})

    def close_tab(self) -> None:
        self.command("WebDriver:CloseWindow", {})

    def add_virtual_authenticator(self) -> str:
        """Give Firefox a software authenticator that keeps passkeys and always consents; return its id.

        Needs the preference `security.webauth.webauthn_enable_softtoken`.
        """
        parameters = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserConsenting": True,
            "isUserVerified": True,
        }
        return str(self.command("WebAuthn:AddVirtualAuthenticator", parameters)["value"])

    def remove_virtual_authenticator(self, authenticator: str) -> None:
        self.command("WebAuthn:RemoveVirtualAuthenticator", {"authenticatorId": authenticator})

    def screenshot(self, path: Path) -> None:
        taken = self.command("WebDriver:TakeScreenshot", {"full": True})
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(taken["value"]))


def _temporary_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="keystead-firefox-", ignore_cleanup_errors=True)


def _connect(profile: Path, process: subprocess.Popen[bytes], patience_seconds: float) -> socket.socket:
    written = profile / "MarionetteActivePort"
    launch_seconds = max(_LAUNCH_LIMIT_SECONDS, patience_seconds)
    deadline = time.monotonic() + launch_seconds
    while not written.is_file() or not written.read_text():
        if process.poll() is not None:
            raise ConnectionError(f"Firefox ended with status {process.returncode} before it listened")
        if time.monotonic() > deadline:
            raise TimeoutError(f"Firefox did not listen within {launch_seconds} s")
        time.sleep(0.05)
    address = ("127.0.0.1", int(written.read_text()))
    return socket.create_connection(address, timeout=patience_seconds)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(timeout=10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
