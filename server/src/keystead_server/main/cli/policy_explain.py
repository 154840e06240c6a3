"""keystead policy explain, campaign: why a passkey, a sign-in or a question to somebody goes as it goes."""

from uuid import UUID

import click
from click.core import ParameterSource
from keystead_core.cose import ALGORITHMS, ES256
from keystead_core.webauthn import NO_AAGUID

from keystead_server.domain import policy_document
from keystead_server.domain.ids import AttemptId
from keystead_server.domain.passkey import Passkey, PasskeyType, Proof
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.flows.access_names import names_for
from keystead_server.main.cli import access_words
from keystead_server.main.cli import policy_words as words
from keystead_server.main.cli.access_options import in_force
from keystead_server.main.cli.frame import Failed, Frame, as_json, tell
from keystead_server.main.wiring import System
from keystead_server.policy.passkeys.rules import Operation, PasskeyFacts

_KINDS = (policy_document.PASSKEYS, policy_document.ACCESS)
_OF_ANY_KIND = frozenset({"username", "policy_kind", "json_output"})


@click.command(epilog="Example:  keystead policy explain grace@contoso.example --type synced")
@click.argument("username")
@click.option("--passkey", "passkey_id", help="One of theirs, by its id; without it, one that is described here.")
@click.option("--aaguid", type=click.UUID, default=NO_AAGUID, help="The model; not given when left out.")
@click.option(
    "--type",
    "kind",
    type=click.Choice([each.value for each in PasskeyType]),
    default=PasskeyType.DEVICE_BOUND.value,
    help="Whether the key can leave its device.",
)
@click.option(
    "--proof", type=click.Choice([each.value for each in Proof]), default=Proof.NONE.value, help="Of device binding."
)
@click.option("--attestation", default="none", help="The format that was sent, such as packed.")
@click.option("--legacy-attestation", "legacy", is_flag=True, help="It was signed with SHA-1, as by old TPMs.")
@click.option(
    "--algorithm",
    type=click.Choice([str(number) for number in ALGORITHMS]),
    default=str(ES256),
    help="The COSE number of its signatures.",
)
@click.option(
    "--operation",
    type=click.Choice([each.value for each in Operation]),
    default=Operation.SIGN_IN.value,
    help="What they would do with it.",
)
@click.option(
    "--kind",
    "policy_kind",
    type=click.Choice(_KINDS),
    default=policy_document.PASSKEYS,
    show_default=True,
    help="About a passkey, or about a sign-in and Conditional Access.",
)
@click.option("--number", help="With --kind access: the sign-in with this number in the log; without it, their latest.")
@as_json
@click.pass_context
def explain(
    context: click.Context,
    username: str,
    passkey_id: str | None,
    aaguid: UUID,
    kind: str,
    proof: str,
    attestation: str,
    legacy: bool,
    algorithm: str,
    operation: str,
    policy_kind: str,
    number: str | None,
    json_output: bool,
) -> None:
    """Say why a passkey of somebody's is accepted or not; or, with --kind access, a sign-in of theirs.

    Of a passkey: by which profile or rule, and what would change it. Of a sign-in: what the policies said
    then, and what those of now say, with every condition.
    """
    _only_of_its_kind(context, policy_kind)
    frame: Frame = context.obj

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        person = await frame.user_of(system, tenant, username)
        if policy_kind == policy_document.ACCESS:
            await _explain_sign_in(system, tenant, person, number, json_output=json_output)
            return
        asked: Passkey | PasskeyFacts = PasskeyFacts(
            PasskeyType(kind), aaguid, Proof(proof), int(algorithm), attestation, legacy_attestation=legacy
        )
        if passkey_id is not None:
            asked = await _of_theirs(system, tenant, person, passkey_id)
        explained = await system.services.explain_passkey(tenant.id, person, asked, Operation(operation))
        tell(words.explained_data(explained), words.explained_text(explained), json_output=json_output)

    frame.run(work, json_output=json_output)


def _only_of_its_kind(context: click.Context, policy_kind: str) -> None:
    """What is said of a passkey must not be passed over quietly where a sign-in is asked about, nor the other way."""
    is_access = policy_kind == policy_document.ACCESS
    for parameter in context.command.params:
        typed = context.get_parameter_source(parameter.name or "") is ParameterSource.COMMANDLINE
        if typed and parameter.name not in _OF_ANY_KIND and (parameter.name == "number") is not is_access:
            other = policy_document.PASSKEYS if is_access else policy_document.ACCESS
            raise click.UsageError(f"{parameter.opts[0]} is for --kind {other}", context)


async def _explain_sign_in(
    system: System, tenant: Tenant, person: User, number: str | None, *, json_output: bool
) -> None:
    explained = await system.services.explain_sign_in(person, None if number is None else AttemptId(number))
    if explained is None:
        which = "no sign-in" if number is None else f"no sign-in with the number {number!r}"
        raise Failed("sign_in_not_found", f"{person.username} has {which} among their newest in the log")
    names = await names_for(system.store, tenant.id, (await in_force(system, tenant.id)).set)
    tell(
        access_words.sign_in_data(explained, names),
        access_words.sign_in_text(explained, names),
        json_output=json_output,
    )


@click.command(epilog="Example:  keystead policy campaign grace@contoso.example")
@click.argument("username")
@as_json
@click.pass_obj
def campaign(frame: Frame, username: str, json_output: bool) -> None:
    """Say whether the registration campaign would ask somebody for a passkey, on which devices, and why."""

    async def work(system: System) -> None:
        person = await frame.user_of(system, await frame.tenant_of(system), username)
        explained = await system.services.suggest_passkey.explain(person)
        data = words.campaign_data(explained)
        lines = [f"{row['device']}: {row['says']}." for row in data["devices"]]
        tell(data, "\n".join([*lines, f"Asked so far: {explained.asked}."]), json_output=json_output)

    frame.run(work, json_output=json_output)


async def _of_theirs(system: System, tenant: Tenant, person: User, passkey_id: str) -> Passkey:
    for passkey in await system.store.passkeys.of_user(tenant.id, person.id):
        if passkey.id == passkey_id:
            return passkey
    raise Failed("passkey_not_found", f"{person.username} has no passkey {passkey_id!r}")


VERBS = (explain, campaign)
