"""Register a passkey for the person who is signed in.

begin      → options for `navigator.credentials.create`, or why this person cannot register one
finish     → Registered | Refused; the challenge is spent either way

With conditional mediation (docs/decisions/0010) the browser may make a passkey without a gesture. Its
challenge is sealed as such, goes only to somebody who has no passkey and signed in without one, and
only what answers it may lack the flags of presence and verification.
"""

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from keystead_core.webauthn import (
    CeremonyError,
    MalformedResponse,
    ReceivedRegistration,
    VerifiedRegistration,
    parse_registration,
    verify_registration,
)

from keystead_server.domain.actor import Actor
from keystead_server.domain.challenge import CHALLENGE_LIFETIME
from keystead_server.domain.ids import PasskeyId
from keystead_server.domain.letter import Occasion
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_facts import REGISTRATION
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.auditing import audited
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.letters import Letters
from keystead_server.flows.new_passkeys import new_passkey, passkey_name
from keystead_server.flows.policies import MethodsPolicies, PasskeyPolicies
from keystead_server.flows.registration_challenge import new_challenge, open_challenge, seal_challenge
from keystead_server.flows.registration_checks import (
    MAX_PASSKEYS,
    NotOffered,
    devices_here,
    has_hello_key_on,
    not_offered,
)
from keystead_server.flows.registration_options import expected_of, registration_options
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.flows.retiring import retirement
from keystead_server.flows.vouching import NotVouched, Vouch, Vouched, unproven
from keystead_server.policy.passkeys.decide import (
    Admitted,
    NotAdmitted,
    Operation,
    admit,
    may_register,
)
from keystead_server.policy.passkeys.model import Subject
from keystead_server.ports.changes import Add, Conflict, Remove, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.metadata import model_name
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import SessionOwner, Store

__all__ = ["MAX_PASSKEYS", "NotOffered", "Offer", "Offered", "Outcome", "RegisterPasskey", "Registered"]


