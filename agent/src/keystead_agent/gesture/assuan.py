"""Assuan, the line protocol of pinentry: text in, values out, no process.

command         a line to send
parse_line      a line that came
visible         a foreign name, fit to be shown to a person
"""

import unicodedata
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import unquote_to_bytes

# "Lines are limited to 1000 bytes", Assuan manual, implementation.
MAX_LINE_BYTES: Final = 1000
_CANCELED, _NOT_CONFIRMED, _FULLY_CANCELED, _TIMEOUT = 99, 114, 198, 62


class AssuanError(Exception):
    """A line that the protocol does not have."""

    code = "assuan_malformed"


@dataclass(frozen=True, slots=True)
class Ok:
    pass


@dataclass(frozen=True, slots=True)
class Data:
    value: bytes


@dataclass(frozen=True, slots=True)
class Status:
    keyword: str


@dataclass(frozen=True, slots=True)
class Comment:
    pass


@dataclass(frozen=True, slots=True)
class Err:
    """A refusal; the number is libgpg-error's, without its source in the upper bits."""

    number: int
    text: str

    @property
    def is_cancelled(self) -> bool:
        return self.number in (_CANCELED, _FULLY_CANCELED)

    @property
    def is_not_confirmed(self) -> bool:
        return self.number == _NOT_CONFIRMED

    @property
    def is_timeout(self) -> bool:
        return self.number == _TIMEOUT


Line: TypeAlias = Ok | Data | Status | Comment | Err


def command(verb: str, text: str = "") -> bytes:
    """One line. *text* is escaped, and cut where the protocol's limit is, never inside a character."""
    room = MAX_LINE_BYTES - len(verb) - 2
    escaped = b""
    for character in text:
        piece = character.replace("%", "%25").replace("\n", "%0A").replace("\r", "%0D").encode("utf-8", "replace")
        if len(escaped) + len(piece) > room:
            break
        escaped += piece
    return (verb.encode("ascii") + b" " + escaped).rstrip(b" ") + b"\n"


def parse_line(line: bytes) -> Line:
    """Parse one line without its newline.

    Raises:
        AssuanError: it is none, or an inquiry, which pinentry never makes.
    """
    keyword, _, rest = line.partition(b" ")
    match keyword:
        case b"OK":
            return Ok()
        case b"D":
            return Data(unquote_to_bytes(rest))
        case b"S":
            return Status(rest.partition(b" ")[0].decode("utf-8", "replace"))
        case b"ERR":
            number, _, text = rest.partition(b" ")
            if not number.isdigit():
                raise AssuanError("an error without a number")
            return Err(int(number) & 0xFFFF, text.decode("utf-8", "replace"))
        case _ if line.startswith(b"#"):
            return Comment()
    raise AssuanError(f"a line that begins with {keyword[:20]!r}")


def visible(name: str, *, most: int = 64) -> str:
    """*name* on one line, without characters that hide or reorder the others.

    Account names are the site's own words: a line break in one could continue
    as a sentence of ours, and a right-to-left override turns a name around.
    """
    kept = "".join(character for character in name if unicodedata.category(character)[0] != "C")
    line = " ".join(kept.split())
    return line if len(line) <= most else line[: most - 1] + "…"
