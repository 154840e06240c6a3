"""What stands against a new passkey before anybody is asked to make one."""

from collections.abc import Sequence, Set
from dataclasses import dataclass

from keystead_core.webauthn import DEFAULT_OFFERED_ALGORITHMS

from keystead_server.domain.ids import DeviceId, PasskeyId
from keystead_server.domain.passkey import Passkey
from keystead_server.domain.session import Session
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
        code: `sign_in_not_fresh`, `too_many_passkeys`, `hello_key_on_this_device`, or a rule of the passkey policy.
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


def devices_here(passkeys: Sequence[Passkey], session: Session, known_here: Set[PasskeyId]) -> frozenset[DeviceId]:
    """The enrolled computers that somebody may be sitting at, as their *passkeys* show.

    By the one they signed in with, and by those that the browser's cookie says live in its device
    (*known_here*). A browser can lie about both, and only has itself asked later: what is registered in
    the end says itself where it was made.
    """
    near = {*known_here, session.passkey_id}
    return frozenset(each.device_id for each in passkeys if each.device_id is not None and each.id in near)


async def has_hello_key_on(store: Store, user: User, devices: Set[DeviceId]) -> bool:
    """Whether *user* has a Windows Hello key on one of *devices*, which then gets no passkey beside it.

    As in Entra, the key of the same account alone stands in the way: others who share the computer are free.
    """
    if not devices:
        return False
    held = await store.secrets.of_user(user.tenant_id, user.id)
    return any(key.device_id in devices for key in held.hello_keys)
