"""Asking through pinentry: the protocol as text, and a real program at the other end of the pipe."""

import asyncio
import contextlib
import os
import pty
from collections.abc import Callable, Coroutine
from datetime import timedelta
from pathlib import Path
from shutil import which
from threading import Thread
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_agent.gesture import assuan
from keystead_agent.gesture.assuan import MAX_LINE_BYTES, AssuanError, Comment, Data, Err, Ok, Status
from keystead_agent.gesture.interface import Cancelled, GestureUnavailable, Prompt, Purpose
from keystead_agent.gesture.pinentry import Pinentry, description, find_pinentry, pinentry_for
from keystead_testkit.pinentry import ScriptedPinentry

T = TypeVar("T")

SIGN_IN = Prompt(Purpose.SIGN_IN, "id.example.org", "alice@contoso", "chromium (7)", tries_left=3)


@pytest.fixture
def person(tmp_path: Path) -> ScriptedPinentry:
    return ScriptedPinentry(tmp_path).install()


def gesture(person: ScriptedPinentry, **options: str) -> Pinentry:
    return Pinentry(str(person.program), timedelta(seconds=20), options)


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


@pytest.mark.parametrize(
    ("line", "value"),
    [
        (b"OK", Ok()),
        (b"OK Pleased to meet you", Ok()),
        (b"D 13%0A7%25", Data(b"13\n7%")),
        (b"S PIN_REPEATED", Status("PIN_REPEATED")),
        (b"# a comment", Comment()),
        (b"ERR 83886179 Operation cancelled <Pinentry>", Err(99, "Operation cancelled <Pinentry>")),
    ],
)
def test_a_line_is_read(line: bytes, value: assuan.Line) -> None:
    assert assuan.parse_line(line) == value


@pytest.mark.parametrize("line", [b"", b"INQUIRE X", b"ERR", b"ERR x", b"HELLO", b"ok"])
def test_a_line_that_the_protocol_does_not_have_is_refused(line: bytes) -> None:
    with pytest.raises(AssuanError):
        assuan.parse_line(line)


@given(st.text(max_size=2000))
def test_a_command_is_one_line_whatever_the_text(text: str) -> None:
    line = assuan.command("SETDESC", text)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert b"\r" not in line
    assert len(line) <= MAX_LINE_BYTES
    line.decode("utf-8")


@given(st.binary(max_size=100))
def test_no_line_makes_the_parser_do_anything_but_refuse(line: bytes) -> None:
    with contextlib.suppress(AssuanError):
        assuan.parse_line(line)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("alice", "alice"),
        ("alice\nSite: bank.example", "aliceSite: bank.example"),
        ("alice\u202egro.elpmaxe", "alicegro.elpmaxe"),
        ("a\u200bb\x00c", "abc"),
        ("x" * 100, "x" * 63 + "…"),
        ("  a   b ", "a b"),
    ],
)
def test_a_foreign_name_stays_on_its_line_and_in_its_order(name: str, shown: str) -> None:
    assert assuan.visible(name) == shown


def test_the_prompt_names_site_account_asker_and_tries() -> None:
    assert description(SIGN_IN).splitlines() == [
        "Type your PIN to sign in to id.example.org.",
        "Account: alice@contoso",
        "Asked by: chromium (7)",
        "Wrong PINs until it locks: 3",
    ]


def test_returns_what_was_typed(person: ScriptedPinentry) -> None:
    person.answer({"pin": "13 79%é"})

    assert run(gesture(person, ttyname="/dev/pts/9").ask_pin(SIGN_IN)) == "13 79%é"
    assert person.asked[0]["desc"] == description(SIGN_IN)
    assert person.asked[0]["title"] == "Keystead"
    assert "error" not in person.asked[0]


def test_says_why_it_asks_again(person: ScriptedPinentry) -> None:
    person.answer({"pin": "137946"})

    run(gesture(person).ask_pin(SIGN_IN.again("That PIN is not right. 2 tries are left.", 2)))

    assert person.asked[0]["error"] == "That PIN is not right. 2 tries are left."


@pytest.mark.parametrize(("answer", "timed_out"), [({"cancel": True}, False), ({"timeout": True}, True)])
def test_no_is_no(person: ScriptedPinentry, answer: dict[str, bool], timed_out: bool) -> None:
    person.answer(answer, answer)

    assert run(gesture(person).ask_pin(SIGN_IN)) == Cancelled(timed_out)
    assert run(gesture(person).ask_new_pin(SIGN_IN)) == Cancelled(timed_out)


def test_a_new_pin_is_typed_twice_in_one_window(person: ScriptedPinentry) -> None:
    person.answer({"pin": "137946"})

    assert run(gesture(person).ask_new_pin(Prompt(Purpose.SET_PIN))) == "137946"
    assert person.asked[0]["repeat"] == "Again:"


def test_a_new_pin_is_asked_twice_where_there_is_one_field(person: ScriptedPinentry) -> None:
    person.answer({"pin": "137946", "no_repeat": True}, {"pin": "137946"})

    assert run(gesture(person).ask_new_pin(Prompt(Purpose.SET_PIN))) == "137946"
    assert person.asked[1]["prompt"] == "The same PIN again:"


def test_two_different_new_pins_are_asked_for_again(person: ScriptedPinentry) -> None:
    once = {"no_repeat": True}
    person.answer({"pin": "137946", **once}, {"pin": "137947"}, {"pin": "246801", **once}, {"pin": "246801"})

    assert run(gesture(person).ask_new_pin(Prompt(Purpose.SET_PIN))) == "246801"
    assert "not the same" in person.asked[2]["error"]


