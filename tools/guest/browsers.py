"""Inside the guest: an unmodified browser finds the virtual key by itself, at an identity provider that runs outside.

It registers a passkey and signs in with it. Nobody says anything to the browser's own
dialogues, and the agent asks for the PIN in a window of its own.

    python -m tools.guest.browsers chromium|firefox LINK

LINK is a one-time link of somebody who has no passkey yet.
"""

import json
import os
import sys
import time
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from keystead_testkit.firefox import Firefox, FirefoxError

from tools.guest.chromium import ChromiumError, PipedChromium
from tools.guest.desk import HOME, at_the_desk, start_agent, start_front, tell
from tools.guest.outside import reach_outside

# An emulated processor opens a page in half a minute, not in a moment.
_PATIENCE_SECONDS: Final = 300.0
_TRIES: Final = 6
# A person allows the site to see the model of the key in a dialogue, which nobody can press without a screen.
_CHROMIUM_POLICY: Final = Path("/etc/chromium/policies/managed/keystead-guest.json")
_FIREFOX_PREFERENCES: Final = {"security.webauthn.always_allow_direct_attestation": True}


class Browser(Protocol):
    def go(self, address: str) -> None: ...
    def run(self, script: str, *arguments: object) -> Any: ...
    def click(self, selector: str) -> None: ...


def main() -> None:
    name, link = sys.argv[1:]
    at_the_desk(lambda: start_agent("localhost"), start_front, lambda: _passkey(name, link))


def _passkey(name: str, link: str) -> None:
    address = urlsplit(link)
    assert address.port is not None
    reach_outside(address.port)
    # The key has to answer in time while a browser starts, so the browser stands back: the niceness is this
    # thread's and its children's alone.
    os.nice(10)
    with _open(name, f"http://localhost:{address.port}") as browser:
        tell(f"{name} runs")
        base = link.split("/sign-in/")[0]
        _register(browser, base, link)
        tell(f"{name}: a passkey is registered on the virtual key")
        _sign_in(browser, base)
        tell(f"{name}: it signs in")


def _open(name: str, origin: str) -> AbstractContextManager[Browser]:
    if name == "firefox":
        return Firefox(preferences=_FIREFOX_PREFERENCES, patience_seconds=_PATIENCE_SECONDS)
    _CHROMIUM_POLICY.parent.mkdir(parents=True, exist_ok=True)
    _CHROMIUM_POLICY.write_text(json.dumps({"SecurityKeyPermitAttestation": ["localhost", origin]}))
    return PipedChromium(HOME / "chromium.log")


def _register(browser: Browser, base: str, link: str) -> None:
    browser.go(link)
    _wait_until(browser, "document.querySelector('button.main') && document.readyState === 'complete'")
    browser.click("button.main")
    _wait_until(browser, "!location.pathname.includes('/sign-in/')")
    browser.go(f"{base}/account/passkeys/new")
    _wait_until(browser, "document.querySelector('#new-passkey') && document.readyState === 'complete'")
    tell("the page is open that registers a passkey")
    _use_key(browser, "#new-passkey button.main", "location.search === '?done=passkey_added'")


def _sign_in(browser: Browser, base: str) -> None:
    browser.click("form[action$='/account/sign-out'] button")
    _wait_until(browser, "!location.pathname.endsWith('/account')")
    browser.go(f"{base}/sign-in")
    _wait_until(browser, "document.querySelector('#sign-in') && document.readyState === 'complete'")
    tell("the page is open that signs in")
    _use_key(browser, "#sign-in button.main", "location.pathname.endsWith('/account')")


def _use_key(browser: Browser, button: str, done: str) -> None:
    """Press *button* until it is *done*, as a person would.

    Chromium gives up a key that it has not heard for three seconds, and it has been seen to do so where
    the processor is emulated and has other things to do.
    """
    for _ in range(_TRIES):
        browser.click(button)
        try:
            return _wait_until(browser, done)
        except _Refused as refused:
            tell(f"the page says: {refused}")
    raise TimeoutError(f"no key after {_TRIES} tries")


class _Refused(Exception):
    """What the page says that went wrong."""


def _wait_until(browser: Browser, condition: str) -> None:
    script = f"return [Boolean({condition}), document.querySelector('[role=alert]:not([hidden])')?.innerText]"
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < deadline:
        # A script ends in an error, or in nothing, when its page goes away meanwhile.
        with suppress(FirefoxError, ChromiumError):
            happened, refused = browser.run(script) or (False, None)
            if happened:
                return
            if refused:
                raise _Refused(refused)
        time.sleep(1)
    raise TimeoutError(browser.run("return location.href + ' ' + document.body.innerText"))


if __name__ == "__main__":
    main()
