"""The agent's log, read: one JSON object a line, and the file before it when the present one is young."""

import json
from collections import deque
from collections.abc import Iterator
from pathlib import Path


def last_lines(path: Path, count: int) -> list[dict[str, object]]:
    """The last *count* lines, oldest first; a line that was cut off by a full disk is left out."""
    kept: deque[dict[str, object]] = deque(maxlen=count)
    for file in (path.with_name(path.name + ".1"), path):
        kept.extend(_lines(file))
    return list(kept)


def _lines(path: Path) -> Iterator[dict[str, object]]:
    try:
        text = path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return
    for line in text.splitlines():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        if isinstance(said, dict):
            yield said
