"""The challenge of a registration: sealed for a browser, an organisation and a person, stored nowhere."""

from datetime import datetime, timedelta

from keystead_server.domain.challenge import Challenge
from keystead_server.domain.ids import AttemptId
from keystead_server.domain.sign_in import Purpose
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.domain.visitor import Visitor
from keystead_server.ports.clock import Entropy
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.store import SessionOwner

_SEAL = "registration-challenge"
_CONDITIONAL_SEAL = "conditional-registration-challenge"


def new_challenge(entropy: Entropy, tenant: Tenant, user: User, now: datetime, lifetime: timedelta) -> Challenge:
    return Challenge(
        id=AttemptId(entropy.new_id(now)),
        tenant_id=tenant.id,
        purpose=Purpose.REGISTER,
        expires_at=now + lifetime,
        for_user=user.id,
    )


def seal_challenge(sealer: Sealer, challenge: Challenge, visitor: Visitor, *, conditional: bool) -> bytes:
    """*conditional* is for what a browser may answer without a gesture, and is told apart for good."""
    seal = _CONDITIONAL_SEAL if conditional else _SEAL
    return sealer.seal(seal, challenge.to_bytes(), bound_to=visitor.browser)


def open_challenge(
    sealer: Sealer, sealed: bytes, tenant: Tenant, visitor: Visitor, owner: SessionOwner
) -> tuple[Challenge, bool] | None:
    """What we sealed for this browser, tenant, purpose *and* user, and whether as a conditional one; else None."""
    for seal in (_SEAL, _CONDITIONAL_SEAL):
        try:
            opened = sealer.open(seal, sealed, bound_to=visitor.browser)
        except SealBroken:
            continue
        challenge = Challenge.from_bytes(opened)
        return (challenge, seal == _CONDITIONAL_SEAL) if _is_theirs(challenge, tenant, owner) else None
    return None


def _is_theirs(challenge: Challenge, tenant: Tenant, owner: SessionOwner) -> bool:
    return (
        challenge.tenant_id == tenant.id
        and challenge.purpose is Purpose.REGISTER
        and challenge.for_user == owner.user.id
    )