@dataclass(frozen=True, slots=True)
class Offered:
    """Options for the browser."""

    options: Mapping[str, Any]


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
    vouch: Vouch
    models: KnownModels
    methods: MethodsPolicies
    letters: Letters
    gate: AccessGate

    async def begin(
        self,
        tenant: Tenant,
        visitor: Visitor,
        owner: SessionOwner,
        *,
        conditional: bool = False,
        known_here: Set[PasskeyId] = frozenset(),
        elsewhere: bool = False,
    ) -> Offer:
        """Options for the browser.

        Args:
            conditional: for `create()` with that mediation.
            known_here: passkeys that the browser's cookie says live in its device.
            elsewhere: in a security key or another device, whatever this one holds.
        """
        now = self.clock.now()
        if not owner.session.is_fresh(now):
            return NotOffered("sign_in_not_fresh")
        ruling = await self.gate.of_session(owner, visitor, REGISTRATION)
        if ruling.code is not None:
            return NotOffered(ruling.code)
        policy = await self.policies.at(tenant.id, owner.policy_version)
        subject = Subject.of(owner.user, owner.groups)
        refusal = await not_offered(self.store, self.models, policy, owner.user, subject, self_service=True)
        if refusal is not None:
            return refusal
        existing = await self.store.passkeys.of_user(tenant.id, owner.user.id)
        if conditional and not may_be_conditional(owner, existing):
            return NotOffered("conditional_not_offered")
        here = frozenset() if elsewhere else devices_here(existing, owner.session, known_here)
        if await has_hello_key_on(self.store, owner.user, here):
            return NotOffered("hello_key_on_this_device")
        challenge = new_challenge(self.entropy, tenant, owner.user, now, CHALLENGE_LIFETIME)
        return Offered(
            registration_options(
                self.relying_party,
                owner.user,
                existing,
                challenge=seal_challenge(self.sealer, challenge, visitor, conditional=conditional),
                policy=policy,
                subject=subject,
                timeout=CHALLENGE_LIFETIME,
                elsewhere=elsewhere,
                conditional=conditional,
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
        opened = open_challenge(self.sealer, received.client_data.challenge, tenant, visitor, owner)
        if opened is None:
            return await trail.refuse("challenge_not_ours")
        challenge, conditional = opened
        trail.id = challenge.id
        if challenge.expires_at <= now:
            return await trail.refuse("challenge_expired")
        ruling = await self.gate.of_session(owner, visitor, REGISTRATION)
        if ruling.code is not None:
            return await trail.refuse_access(ruling)
        trail.access = ruling.record
        try:
            registration = self._verify(received, now, conditional=conditional)
        except CeremonyError as error:
            return await trail.refuse(error.code, str(error))
        kept = await self._admit(tenant, owner, registration, trail, name, conditional=conditional)
        if isinstance(kept, Registered) and received.authenticator_attachment == "platform":
            return replace(kept, in_this_device=True)
        return kept

    def _verify(self, received: ReceivedRegistration, now: datetime, *, conditional: bool) -> VerifiedRegistration:
        expected = expected_of(self.relying_party, received)
        return verify_registration(
            received, expected.with_conditional_mediation() if conditional else expected, now=now
        )

    async def _admit(
        self, tenant: Tenant, owner: SessionOwner, registration: VerifiedRegistration, trail: Trail, name: str,
        *, conditional: bool,
    ) -> Outcome:  # fmt: skip
        vouched = await self.vouch(tenant.id, registration, now=trail.at)
        if isinstance(vouched, NotVouched):
            trail.aaguid = registration.aaguid
            return await trail.refuse(vouched.code, vouched.detail)
        passkey = self._passkey(owner, registration, trail, name, vouched)
        trail.aaguid, trail.proof = passkey.aaguid, passkey.proof.value
        # Asked again: somebody may hold more than one challenge.
        existing = await self.store.passkeys.of_user(tenant.id, owner.user.id)
        if len(existing) >= MAX_PASSKEYS:
            return await trail.refuse("too_many_passkeys")
        if conditional and not may_be_conditional(owner, existing):
            return await trail.refuse("conditional_not_offered")
        # Known for certain only here, where the key itself shows in which computer's chip it was made.
        if vouched.device is not None and await has_hello_key_on(self.store, owner.user, {vouched.device.id}):
            return await trail.refuse("hello_key_on_this_device")
        policy = await self.policies.at(tenant.id, owner.policy_version)
        subject = Subject.of(owner.user, owner.groups)
        refusal = may_register(policy, subject, self_service=True)
        match refusal or admit(policy, subject, self.models.facts_of(passkey), Operation.REGISTER):
            case NotAdmitted() as against:
                return await trail.refuse_by_policy(unproven(against, passkey))
            case Admitted() as admitted:
                trail.profile = admitted.name
                return await self._keep(trail, owner, passkey)

    def _passkey(
        self, owner: SessionOwner, registration: VerifiedRegistration, trail: Trail, name: str, vouched: Vouched
    ) -> Passkey:
        return new_passkey(
            registration,
            id=PasskeyId(trail.id),
            owner=owner.user,
            registered_by=owner.user.id,
            name=passkey_name(
                name,
                model=model_name(self.models.metadata, registration.aaguid),
                synced=registration.backup_eligible,
                on_this_device=registration.authenticator_attachment == "platform",
                user_agent=trail.visitor.user_agent,
            ),
            vouched=vouched,
            at=trail.at,
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
                aaguid=str(passkey.aaguid), proof=passkey.proof.value, device=passkey.device_id or "",
            ),
            *retired.changes,
            *self.letters.to(
                owner.user, Occasion.PASSKEY_REGISTERED, at=trail.at, name=passkey.name, retired=",".join(retired.nouns),
            ),
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


def may_be_conditional(owner: SessionOwner, existing: Sequence[Passkey]) -> bool:
    """Whether a passkey may be made for them without a gesture: the first, after signing in without one.

    Whoever has a passkey can make the gesture; a session that was stolen from them must not add another
    without it.
    """
    return not existing and not owner.session.used(Method.PASSKEY)
