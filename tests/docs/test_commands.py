"""docs/reference/commands.md is what the commands say of themselves, and they say enough."""

import runpy
from collections.abc import Callable
from pathlib import Path

import click
import pytest

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = runpy.run_path(str(ROOT / "tools" / "reference.py"))

VERBS = [
    pytest.param(path, command, id=path)
    for name, root in REFERENCE["COMMANDS"].items()
    for path, command in REFERENCE["verbs"](root, name)
]
LEAVES = [verb for verb in VERBS if not isinstance(verb.values[1], click.Group)]

# They run until they are stopped and print no data.
RUN_FOR_EVER = {"keystead serve", "keystead-agent daemon", "keystead-agent hid", "keystead-agent session"}


def test_the_page_is_what_the_commands_say() -> None:
    written = REFERENCE["PAGE"].read_text(encoding="utf-8")

    assert written == REFERENCE["page"](), "a command changed: run  python -m tools.reference"


@pytest.mark.parametrize(("path", "command"), VERBS)
def test_every_verb_and_option_says_what_it_does(path: str, command: click.Command) -> None:
    silent = [p.name for p in command.params if isinstance(p, click.Option) and not p.help]

    assert command.help
    assert not silent, f"{path}: no help for {silent}"


@pytest.mark.parametrize(("path", "command"), LEAVES)
def test_every_verb_that_prints_data_prints_json_too(path: str, command: click.Command) -> None:
    takes_json = any("--json" in p.opts for p in command.params)

    assert takes_json != (path in RUN_FOR_EVER)


@pytest.mark.parametrize(("path", "command"), LEAVES)
def test_every_example_is_understood(path: str, command: click.Command, understood: Callable[[str], str]) -> None:
    assert understood(REFERENCE["example"](path, command)) == path
