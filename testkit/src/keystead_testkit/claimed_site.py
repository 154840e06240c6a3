"""A site whose passkey calls Keystead's extension claims, in a browser that has it installed.

    claimed_site             installs extension and native host into a fresh home and opens the browser there
    browser_with_extension   opens the browser in a home where they were installed by other means

The extension, the host and the way between them are those that a person gets;
what listens at the end of it (`agent_socket`) is up to the test.
"""

import shlex
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from keystead_agent.browser_host.install import install
from keystead_agent.browser_host.manifests import Browser

from keystead_testkit.browser import Chromium, find_chromium
from keystead_testkit.firefox import Firefox, find_firefox
from keystead_testkit.passkey_page import ChromiumTab, FirefoxTab, PasskeyPages, Tab
from keystead_testkit.socket_agent import SocketAgent

BROWSERS: tuple[Browser, ...] = ("chromium", "firefox")


@dataclass(slots=True)
class ClaimedSite:
    """
    Attributes:
        browser: which one.
        pages: served at the one origin that the extension claims.
        neighbour: the same pages on the same host at another port, not claimed.
        agent_socket: where the native host looks for the agent.
        problems: what pages reported as errors; in Chromium only.
    """

    browser: Browser
    pages: PasskeyPages
    neighbour: PasskeyPages
    agent_socket: Path
    problems: list[str]
    _new_tab: Callable[[], Tab]

    def open_tab(self, address: str | None = None) -> Tab:
        tab = self._new_tab()
        tab.go(address or self.pages.origin)
        return tab

    def agent(self) -> SocketAgent:
        """Return an agent that has this site enrolled, not yet listening."""
        return SocketAgent(self.agent_socket, rp_id="localhost", origins=[self.pages.origin])


@contextmanager
def claimed_site(browser: Browser, folder: Path) -> Iterator[ClaimedSite]:
    """Keep everything in *folder*, which is to be fresh and to have a short path (a socket is in it)."""
    with PasskeyPages() as pages, PasskeyPages() as neighbour:
        socket, extensions = folder / "agent.sock", folder / "extensions"
        command = shlex.join([sys.executable, "-m", "keystead_agent.browser_host", "--socket", str(socket)])
        install(browser, [pages.origin], home=folder, extension_dir=extensions, host_command=command)
        with browser_with_extension(browser, folder, extensions) as opened:
            yield ClaimedSite(browser, pages, neighbour, socket, opened.problems, opened.new_tab)


@dataclass(frozen=True, slots=True)
class OpenBrowser:
    new_tab: Callable[[], Tab]
    problems: list[str]


@contextmanager
def browser_with_extension(browser: Browser, home: Path, extension_dir: Path) -> Iterator[OpenBrowser]:
    """Open *browser* as a person does for whom the extension was installed into *home*."""
    if browser == "chromium":
        with Chromium(home=home, extension=extension_dir / "chromium") as chromium:
            yield OpenBrowser(lambda: ChromiumTab(chromium.new_page()), chromium.problems)
    else:
        with Firefox(home=home, preferences=_FIREFOX_PREFERENCES) as firefox:
            firefox.install_extension(extension_dir / "firefox")
            yield OpenBrowser(lambda: FirefoxTab(firefox), [])


_FIREFOX_PREFERENCES: Mapping[str, object] = {
    # The software token of the browser answers what falls through, once a test asks for it.
    "security.webauth.webauthn_enable_softtoken": True,
    "security.webauth.webauthn_enable_usbtoken": False,
    # An extension's background is stopped when it was idle for so long; in life it is half a minute. Shorter than
    # this, and on a cold machine it is stopped while the native host is still starting.
    "extensions.background.idle.timeout": 3000,
}


def missing_browser(browser: Browser) -> str | None:
    """A sentence for pytest.skip when *browser* is not installed."""
    if (find_chromium if browser == "chromium" else find_firefox)() is not None:
        return None
    package = "chromium" if browser == "chromium" else "firefox-esr"
    return f"{browser} is not installed (Debian's package: {package})"
