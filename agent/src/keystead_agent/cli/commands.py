"""keystead-agent: talk to the daemon, or be it.

Nothing here touches a key or a PIN: each command is one message to the daemon,
which asks the person itself where that is needed.
"""

import sys

import click
from keystead_core.link import messages as link

from keystead_agent.cli.browsers import browser
from keystead_agent.cli.doors import REQUEST_ID, Doors, SetUp, json_option, pass_doors
from keystead_agent.cli.output import EXIT_CODES, EXIT_REFUSED, show_json
from keystead_agent.cli.pin import pin, unlock
from keystead_agent.cli.tables import beware_lines, finding_lines, log_lines, passkey_lines, status_lines, step_lines

_yes = click.option("--yes", is_flag=True, help="Do not ask whether you are sure.")


@click.group(epilog=EXIT_CODES)
@click.version_option(package_name="keystead-agent")
def cli() -> None:
    """Passkeys that are kept in this computer's security chip and cannot leave it."""


@cli.command(epilog=EXIT_CODES)
@click.option("--everybody", is_flag=True, help="As a user of its own: serve everybody who is logged in.")
@pass_doors
def daemon(doors: Doors, everybody: bool) -> None:
    """Run the agent in the foreground.

    It holds the passkeys and asks for the PIN; browsers and the other commands talk to it.
    With --everybody it is the service of the whole computer, which the package starts: each
    person has a container of their own in it, and is asked by `session` in their session.
    Stop it with Ctrl-C or SIGTERM.
    """
    doors.run_daemon(everybody)


@cli.command(epilog=EXIT_CODES)
@pass_doors
def session(doors: Doors) -> None:
    """Ask you, in this session, what the service of the computer has to ask.

    `setup` starts it with each of your sessions. Without it the service can ask you nothing, and refuses.
    """
    doors.run_prompter()


@cli.command(epilog=EXIT_CODES)
@click.option("--user", metavar="NAME", help="As root: open the device, then be this person.")
@pass_doors
def hid(doors: Doors, user: str | None) -> None:
    """Offer the passkeys as a security key to every program of this computer.

    Browsers without the extension, ssh and libfido2's tools then find it as they find one that is plugged in.
    Needs /dev/uhid, which only root may open, and the daemon of that person.
    """
    doors.run_hid(user)


@cli.command()
@json_option
@pass_doors
def status(doors: Doors, as_json: bool) -> None:
    """Say where keys are kept, whether a PIN is set, and what is enrolled."""
    answer = doors.ask(link.Status(REQUEST_ID), as_json=as_json)
    if as_json:
        show_json(answer)
    else:
        click.echo("\n".join(status_lines(answer)))


@cli.command(name="list")
@json_option
@pass_doors
def list_passkeys(doors: Doors, as_json: bool) -> None:
    """List the passkeys on this computer."""
    answer = doors.ask(link.ListPasskeys(REQUEST_ID), as_json=as_json)
    if as_json:
        show_json(answer)
    else:
        click.echo("\n".join(passkey_lines(answer)))


@cli.command()
@click.argument("url")
@click.option("--code", help="Prove to it that this is a security chip, with the code from your account page.")
@json_option
@pass_doors
def enrol(doors: Doors, url: str, code: str | None, as_json: bool) -> None:
    """Let the identity provider at URL keep passkeys here.

    URL is your organisation's address there, such as https://id.example.org/contoso.
    Enrolling again fetches what has changed.
    """
    answer = doors.ask(link.Enrol(REQUEST_ID, url=url, code=code), as_json=as_json)
    if as_json:
        show_json(answer)
        return
    provider = answer["provider"]
    click.echo(f"{provider['name']} ({provider['rp_id']}) may keep passkeys on this computer.")
    click.echo(f"Its pages: {', '.join(provider['origins'])}")
    for line in beware_lines(answer):
        click.echo(line)
    if answer["proof"]:
        click.echo(f"It knows this computer as {answer['proof']['name']}: passkeys made from now on are proven to it.")


