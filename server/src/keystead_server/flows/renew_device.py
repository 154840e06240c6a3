"""Renew the certificate of an enrolled device's attestation key: its TPM shows once more that it is the one.

begin    → a secret for the TPM on record, or Refused
finish   → Renewed | Refused

Nobody has to be signed in: whoever brings a copy of the device's files, or another TPM, cannot answer.
"""

from dataclasses import dataclass

from keystead_core.webauthn.aaguids import KEYSTEAD_TPM

from keystead_server.domain.actor import Actor
from keystead_server.domain.device import Device
from keystead_server.domain.ids import DeviceId
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.activation import Challenged, opened
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.auditing import audited
from keystead_server.flows.device_checks import DeviceRefused, attestation_key, standing
from keystead_server.flows.device_terms import DeviceTerms, SetTerms
from keystead_server.flows.known_tpm import ask_known_tpm, shown_by_tpm
from keystead_server.ports.attestation import AttestationAuthorities, IssuedCertificate
from keystead_server.ports.changes import Add, Conflict, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Renewed:
    device: Device
    certificate: IssuedCertificate
    terms: DeviceTerms


@dataclass(frozen=True, slots=True)
class RenewDevice:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    authorities: AttestationAuthorities
    terms: SetTerms

    async def begin(self, tenant: Tenant, visitor: Visitor, device_id: DeviceId) -> Challenged | Refused:
        trail = self._trail(tenant, visitor)
        try:
            device, _ = await standing(self.store, trail, device_id)
        except DeviceRefused as refused:
            return await trail.refuse(refused.code, str(refused))
        return ask_known_tpm(self.sealer, self.entropy, trail, device)

    async def finish(self, tenant: Tenant, visitor: Visitor, state: str, secret: bytes) -> Renewed | Refused:
        trail = self._trail(tenant, visitor)
        activation = opened(self.sealer, tenant.id, state)
        if activation is None or activation.device_id is None or activation.unlock is not None:
            return await trail.refuse("activation_not_ours")
        shown = await shown_by_tpm(self.store, trail, activation, activation.device_id, secret)
        if isinstance(shown, Refused):
            return shown
        return await self._keep(trail, *shown)

    def _trail(self, tenant: Tenant, visitor: Visitor) -> Trail:
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.RENEW_DEVICE, Method.NONE)
        trail.aaguid = KEYSTEAD_TPM
        return trail

    async def _keep(self, trail: Trail, device: Device, user: User) -> Renewed | Refused:
        key = attestation_key(device.attestation_public).key
        issued = await self.authorities.issue(
            trail.tenant_id, key, device.tpm, KEYSTEAD_TPM, by=Actor(user), now=trail.at
        )
        renewed = device.certified(issued.serial, issued.expires_at)
        line = audited(
            self.entropy, "device.renewed", tenant=device.tenant_id, at=trail.at, by=Actor(user), target=device.id,
            name=device.name, serial=issued.serial,
        )  # fmt: skip
        match await self.store.write(Add(trail.granted()), Replace(renewed, device), line):
            case Written():
                return Renewed(renewed, issued, await self.terms(renewed, user))
            case Conflict(Replace()):
                return await trail.refuse("device_changed_meanwhile")
            case Conflict():
                return await trail.refuse_spent()
