"""What the process writes to standard error: one event a line, with a stable name."""

import sys
from typing import Any, TextIO

import msgspec
import structlog


def configure(log_format: str, stream: TextIO | None = None) -> None:
    """JSON for machines, or text for people. Control characters are escaped in both."""
    shown: list[Any] = [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(serializer=_json)]
    if log_format == "text":
        shown = [_escape, _plain()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *shown,
        ],
        logger_factory=structlog.PrintLoggerFactory(stream or sys.stderr),
        cache_logger_on_first_use=False,
    )


def _escape(_: object, __: str, event: dict[str, Any]) -> dict[str, Any]:
    """Show what strangers wrote by its repr where it could end the line, move the cursor or turn text around."""
    return {
        name: repr(value) if isinstance(value, str) and not value.isprintable() else value
        for name, value in event.items()
    }


def _plain() -> structlog.dev.ConsoleRenderer:
    # The prettier formatters print local variables, and those hold codes, cookies and keys.
    return structlog.dev.ConsoleRenderer(
        colors=False, pad_event_to=24, exception_formatter=structlog.dev.plain_traceback
    )


def _json(event: dict[str, Any], **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=str).decode()
