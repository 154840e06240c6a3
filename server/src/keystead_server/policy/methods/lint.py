"""What the author of an Authentication methods policy may not have meant, in sentences. Nothing here refuses anything."""

from collections.abc import Iterator

from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.passkeys.model import PasskeyPolicy


def warnings(policy: MethodsPolicy, passkeys: PasskeyPolicy) -> tuple[str, ...]:
    """One sentence for each trap; empty when there is none. *passkeys* is the passkey policy beside it."""
    return tuple(_warnings(policy, passkeys))


def _warnings(policy: MethodsPolicy, passkeys: PasskeyPolicy) -> Iterator[str]:
    can_register = passkeys.enabled and passkeys.self_service
    if policy.security_defaults and not can_register:
        yield (
            "Security defaults ask everybody for a passkey, and the passkey policy lets nobody add one by themselves: "
            "whoever has none cannot go on."
        )
    if policy.campaign.enabled and not can_register:
        yield "The campaign asks nobody, because the passkey policy lets nobody add a passkey by themselves."
    passes = policy.of(Method.TEMPORARY_ACCESS_PASS)
    if passes is not None and not passes.enabled:
        yield "Without Temporary Access Passes nobody can get a first passkey, or a new one when theirs is lost."
    password = policy.of(Method.PASSWORD)
    if password is not None and password.enabled:
        yield "A password can be phished, guessed and reused; whoever has one can be attacked by it."
    if not policy.security_defaults:
        yield "Security defaults are off: people without a passkey, and administrators, may sign in with weaker methods."
