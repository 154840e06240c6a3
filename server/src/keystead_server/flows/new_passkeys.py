"""A passkey out of a registration that was verified: how far its binding is shown, and what it is called."""

from datetime import datetime

from keystead_core.webauthn import VerifiedRegistration

from keystead_server.domain.ids import AppId, PasskeyId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.user import User, check_display_name
from keystead_server.domain.user_agent import browser_of, system_of
from keystead_server.flows.vouching import Vouched

MAX_NAME_CHARACTERS = 64


def new_passkey(
    registration: VerifiedRegistration,
    *,
    id: PasskeyId,
    owner: User,
    registered_by: UserId | AppId,
    name: str,
    vouched: Vouched,
    at: datetime,
) -> Passkey:
    attestation = registration.attestation
    return Passkey(
        id=id,
        tenant_id=owner.tenant_id,
        user_id=owner.id,
        credential_id=registration.credential_id,
        public_key=registration.public_key.raw,
        algorithm=registration.public_key.algorithm,
        aaguid=registration.aaguid,
        sign_count=registration.sign_count,
        backup_eligible=registration.backup_eligible,
        backed_up=registration.backed_up,
        transports=registration.transports,
        attestation_format=attestation.format,
        attestation_kind=attestation.kind,
        proof=vouched.proof,
        name=name,
        created_at=at,
        registered_by=registered_by,
        device_id=None if vouched.device is None else vouched.device.id,
        legacy_attestation=bool(attestation.legacy),
    )


def passkey_name(chosen: str, *, model: str | None, synced: bool, on_this_device: bool, user_agent: str) -> str:
    """What the person chose, or authenticator, device and browser: "Windows Hello on Windows, Edge".

    *on_this_device* says that the browser's own computer keeps it: a security key is named for
    itself, wherever it was plugged in on the day.
    """
    if chosen.strip():
        try:
            return check_display_name(chosen)[:MAX_NAME_CHARACTERS]
        except Invalid:
            # A bad name must not cost the person the passkey they just made; they can rename it.
            pass
    system, browser = system_of(user_agent), browser_of(user_agent)
    kind = model or ("Synced passkey" if synced else "Passkey")
    if on_this_device and system is not None:
        kind = f"{kind} on {system}" if browser is None else f"{kind} on {system}, {browser}"
    elif model is None and not synced:
        kind = "Passkey on a device"
    return kind[:MAX_NAME_CHARACTERS]
