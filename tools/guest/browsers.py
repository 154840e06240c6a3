"""Inside the guest: unmodified browsers, which find the virtual key by themselves at a running identity provider.

Each registers a passkey and signs in with it; nothing is typed into a browser but a name,
for the agent asks for the PIN in a window of its own. Both people's passkeys are in one
container.
"""

import json
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from keystead_testkit.browser import Chromium
from keystead_testkit.firefox import Firefox
from keystead_testkit.running_server import RunningServer, keystead, running_server
from playwright.sync_api import expect

from tools.guest.desk import HOME, as_the_person, at_the_desk, start_agent, start_front, tell

_PERSON: Final = "ada@contoso.example"
# An emulated processor starts a browser in a minute, not in a second.
_PATIENCE_SECONDS: Final = 300.0
# A person allows the site to see the model of the key in a dialogue, which nobody can press without a screen.
_CHROMIUM_POLICY: Final = Path("/etc/chromium/policies/managed/keystead-guest.json")
_FIREFOX_PREFERENCES: Final = {"security.webauthn.always_allow_direct_attestation": True}


def main() -> None:
    at_the_desk(lambda: start_agent(""), start_front, _browsers)


def _browsers() -> None:
    with running_server(HOME / "data", patience_seconds=_PATIENCE_SECONDS) as server:
        tell("an identity provider runs")
        base = f"{server.url}/home"
        as_the_person("enrol", base)
        link = _invited(server)
        tell("the container will answer it, and somebody is invited")
        _chromium(base, f"{base}/sign-in/pass?user=admin&pass={server.one_time_pass()}")
        _firefox(base, link)


def _invited(server: RunningServer) -> str:
    """The one-time link of a second person."""
    subprocess.run(keystead("user", "create", _PERSON, data=server.data), check=True, stdout=subprocess.DEVNULL)
    issued = subprocess.check_output(keystead("pass", "issue", _PERSON, "--json", data=server.data))
    return str(json.loads(issued)["link"])


def _chromium(base: str, link: str) -> None:
    _CHROMIUM_POLICY.parent.mkdir(parents=True, exist_ok=True)
    _CHROMIUM_POLICY.write_text(json.dumps({"SecurityKeyPermitAttestation": ["localhost", base.rsplit("/", 1)[0]]}))
    with Chromium(patience_seconds=_PATIENCE_SECONDS) as chromium:
        expect.set_options(timeout=_PATIENCE_SECONDS * 1000)
        page = chromium.new_page(link)
        page.get_by_role("button", name="Sign in").click()
        tell("Chromium: an administrator signs in with a one-time link")
        page.goto(f"{base}/account/passkeys/new")
        page.get_by_role("button", name="Add a passkey").click()
        # Administrators go on with the new passkey alone.
        page.get_by_role("button", name="Sign in with a passkey").press("Enter")
        expect(page.get_by_text("Can sign in").first).to_be_visible()
        tell("Chromium: a passkey is registered on the virtual key, and signs in")


def _firefox(base: str, link: str) -> None:
    with Firefox(preferences=_FIREFOX_PREFERENCES, patience_seconds=_PATIENCE_SECONDS) as firefox:
        firefox.go(link)
        firefox.click("button.main")
        _wait_for(firefox, "#new-passkey")
        tell("Firefox: somebody signs in with a one-time link")
        firefox.click("#new-passkey button.main")
        _wait_until(lambda: firefox.run("return location.search") == "?done=passkey_added", firefox)
        tell("Firefox: a passkey is registered on the virtual key")
        firefox.command("WebDriver:DeleteAllCookies", {})
        firefox.go(f"{base}/sign-in")
        firefox.run("document.getElementById('user').value = arguments[0]", _PERSON)
        firefox.click("#sign-in button.main")
        _wait_until(lambda: str(firefox.run("return location.pathname")).endswith("/account"), firefox)
        tell("Firefox: it signs in")


def _wait_for(firefox: Firefox, selector: str) -> None:
    _wait_until(lambda: firefox.run("return document.querySelector(arguments[0]) !== null", selector), firefox)


def _wait_until(happened: Callable[[], object], firefox: Firefox) -> None:
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while not happened():
        if time.monotonic() > deadline:
            raise TimeoutError(str(firefox.run("return document.body.innerText")))
        time.sleep(0.5)


if __name__ == "__main__":
    main()
