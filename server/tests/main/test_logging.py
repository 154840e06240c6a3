"""What the process writes: one event a line, whatever strangers put into it (attack class 8)."""

import io
import json
from collections.abc import Iterator

import pytest
import structlog
from keystead_server.main.logging import configure

NASTY = ["a\nserver.started  forged=1", "a\r\nb", "\x1b[2J\x1b[31m", "\0", "\u2028x", "\u202etxt.exe", '"} {"']


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    yield
    structlog.reset_defaults()


def written(log_format: str, **event: object) -> str:
    stream = io.StringIO()
    configure(log_format, stream)
    structlog.get_logger("test").warning("request.refused", **event)
    return stream.getvalue()


@pytest.mark.parametrize("nasty", NASTY)
def test_text_keeps_one_event_on_one_line(nasty: str) -> None:
    said = written("text", code=nasty, address=nasty)

    assert said.count("\n") == 1
    assert len(said.splitlines()) == 1
    assert not any(character in said for character in "\x1b\r\0\u202e")


@pytest.mark.parametrize("nasty", NASTY)
def test_json_can_be_read_again_as_it_was_said(nasty: str) -> None:
    said = written("json", code=nasty)

    (line,) = said.rstrip("\n").split("\n")
    assert json.loads(line)["code"] == nasty
    assert json.loads(line)["event"] == "request.refused"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_what_broke_is_told_without_the_values_that_were_at_hand(log_format: str) -> None:
    stream = io.StringIO()
    configure(log_format, stream)

    try:
        client_secret = "s3cret-" + "value"
        raise ValueError(f"broken after {len(client_secret)}")
    except ValueError:
        structlog.get_logger("test").exception("request.broken")

    assert "ValueError" in stream.getvalue()
    assert "s3cret-value" not in stream.getvalue()
