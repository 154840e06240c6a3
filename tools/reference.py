"""Writes docs/reference/commands.md from the commands themselves: `python -m tools.reference`."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import click
from keystead_agent.cli.commands import cli as keystead_agent
from keystead_server.main.cli import main as keystead

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "commands.md"
COMMANDS = {"keystead": keystead, "keystead-agent": keystead_agent}

_OPENING = """\
# Commands

Written by `python -m tools.reference` from the commands themselves; a test compares the two.
`--help` says the same at every verb, and every verb that prints data takes `--json`.
What is refused ends with exit code 1 and a [stable code](errors.md), and wrong usage with 2.
Settings may be given as options, in a file or in the environment: [settings.md](settings.md).
"""
_EXAMPLE = "Example:"
_SENTENCE_END = re.compile(r"(?<=[.!?]) (?=[A-Z])")

# What stands for an argument in an example that no verb brings of its own.
_SAMPLES = {
    "username": "grace@contoso.example",
    "usernames": "grace@contoso.example",
    "name": "engineering",
    "client_id": "0198c2a4-5f0e-7d3a-9b1c-2f6e8a4d7c10",
    "passkey_id": "0198c2a4-9c41-7b58-8e2f-6a1d3c5b7e90",
    "device_id": "0198a3c2-8f4e-7c10-9b1d-2f6a5e0c7d41",
    "credential": "q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA",
    "provider": "id.example.org",
    "file": "policy.json",
    "version": "3",
    "site": "id.example.org",
    "url": "https://id.example.org/contoso",
}


def page() -> str:
    return "\n".join([_OPENING, *(line for name, root in COMMANDS.items() for line in _section(name, root))])


def verbs(root: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """The command and everything below it, each with what is typed to reach it."""
    yield path, root
    if isinstance(root, click.Group):
        context = click.Context(root)
        for name in sorted(root.list_commands(context)):
            command = root.get_command(context, name)
            if command is not None:
                yield from verbs(command, f"{path} {name}")


def example(path: str, command: click.Command) -> str:
    """What the verb shows in its own help, or the shortest line that would do something."""
    _, marked, own = (command.epilog or "").partition(_EXAMPLE)
    if marked:
        return own.strip()
    arguments = [_SAMPLES[p.name or ""] for p in command.params if isinstance(p, click.Argument)]
    return " ".join([path, *arguments])


def _section(name: str, root: click.Command) -> Iterator[str]:
    for path, command in verbs(root, name):
        yield from [f"{'##' if command is root else '###'} `{path}`", "", _help(command), ""]
        if command is root or not isinstance(command, click.Group):
            yield from _usage(path, command)


def _usage(path: str, command: click.Command) -> Iterator[str]:
    context = click.Context(command, info_name=path)
    yield from ["```text", f"{path} {' '.join(command.collect_usage_pieces(context))}", "```", ""]
    options = [p for p in command.params if isinstance(p, click.Option)]
    if options:
        yield from ["| Option | |", "| --- | --- |"]
        yield from (_row(option, context) for option in options)
        yield ""
    if not isinstance(command, click.Group):
        yield from ["```console", f"$ {example(path, command)}", "```", ""]
    elif command.epilog:
        yield from [command.epilog, ""]


def _help(command: click.Command) -> str:
    """The help text, one sentence a line."""
    paragraphs = inspect.cleandoc(command.help or "").split("\n\n")
    return "\n\n".join("\n".join(_SENTENCE_END.split(" ".join(text.split()))) for text in paragraphs)


def _row(option: click.Option, context: click.Context) -> str:
    names, words = option.get_help_record(context) or ("", "")
    return "| `{}` | {} |".format(*(" ".join(text.replace("|", "\\|").split()) for text in (names, words)))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