@cli.command()
@click.argument("provider")
@_yes
@json_option
@pass_doors
def unenrol(doors: Doors, provider: str, yes: bool, as_json: bool) -> None:
    """Forget PROVIDER and delete its passkeys. PROVIDER is its relying-party id or its address."""
    _be_sure(yes, f"Delete every passkey of {provider} on this computer for good?")
    answer = doors.ask(link.Unenrol(REQUEST_ID, provider=provider), as_json=as_json)
    if as_json:
        show_json(answer)
    else:
        click.echo(f"{provider} is forgotten; {answer['removed']} passkeys were deleted.")


@cli.command()
@click.argument("credential", metavar="ID")
@_yes
@json_option
@pass_doors
def remove(doors: Doors, credential: str, yes: bool, as_json: bool) -> None:
    """Delete one passkey. ID is what `list` shows. The site still has its half: remove it there too."""
    _be_sure(yes, f"Delete the passkey {credential} for good?")
    answer = doors.ask(link.Remove(REQUEST_ID, credential=credential), as_json=as_json)
    if as_json:
        show_json(answer)
    else:
        click.echo("Deleted.")


@cli.command()
@click.argument("credential", metavar="ID")
@click.argument("name")
@json_option
@pass_doors
def rename(doors: Doors, credential: str, name: str, as_json: bool) -> None:
    """Give a passkey another name, on this computer alone. ID is what `list` shows."""
    answer = doors.ask(link.Rename(REQUEST_ID, credential=credential, name=name), as_json=as_json)
    if as_json:
        show_json(answer)
    else:
        click.echo("Renamed. The site keeps its own name for it.")


@cli.command()
@click.argument("site")
@json_option
@pass_doors
def explain(doors: Doors, site: str, as_json: bool) -> None:
    """Say what would happen at SITE now, and why. SITE is a relying-party id or a page's address."""
    answer = doors.ask(link.Explain(REQUEST_ID, site=site), as_json=as_json)
    if as_json:
        show_json(answer)
    else:
        click.echo("\n".join(answer["sentences"]))


@cli.command()
@click.option("--last", type=click.IntRange(1, 10_000), default=20, show_default=True, help="How many lines.")
@json_option
@pass_doors
def log(doors: Doors, last: int, as_json: bool) -> None:
    """Show what the agent did and refused, the newest last. There is no secret in it."""
    lines = doors.log_lines(last, as_json=as_json)
    if as_json:
        show_json({"lines": lines})
    else:
        click.echo("\n".join(log_lines(lines)))


@cli.command(epilog="Exit codes: 0 nothing is broken, 1 something is.")
@json_option
@pass_doors
def doctor(doors: Doors, as_json: bool) -> None:
    """Examine this computer: chip, container, prompts, browsers, permissions, disk, clock; say how to mend what is wrong."""
    findings = [finding.to_json() for finding in doors.examine()]
    if as_json:
        show_json({"findings": findings})
    else:
        click.echo("\n".join(finding_lines(findings)))
    if any(finding["state"] == "broken" for finding in findings):
        sys.exit(EXIT_REFUSED)


@cli.command()
@click.option("--enrol", "url", metavar="URL", help="Enrol the identity provider at URL, too.")
@click.option("--pin/--no-pin", "with_pin", default=True, show_default=True, help="Ask for a first PIN.")
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--undo", is_flag=True, help="Take away what setup has put there. Passkeys and PIN stay.")
@json_option
@pass_doors
def setup(doors: Doors, url: str | None, with_pin: bool, dry_run: bool, undo: bool, as_json: bool) -> None:
    """Make everything ready for you: the agent in your session, a PIN, the browsers; and say what was done.

    Doing it again does only what is missing.
    """
    steps = [step.to_json() for step in doors.set_up(SetUp(url, with_pin, dry_run, undo))]
    if as_json:
        show_json({"steps": steps})
    else:
        click.echo("\n".join(step_lines(steps)))
    if any(step["outcome"] == "failed" for step in steps):
        sys.exit(EXIT_REFUSED)


def _be_sure(yes: bool, question: str) -> None:
    if not yes:
        click.confirm(question, abort=True)


for _group in (browser, pin, unlock):
    cli.add_command(_group)
