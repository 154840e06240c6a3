"""The package in real browsers: installed for everybody on a computer, and nothing but that, it signs a person in."""

import shlex
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which

import pytest
from keystead_agent.browser_host.manifests import Browser
from keystead_testkit import other_root
from keystead_testkit.browser import Chromium
from keystead_testkit.claimed_site import BROWSERS, missing_browser
from keystead_testkit.firefox import Firefox
from keystead_testkit.passkey_page import REQUEST, ChromiumTab, FirefoxTab, PasskeyPages, Tab
from keystead_testkit.socket_agent import SocketAgent

from tools.deb import HOME, build

pytestmark = pytest.mark.browser

IS_CLAIMED = "return !/native code/.test(navigator.credentials.get)"


@pytest.fixture(scope="module")
def pages() -> Iterator[PasskeyPages]:
    with PasskeyPages() as pages:
        yield pages


@pytest.fixture(scope="module")
def computer(pages: PasskeyPages, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What package and administrator have added to a computer."""
    if which("dpkg-deb") is None:
        pytest.skip("dpkg-deb is needed: this is no Debian")
    if why := other_root.missing():
        pytest.skip(why)
    root = tmp_path_factory.mktemp("computer") / "root"
    package = build(tmp_path_factory.mktemp("dist"))
    subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    install = ["browser", "install", "--everybody", "--origin", pages.origin, "--root", str(root)]
    subprocess.run([root / HOME / "bin/python3", "-I", "-m", "keystead_agent.main", *install], check=True)
    return root


@contextmanager
def opened(browser: Browser, computer: Path, home: Path) -> Iterator[Callable[[], Tab]]:
    """The system's own browser, started there as its menu starts it."""
    program = home / "browser"
    name = which("chromium" if browser == "chromium" else "firefox-esr") or ""
    program.write_text(f'#!/bin/sh\nexec {shlex.join(other_root.command(computer, name))} "$@"\n')
    program.chmod(0o755)
    environment = {"XDG_RUNTIME_DIR": str(home)}
    if browser == "chromium":
        with Chromium(home=home, program=program, environment=environment) as chromium:
            yield lambda: ChromiumTab(chromium.new_page())
    else:
        with Firefox(home=home, program=program, environment=environment) as firefox:
            yield lambda: FirefoxTab(firefox)


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_browser_that_nobody_has_touched_signs_in(
    browser: Browser, pages: PasskeyPages, computer: Path, tmp_path: Path
) -> None:
    if why := missing_browser(browser):
        pytest.skip(why)
    (tmp_path / "keystead").mkdir()
    socket = tmp_path / "keystead" / "agent.sock"
    with (
        SocketAgent(socket, rp_id="localhost", origins=[pages.origin]) as agent,
        opened(browser, computer, tmp_path) as new_tab,
    ):
        alice, tab = agent.add_passkey("alice"), new_tab()
        wait_until_claimed(tab, pages.origin)

        answered = tab.run("return signIn(...arguments)", REQUEST)

        assert answered["ok"]["id"] == alice
        tab.go(pages.other_host_origin)
        assert not tab.run(IS_CLAIMED)
        tab.close()


def wait_until_claimed(tab: Tab, address: str) -> None:
    """A browser that is started for the first time installs what it is told to while its first page is open."""
    deadline = time.monotonic() + 30
    tab.go(address)
    while not tab.run(IS_CLAIMED):
        assert time.monotonic() < deadline, "the extension was not installed"
        time.sleep(0.3)
        tab.go(address)
