"""keystead passkey begin | finish: register a passkey for somebody else, with an authenticator in one's hands.

What happens between the two is the business of whatever drives the authenticator: it takes the options as
JSON, and its answer comes back as JSON. The challenge is the operator's and this person's alone.
"""

import json
from datetime import timedelta
from pathlib import Path

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.attempts import Refused
from keystead_server.flows.check_registration import obstacle_of
from keystead_server.flows.register_on_behalf import DEFAULT_LIFETIME, NotOffered
from keystead_server.main.cli.frame import Failed, Frame, as_json, moment, printable, tell
from keystead_server.main.wiring import System

_MINUTE = timedelta(minutes=1)
# More than any authenticator answers, attestation chain and all; the API takes as much.
MAX_ANSWER_BYTES = 64 * 1024
# There is no other end of a connection: the log shows by this how the passkey came.
_AT_THE_SHELL = Visitor(b"", "", "keystead passkey finish")


@click.command(epilog="Example:  keystead passkey begin grace@contoso.example --minutes 60")
@click.argument("username")
@click.option(
    "--minutes",
    # More than a timedelta holds is nobody's lifetime; how much is too much, the server says.
    type=click.IntRange(0, 10**6),
    default=DEFAULT_LIFETIME // _MINUTE,
    show_default=True,
    help="How long the challenge is good; 5 to 43200.",
)
@as_json
@click.pass_obj
def begin(frame: Frame, username: str, minutes: int, json_output: bool) -> None:
    """Write creation options for somebody's new passkey, for the program that drives the authenticator; nothing is stored."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        offer = await system.services.register_on_behalf.begin(tenant, OPERATOR, person, lifetime=minutes * _MINUTE)
        if isinstance(offer, NotOffered):
            obstacle = obstacle_of(offer)
            raise Failed(
                obstacle.code, f"{person.username} gets no passkey, because {obstacle.says}. {obstacle.change}"
            )
        options = {"publicKey": dict(offer.options)}
        data = {"username": person.username, "expires_at": moment(offer.expires_at), **options}
        tell(data, json.dumps(options, indent=2), json_output=json_output)
        if not json_output:
            # Beside the options, so that these alone go into a file.
            click.echo(f"Good until {moment(offer.expires_at)}, for {person.username}.", err=True)

    frame.run(work, json_output=json_output)


@click.command(epilog='Example:  keystead passkey finish grace@contoso.example --name "Red key"')
@click.argument("username")
@click.argument("answer", type=click.Path(path_type=Path, allow_dash=True), default="-")
@click.option("--name", required=True, help="What the passkey is called in every list.")
@as_json
@click.pass_obj
def finish(frame: Frame, username: str, answer: Path, name: str, json_output: bool) -> None:
    """Register what the authenticator made: a RegistrationResponseJSON in a file, or what comes in; its owner is told."""

    async def work(system: System) -> None:
        payload = _read(answer)
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        outcome = await system.services.register_on_behalf.finish(
            tenant, OPERATOR, person, _AT_THE_SHELL, display_name=name, payload=payload
        )
        if isinstance(outcome, Refused):
            raise Failed(outcome.code, await _why(system, tenant, person, outcome))
        passkey = outcome.passkey
        told = {
            "id": passkey.id, "username": person.username, "name": passkey.name, "aaguid": str(passkey.aaguid),
            "type": passkey.type.value, "proof": passkey.proof.value,
        }  # fmt: skip
        tell(told, f"Registered {printable(passkey.name)} for {person.username}: {passkey.id}", json_output=json_output)

    frame.run(work, json_output=json_output)


def _read(answer: Path) -> bytes:
    try:
        with click.open_file(str(answer), "rb") as opened:
            payload: bytes = opened.read(MAX_ANSWER_BYTES + 1)
    except OSError as error:
        raise Failed("file_unusable", f"{answer}: {error.strerror}") from None
    if len(payload) > MAX_ANSWER_BYTES:
        raise Failed("too_large", f"an authenticator's answer has at most {MAX_ANSWER_BYTES} bytes")
    return payload


async def _why(system: System, tenant: Tenant, person: User, refused: Refused) -> str:
    """The operator reads at once what the sign-in log has of it."""
    row = await system.store.logs.attempt(tenant.id, refused.attempt_id)
    because = f": {row.detail}" if row is not None and row.detail else ""
    return printable(f"{person.username} got no passkey, {refused.code}{because}")
