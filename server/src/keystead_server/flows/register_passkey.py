"""Register a passkey for the person who is signed in.

begin    → options for `navigator.credentials.create`, or why this person cannot register one
finish   → Registered | Refused; the challenge is spent either way
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from keystead_core.webauthn import (
    DEFAULT_OFFERED_ALGORITHMS,
    CeremonyError,
    CredentialDescriptor,
    MalformedResponse,
    ReceivedRegistration,
    RegistrationExpectation,
    UserEntity,
    VerifiedRegistration,
    creation_options,
    parse_registration,
    verify_registration,
)

from keystead_server.domain.actor import Actor
from keystead_server.domain.challenge import CHALLENGE_LIFETIME, Challenge
from keystead_server.domain.ids import AttemptId, PasskeyId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.passkey import Passkey, PasskeyType, Proof
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import check_display_name
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.auditing import audited
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import MethodsPolicies, PasskeyPolicies
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.flows.retiring import retirement
from keystead_server.policy.passkeys.decide import (
    Admitted,
    NotAdmitted,
    Operation,
    admit,
    algorithms_allowed,
    may_register,
)
from keystead_server.policy.passkeys.model import Subject
from keystead_server.ports.changes import Add, Conflict, Remove, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.metadata import model_name
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.store import SessionOwner, Store
from keystead_server.ports.trust import TrustAnchors

_SEAL = "registration-challenge"
MAX_PASSKEYS = 50


@dataclass(frozen=True, slots=True)
class Offered:
    """Options for the browser."""

    options: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Why this person cannot register a passkey now; said before the browser prompts.

    Attributes:
        code: `sign_in_not_fresh`, `too_many_passkeys`, or a rule of the passkey policy.
        policy: what the passkey policy has against it, when that is why.
    """

    code: str
    policy: NotAdmitted | None = None


@dataclass(frozen=True, slots=True)
class Registered:
    """Attributes:
    in_this_device: the browser says that the passkey lives in its own device, not in a key or a telephone.
    """

    passkey: Passkey
    in_this_device: bool = False


Offer: TypeAlias = Offered | NotOffered
Outcome: TypeAlias = Registered | Refused


