"""What stands against a new passkey before anybody is asked to make one."""

from dataclasses import dataclass

from keystead_core.webauthn import DEFAULT_OFFERED_ALGORITHMS

from keystead_server.domain.user import User
from keystead_server.flows.known_models import KnownModels
from keystead_server.policy.passkeys.decide import NotAdmitted
from keystead_server.policy.passkeys.model import PasskeyPolicy, Subject
from keystead_server.policy.passkeys.possible import nothing_to_register
from keystead_server.ports.store import Store

MAX_PASSKEYS = 50


@dataclass(frozen=True, slots=True)
class NotOffered:
    """Why no passkey can be registered for this person now; said before the browser prompts.

    Attributes:
        code: `sign_in_not_fresh`, `too_many_passkeys`, or a rule of the passkey policy.
        policy: what the passkey policy has against it, when that is why.
    """

    code: str
    policy: NotAdmitted | None = None


async def not_offered(
    store: Store, models: KnownModels, policy: PasskeyPolicy, user: User, subject: Subject, *, self_service: bool
) -> NotOffered | None:
    """Why *user* can get no passkey, by themselves (*self_service*) or through an administrator."""
    refusal = nothing_to_register(
        policy, subject, DEFAULT_OFFERED_ALGORITHMS, self_service=self_service, known=models.supposed
    )
    if refusal is not None:
        return NotOffered(refusal.code, refusal)
    if len(await store.passkeys.of_user(user.tenant_id, user.id)) >= MAX_PASSKEYS:
        return NotOffered("too_many_passkeys")
    return None
