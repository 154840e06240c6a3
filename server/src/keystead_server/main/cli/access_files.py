"""Conditional Access as files: a folder one can keep in git, or one file."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from keystead_server.main.cli.frame import Failed, printable, table
from keystead_server.policy.access.bundle import Bundle, Entry, Kind
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.folder import files

MAX_FILE_BYTES = 16 * 1024 * 1024


def read_files(path: Path) -> Iterator[tuple[str, object]]:
    """Every `.json` file at or under *path* with what is in it; "-" is standard input.

    Raises:
        Failed: there is nothing to read, or something that is not JSON. Leaving a file out would
            take away what it holds.
    """
    if str(path) == "-":
        yield "standard input", _decoded("standard input", sys.stdin.buffer.read(MAX_FILE_BYTES + 1))
        return
    found = [path] if path.is_file() else sorted(one for one in path.rglob("*.json") if one.is_file())
    if not found:
        raise Failed("file_unusable", f"{path}: there is no .json file")
    for one in found:
        name = one.name if one == path else str(one.relative_to(path))
        try:
            with one.open("rb") as opened:
                content = opened.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise Failed("file_unusable", f"{one}: {error.strerror}") from None
        yield name, _decoded(str(one), content)


def _decoded(name: str, content: bytes) -> Any:
    if len(content) > MAX_FILE_BYTES:
        raise Failed("file_unusable", f"{name}: it is larger than {MAX_FILE_BYTES} bytes")
    try:
        # PowerShell writes a byte order mark.
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise Failed("policy_malformed", f"{name}: it is not JSON in UTF-8") from None


def write_files(folder: Path, rules: AccessRules) -> list[str]:
    """Write *rules* into *folder*; files of what is not there any more are removed. Returns the paths.

    Raises:
        Failed: the folder holds something else, or cannot be written.
    """
    wanted = files(rules)
    try:
        for kind in Kind:
            for old in (folder / kind.value).glob("*.json"):
                if str(old.relative_to(folder)) not in wanted:
                    old.unlink()
        for name, body in wanted.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(body, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    except OSError as error:
        raise Failed("file_unusable", f"{folder}: {error.strerror}") from None
    return sorted(wanted)


def entry_data(entry: Entry) -> dict[str, Any]:
    refusal = entry.refusal
    return {
        "source": entry.source,
        "kind": None if entry.kind is None else entry.kind.value,
        "id": entry.id,
        "name": entry.name,
        "taken": refusal is None,
        "adapted": [{"target": note.target, "how": note.says} for note in entry.notes],
        "refused": None
        if refusal is None
        else {"code": refusal.code, "target": refusal.target, "message": refusal.message},
    }


def entries_text(entries: list[Entry]) -> str:
    rows = [
        {
            "file": entry.source,
            "name": entry.name,
            "result": "refused" if entry.refusal else "adapted" if entry.notes else "taken",
            "why": _why(entry),
        }
        for entry in entries
    ]
    return table(rows, ("file", "name", "result", "why"), empty="There is nothing in it.")


def _why(entry: Entry) -> str:
    if entry.refusal is not None:
        return printable(f"{entry.refusal.target or '$'}: {entry.refusal.message} ({entry.refusal.code})")
    return printable("; ".join(f"{note.target}: {note.says}" for note in entry.notes))


def all_taken(bundle: Bundle) -> Bundle:
    """*bundle*, when everything in it was taken.

    Raises:
        Failed: something was refused: what is applied stands for the whole, and must be whole.
    """
    if bundle.refused:
        first = bundle.refused[0]
        raise Failed(
            first.refusal.code if first.refusal else "policy_malformed",
            f"{first.source}: {_why(first)}"
            + (f"; and {len(bundle.refused) - 1} more" if len(bundle.refused) > 1 else ""),
        )
    return bundle
