"""What happened, one JSON object a line: for the person, for an administrator, never with a secret in it.

Events are `noun.past_participle`; refusals carry the stable code of the error.
"""

import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, TextIO

from keystead_agent.client.log_file import last_lines
from keystead_agent.keystore.interface import Clock

MAX_LOG_BYTES: Final = 1024 * 1024
_MOST_READ_BYTES: Final = 48 * 1024
_FLAGS: Final = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True, slots=True)
class Log:
    """Writes to a file that only its owner can read, and to standard error.

    Attributes:
        path: a full one becomes `<path>.1`, and the one before that is forgotten.
        always: facts that every line has.
    """

    clock: Clock
    path: Path | None = None
    stream: TextIO | None = sys.stderr
    always: Mapping[str, str] = field(default_factory=dict)

    def event(self, name: str, **facts: str | int | None) -> None:
        known = {fact: value for fact, value in facts.items() if value not in (None, "")}
        line = json.dumps({"at": self.clock().isoformat(), "event": name, **known, **self.always})
        # Each by itself: a full disk must keep nobody from signing in, nor from reading why not.
        if self.stream is not None:
            with suppress(OSError):
                print(line, file=self.stream, flush=True)
        if self.path is not None:
            with suppress(OSError):
                _append(self.path, line)

    def read(self, last: int, skip: int) -> list[dict[str, object]]:
        """The *last* lines before the newest *skip*, or fewer, as a message can carry; the newest stands last."""
        if self.path is None:
            return []
        lines = last_lines(self.path, last + skip)
        kept: list[dict[str, object]] = []
        room = _MOST_READ_BYTES
        for line in reversed(lines[: len(lines) - skip]):
            room -= len(json.dumps(line))
            if room < 0 and kept:
                break
            kept.insert(0, line if room >= 0 else {"at": line.get("at"), "event": line.get("event")})
        return kept


def _append(path: Path, line: str) -> None:
    descriptor = os.open(path, _FLAGS, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(line + "\n")
        file.flush()
        is_full = os.fstat(descriptor).st_size > MAX_LOG_BYTES
    if is_full:
        path.replace(path.with_name(path.name + ".1"))
