"""The browser made no passkey: the log has why, and the challenge is spent.

Without it, somebody who tries again and again leaves no trace of why it never works.
"""

from dataclasses import dataclass

from keystead_server.domain.sign_in import Method, Purpose, Result
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.attempts import start_trail
from keystead_server.flows.registration_challenge import open_challenge
from keystead_server.ports.changes import Add
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import SessionOwner, Store

# What browsers call their refusals, and our codes for them: what a page sends gets into no log as it is.
_BROWSER_CODES = {
    "AbortError": "browser_aborted",
    "ConstraintError": "browser_cannot_verify",
    "InvalidStateError": "passkey_on_this_device",
    "NotAllowedError": "browser_not_allowed",
    "NotSupportedError": "browser_not_supported",
    "SecurityError": "browser_address_refused",
    "UnknownError": "browser_error",
}


@dataclass(frozen=True, slots=True)
class AbandonRegistration:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer

    async def __call__(
        self, tenant: Tenant, visitor: Visitor, owner: SessionOwner, challenge: bytes, error: str
    ) -> str | None:
        """Record what the browser said, by the name of its DOMException; the code, or None if the challenge is not ours."""
        opened = open_challenge(self.sealer, challenge, tenant, visitor, owner)
        if opened is None:
            return None
        now = self.clock.now()
        trail = start_trail(self.store, self.entropy, tenant.id, visitor, now, Purpose.REGISTER, Method.PASSKEY)
        trail.id, trail.user_id, trail.username = opened[0].id, owner.user.id, owner.user.username
        code = _BROWSER_CODES.get(error, _BROWSER_CODES["UnknownError"])
        # Answered meanwhile: then that row says what became of it.
        await self.store.write(Add(trail.row(Result.REFUSED, code)))
        return code