@dataclass(frozen=True, slots=True)
class RegisterPasskey:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    policies: PasskeyPolicies
    relying_party: RelyingParty
    trust_anchors: TrustAnchors
    models: KnownModels
    methods: MethodsPolicies

    async def begin(self, tenant: Tenant, visitor: Visitor, owner: SessionOwner) -> Offer:
        now = self.clock.now()
        if not owner.session.is_fresh(now):
            return NotOffered("sign_in_not_fresh")
        policy = await self.policies.at(tenant.id, owner.policy_version)
        subject = Subject.of(owner.user, owner.groups)
        refusal = may_register(policy, subject, self_service=True)
        if refusal is not None:
            return NotOffered(refusal.code, refusal)
        algorithms = algorithms_allowed(policy, subject, DEFAULT_OFFERED_ALGORITHMS)
        if not algorithms:
            return NotOffered("no_algorithm_left")
        existing = await self.store.passkeys.of_user(tenant.id, owner.user.id)
        if len(existing) >= MAX_PASSKEYS:
            return NotOffered("too_many_passkeys")
        challenge = Challenge(
            id=AttemptId(self.entropy.new_id(now)),
            tenant_id=tenant.id,
            purpose=Purpose.REGISTER,
            expires_at=now + CHALLENGE_LIFETIME,
            for_user=owner.user.id,
        )
        return Offered(
            creation_options(
                challenge=self.sealer.seal(_SEAL, challenge.to_bytes(), bound_to=visitor.browser),
                rp_id=self.relying_party.rp_id,
                rp_name=self.relying_party.name,
                user=UserEntity(owner.user.handle, owner.user.username, owner.user.display_name),
                algorithms=algorithms,
                exclude=[CredentialDescriptor(p.credential_id, p.transports) for p in existing],
                timeout=CHALLENGE_LIFETIME,
                # Without it browsers blank the model's id, and lists of models need that too.
                attestation="direct",
            )
        )

    async def finish(
        self, tenant: Tenant, visitor: Visitor, owner: SessionOwner, payload: bytes, name: str = ""
    ) -> Outcome:
        """Judge a RegistrationResponseJSON and keep the passkey.

        The caller has limited its size. *name* is what the person calls it; empty means we name it.
        """
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.REGISTER, Method.PASSKEY)
        trail.user_id, trail.username = owner.user.id, owner.user.username
        # The challenge alone would let somebody with a pass go on for longer than the pass's ten minutes.
        if owner.session.used(Method.TEMPORARY_ACCESS_PASS) and not owner.session.is_fresh(now):
            return await trail.refuse("sign_in_not_fresh")
        try:
            received = parse_registration(payload)
        except MalformedResponse as error:
            return await trail.refuse(error.code, str(error))
        trail.credential_id = received.credential_id[:1023]
        challenge = self._challenge(received, tenant, visitor, owner)
        if challenge is None:
            return await trail.refuse("challenge_not_ours")
        trail.id = challenge.id
        if challenge.expires_at <= now:
            return await trail.refuse("challenge_expired")
        try:
            registration = self._verify(received, now)
        except CeremonyError as error:
            return await trail.refuse(error.code, str(error))
        kept = await self._admit(tenant, owner, registration, trail, name)
        if isinstance(kept, Registered) and received.authenticator_attachment == "platform":
            return replace(kept, in_this_device=True)
        return kept

    def _challenge(
        self, received: ReceivedRegistration, tenant: Tenant, visitor: Visitor, owner: SessionOwner
    ) -> Challenge | None:
        """What we sealed for this browser, tenant, purpose *and user*; None for anything else."""
        try:
            opened = self.sealer.open(_SEAL, received.client_data.challenge, bound_to=visitor.browser)
        except SealBroken:
            return None
        challenge = Challenge.from_bytes(opened)
        ours = (
            challenge.tenant_id == tenant.id
            and challenge.purpose is Purpose.REGISTER
            and challenge.for_user == owner.user.id
        )
        return challenge if ours else None

    def _verify(self, received: ReceivedRegistration, now: datetime) -> VerifiedRegistration:
        expected = RegistrationExpectation(
            challenge=received.client_data.challenge,
            origins=self.relying_party.origins,
            rp_id=self.relying_party.rp_id,
            algorithms=DEFAULT_OFFERED_ALGORITHMS,
        )
        return verify_registration(received, expected, now=now)

    async def _admit(
        self, tenant: Tenant, owner: SessionOwner, registration: VerifiedRegistration, trail: Trail, name: str
    ) -> Outcome:
        passkey = self._passkey(owner, registration, trail, name)
        trail.aaguid, trail.proof = passkey.aaguid, passkey.proof.value
        # Asked again: somebody may hold more than one challenge.
        if len(await self.store.passkeys.of_user(tenant.id, owner.user.id)) >= MAX_PASSKEYS:
            return await trail.refuse("too_many_passkeys")
        policy = await self.policies.at(tenant.id, owner.policy_version)
        subject = Subject.of(owner.user, owner.groups)
        refusal = may_register(policy, subject, self_service=True)
        match refusal or admit(policy, subject, self.models.facts_of(passkey), Operation.REGISTER):
            case NotAdmitted() as against:
                return await trail.refuse_by_policy(against)
            case Admitted() as admitted:
                trail.profile = admitted.name
                return await self._keep(trail, owner, passkey)

    def _passkey(self, owner: SessionOwner, registration: VerifiedRegistration, trail: Trail, name: str) -> Passkey:
        attestation = registration.attestation
        trusted = bool(attestation.trust_path) and self.trust_anchors.trusts(
            registration.aaguid, attestation.trust_path, now=trail.at
        )
        return Passkey(
            id=PasskeyId(trail.id),
            tenant_id=owner.user.tenant_id,
            user_id=owner.user.id,
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
            proof=_proof(backup_eligible=registration.backup_eligible, trusted=trusted),
            name=_name(name, registration, model_name(self.models.metadata, registration.aaguid)),
            created_at=trail.at,
            registered_by=owner.user.id,
        )

    async def _keep(self, trail: Trail, owner: SessionOwner, passkey: Passkey) -> Outcome:
        policy = await self.methods.at(passkey.tenant_id, owner.policy_version)
        retired = await retirement(self.store, self.entropy, policy, owner.user, at=trail.at, by=Actor(owner.user))
        written = await self.store.write(
            Add(trail.granted()),
            Add(passkey),
            audited(
                self.entropy, "passkey.registered", tenant=passkey.tenant_id, at=trail.at, by=Actor(owner.user),
                target=owner.user.id, passkey=passkey.id, user=owner.user.username, name=passkey.name,
                aaguid=str(passkey.aaguid), proof=passkey.proof.value,
            ),
            *retired,
        )  # fmt: skip
        match written:
            case Written():
                return Registered(passkey)
            # §7.1: "Verify that the credentialId is not yet registered for any user."
            case Conflict(Add(Passkey())):
                return await trail.refuse("passkey_already_registered")
            case Conflict(Remove()):
                # What was to be retired was changed or removed meanwhile: look again.
                return await self._keep(trail, owner, passkey)
            case Conflict():
                return await trail.refuse_spent()


def _proof(*, backup_eligible: bool, trusted: bool) -> Proof:
    if backup_eligible:
        return Proof.NONE
    return Proof.ATTESTED if trusted else Proof.CLAIMED


def _name(chosen: str, registration: VerifiedRegistration, model: str | None) -> str:
    if chosen.strip():
        try:
            return check_display_name(chosen)[:64]
        except Invalid:
            # A bad name must not cost the person the passkey they just made; they can rename it.
            pass
    if model is not None:
        return model[:64]
    kind = PasskeyType.SYNCED if registration.backup_eligible else PasskeyType.DEVICE_BOUND
    return "Synced passkey" if kind is PasskeyType.SYNCED else "Passkey on a device"
