"""A finger in place of the PIN: the real fprintd, with the reader that libfprint brings for tests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from keystead_agent.gesture.system_bus import BusRefused
from keystead_testkit import fingerprint_reader
from keystead_testkit.fingerprint_reader import FINGER, FingerprintReader, running_reader
from keystead_testkit.running_agent import NO_BUS
from keystead_testkit.system_bus import Logind
from playwright.sync_api import Page, expect

from tools.demo.stage import Laptop, Narrator
from tools.demo.story import press_sign_in

_LOCK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Reader:
    """What Grace's laptop has besides its chip: a reader, and a session that can be locked."""

    fprintd: FingerprintReader
    logind: Logind

    @property
    def bus(self) -> str:
        return self.fprintd.bus.address


@contextmanager
def reader_if_any() -> Iterator[Reader | str]:
    """A reader that knows Grace's finger, or why this computer has none to show.

    To be entered before a browser is open: enrolling the finger runs an event loop.
    """
    if not fingerprint_reader.is_available():
        yield fingerprint_reader.MISSING
        return
    running = running_reader()
    try:
        fprintd = running.__enter__()
    except BusRefused as refused:
        yield f"this libfprint is built without its reader for tests ({refused.name})"
        return
    try:
        with Logind(fprintd.bus) as logind:
            yield Reader(fprintd, logind)
    finally:
        running.__exit__(None, None, None)


def bus_of(reader: Reader | str) -> str:
    return NO_BUS if isinstance(reader, str) else reader.bus


def grace_touches_the_reader(tell: Narrator, reader: Reader | str, laptop: Laptop, page: Page, base: str) -> None:
    tell.chapter("Grace touches the fingerprint reader instead, for her PIN has opened the container once")
    if isinstance(reader, str):
        tell.done(f"left out here: {reader}")
        return
    page.context.clear_cookies()
    # The window stays open, and nobody types into it.
    laptop.agent.pinentry.answer({"wait": True})
    reader.fprintd.lay(FINGER, after=1.0)
    page.goto(f"{base}/sign-in")
    press_sign_in(page)
    expect(page.get_by_text("Grace's laptop").first).to_be_visible()
    tell.done(f"the agent asked: “{' '.join(str(laptop.agent.pinentry.asked[-1]['desc']).split())}”")
    recognised = [line["by"] for line in laptop.agent.log if line["event"] == "gesture.recognised"]
    if recognised != ["fingerprint"]:
        raise AssertionError(f"expected a finger to be recognised, not {recognised}")
    tell.done("nobody typed: fprintd knew her finger, the TPM signed, and she is in")
    tell.picture(page, "signed-in-by-a-finger")
    reader.logind.hint_locked(Logind.OURS)
    _wait_until_left(laptop)
    tell.done("she locks her screen: from now on it is the PIN again")


def _wait_until_left(laptop: Laptop) -> None:
    deadline = time.monotonic() + _LOCK_SECONDS
    while not any(line["event"] == "session.left" for line in laptop.agent.log):
        if time.monotonic() > deadline:
            raise TimeoutError("the agent did not hear that the screen was locked")
        time.sleep(0.05)
