"""The TPM of an enrolled device shows that it is the one on record: before a renewal, and before an unlock.

Nobody has to be signed in for it: whoever brings a copy of the device's files, or another TPM, cannot answer.
"""

from hmac import compare_digest

from keystead_core.tpm.pin_index import UnlockRequest

from keystead_server.domain.device import Device
from keystead_server.domain.enrolment import ACTIVATION_LIFETIME, Activation
from keystead_server.domain.ids import AttemptId, DeviceId
from keystead_server.domain.user import User
from keystead_server.flows.activation import SECRET_BYTES, Challenged, challenge
from keystead_server.flows.attempts import Refused, Trail
from keystead_server.flows.device_checks import DeviceRefused, standing
from keystead_server.ports.clock import Entropy
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import Store


def ask_known_tpm(
    sealer: Sealer, entropy: Entropy, trail: Trail, device: Device, *, unlock: UnlockRequest | None = None
) -> Challenged:
    """A secret that only the TPM of *device* can open, good for that one purpose."""
    activation = Activation(
        id=AttemptId(entropy.new_id(trail.at)),
        expires_at=trail.at + ACTIVATION_LIFETIME,
        secret=entropy.token(SECRET_BYTES),
        user_id=device.enrolled_by,
        device_id=device.id,
        unlock=unlock,
    )
    endorsement, attestation = device.endorsement_public, device.attestation_public
    return challenge(sealer, entropy, trail.tenant_id, activation, endorsement, attestation)


async def shown_by_tpm(
    store: Store, trail: Trail, activation: Activation, device_id: DeviceId, secret: bytes
) -> tuple[Device, User] | Refused:
    """The device and its person as they are now, when *secret* is what its TPM was to open."""
    trail.id = activation.id
    if activation.expires_at <= trail.at:
        return await trail.refuse("activation_expired")
    if not compare_digest(secret, activation.secret):
        return await trail.refuse("activation_failed", f"the device {device_id}")
    try:
        return await standing(store, trail, device_id)
    except DeviceRefused as refused:
        return await trail.refuse(refused.code, str(refused))
