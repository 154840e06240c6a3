"""Devices, and the authorities that certify their keys."""

from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device, DeviceState, EndorsementTrust, TpmFacts
from keystead_server.domain.device_unlock import PendingUnlock
from keystead_server.storage import schema
from keystead_server.storage.rows.columns import (
    all_but,
    to_micros,
    to_moment,
    to_optional_micros,
    to_optional_moment,
)
from keystead_server.storage.statement import Arguments, Row

STATES = {state.value: state for state in DeviceState}
_TRUSTS = {trust.value: trust for trust in EndorsementTrust}

DEVICE = all_but(schema.devices)


def device_row(d: Device) -> Arguments:
    return (
        d.id,
        d.tenant_id,
        d.name,
        d.endorsement_digest,
        d.endorsement_public,
        d.trust.value,
        d.tpm.manufacturer,
        d.tpm.model,
        d.tpm.version,
        d.firmware,
        d.attestation_digest,
        d.attestation_name,
        d.attestation_public,
        d.certificate_serial,
        to_micros(d.certificate_expires_at),
        d.state.value,
        d.enrolled_by,
        to_micros(d.enrolled_at),
        None if d.unlock is None else d.unlock.to_bytes(),
    )


def device(row: Row) -> Device:
    # fmt: off
    (
        id_, tenant_id, name, endorsement_digest, endorsement_public, trust, manufacturer, model, version, firmware,
        attestation_digest, attestation_name, attestation_public, certificate_serial, certificate_expires_at, state,
        enrolled_by, enrolled_at, unlock,
    ) = row
    # fmt: on
    return Device(
        id_,
        tenant_id,
        name,
        endorsement_digest,
        endorsement_public,
        _TRUSTS[trust],
        TpmFacts(manufacturer, model, version),
        firmware,
        attestation_digest,
        attestation_name,
        attestation_public,
        certificate_serial,
        to_moment(certificate_expires_at),
        STATES[state],
        enrolled_by,
        to_moment(enrolled_at),
        None if unlock is None else PendingUnlock.from_bytes(unlock),
    )


AUTHORITY = all_but(schema.authorities)


def authority_row(a: Authority) -> Arguments:
    return (
        a.id,
        a.tenant_id,
        a.sealed,
        a.certificate,
        to_micros(a.created_at),
        to_optional_micros(a.retired_at),
    )


def authority(row: Row) -> Authority:
    id_, tenant_id, sealed, certificate, created_at, retired_at = row
    return Authority(id_, tenant_id, sealed, certificate, to_moment(created_at), to_optional_moment(retired_at))
