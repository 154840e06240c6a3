"""Real windows of real pinentries: what a person can read in them, what typing gives, what the other button says."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from shutil import which

import pytest
from keystead_agent.gesture.interface import Cancelled, Prompt, Purpose
from keystead_agent.gesture.pinentry import Pinentry
from keystead_testkit import screen
from keystead_testkit.screen import Screen

# pinentry-gnome3 has no window of its own: it asks a running GNOME session to draw one.
PROGRAMS = ("pinentry-gtk-2", "pinentry-qt")
PROMPT = Prompt(Purpose.SIGN_IN, "id.example.org", "alice@contoso", "chromium (7)", tries_left=3, other_ways=True)


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> str:
    if which(request.param) is None:
        package = "pinentry-gtk2" if request.param == "pinentry-gtk-2" else request.param
        pytest.skip(f"{request.param} is needed: apt-get install {package}")
    return str(request.param)


@pytest.fixture
def shown(tmp_path: Path) -> Iterator[Screen]:
    if why := screen.missing():
        pytest.skip(why)
    with Screen(tmp_path) as shown:
        yield shown


async def answered(shown: Screen, program: str, prompt: Prompt, *keys: str) -> tuple[object, str]:
    """What pinentry gives when somebody types *keys*, and what was there to read before that."""
    pinentry = Pinentry(program, timedelta(seconds=30), environment=shown.environment)
    asking = asyncio.create_task(pinentry.ask_pin(prompt))
    await asyncio.to_thread(shown.wait_for_window, "Keystead")
    picture = await asyncio.to_thread(shown.picture)
    keep(picture, f"{program}-{'again' if prompt.error else 'first'}")
    read = await asyncio.to_thread(shown.read, picture)
    for key in keys:
        await asyncio.to_thread(shown.type if key.isdigit() else shown.press, key)
    return await asking, read


def keep(picture: Path, name: str) -> None:
    if folder := os.environ.get("KEYSTEAD_SCREENSHOTS"):
        shutil.copy(picture, Path(folder) / f"{name}.png")


def test_the_window_names_site_account_asker_and_tries_and_gives_the_pin(shown: Screen, program: str) -> None:
    answer, read = asyncio.run(answered(shown, program, PROMPT, "137946", "Return"))

    assert answer == "137946"
    for line in ("sign in to id.example.org", "account: alice@contoso", "asked by: chromium (7)", "it locks: 3"):
        assert line in read
    assert "another way" in read


def test_it_says_why_it_asks_again_and_closing_it_is_no(shown: Screen, program: str) -> None:
    again = replace(PROMPT.again("That PIN is not right.", 2), other_ways=False)

    answer, read = asyncio.run(answered(shown, program, again, "Escape"))

    assert answer == Cancelled()
    assert "that pin is not right" in read
    assert "it locks: 2" in read
    assert "another way" not in read
