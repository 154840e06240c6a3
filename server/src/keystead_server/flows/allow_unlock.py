"""A person allows a device of theirs to forget wrong PINs: signed in anew, and not by that device.

allow     → Allowed | Refused; the device collects the signature itself (`ask_unlock`)

The statement is one reset, of one person's count, on one chip, for the minutes that the chip waits: it is what
they typed the device's code for, and nothing else.
"""

from dataclasses import dataclass, replace
from hmac import compare_digest

from keystead_core.webauthn.aaguids import KEYSTEAD_TPM

from keystead_server.domain.actor import Actor
from keystead_server.domain.device import Device, refusal_of
from keystead_server.domain.device_unlock import PendingUnlock, normal_code, person_of
from keystead_server.domain.letter import Occasion
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.auditing import audited
from keystead_server.flows.held_methods import HeldMethods
from keystead_server.flows.letters import Letters
from keystead_server.flows.unlock_codes import unlock_digest
from keystead_server.policy.methods.step_up import against_adding
from keystead_server.ports.attestation import AttestationAuthorities
from keystead_server.ports.changes import Add, Conflict, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import SessionOwner, Store


@dataclass(frozen=True, slots=True)
class Allowed:
    device: Device


@dataclass(frozen=True, slots=True)
class AllowUnlock:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    authorities: AttestationAuthorities
    held: HeldMethods
    letters: Letters

    async def allow(self, owner: SessionOwner, visitor: Visitor, typed: str) -> Allowed | Refused:
        """Sign what the device whose code was *typed* asks for."""
        tenant, user, now = owner.user.tenant_id, owner.user, self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant, visitor, now, Purpose.UNLOCK_DEVICE, Method.NONE)
        trail.user_id, trail.username, trail.aaguid = user.id, user.username, KEYSTEAD_TPM
        if not owner.session.is_fresh(now):
            return await trail.refuse("sign_in_not_fresh")
        found = await self._asking(owner, typed)
        if found is None:
            return await trail.refuse("unlock_code_unknown")
        device, pending = found
        against = refusal_of(device.state) or await self._against(owner, device)
        if against is None and pending.expires_at <= now:
            against = "unlock_over"
        if against is not None:
            return await trail.refuse(against)
        trail.id = pending.id
        person = person_of(tenant, device.id, user.id)
        signature = await self.authorities.sign_unlock(tenant, pending.request, person)
        return await self._keep(trail, owner, device, pending.allowed(signature))

    async def _asking(self, owner: SessionOwner, typed: str) -> tuple[Device, PendingUnlock] | None:
        """The device of this person, and nobody else's, that shows this code."""
        code = normal_code(typed)
        for device in await self.store.devices.of_user(owner.user.tenant_id, owner.user.id):
            pending = device.unlock
            digest = unlock_digest(self.sealer, device.id, code)
            if pending is not None and pending.signature is None and compare_digest(pending.digest, digest):
                return device, pending
        return None

    async def _against(self, owner: SessionOwner, device: Device) -> str | None:
        """Why this sign-in does not speak for *device*."""
        held = await self.held.of(owner.user, owner.groups)
        elsewhere = tuple(passkey for passkey in held.usable if not _may_be_in(passkey, device))
        # A finger still opens a container whose PIN is locked. What is locked cannot speak for itself, nor can a
        # passkey that is on no record any more: it could have been that computer's until a moment ago.
        others = {passkey.id for passkey in held.passkeys if not _may_be_in(passkey, device)}
        if owner.session.passkey_id is not None and owner.session.passkey_id not in others:
            return "signed_in_by_this_device"
        # A pass is for who has no other way in; a passkey that is locked up is none.
        has_way_in = replace(held, usable=elsewhere).way_in
        return against_adding(owner.session, self.clock.now(), has_way_in=has_way_in)

    async def _keep(
        self, trail: Trail, owner: SessionOwner, device: Device, pending: PendingUnlock
    ) -> Allowed | Refused:
        line = audited(
            self.entropy, "device.unlock_allowed", tenant=device.tenant_id, at=trail.at, by=Actor(owner.user),
            target=device.id, name=device.name,
        )  # fmt: skip
        letters = self.letters.to(owner.user, Occasion.DEVICE_UNLOCKED, at=trail.at, name=device.name)
        kept = Replace(device.asking(pending), device)
        match await self.store.write(Add(trail.granted()), kept, line, *letters):
            case Written():
                return Allowed(device)
            case Conflict(Replace()):
                return await trail.refuse("device_changed_meanwhile")
            case Conflict():
                return await trail.refuse_spent()


def _may_be_in(passkey: Passkey, device: Device) -> bool:
    """Whether its key is in *device*, or in a container of which no chip is known, which may be that one's."""
    return passkey.device_id == device.id or (passkey.device_id is None and passkey.aaguid == KEYSTEAD_TPM)
