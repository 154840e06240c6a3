"""Sign in with a passkey: hand out a challenge, then judge the answer.

begin    → options for `navigator.credentials.get`; nothing is stored
finish   → SignedIn | Refused; exactly one row in the sign-in log either way
"""

from dataclasses import dataclass
from typing import Any, TypeAlias

from keystead_core.cose import CoseError, CosePublicKey, parse_cose_key
from keystead_core.fast_init import fast_init
from keystead_core.webauthn import (
    AssertionExpectation,
    CeremonyError,
    MalformedResponse,
    ReceivedAssertion,
    StoredCredential,
    VerifiedAssertion,
    parse_assertion,
    request_options,
    verify_assertion,
)

from keystead_server.domain.challenge import CHALLENGE_LIFETIME, Challenge
from keystead_server.domain.device import refusal_of
from keystead_server.domain.ids import NOBODY, AttemptId, SessionId, UserId
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.domain.session import SESSION_LIFETIME, Session
from keystead_server.domain.sign_in import Method, Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.access_gate import AccessGate
from keystead_server.flows.attempts import MAX_AGENT_CHARACTERS, Refused, Trail, start_trail
from keystead_server.flows.emergency import EmergencyAlarm
from keystead_server.flows.known_models import KnownModels
from keystead_server.flows.policies import PasskeyPolicies
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.policy.passkeys.decide import Admitted, NotAdmitted, Operation, admit
from keystead_server.policy.passkeys.model import Subject
from keystead_server.ports.changes import Add, Conflict, PasskeyUsed, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.store import PasskeyOwner, SessionOwner, Store

_SEAL = "challenge"


@fast_init
@dataclass(frozen=True, slots=True)
class SignedIn:
    """Attributes:
    passkey: as it was before this use.
    owner: the session as the next request will read it.
    in_this_device: the browser says that the passkey lives in its own device, not in a key or a telephone.
    """

    session: Session
    user: User
    passkey: Passkey
    owner: SessionOwner
    in_this_device: bool


Outcome: TypeAlias = SignedIn | Refused


