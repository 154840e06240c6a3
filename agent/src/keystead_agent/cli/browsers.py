"""keystead-agent browser …: the extension, for one person or for everybody on the computer."""

from collections.abc import Sequence
from pathlib import Path

import click
from keystead_core.link import messages as link

from keystead_agent.cli.doors import REQUEST_ID, Browsers, Doors, json_option, pass_doors
from keystead_agent.cli.output import fail, show_json

_root_option = click.option(
    "--root", type=click.Path(path_type=Path), default="/", help="For everybody: the root of an image of a computer."
)


@click.group()
def browser() -> None:
    """Connect browsers to the agent."""


@browser.command(name="install")
@click.option(
    "--browser",
    "which",
    type=click.Choice(["chromium", "firefox", "all"]),
    default="all",
    show_default=True,
    help="Which browser to tell.",
)
@click.option("--everybody", is_flag=True, help="For everybody on this computer; root does it.")
@click.option(
    "--origin", "origins", multiple=True, help="With --everybody: a provider's page, as https://id.example.org."
)
@click.option(
    "--kiosk", is_flag=True, help="With --everybody: Chromium asks the agent for every site, and nobody else."
)
@_root_option
@json_option
@pass_doors
def install_browser(
    doors: Doors, which: Browsers, everybody: bool, origins: Sequence[str], kiosk: bool, root: Path, as_json: bool
) -> None:
    """Write the extension, for the enrolled providers' pages alone, and tell the browsers where the agent is.

    With --everybody, Chromium, Chrome and Debian's Firefox have it for everybody on this computer, for the pages
    that --origin names; each person enrols for themselves.
    """
    if everybody:
        return _show_written(doors.install_for_everybody(root, origins, kiosk), origins, as_json)
    if origins or kiosk:
        raise click.UsageError("--origin and --kiosk go with --everybody: for you it is the enrolled providers' pages")
    answer = doors.ask(link.Providers(REQUEST_ID), as_json=as_json)
    enrolled = sorted({origin for provider in answer["providers"] for origin in provider["origins"]})
    if not enrolled:
        fail("nothing_enrolled", "Enrol an identity provider first: keystead-agent enrol URL", as_json=as_json)
    return _show_written(doors.install_browser(which, enrolled), enrolled, as_json)


@browser.command(name="remove")
@_root_option
@json_option
@pass_doors
def remove_browser(doors: Doors, root: Path, as_json: bool) -> None:
    """Take away what `browser install --everybody` has written."""
    removed = [str(path) for path in doors.remove_for_everybody(root)]
    if as_json:
        show_json({"removed": removed})
    else:
        click.echo("\n".join(removed) or "There was nothing.")


def _show_written(paths: Sequence[Path], origins: Sequence[str], as_json: bool) -> None:
    written = [str(path) for path in paths]
    if as_json:
        show_json({"written": written, "origins": list(origins)})
    else:
        click.echo("\n".join([*written, f"Works on: {', '.join(origins)}"]))