@pytest.mark.parametrize(
    ("buttons", "answer"),
    [(["ok"], 0), (["notok", "ok"], 1), (["notok", "notok", "ok"], 0), (["notok", "cancel"], Cancelled())],
)
def test_an_account_is_chosen_by_going_through_them(
    person: ScriptedPinentry, buttons: list[str], answer: int | Cancelled
) -> None:
    person.answer(*({"button": button} for button in buttons))

    assert run(gesture(person).choose(SIGN_IN, ["alice", "bob"])) == answer
    assert "as alice?" in person.asked[0]["desc"]


ASKED: list[Callable[[Pinentry], Coroutine[Any, Any, object]]] = [
    lambda window: window.ask_pin(SIGN_IN),
    lambda window: window.ask_new_pin(SIGN_IN),
    lambda window: window.choose(SIGN_IN, ["alice", "bob"]),
    lambda window: window.confirm(SIGN_IN, "Really?"),
]


@pytest.mark.parametrize("ask", ASKED, ids=["PIN", "new PIN", "account chooser", "question"])
def test_what_there_is_to_beware_of_is_said_in_every_window(
    person: ScriptedPinentry, ask: Callable[[Pinentry], Coroutine[Any, Any, object]]
) -> None:
    person.answer({"pin": "137946", "button": "cancel"}, {"pin": "137946"})
    beware = "SOFTWARE KEYSTORE: keys are in a file, not in a chip"

    run(ask(Pinentry(str(person.program), timedelta(seconds=20), beware=beware)))

    assert all(window["desc"].splitlines()[-1] == beware for window in person.asked)
    assert person.asked


@pytest.mark.parametrize(("button", "answer"), [("ok", True), ("cancel", False), ("notok", False)])
def test_a_question_has_two_answers(person: ScriptedPinentry, button: str, answer: bool) -> None:
    person.answer({"button": button})

    assert run(gesture(person).confirm(SIGN_IN, "Really?")) is answer
    assert person.asked[0]["desc"].startswith("Really?")


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_giving_up_closes_the_window(person: ScriptedPinentry) -> None:
    person.answer({"wait": True})

    async def ask_and_give_up() -> None:
        asking = asyncio.create_task(gesture(person).ask_pin(SIGN_IN))
        await asyncio.to_thread(person.wait_until_asked, 1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

    run(ask_and_give_up())

    assert not is_running(person.asked[0]["pid"])


def test_no_program_is_said_in_a_sentence(tmp_path: Path) -> None:
    absent = Pinentry(str(tmp_path / "pinentry"), timedelta(seconds=5))

    with pytest.raises(GestureUnavailable, match="install pinentry"):
        run(absent.ask_pin(SIGN_IN))


@pytest.mark.parametrize("script", ["exit 1", "echo HELLO; cat", "echo OK; read x; echo INQUIRE y; cat"])
def test_a_program_that_is_no_pinentry_is_said_in_a_sentence(person: ScriptedPinentry, script: str) -> None:
    person.program.write_text(f"#!/bin/sh\n{script}\n")

    with pytest.raises(GestureUnavailable, match="does not do as pinentry does"):
        run(gesture(person).ask_pin(SIGN_IN))


def test_the_first_program_on_the_path_is_taken(person: ScriptedPinentry, tmp_path: Path) -> None:
    names = ("pinentry", "pinentry-curses")

    assert find_pinentry(f"/nowhere:{tmp_path}:/usr/bin", names) == str(tmp_path / "pinentry")
    assert find_pinentry("/nowhere", names) is None


@pytest.mark.parametrize(
    ("environment", "chosen"),
    [
        ({"DISPLAY": ":0"}, "pinentry-qt"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "pinentry-qt"),
        ({"GPG_TTY": "/dev/pts/0"}, "pinentry-curses"),
        ({}, "pinentry-curses"),
    ],
)
def test_a_screen_gets_a_window_and_a_terminal_what_draws_in_it(
    tmp_path: Path, environment: dict[str, str], chosen: str
) -> None:
    for name in ("pinentry-qt", "pinentry-curses", "pinentry-tty"):
        (tmp_path / name).touch(mode=0o755)

    assert pinentry_for({**environment, "PATH": str(tmp_path)}) == str(tmp_path / chosen)


class Terminal:
    """A pseudo-terminal and somebody who types at it."""

    def __init__(self) -> None:
        try:
            self.keyboard, self._line = pty.openpty()
        except OSError as error:
            # A bare room has /dev/ptmx and nothing mounted at /dev/pts.
            pytest.skip(f"this machine gives no pseudo-terminal: {error}")
        self.name = os.ttyname(self._line)
        self.shown = b""

    def type_when(self, shown: bytes, keys: bytes) -> None:
        while shown not in self.shown:
            self.shown += os.read(self.keyboard, 4096)
        os.write(self.keyboard, keys)


@pytest.mark.parametrize(("program", "asks"), [("pinentry-tty", b"PIN"), ("pinentry-curses", b"PIN")])
def test_the_real_one_in_a_terminal_shows_who_asks_and_gives_the_pin(program: str, asks: bytes) -> None:
    if which(program) is None:
        pytest.skip(f"{program} is needed: apt-get install {program}")
    terminal = Terminal()
    options = {"ttyname": terminal.name, "ttytype": "xterm", "lc-ctype": "C.UTF-8"}
    environment = {"PATH": os.environ["PATH"], "TERM": "xterm", "LANG": "C.UTF-8"}
    real = Pinentry(program, timedelta(seconds=20), options, environment)
    typing = Thread(target=terminal.type_when, args=(b"Asked by", b"137946\r"), daemon=True)
    typing.start()

    answer = run(real.ask_pin(SIGN_IN))

    assert answer == "137946"
    assert SIGN_IN.site.encode() in terminal.shown
    assert SIGN_IN.account.encode() in terminal.shown