@dataclass(frozen=True, slots=True)
class SignIn:
    """The verb, with what it needs."""

    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    policies: PasskeyPolicies
    relying_party: RelyingParty
    keys: "ParsedKeys"
    models: KnownModels
    gate: AccessGate
    alarm: EmergencyAlarm

    async def begin(self, tenant: Tenant, visitor: Visitor, username: str | None = None) -> dict[str, Any]:
        """Options for the browser. Somebody who is not known gets an answer that cannot be told from a known one's."""
        now = self.clock.now()
        named = None if username is None else await self._named(tenant, username)
        challenge = Challenge(
            id=AttemptId(self.entropy.new_id(now)),
            tenant_id=tenant.id,
            purpose=Purpose.SIGN_IN,
            expires_at=now + CHALLENGE_LIFETIME,
            for_user=named,
        )
        # Never a list of passkeys, not even for somebody who was named: how many ids there are, their
        # lengths and their transports would tell who has an account. We register discoverable passkeys
        # only, so none is needed; whom the challenge is for is sealed into it and checked at the answer.
        return request_options(
            challenge=self.sealer.seal(_SEAL, challenge.to_bytes(), bound_to=visitor.browser),
            rp_id=self.relying_party.rp_id,
            timeout=CHALLENGE_LIFETIME,
        )

    async def _named(self, tenant: Tenant, username: str) -> UserId:
        user = await self.store.users.by_username(tenant.id, username)
        return NOBODY if user is None else user.id

    async def finish(self, tenant: Tenant, visitor: Visitor, payload: bytes) -> Outcome:
        """Judge an AuthenticationResponseJSON.

        The caller has limited its size. Afterwards the challenge is spent, whatever the answer was.
        """
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.SIGN_IN, Method.PASSKEY)
        try:
            received = parse_assertion(payload)
        except MalformedResponse as error:
            return await trail.refuse(error.code, str(error))
        trail.credential_id = received.credential_id
        challenge = self._challenge(received, tenant, visitor)
        if challenge is None:
            return await trail.refuse("challenge_not_ours")
        trail.id = challenge.id
        if challenge.expires_at <= now:
            return await trail.refuse("challenge_expired")
        return await self._judge(tenant, challenge, received, trail)

    def _challenge(self, received: ReceivedAssertion, tenant: Tenant, visitor: Visitor) -> Challenge | None:
        """What we sealed for this browser, this tenant and this purpose; None for anything else."""
        try:
            opened = self.sealer.open(_SEAL, received.client_data.challenge, bound_to=visitor.browser)
        except SealBroken:
            return None
        challenge = Challenge.from_bytes(opened)
        return challenge if challenge.tenant_id == tenant.id and challenge.purpose is Purpose.SIGN_IN else None

    async def _judge(self, tenant: Tenant, challenge: Challenge, received: ReceivedAssertion, trail: Trail) -> Outcome:
        owner = await self.store.passkeys.owner_of(tenant.id, received.credential_id)
        if owner is None:
            return await trail.refuse("passkey_unknown")
        trail.user_id, trail.username = owner.user.id, owner.user.username
        trail.aaguid, trail.proof = owner.passkey.aaguid, owner.passkey.proof.value
        refusal = _whose(challenge, received, owner.user)
        if refusal is not None:
            return await trail.refuse(refusal)
        try:
            assertion = self._verify(received, owner.passkey)
        except CeremonyError as error:
            return await trail.refuse(error.code, str(error))
        if not owner.user.enabled:
            return await trail.refuse("user_disabled")
        # The key still signs; what is gone is the reason to believe that nothing else can.
        if owner.passkey.device_id is not None and (code := refusal_of(owner.device)) is not None:
            return await trail.refuse(code)
        # §7.2: a counter that does not grow "is a signal … that the authenticator may be cloned".
        # Device-bound is our promise, so we refuse rather than wonder.
        if assertion.counter_regressed:
            return await trail.refuse("counter_regressed")
        policy = await self.policies.at(tenant.id, owner.policy_version)
        subject = Subject.of(owner.user, owner.groups)
        match admit(policy, subject, self.models.facts_of(owner.passkey), Operation.SIGN_IN):
            case NotAdmitted() as against:
                return await trail.refuse_by_policy(against)
            case Admitted() as admitted:
                trail.profile = admitted.name
                return await self._grant(trail, owner, assertion, received.authenticator_attachment == "platform")

    def _verify(self, received: ReceivedAssertion, passkey: Passkey) -> VerifiedAssertion:
        expected = AssertionExpectation(
            challenge=received.client_data.challenge,
            origins=self.relying_party.origins,
            rp_id=self.relying_party.rp_id,
        )
        return verify_assertion(
            received,
            expected,
            StoredCredential(
                credential_id=passkey.credential_id,
                public_key=self.keys.of(passkey),
                sign_count=passkey.sign_count,
                backup_eligible=passkey.backup_eligible,
            ),
        )

    async def _grant(
        self, trail: Trail, owner: PasskeyOwner, assertion: VerifiedAssertion, in_this_device: bool
    ) -> Outcome:
        now = trail.at
        passkey = owner.passkey
        session = Session(
            id=SessionId(trail.id),
            tenant_id=trail.tenant_id,
            user_id=owner.user.id,
            methods=(Method.PASSKEY,),
            acr=acr_of(passkey),
            signed_in_at=now,
            expires_at=now + SESSION_LIFETIME,
            passkey_id=passkey.id,
        )
        ruling = await self.gate.at_sign_in(
            owner.user,
            session,
            trail.visitor,
            groups=owner.groups,
            version=await self.gate.in_force(trail.tenant_id, owner.policy_version),
            passkey=passkey,
        )
        if ruling.blocks:
            return await trail.refuse_access(ruling)
        trail.access, session = ruling.record, ruling.opens(session)
        # The attempt's row carries the challenge's id: of two answers that arrive together, one is written.
        written = await self.store.write(
            Add(trail.granted()),
            PasskeyUsed(
                trail.tenant_id,
                passkey.id,
                assertion.sign_count,
                assertion.backed_up,
                now,
                trail.visitor.address,
                trail.visitor.user_agent[:MAX_AGENT_CHARACTERS],
            ),
            Add(session),
            *await self.alarm(ruling, owner.user, trail),
        )
        match written:
            case Written():
                as_read = SessionOwner(session, owner.user, owner.groups, owner.policy_version)
                return SignedIn(session, owner.user, passkey, as_read, in_this_device)
            case Conflict(PasskeyUsed()):
                return await trail.refuse("passkey_unknown", "removed meanwhile")
            case Conflict():
                return await trail.refuse_spent()


def _whose(challenge: Challenge, received: ReceivedAssertion, user: User) -> str | None:
    """Why this passkey does not speak for whoever is signing in (§7.2 step 6), or None."""
    if challenge.for_user is None:
        # Nobody was named beforehand, so the passkey must say whose it is: here a missing
        # handle is a refusal, not a default.
        return None if received.user_handle == user.handle else "user_handle_mismatch"
    if challenge.for_user != user.id:
        return "passkey_of_another_user"
    return None if received.user_handle in (None, user.handle) else "user_handle_mismatch"


def acr_of(passkey: Passkey) -> str:
    """OpenID's phishing-resistance classes: `phrh` when hardware protection was shown, else `phr`."""
    return "phrh" if passkey.proof.rank >= Proof.ATTESTED.rank else "phr"


class ParsedKeys:
    """Public keys that were parsed lately: parsing costs a fifth of checking a signature.

    Keyed by the key's bytes, so it cannot be stale.
    """

    def __init__(self, size: int = 4096) -> None:
        self._size = size
        self._kept: dict[bytes, CosePublicKey] = {}

    def of(self, passkey: Passkey) -> CosePublicKey:
        key = self._kept.get(passkey.public_key)
        if key is None:
            try:
                key = parse_cose_key(passkey.public_key)
            except CoseError as error:
                # It parsed when it was registered: what is stored was damaged, or we no longer accept its kind.
                raise MalformedResponse(f"the stored public key cannot be used: {error}") from error
            if len(self._kept) >= self._size:
                self._kept.pop(next(iter(self._kept)))
            self._kept[passkey.public_key] = key
        return key
