"""What a new passkey takes the place of, where the tenant's policy says that it does."""

from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.actor import Actor
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.flows.auditing import audited
from keystead_server.flows.manage_methods import NOUNS, method_of, removal
from keystead_server.policy.methods.model import RETIRED_BY_PASSKEY, MethodsPolicy
from keystead_server.ports.changes import Change, Remove
from keystead_server.ports.clock import Entropy
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class Retired:
    """Attributes:
    changes: what removes each, with its audit line; they go with the passkey.
    nouns: what each is, as audit events name it, for the letter to its owner.
    """

    changes: tuple[Change, ...] = ()
    nouns: tuple[str, ...] = ()


async def retirement(
    store: Store, entropy: Entropy, policy: MethodsPolicy, user: User, *, at: datetime, by: Actor
) -> Retired:
    """What is weaker than a passkey and goes, if the policy says so."""
    if not policy.retire_weaker_on_passkey:
        return Retired()
    gone: list[tuple[str, Change]] = []
    secrets = await store.secrets.of_user(user.tenant_id, user.id)
    for secret in secrets.all:
        if method_of(secret) in RETIRED_BY_PASSKEY:
            gone.append((NOUNS[type(secret)], removal(secret)))
    access_pass = await store.passes.of_user(user.tenant_id, user.id)
    if access_pass is not None and Method.TEMPORARY_ACCESS_PASS in RETIRED_BY_PASSKEY:
        gone.append(("pass", Remove(user.tenant_id, TemporaryAccessPass, access_pass.id)))
    changes = (each for noun, change in gone for each in (change, _line(entropy, noun, user, at, by)))
    return Retired(tuple(changes), tuple(dict.fromkeys(noun for noun, _ in gone)))


def _line(entropy: Entropy, noun: str, user: User, at: datetime, by: Actor) -> Change:
    return audited(entropy, f"{noun}.retired", tenant=user.tenant_id, at=at, by=by, target=user.id, because="passkey")
