"""A pinentry without a person: a real program that speaks Assuan and answers from a file.

    ScriptedPinentry   makes the program in a directory, hands out answers, reads what was asked

Answers are JSON objects, one for each window that would have been opened:

    {"pin": "137946"}      typed into the field (and into the second one, if there is one)
                           with "no_repeat": true there is no second field
                           with "when": FILE, once that file is there
    {"button": "ok"}       or "notok" or "cancel"
    {"cancel": true}       the window is closed
    {"timeout": true}      nobody is there
    {"wait": true}         the window stays open until the program is killed

An answer with "forever": true is not used up. Run as `python -m keystead_testkit.pinentry FILE`.
"""

import fcntl
import json
import os
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

_SOURCE_PINENTRY = 5 << 24
# Agrees to everything, and costs next to nothing to start.
_AT_ONCE = """#!/bin/sh
echo OK
while read verb rest; do
  [ "$verb" = GETPIN ] && echo "D {pin}"
  [ "$verb" = SETREPEAT ] && repeat=1
  [ "$verb" = GETPIN ] && [ -n "$repeat" ] && echo "S PIN_REPEATED"
  echo OK
done
"""
_ERRORS = {"cancel": 99, "notok": 114, "timeout": 62}


@dataclass(frozen=True, slots=True)
class ScriptedPinentry:
    directory: Path

    @property
    def program(self) -> Path:
        return self.directory / "pinentry"

    @property
    def script(self) -> Path:
        return self.directory / "pinentry.json"

    def install(self) -> "ScriptedPinentry":
        self.directory.mkdir(parents=True, exist_ok=True)
        self.answer()
        # Where a test limits the daemon's files, this is not the program whose disk is full.
        self.program.write_text(
            f'#!/bin/sh\nulimit -S -f unlimited\nexec "{sys.executable}" -I "{Path(__file__).resolve()}" "{self.script}"\n',
            encoding="utf-8",
        )
        self.program.chmod(0o755)
        return self

    def answer(self, *answers: dict[str, Any]) -> None:
        """Set the answers to come."""
        self.script.write_text(json.dumps(list(answers)), encoding="utf-8")

    def answer_at_once(self, pin: str) -> None:
        """Be a small program instead, that types *pin* into every window and tells nobody what was asked."""
        self.program.write_text(_AT_ONCE.format(pin=pin), encoding="utf-8")

    @property
    def asked(self) -> list[dict[str, Any]]:
        """What each window said, oldest first: title, desc, prompt, error, kind, pid."""
        log = Path(f"{self.script}.asked")
        return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()] if log.exists() else []

    @property
    def left(self) -> int:
        return len(json.loads(self.script.read_text(encoding="utf-8")))

    def wait_until_asked(self, times: int, *, seconds: float = 15.0) -> dict[str, Any]:
        """Wait for the window number *times* to be opened, and return what it says."""
        deadline = time.monotonic() + seconds
        while len(self.asked) < times:
            if time.monotonic() > deadline:
                raise TimeoutError(f"{len(self.asked)} windows were opened, {times} expected")
            time.sleep(0.02)
        return self.asked[times - 1]


def _take_answer(script: Path) -> dict[str, Any]:
    with script.open("r+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        answers = json.load(file)
        if not answers:
            return {"cancel": True}
        answer: dict[str, Any] = answers[0]
        if not answer.get("forever"):
            file.seek(0)
            file.truncate()
            json.dump(answers[1:], file)
        return answer


def _serve(script: Path) -> None:
    window: dict[str, Any] = {}
    _say("OK Pleased to meet you")
    for line in sys.stdin:
        verb, _, text = line.rstrip("\n").partition(" ")
        verb = verb.upper()
        if verb == "BYE":
            _say("OK closing connection")
            return
        if verb in ("GETPIN", "CONFIRM"):
            _answer(script, verb, window)
        else:
            if verb.startswith("SET"):
                window[verb[3:].lower()] = unquote(text)
            _say("OK")


def _answer(script: Path, verb: str, window: dict[str, Any]) -> None:
    answer = _take_answer(script)
    with Path(f"{script}.asked").open("a", encoding="utf-8") as log:
        log.write(json.dumps({**window, "kind": verb.lower(), "pid": os.getpid()}) + "\n")
    while "when" in answer and not Path(answer["when"]).exists():
        time.sleep(0.02)
    if answer.get("wait"):
        while True:
            time.sleep(3600)
    if verb == "GETPIN" and "pin" in answer:
        if "repeat" in window and not answer.get("no_repeat"):
            _say("S PIN_REPEATED")
        _say("D " + quote(str(answer["pin"]), safe=" "))
        _say("OK")
    elif verb == "CONFIRM" and answer.get("button") == "ok":
        _say("OK")
    else:
        number = _ERRORS["timeout"] if answer.get("timeout") else _ERRORS.get(str(answer.get("button")), 99)
        _say(f"ERR {_SOURCE_PINENTRY | number} not approved")


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
