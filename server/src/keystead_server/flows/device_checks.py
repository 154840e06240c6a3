"""What is asked of a device before its word counts, at enrolment, at renewal and before it is unlocked.

All raise DeviceRefused, which the flow turns into a row of the log; nothing was written before.
"""

from dataclasses import dataclass
from datetime import datetime

from keystead_core.tpm.endorsement import read_attestation_key, read_endorsement_key
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.structures import PublicArea

from keystead_server.domain.device import (
    MAX_DEVICE_NAME_CHARACTERS,
    Device,
    DeviceState,
    EndorsementTrust,
    FirstUse,
    TpmFacts,
    fits_a_certificate,
    is_firmware,
    refusal_of,
)
from keystead_server.domain.enrolment import Introduction
from keystead_server.domain.ids import DeviceId, TenantId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User, check_display_name
from keystead_server.flows.activation import digest_of
from keystead_server.flows.attempts import Trail
from keystead_server.ports.attestation import EndorsementCertificateInvalid, TpmMakers
from keystead_server.ports.store import Store


class DeviceRefused(Exception):
    """Why a device is not enrolled or renewed. The message is for the operator."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail)
        self.code = code


@dataclass(frozen=True, slots=True)
class Presented:
    """What a device says of itself; nothing of it is checked.

    Attributes:
        endorsement_certificate: DER, by the TPM's maker; None when it has none.
        tpm: used only when no trusted certificate says better.
    """

    name: str
    endorsement_public: bytes
    attestation_public: bytes
    endorsement_certificate: bytes | None
    tpm: TpmFacts
    firmware: str


def introduced(presented: Presented, makers: TpmMakers, first_use: FirstUse, *, now: datetime) -> Introduction:
    """*presented*, read and judged as far as it can be without the TPM's answer."""
    endorsement = endorsement_key(presented.endorsement_public)
    attestation_key(presented.attestation_public)
    if not (fits_a_certificate(presented.tpm) and is_firmware(presented.firmware)):
        raise DeviceRefused("device_facts_invalid", "manufacturer, model, version or firmware")
    certified = _certified(presented, endorsement, makers, now)
    if certified is None and first_use is FirstUse.REFUSE:
        raise DeviceRefused("endorsement_untrusted", "no certificate of a TPM maker that is trusted here")
    return Introduction(
        name=_name(presented.name),
        endorsement_public=presented.endorsement_public,
        attestation_public=presented.attestation_public,
        trust=EndorsementTrust.FIRST_USE if certified is None else EndorsementTrust.CERTIFIED,
        tpm=certified or presented.tpm,
        firmware=presented.firmware,
    )


def endorsement_key(public: bytes) -> PublicArea:
    try:
        return read_endorsement_key(public)
    except TpmStructureInvalid as error:
        raise DeviceRefused("endorsement_key_invalid", str(error)) from None


def attestation_key(public: bytes) -> PublicArea:
    # A key that is not restricted would sign a statement that a program wrote, about a key that a program has.
    try:
        return read_attestation_key(public)
    except TpmStructureInvalid as error:
        raise DeviceRefused("attestation_key_invalid", str(error)) from None


async def known_device(store: Store, tenant: TenantId, introduction: Introduction, user: UserId) -> Device | None:
    """The device on record with the same attestation key, enrolled by the same person.

    Refused when the chip was withdrawn, or this key of it may not be enrolled (again) by this person.
    """
    endorsement = digest_of(endorsement_key(introduction.endorsement_public).key)
    same_chip = await store.devices.with_endorsement_key(tenant, endorsement)
    if any(device.state is DeviceState.ENDORSEMENT_WITHDRAWN for device in same_chip):
        check_state(DeviceState.ENDORSEMENT_WITHDRAWN)
    attestation = digest_of(attestation_key(introduction.attestation_public).key)
    known = await store.devices.by_attestation_key(tenant, attestation)
    if known is None:
        return None
    check_state(known.state)
    # Another chip cannot have this key: whoever brings it beside one has the other computer's files.
    if known.endorsement_digest != endorsement:
        raise DeviceRefused("attestation_key_copied", f"from the device {known.id}")
    if known.enrolled_by != user:
        raise DeviceRefused("attestation_key_taken", f"by the device {known.id}")
    return known


def check_state(state: DeviceState | None) -> None:
    code = refusal_of(state)
    if code is not None:
        raise DeviceRefused(code)


async def standing(store: Store, trail: Trail, device_id: DeviceId) -> tuple[Device, User]:
    """An enrolled device and whoever enrolled it, when both are still in good standing."""
    device = await store.devices.get(trail.tenant_id, device_id)
    check_state(None if device is None else device.state)
    assert device is not None  # noqa: S101  the line above refuses that
    trail.user_id = device.enrolled_by
    user = await person(store, trail.tenant_id, device.enrolled_by)
    trail.username = user.username
    return device, user


async def person(store: Store, tenant: TenantId, user: UserId) -> User:
    """In whose name it happens; they may have left since."""
    found = await store.users.get(tenant, user)
    if found is None:
        raise DeviceRefused("user_unknown")
    if not found.enabled:
        raise DeviceRefused("user_disabled")
    return found


def _certified(presented: Presented, endorsement: PublicArea, makers: TpmMakers, now: datetime) -> TpmFacts | None:
    if presented.endorsement_certificate is None:
        return None
    try:
        return makers.certified(presented.endorsement_certificate, endorsement.key, now=now)
    except EndorsementCertificateInvalid as error:
        raise DeviceRefused(error.code, str(error)) from None


def _name(typed: str) -> str:
    try:
        return check_display_name(typed)[:MAX_DEVICE_NAME_CHARACTERS].strip()
    except Invalid as error:
        raise DeviceRefused("device_name_invalid", error.message) from None
