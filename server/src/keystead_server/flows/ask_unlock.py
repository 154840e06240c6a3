"""A device asks that its person's wrong PINs be forgotten: its own half, for which nobody has to be signed in.

begin     what it wants signed → a secret for the TPM on record, or Refused
finish    → Asked: a code for its person to type elsewhere, and a ticket to come back with
collect   → Collected | Waiting | Refused

The other half, the person's, is `allow_unlock`. That the TPM on record asks is shown as at a renewal, so a copy of
the device's files, or whoever learnt its id, cannot put a question under its name.
"""

from dataclasses import dataclass
from datetime import datetime

from keystead_core.tpm.errors import TpmStructureInvalid, UnlockNotOurs
from keystead_core.tpm.pin_index import UnlockRequest
from keystead_core.webauthn.aaguids import KEYSTEAD_TPM
from keystead_core.wire import WireError, b64url_decode, b64url_encode

from keystead_server.domain.actor import Actor
from keystead_server.domain.device import Device
from keystead_server.domain.device_unlock import CODE_LENGTH, UNLOCK_LIFETIME, PendingUnlock, person_of
from keystead_server.domain.ids import AttemptId, DeviceId, TenantId
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.activation import Challenged, opened
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.auditing import audited
from keystead_server.flows.device_checks import DeviceRefused, standing
from keystead_server.flows.known_tpm import ask_known_tpm, shown_by_tpm
from keystead_server.flows.pass_codes import random_code
from keystead_server.flows.unlock_codes import unlock_digest
from keystead_server.ports.attestation import AttestationAuthorities
from keystead_server.ports.changes import Add, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.store import Store

_SEAL = "device-unlock"


@dataclass(frozen=True, slots=True)
class Asked:
    """Attributes:
    code: for the person, who types it into their account page.
    ticket: for the device; whoever has it may collect the signature, which is of use to its TPM alone.
    """

    code: str
    ticket: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Waiting:
    """The person has not said yes yet."""


@dataclass(frozen=True, slots=True)
class Collected:
    """Attributes:
    signature: DER; the one reset that was asked for.
    """

    signature: bytes


@dataclass(frozen=True, slots=True)
class AskUnlock:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    authorities: AttestationAuthorities

    async def begin(
        self, tenant: Tenant, visitor: Visitor, device_id: DeviceId, request: UnlockRequest
    ) -> Challenged | Refused:
        trail = self._trail(tenant, visitor)
        try:
            device, user = await standing(self.store, trail, device_id)
            await self.authorities.check_unlock(tenant.id, request, person_of(tenant.id, device.id, user.id))
        except DeviceRefused as refused:
            return await trail.refuse(refused.code, str(refused))
        except (UnlockNotOurs, TpmStructureInvalid) as error:
            return await trail.refuse(UnlockNotOurs.code, str(error))
        return ask_known_tpm(self.sealer, self.entropy, trail, device, unlock=request)

    async def finish(self, tenant: Tenant, visitor: Visitor, state: str, secret: bytes) -> Asked | Refused:
        trail = self._trail(tenant, visitor)
        activation = opened(self.sealer, tenant.id, state)
        if activation is None or activation.device_id is None or activation.unlock is None:
            return await trail.refuse("activation_not_ours")
        shown = await shown_by_tpm(self.store, trail, activation, activation.device_id, secret)
        if isinstance(shown, Refused):
            return shown
        device, user = shown
        # By their ids in order of time: an older question's answer, sent again, must not push out a newer one.
        overtaken = device.unlock is not None and device.unlock.id >= activation.id
        if overtaken or await self.store.logs.attempt(tenant.id, activation.id) is not None:
            return await trail.refuse_spent()
        return await self._ask(trail, device, user, activation.id, activation.unlock)

    async def collect(self, tenant: Tenant, visitor: Visitor, ticket: str) -> Collected | Waiting | Refused:
        trail = self._trail(tenant, visitor)
        ours = self._ticket(tenant.id, ticket)
        if ours is None:
            return await trail.refuse("unlock_over", "no ticket of ours")
        device_id, unlock_id = ours
        try:
            device, user = await standing(self.store, trail, device_id)
        except DeviceRefused as refused:
            return await trail.refuse(refused.code, str(refused))
        pending = device.unlock
        if pending is None or pending.id != unlock_id or pending.expires_at <= trail.at:
            return await trail.refuse("unlock_over")
        if pending.signature is None:
            return Waiting()
        line = self._line(trail, "device.unlock_collected", device, user)
        if not isinstance(await self.store.write(Replace(device.asking(None), device), line), Written):
            return await trail.refuse("device_changed_meanwhile")
        return Collected(pending.signature)

    async def _ask(
        self, trail: Trail, device: Device, user: User, unlock_id: AttemptId, request: UnlockRequest
    ) -> Asked | Refused:
        code = random_code(self.entropy, CODE_LENGTH)
        expires_at = trail.at + UNLOCK_LIFETIME
        # The row with this id is the person's to write.
        trail.id = AttemptId(self.entropy.new_id(trail.at))
        pending = PendingUnlock(unlock_id, unlock_digest(self.sealer, device.id, code), request, expires_at)
        # A question that was there before is forgotten, as the TPM has forgotten its session.
        line = self._line(trail, "device.unlock_asked", device, user)
        if not isinstance(await self.store.write(Replace(device.asking(pending), device), line), Written):
            return await trail.refuse("device_changed_meanwhile")
        said = f"{device.id} {unlock_id}".encode()
        ticket = self.sealer.seal(_SEAL, said, bound_to=trail.tenant_id.encode())
        return Asked(code, b64url_encode(ticket), expires_at)

    def _trail(self, tenant: Tenant, visitor: Visitor) -> Trail:
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.UNLOCK_DEVICE, Method.NONE)
        trail.aaguid = KEYSTEAD_TPM
        return trail

    def _line(self, trail: Trail, event: str, device: Device, user: User) -> Add:
        return audited(
            self.entropy, event, tenant=device.tenant_id, at=trail.at, by=Actor(user), target=device.id,
            name=device.name,
        )  # fmt: skip

    def _ticket(self, tenant: TenantId, ticket: str) -> tuple[DeviceId, AttemptId] | None:
        """What we sealed for a device of *tenant*; None for anything else."""
        try:
            said = self.sealer.open(_SEAL, b64url_decode(ticket), bound_to=tenant.encode())
        except (WireError, SealBroken):
            return None
        device, _, unlock = said.decode().partition(" ")
        return DeviceId(device), AttemptId(unlock)
