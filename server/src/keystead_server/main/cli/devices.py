"""keystead device …, keystead authority …"""

from collections.abc import Awaitable, Callable

import click
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device, maker_of
from keystead_server.domain.ids import DeviceId
from keystead_server.main.cli.frame import Failed, Frame, as_json, moment, table, tell
from keystead_server.main.wiring import System

_COLUMNS = ("name", "state", "trust", "maker", "enrolled_by", "certificate_expires_at", "id")
_BATCH = 200
_Verb = Callable[..., Awaitable[Device | None]]


@click.group()
def device() -> None:
    """Enrolled computers: list, show, disable, enable, withdraw, remove."""


@device.command("list")
@as_json
@click.pass_obj
def list_(frame: Frame, json_output: bool) -> None:
    """List the computers whose security chips vouch for passkeys."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        rows: list[dict[str, object]] = []
        after: DeviceId | None = None
        while found := await system.store.devices.page(tenant.id, limit=_BATCH, after=after):
            rows += [await _described(system, one) for one in found]
            after = found[-1].id
        tell(rows, table(rows, _COLUMNS, empty="No computer is enrolled."), json_output=json_output)

    frame.run(work, json_output=json_output)


@device.command()
@click.argument("device_id")
@as_json
@click.pass_obj
def show(frame: Frame, device_id: str, json_output: bool) -> None:
    """Show one computer by its id."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        found = await system.store.devices.get(tenant.id, DeviceId(device_id))
        if found is None:
            raise _unknown(device_id, tenant.name)
        facts = await _described(system, found)
        lines = "\n".join(f"{name.replace('_', ' '):24}{value}" for name, value in facts.items())
        tell(facts, lines, json_output=json_output)

    frame.run(work, json_output=json_output)


@device.command()
@click.argument("device_id")
@as_json
@click.pass_obj
def disable(frame: Frame, device_id: str, json_output: bool) -> None:
    """Refuse the passkeys of a computer from the next sign-in on, until it is enabled again."""
    _act(frame, device_id, lambda system: system.services.manage_device.disable, "Disabled", json_output)


@device.command()
@click.argument("device_id")
@as_json
@click.pass_obj
def enable(frame: Frame, device_id: str, json_output: bool) -> None:
    """Accept the passkeys of a disabled computer again."""
    _act(frame, device_id, lambda system: system.services.manage_device.enable, "Enabled", json_output)


@device.command()
@click.argument("device_id")
@click.option("--chip", is_flag=True, help="The security chip too: nothing on it counts, and it never enrols again.")
@as_json
@click.pass_obj
def withdraw(frame: Frame, device_id: str, chip: bool, json_output: bool) -> None:
    """Never believe a computer's attestation key again. This cannot be undone."""

    def verb(system: System) -> _Verb:
        manage = system.services.manage_device
        return manage.withdraw_endorsement_key if chip else manage.withdraw_attestation_key

    _act(frame, device_id, verb, "Withdrew", json_output)


@device.command()
@click.argument("device_id")
@as_json
@click.pass_obj
def remove(frame: Frame, device_id: str, json_output: bool) -> None:
    """Forget a computer; the passkeys it vouched for are refused."""
    _act(frame, device_id, lambda system: system.services.manage_device.remove, "Removed", json_output)


def _act(frame: Frame, device_id: str, verb: Callable[[System], _Verb], done: str, json_output: bool) -> None:
    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        changed = await verb(system)(tenant.id, DeviceId(device_id), by=OPERATOR)
        if changed is None:
            raise _unknown(device_id, tenant.name)
        facts = {"id": changed.id, "name": changed.name, "state": changed.state.value}
        tell(facts, f"{done} {changed.name}.", json_output=json_output)

    frame.run(work, json_output=json_output)


def _unknown(device_id: str, tenant: str) -> Failed:
    return Failed("device_unknown", f"there is no enrolled computer {device_id!r} in {tenant}")


async def _described(system: System, one: Device) -> dict[str, object]:
    person = await system.store.users.get(one.tenant_id, one.enrolled_by)
    return {
        "id": one.id,
        "name": one.name,
        "state": one.state.value,
        "trust": one.trust.value,
        "maker": maker_of(one.tpm),
        "model": one.tpm.model,
        "version": one.tpm.version,
        "firmware": one.firmware,
        "endorsement_key": one.endorsement_digest.hex(),
        "attestation_key": one.attestation_name.hex(),
        "certificate_serial": one.certificate_serial,
        "certificate_expires_at": moment(one.certificate_expires_at),
        "enrolled_by": one.enrolled_by if person is None else person.username,
        "enrolled_at": moment(one.enrolled_at),
    }


@click.group()
def authority() -> None:
    """The attestation authority, which certifies the keys of enrolled computers."""


@authority.command("show")
@as_json
@click.pass_obj
def show_authority(frame: Frame, json_output: bool) -> None:
    """Show the authority's certificates, newest first."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        rows = [_certificate(one) for one in await system.store.authorities.all(tenant.id)]
        empty = "There is none yet; it is made when the first computer enrols."
        columns = ("created_at", "retired_at", "expires_at", "sha256")
        pems = "\n".join(str(row["certificate"]) for row in rows)
        tell(rows, f"{table(rows, columns, empty=empty)}\n{pems}".rstrip(), json_output=json_output)

    frame.run(work, json_output=json_output)


@authority.command()
@as_json
@click.pass_obj
def rotate(frame: Frame, json_output: bool) -> None:
    """Replace the authority. What the old one certified counts until it runs out, in thirty days at most."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        made = _certificate(await system.services.rotate_authority(tenant.id, by=OPERATOR))
        tell(made, f"A new authority issues from now on: {made['sha256']}", json_output=json_output)

    frame.run(work, json_output=json_output)


def _certificate(one: Authority) -> dict[str, object]:
    certificate = x509.load_der_x509_certificate(one.certificate)
    return {
        "id": one.id,
        "created_at": moment(one.created_at),
        "retired_at": moment(one.retired_at),
        "expires_at": moment(certificate.not_valid_after_utc),
        "sha256": certificate.fingerprint(SHA256()).hex(),
        "certificate": certificate.public_bytes(Encoding.PEM).decode(),
    }
