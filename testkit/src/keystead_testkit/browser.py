"""A real Chromium, with a profile of its own and, if asked, with an extension.

    Chromium                    a context manager around one browser: pages, screenshots, what went wrong
    add_virtual_authenticator   give a page Chromium's own software authenticator

Several may be open at once. While one is, its thread has a running event loop
(Playwright's), so `asyncio.run` works there again only afterwards.

The browser is the distribution's, driven through Playwright; nothing is
downloaded. Errors that pages report (a script that threw, a policy that was
violated) are kept in `problems`, so that a test can end with
`assert not browser.problems`.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

from playwright.sync_api import (
    BrowserContext,
    CDPSession,
    ConsoleMessage,
    Page,
    Playwright,
    ViewportSize,
    sync_playwright,
)

_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    # A picture of a whole page has the width of its layout only when no scroll bar takes part of it.
    "--hide-scrollbars",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-component-update",
    "--disable-sync",
)
# Playwright's defaults that would turn our extension off.
_UNWANTED_FLAGS = ("--disable-extensions", "--disable-component-extensions-with-background-pages")
# It keeps a browser from installing what a policy says, too; Playwright sets it by itself.
_NO_BACKGROUND_NETWORKING = "--disable-background-networking"


def find_chromium() -> str | None:
    """The browser's path, or None. Branded Chrome is not looked for: it loads no unpacked extension."""
    return shutil.which("chromium") or shutil.which("chromium-browser")


@dataclass(frozen=True, slots=True)
class VirtualAuthenticator:
    """A passkey inside the browser, for one page and for as long as the page lives."""

    session: CDPSession
    id: str

    def credentials(self) -> list[dict[str, Any]]:
        found = self.session.send("WebAuthn.getCredentials", {"authenticatorId": self.id})
        return list(found["credentials"])

    def refuse_user_verification(self) -> None:
        parameters = {"authenticatorId": self.id, "isUserVerified": False}
        self.session.send("WebAuthn.setUserVerified", parameters)

    def remove(self) -> None:
        self.session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": self.id})
        self.session.detach()


def add_virtual_authenticator(
    page: Page,
    *,
    backup_eligible: bool = False,
    backup_state: bool = False,
    transport: Literal["internal", "usb"] = "internal",
) -> VirtualAuthenticator:
    """Give *page* a CTAP2 authenticator that keeps discoverable passkeys and always verifies its user."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable", {"enableUI": False})
    options = {
        "protocol": "ctap2",
        "ctap2Version": "ctap2_1",
        "transport": transport,
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
        "defaultBackupEligibility": backup_eligible,
        "defaultBackupState": backup_state,
    }
    added = session.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return VirtualAuthenticator(session, added["authenticatorId"])


class Chromium:
    """One Chromium, open from `with` to the end of the block.

    Args:
        home: becomes HOME; the profile is its `.config/chromium`, so what the
            agent's installer writes into a home is found. A temporary one when None.
        extension: an unpacked extension's folder.
        program: what to start in the place of the Chromium that is found; it may install extensions by itself.
        environment: variables set over those of this process.
        javascript: False for pages that must work without.
        patience_seconds: for its launch, and for each thing that is waited for in a page.
    """

    def __init__(
        self,
        *,
        home: Path | None = None,
        extension: Path | None = None,
        program: Path | None = None,
        environment: Mapping[str, str] | None = None,
        size: tuple[int, int] = (1200, 800),
        colour_scheme: Literal["light", "dark"] = "light",
        locale: str = "en-GB",
        javascript: bool = True,
        patience_seconds: float = 30,
    ) -> None:
        self.problems: list[str] = []
        self._home = home
        self._extension = extension
        self._program = program
        self._environment = dict(environment or {})
        self._size = size
        self._colour_scheme = colour_scheme
        self._locale = locale
        self._javascript = javascript
        self._patience_ms = patience_seconds * 1000
        self._open = ExitStack()
        self.context: BrowserContext

    def __enter__(self) -> Self:
        with ExitStack() as opening:
            home = self._home or Path(opening.enter_context(_temporary_home()))
            self.context = self._launch(opening, home)
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def _launch(self, opening: ExitStack, home: Path) -> BrowserContext:
        executable = self._program or find_chromium()
        if executable is None:
            raise FileNotFoundError("Chromium is not installed (Debian's package: chromium)")
        playwright = opening.enter_context(_playwright())
        context = playwright.chromium.launch_persistent_context(
            home / ".config" / "chromium",
            executable_path=executable,
            # Ours says headless in the flags: Playwright's own way starts the old headless shell.
            headless=False,
            args=[*_FLAGS, *self._extension_flags()],
            ignore_default_args=[*_UNWANTED_FLAGS, *([] if self._program is None else [_NO_BACKGROUND_NETWORKING])],
            env={**os.environ, "HOME": str(home), **self._environment},
            viewport=ViewportSize(width=self._size[0], height=self._size[1]),
            color_scheme=self._colour_scheme,
            locale=self._locale,
            java_script_enabled=self._javascript,
            timeout=self._patience_ms,
        )
        context.set_default_timeout(self._patience_ms)
        opening.callback(context.close)
        context.on("console", self._page_said)
        context.on("weberror", lambda thrown: self.problems.append(str(thrown.error)))
        if self._extension is not None and not context.service_workers:
            # Content scripts are registered by then; a page opened earlier would miss them.
            context.wait_for_event("serviceworker")
        return context

    def _page_said(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.problems.append(message.text)

    def _extension_flags(self) -> list[str]:
        if self._extension is None:
            return []
        return [f"--{flag}={self._extension}" for flag in ("disable-extensions-except", "load-extension")]

    def new_page(self, address: str | None = None) -> Page:
        page = self.context.new_page()
        if address is not None:
            page.goto(address)
        return page

    def screenshot(self, page: Page, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=path, full_page=True)


@contextmanager
def _playwright() -> Iterator[Playwright]:
    """The one driver of this process: Playwright refuses a second while the first is open."""
    if not _sharing:
        _sharing.append(sync_playwright().start())
    driver = _sharing[0]
    _sharing.append(driver)
    try:
        yield driver
    finally:
        _sharing.pop()
        if len(_sharing) == 1:
            _sharing.pop().stop()


# The driver, and once more for each browser that uses it.
_sharing: list[Playwright] = []


def _temporary_home() -> tempfile.TemporaryDirectory[str]:
    # A browser's last process may still be writing when the first is gone.
    return tempfile.TemporaryDirectory(prefix="keystead-chromium-", ignore_cleanup_errors=True)
