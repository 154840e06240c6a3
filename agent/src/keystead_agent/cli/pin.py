"""The PIN from the command line: set, changed, and its wrong tries forgotten. It is never typed here."""

import sys

import click
from keystead_core.link import messages as link

from keystead_agent.cli.doors import REQUEST_ID, Doors, json_option, pass_doors
from keystead_agent.cli.output import EXIT_CODES, show_json


@click.group()
def pin() -> None:
    """Set or change the PIN. It is typed into a window of its own, never here."""


@pin.command(name="set")
@json_option
@pass_doors
def set_pin(doors: Doors, as_json: bool) -> None:
    """Choose the first PIN."""
    _pin(doors, link.SetPin(REQUEST_ID), "The PIN is set.", as_json)


@pin.command(name="change")
@json_option
@pass_doors
def change_pin(doors: Doors, as_json: bool) -> None:
    """Choose another PIN; every passkey stays as it is."""
    _pin(doors, link.ChangePin(REQUEST_ID), "The PIN is changed.", as_json)


def _pin(doors: Doors, request: link.SetPin | link.ChangePin, done: str, as_json: bool) -> None:
    answer = doors.ask(request, as_json=as_json)
    if as_json:
        show_json(answer)
    else:
        click.echo(done)


@click.command(epilog=EXIT_CODES)
@click.option("--new-pin/--keep-pin", default=None, help="Choose another PIN afterwards; asked on a terminal.")
@json_option
@pass_doors
def unlock(doors: Doors, new_pin: bool | None, as_json: bool) -> None:
    """Have your wrong PINs forgotten, when there were too many.

    Shows a code. Sign in at your organisation in another way, on another device if you like, and type it there.
    With --json two documents are printed: the code, and after that what came of it.
    """
    asked = doors.ask(link.Unlock(REQUEST_ID), as_json=as_json)
    if as_json:
        show_json(asked)
    else:
        click.echo(f"Sign in at {asked['page']} in another way than with this computer, and type there:")
        click.echo(f"\n    {asked['code']}\n")
        click.echo(f"Waiting for {asked['provider']} …")
    while not doors.ask(link.UnlockWait(REQUEST_ID), as_json=as_json)["unlocked"]:
        pass
    if new_pin is None:
        new_pin = (
            not as_json and sys.stdin.isatty() and click.confirm("Unlocked. Choose another PIN now?", default=False)
        )
    if new_pin:
        # Its keys stay, so the old PIN is asked for first.
        doors.ask(link.ChangePin(REQUEST_ID), as_json=as_json)
    if as_json:
        show_json({"unlocked": True, "pin_changed": new_pin})
    else:
        click.echo("The PIN is changed." if new_pin else "Unlocked: you may type your PIN again.")
