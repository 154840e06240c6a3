"""What a new passkey takes the place of, where the tenant's policy says that it does."""

from datetime import datetime

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.actor import Actor
from keystead_server.domain.sign_in import Method
from keystead_server.domain.user import User
from keystead_server.flows.auditing import audited
from keystead_server.flows.manage_methods import method_of, noun_of, removal
from keystead_server.policy.methods.model import RETIRED_BY_PASSKEY, MethodsPolicy
from keystead_server.ports.changes import Change, Remove
from keystead_server.ports.clock import Entropy
from keystead_server.ports.store import Store


async def retirement(
    store: Store, entropy: Entropy, policy: MethodsPolicy, user: User, *, at: datetime, by: Actor
) -> list[Change]:
    """The changes that remove what is weaker than a passkey, each with its audit line; they go with the passkey."""
    if not policy.retire_weaker_on_passkey:
        return []
    changes: list[Change] = []
    secrets = await store.secrets.of_user(user.tenant_id, user.id)
    for secret in secrets.all:
        if method_of(secret) in RETIRED_BY_PASSKEY:
            changes += [removal(secret), _line(entropy, noun_of(secret), user, at, by)]
    access_pass = await store.passes.of_user(user.tenant_id, user.id)
    if access_pass is not None and Method.TEMPORARY_ACCESS_PASS in RETIRED_BY_PASSKEY:
        changes.append(Remove(user.tenant_id, TemporaryAccessPass, access_pass.id))
        changes.append(_line(entropy, "pass", user, at, by))
    return changes


def _line(entropy: Entropy, noun: str, user: User, at: datetime, by: Actor) -> Change:
    return audited(entropy, f"{noun}.retired", tenant=user.tenant_id, at=at, by=by, target=user.id, because="passkey")
