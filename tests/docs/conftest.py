"""Reading command lines out of documents, and asking the commands whether they understand them."""

import shlex
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from keystead_agent.cli.commands import cli as keystead_agent
from keystead_server.main.cli import main as keystead

COMMANDS: dict[str, click.Command] = {"keystead": keystead, "keystead-agent": keystead_agent}


@pytest.fixture(scope="session")
def root() -> Path:
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def understood() -> Callable[[str], str]:
    """Parses a command line as click would before it runs anything, and returns the verb that it reaches."""
    return _verb_of


def _verb_of(line: str) -> str:
    name, *arguments = shlex.split(line, comments=True)
    # Some verbs ask whether one is sure while they parse.
    with CliRunner().isolation(input="y\n"):
        return _reached(COMMANDS[name], name, arguments, None)


def _reached(command: click.Command, path: str, arguments: list[str], parent: click.Context | None) -> str:
    with command.make_context(path.rpartition(" ")[2], arguments, parent=parent) as context:
        if not isinstance(command, click.Group):
            return path
        name, below, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert below is not None
        return _reached(below, f"{path} {name}", rest, context)
