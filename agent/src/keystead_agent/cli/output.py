"""What the command line prints, for people and for programs."""

import json
import sys
from collections.abc import Mapping
from typing import Final, NoReturn

import click

EXIT_REFUSED: Final = 1
EXIT_UNREACHABLE: Final = 3
EXIT_CONFIG: Final = 4

EXIT_CODES: Final = "Exit codes: 0 done, 1 refused, 2 wrong usage, 3 no daemon answers, 4 a setting is wrong."


def show_json(value: Mapping[str, object]) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False))


def fail(code: str, message: str, *, exit_code: int = EXIT_REFUSED, as_json: bool = False) -> NoReturn:
    if as_json:
        show_json({"error": {"code": code, "message": message}})
    else:
        click.echo(f"keystead-agent: {message} [{code}]", err=True)
    sys.exit(exit_code)
