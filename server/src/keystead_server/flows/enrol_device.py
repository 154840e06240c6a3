"""Enrol a device: a person asks for a code, and a TPM shows that it is one.

offer    → a code for the person who is signed in, or why not
begin    → a secret for this TPM alone, or Refused
finish   → Enrolled | Refused; the code is spent either way

What is refused at the beginning leaves the code as it is: the device may come back with other papers.
"""

from dataclasses import dataclass, replace
from hmac import compare_digest

from keystead_core.webauthn.aaguids import KEYSTEAD_TPM
from keystead_core.wire import WireError, b64url_decode, b64url_encode

from keystead_server.domain.actor import Actor
from keystead_server.domain.device import Device, DeviceState, FirstUse
from keystead_server.domain.enrolment import (
    ACTIVATION_LIFETIME,
    CODE_LIFETIME,
    Activation,
    EnrolmentCode,
    Introduction,
)
from keystead_server.domain.ids import AttemptId, DeviceId, TenantId
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.activation import SECRET_BYTES, Challenged, challenge, digest_of, opened
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.auditing import audited
from keystead_server.flows.device_checks import (
    DeviceRefused,
    Presented,
    attestation_key,
    endorsement_key,
    introduced,
    known_device,
    person,
)
from keystead_server.flows.device_terms import DeviceTerms, SetTerms
from keystead_server.ports.attestation import AttestationAuthorities, IssuedCertificate, TpmMakers
from keystead_server.ports.changes import Add, Conflict, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.store import SessionOwner, Store

_SEAL = "device-enrolment-code"
MAX_DEVICES = 50


