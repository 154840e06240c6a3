"""What an enrolled device is told besides its certificate, at enrolment and with each renewal."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from keystead_core.link.pin_policy import PinPolicy

from keystead_server.domain.device import Device
from keystead_server.domain.device_unlock import person_of
from keystead_server.domain.user import User
from keystead_server.flows.pin_policy import PinPolicies
from keystead_server.ports.attestation import AttestationAuthorities


@dataclass(frozen=True, slots=True)
class DeviceTerms:
    """Attributes:
    user_handle: of whoever enrolled it, so that it knows which account's passkeys our certificate is for.
    unlock_key: to which it entrusts its person's count of wrong PINs.
    unlock_person: the policyRef that we sign with each statement.
    pin: what is asked of its PIN; None where nobody said.
    """

    user_handle: bytes
    unlock_key: ec.EllipticCurvePublicKey
    unlock_person: bytes
    pin: PinPolicy | None


@dataclass(frozen=True, slots=True)
class SetTerms:
    authorities: AttestationAuthorities
    pin_policies: PinPolicies

    async def __call__(self, device: Device, user: User) -> DeviceTerms:
        person = person_of(device.tenant_id, device.id, device.enrolled_by)
        key = await self.authorities.unlock_key(device.tenant_id)
        return DeviceTerms(user.handle, key, person, await self.pin_policies.now(device.tenant_id))
