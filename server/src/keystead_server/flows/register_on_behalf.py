"""Register a passkey for somebody else, as an administrator who hands out security keys does.

begin    → options with a challenge for this person, by this administrator, for minutes to a month
finish   → Registered | Refused; the challenge is spent either way

A passkey that somebody else registered is a way into an account that its owner never made ("shadow
passkey"). So it says for good who registered it, the owner is told by mail and on their page until
they have said that they know of it, and it is counted apart.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from keystead_core.webauthn import (
    CeremonyError,
    MalformedResponse,
    ReceivedRegistration,
    VerifiedRegistration,
    parse_registration,
    verify_registration,
)
from keystead_core.wire import WireError, json_decode_object

from keystead_server.domain.actor import Actor
from keystead_server.domain.challenge import Challenge
from keystead_server.domain.ids import NOBODY, GroupId, PasskeyId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User, check_display_name
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.attempts import Refused, Trail, start_trail
from keystead_server.flows.auditing import audited
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.letters import Letters
from keystead_server.flows.new_passkeys import MAX_NAME_CHARACTERS, new_passkey
from keystead_server.flows.policies import PasskeyPolicies
from keystead_server.flows.registration_challenge import new_challenge
from keystead_server.flows.registration_checks import (
    MAX_PASSKEYS,
    NotOffered,
    has_hello_key_on,
    not_offered,
)
from keystead_server.flows.registration_options import expected_of, registration_options
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.flows.vouching import NotVouched, Vouch, Vouched, unproven
from keystead_server.policy.passkeys.decide import (
    Admitted,
    NotAdmitted,
    Operation,
    admit,
    may_register,
)
from keystead_server.policy.passkeys.model import Subject
from keystead_server.policy.permissions import Permission, check_reach, may
from keystead_server.ports.changes import Add, Conflict, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.store import Store

__all__ = ["NotOffered", "Offered", "RegisterOnBehalf", "Registered", "check_registrar"]

MIN_LIFETIME, MAX_LIFETIME = timedelta(minutes=5), timedelta(days=30)
DEFAULT_LIFETIME = MIN_LIFETIME
# How long a program waits at the authenticator, which is not how long the challenge is good.
_LONGEST_CEREMONY = timedelta(minutes=10)
# Of its own: what was sealed for a person's own registration is no answer here, nor the other way round.
_SEAL = "on-behalf-challenge"


@dataclass(frozen=True, slots=True)
class Offered:
    """Attributes:
    options: PublicKeyCredentialCreationOptionsJSON, as `publicKey` in Graph's reply.
    expires_at: Graph's `challengeTimeoutDateTime`.
    """

    options: Mapping[str, Any]
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Registered:
    passkey: Passkey


Offer: TypeAlias = Offered | NotOffered
Outcome: TypeAlias = Registered | Refused


@dataclass(frozen=True, slots=True)
class RegisterOnBehalf:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    policies: PasskeyPolicies
    relying_party: RelyingParty
    vouch: Vouch
    models: KnownModels
    letters: Letters

    async def begin(self, tenant: Tenant, by: Actor, user: User, *, lifetime: timedelta = DEFAULT_LIFETIME) -> Offer:
        """Options that *by* may have answered for *user* within *lifetime*. Nothing is stored.

        Raises:
            Invalid: *by* may not do this for *user*, or *lifetime* is under 5 minutes or over 30 days.
        """
        check_registrar(by, user)
        if not MIN_LIFETIME <= lifetime <= MAX_LIFETIME:
            raise Invalid(
                "challenge_lifetime_out_of_range",
                "a challenge is good for 5 minutes to 30 days (43,200 minutes)",
                target="challengeTimeoutInMinutes",
            )
        now = self.clock.now()
        policy = await self.policies.now(tenant.id)
        subject = await self._subject(user)
        refusal = await not_offered(self.store, self.models, policy, user, subject, self_service=False)
        if refusal is not None:
            return refusal
        challenge = new_challenge(self.entropy, tenant, user, now, lifetime)
        options = registration_options(
            self.relying_party,
            user,
            await self.store.passkeys.of_user(tenant.id, user.id),
            challenge=self.sealer.seal(_SEAL, challenge.to_bytes(), bound_to=_binding(by)),
            policy=policy,
            subject=subject,
            timeout=min(lifetime, _LONGEST_CEREMONY),
        )
        return Offered(options, challenge.expires_at)

    async def finish(
        self,
        tenant: Tenant,
        by: Actor,
        user: User,
        visitor: Visitor,
        *,
        display_name: str,
        payload: bytes | Mapping[str, Any],
    ) -> Outcome:
        """Judge what *by* brought for *user*, and keep the passkey as registered by them.

        *payload* is a RegistrationResponseJSON, or Graph's shorter `publicKeyCredential`. The caller has
        limited its size. *visitor* is from where it came, for the log.

        Raises:
            Invalid: *by* may not do this for *user*, or *display_name* cannot be one. Nothing is spent.
        """
        check_registrar(by, user)
        name = check_display_name(display_name, target="displayName")[:MAX_NAME_CHARACTERS]
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.REGISTER, Method.PASSKEY)
        trail.user_id, trail.username = user.id, user.username
        try:
            received = parse_registration(_as_webauthn(payload))
        except MalformedResponse as error:
            return await trail.refuse(error.code, str(error))
        trail.credential_id = received.credential_id[:1023]
        challenge = self._challenge(received, tenant, by, user)
        if challenge is None:
            return await trail.refuse("challenge_not_ours")
        trail.id = challenge.id
        if challenge.expires_at <= now:
            return await trail.refuse("challenge_expired")
        try:
            registration = verify_registration(received, expected_of(self.relying_party, received), now=now)
        except CeremonyError as error:
            return await trail.refuse(error.code, str(error))
        vouched = await self.vouch(tenant.id, registration, now=trail.at)
        if isinstance(vouched, NotVouched):
            trail.aaguid = registration.aaguid
            return await trail.refuse(vouched.code, vouched.detail)
        return await self._admit(self._passkey(registration, trail, by, user, name, vouched), trail, by, user)

    def _challenge(self, received: ReceivedRegistration, tenant: Tenant, by: Actor, user: User) -> Challenge | None:
        """What we sealed for this administrator, tenant, purpose *and* person; None for anything else."""
        try:
            opened = self.sealer.open(_SEAL, received.client_data.challenge, bound_to=_binding(by))
        except SealBroken:
            return None
        challenge = Challenge.from_bytes(opened)
        return challenge if challenge.tenant_id == tenant.id and challenge.for_user == user.id else None

    def _passkey(
        self, registration: VerifiedRegistration, trail: Trail, by: Actor, user: User, name: str, vouched: Vouched
    ) -> Passkey:
        return new_passkey(
            registration,
            id=PasskeyId(trail.id),
            owner=user,
            registered_by=by.id or NOBODY,
            name=name,
            vouched=vouched,
            at=trail.at,
        )

    async def _admit(self, passkey: Passkey, trail: Trail, by: Actor, user: User) -> Outcome:
        trail.aaguid, trail.proof = passkey.aaguid, passkey.proof.value
        # Asked again: within a month much can change, the number of passkeys and the policy among it.
        if len(await self.store.passkeys.of_user(user.tenant_id, user.id)) >= MAX_PASSKEYS:
            return await trail.refuse("too_many_passkeys")
        if passkey.device_id is not None and await has_hello_key_on(self.store, user, {passkey.device_id}):
            return await trail.refuse("hello_key_on_this_device")
        policy = await self.policies.now(user.tenant_id)
        subject = await self._subject(user)
        refusal = may_register(policy, subject, self_service=False)
        match refusal or admit(policy, subject, self.models.facts_of(passkey), Operation.REGISTER):
            case NotAdmitted() as against:
                return await trail.refuse_by_policy(unproven(against, passkey))
            case Admitted() as admitted:
                trail.profile = admitted.name
                return await self._keep(passkey, trail, by, user)

    async def _keep(self, passkey: Passkey, trail: Trail, by: Actor, user: User) -> Outcome:
        written = await self.store.write(
            Add(trail.granted()),
            Add(passkey),
            audited(
                self.entropy, "passkey.registered_on_behalf", tenant=passkey.tenant_id, at=trail.at, by=by,
                target=user.id, passkey=passkey.id, user=user.username, name=passkey.name,
                aaguid=str(passkey.aaguid), proof=passkey.proof.value,
            ),
            # Nothing weaker is retired here, as it is when people register themselves: who was given a
            # passkey may not hold it yet.
            *self.letters.to(
                user, Occasion.PASSKEY_REGISTERED_ON_BEHALF, at=trail.at, name=passkey.name, by=by.called,
            ),
        )  # fmt: skip
        match written:
            case Written():
                return Registered(passkey)
            case Conflict(Add(Passkey())):
                return await trail.refuse("passkey_already_registered")
            case Conflict():
                return await trail.refuse_spent()

    async def _subject(self, user: User) -> Subject:
        groups = await self.store.users.groups_of(user.tenant_id, user.id)
        return Subject.of(user, frozenset(GroupId(group.id) for group in groups))


def check_registrar(by: Actor, user: User) -> None:
    """Return when *by* may register passkeys for *user*.

    Raises:
        Invalid: it is their own account, they may not at all, *user* administers and they do not, or *user*
            has a role and *by* is an app by itself.
    """
    check_reach(by, user)
    if by.user is None:
        return
    # This door asks for no fresh sign-in, so it must not lead around the one that does.
    if by.user.id == user.id:
        raise Invalid("own_passkey", "register your own passkeys on the page of your account")
    if not may(by.user, Permission.REGISTER_PASSKEYS) or by.user.tenant_id != user.tenant_id:
        raise Invalid("not_allowed", "this account may not register passkeys for others")
    # Whoever may help people may not become an administrator by it.
    if user.roles and not by.user.is_administrator:
        raise Invalid(
            "passkey_of_administrator", "only a Global Administrator can register a passkey for an administrator"
        )


def _binding(by: Actor) -> bytes:
    return b"operator" if by.id is None else by.id.encode()


def _as_webauthn(payload: bytes | Mapping[str, Any]) -> Mapping[str, Any]:
    """A RegistrationResponseJSON, also out of Graph's `publicKeyCredential`, which has no `rawId` and no `type`.

    Raises:
        MalformedResponse: it is not a JSON object.
    """
    try:
        members = json_decode_object(payload) if isinstance(payload, bytes) else payload
    except WireError as error:
        raise MalformedResponse(str(error)) from None
    if "rawId" in members or "type" in members or "id" not in members:
        return members
    return {**members, "rawId": members["id"], "type": "public-key"}