@dataclass(frozen=True, slots=True)
class Offered:
    """A code that works once, for ten minutes, for one tenant and one person."""

    code: str


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Attributes:
    code: `sign_in_not_fresh` or `too_many_devices`.
    """

    code: str


@dataclass(frozen=True, slots=True)
class Enrolled:
    device: Device
    certificate: IssuedCertificate
    terms: DeviceTerms


@dataclass(frozen=True, slots=True)
class EnrolDevice:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    makers: TpmMakers
    authorities: AttestationAuthorities
    first_use: FirstUse
    terms: SetTerms

    async def offer(self, owner: SessionOwner) -> Offered | NotOffered:
        """A code for the person who is signed in; it asks of them what registering a passkey asks."""
        now, user = self.clock.now(), owner.user
        if not owner.session.is_fresh(now):
            return NotOffered("sign_in_not_fresh")
        if len(await self.store.devices.of_user(user.tenant_id, user.id)) >= MAX_DEVICES:
            return NotOffered("too_many_devices")
        code = EnrolmentCode(AttemptId(self.entropy.new_id(now)), user.id, now + CODE_LIFETIME)
        await self.store.write(
            audited(
                self.entropy, "enrolment_code.issued", tenant=user.tenant_id, at=now, by=Actor(user), target=user.id,
                code=code.id, expires_at=code.expires_at.isoformat(),
            )
        )  # fmt: skip
        sealed = self.sealer.seal(_SEAL, code.to_bytes(), bound_to=user.tenant_id.encode())
        return Offered(b64url_encode(sealed))

    async def begin(self, tenant: Tenant, visitor: Visitor, code: str, presented: Presented) -> Challenged | Refused:
        """Look at what a device presents, and make a secret that only its TPM can read."""
        trail = self._trail(tenant, visitor)
        told = self._code(tenant.id, code)
        if told is None:
            return await trail.refuse("enrolment_code_invalid")
        trail.user_id = told.user_id
        if told.expires_at <= trail.at:
            return await trail.refuse("enrolment_code_expired")
        if await self.store.logs.attempt(tenant.id, told.id) is not None:
            return await trail.refuse("enrolment_code_spent")
        try:
            trail.username = (await person(self.store, tenant.id, told.user_id)).username
            introduction = introduced(presented, self.makers, self.first_use, now=trail.at)
            await known_device(self.store, tenant.id, introduction, told.user_id)
        except DeviceRefused as refused:
            return await trail.refuse(refused.code, str(refused))
        return self._challenge(tenant.id, told, introduction, trail)

    async def finish(self, tenant: Tenant, visitor: Visitor, state: str, secret: bytes) -> Enrolled | Refused:
        """Judge what the TPM gave back, and certify its attestation key."""
        trail = self._trail(tenant, visitor)
        activation = opened(self.sealer, tenant.id, state)
        if activation is None or activation.introduction is None:
            return await trail.refuse("activation_not_ours")
        trail.id, trail.user_id = activation.id, activation.user_id
        if activation.expires_at <= trail.at:
            return await trail.refuse("activation_expired")
        # Nobody but the TPM with this endorsement key can know it, and only with this attestation key in it.
        if not compare_digest(secret, activation.secret):
            return await trail.refuse("activation_failed")
        try:
            user = await person(self.store, tenant.id, activation.user_id)
            known = await known_device(self.store, tenant.id, activation.introduction, user.id)
        except DeviceRefused as refused:
            return await trail.refuse(refused.code, str(refused))
        trail.username = user.username
        return await self._keep(trail, activation.introduction, user, known)

    def _trail(self, tenant: Tenant, visitor: Visitor) -> Trail:
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.ENROL_DEVICE, Method.NONE)
        trail.aaguid = KEYSTEAD_TPM
        return trail

    def _code(self, tenant: TenantId, code: str) -> EnrolmentCode | None:
        """What we sealed for somebody of *tenant*; None for anything else."""
        try:
            return EnrolmentCode.from_bytes(self.sealer.open(_SEAL, b64url_decode(code), bound_to=tenant.encode()))
        except (WireError, SealBroken):
            return None

    def _challenge(self, tenant: TenantId, code: EnrolmentCode, introduction: Introduction, trail: Trail) -> Challenged:
        activation = Activation(
            id=code.id,
            expires_at=trail.at + ACTIVATION_LIFETIME,
            secret=self.entropy.token(SECRET_BYTES),
            user_id=code.user_id,
            introduction=introduction,
        )
        endorsement, attestation = introduction.endorsement_public, introduction.attestation_public
        return challenge(self.sealer, self.entropy, tenant, activation, endorsement, attestation)

    async def _keep(self, trail: Trail, said: Introduction, user: User, known: Device | None) -> Enrolled | Refused:
        attestation = attestation_key(said.attestation_public)
        issued = await self.authorities.issue(
            trail.tenant_id, attestation.key, said.tpm, KEYSTEAD_TPM, by=Actor(user), now=trail.at
        )
        device = Device(
            id=DeviceId(self.entropy.new_id(trail.at)),
            tenant_id=trail.tenant_id,
            name=said.name,
            endorsement_digest=digest_of(endorsement_key(said.endorsement_public).key),
            endorsement_public=said.endorsement_public,
            trust=said.trust,
            tpm=said.tpm,
            firmware=said.firmware,
            attestation_digest=digest_of(attestation.key),
            attestation_name=attestation.name,
            attestation_public=said.attestation_public,
            certificate_serial=issued.serial,
            certificate_expires_at=issued.expires_at,
            state=DeviceState.ENABLED,
            enrolled_by=user.id,
            enrolled_at=trail.at,
        )
        if known is not None:
            device = replace(device, id=known.id)
        line = audited(
            self.entropy, "device.enrolled", tenant=device.tenant_id, at=trail.at, by=Actor(user), target=device.id,
            name=device.name, trust=device.trust.value, manufacturer=device.tpm.manufacturer, model=device.tpm.model,
            serial=issued.serial,
        )  # fmt: skip
        kept = Add(device) if known is None else Replace(device, known)
        match await self.store.write(Add(trail.granted()), kept, line):
            case Written():
                return Enrolled(device, issued, await self.terms(device, user))
            # Somebody enrolled the same key, or disabled the device, since we looked.
            case Conflict(Add(Device()) | Replace()):
                return await trail.refuse("device_changed_meanwhile")
            case Conflict():
                return await trail.refuse_spent()
