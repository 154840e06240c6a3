"""What a registration asks of a browser, and what the answer must be: the same whoever registers for whom."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from keystead_core.webauthn import (
    DEFAULT_OFFERED_ALGORITHMS,
    CredentialDescriptor,
    ReceivedRegistration,
    RegistrationExpectation,
    UserEntity,
    creation_options,
)

from keystead_server.domain.passkey import Passkey
from keystead_server.domain.user import User
from keystead_server.flows.relying_party import RelyingParty
from keystead_server.policy.passkeys.decide import algorithms_allowed
from keystead_server.policy.passkeys.model import PasskeyPolicy, Subject


def registration_options(
    us: RelyingParty,
    user: User,
    existing: Sequence[Passkey],
    *,
    challenge: bytes,
    policy: PasskeyPolicy,
    subject: Subject,
    timeout: timedelta,
    elsewhere: bool = False,
    conditional: bool = False,
) -> Mapping[str, Any]:
    """Options for a passkey of *user* beside the *existing* ones, in what *policy* allows to *subject*, them.

    Args:
        elsewhere: in a security key or another device, not in the one that asks.
        conditional: for `create()` with that mediation.
    """
    return creation_options(
        challenge=challenge,
        rp_id=us.rp_id,
        rp_name=us.name,
        user=UserEntity(user.handle, user.username, user.display_name),
        algorithms=algorithms_allowed(policy, subject, DEFAULT_OFFERED_ALGORITHMS),
        exclude=[CredentialDescriptor(p.credential_id, p.transports) for p in existing],
        timeout=timeout,
        attachment="cross-platform" if elsewhere else None,
        # Without it browsers blank the model's id, and lists of models need that too.
        attestation="direct",
        # "Required" would have the browser give up where nobody is asked for a gesture.
        user_verification="preferred" if conditional else "required",
    )


def expected_of(us: RelyingParty, received: ReceivedRegistration) -> RegistrationExpectation:
    """What *received* must be, given that the caller has opened the challenge it answers."""
    return RegistrationExpectation(
        challenge=received.client_data.challenge,
        origins=us.origins,
        rp_id=us.rp_id,
        algorithms=DEFAULT_OFFERED_ALGORITHMS,
    )
