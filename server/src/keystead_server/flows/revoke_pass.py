"""Take back a Temporary Access Pass before it ends."""

from dataclasses import dataclass

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import PassId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import User
from keystead_server.flows.auditing import audited
from keystead_server.policy.permissions import check_reach
from keystead_server.ports.changes import Remove, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class RevokePass:
    store: Store
    clock: Clock
    entropy: Entropy

    async def __call__(self, user: User, pass_id: PassId, *, by: Actor) -> bool:
        """Whether *user* had this pass; they have none now.

        Raises:
            Invalid: it is an administrator's, and *by* is no Global Administrator, or an app by itself.
        """
        check_reach(by, user)
        # Whoever may help people may not lock their administrators out.
        if user.roles and by.user is not None and not by.user.is_administrator:
            raise Invalid("pass_for_administrator", "only a Global Administrator can take back an administrator's pass")
        held = await self.store.passes.of_user(user.tenant_id, user.id)
        if held is None or held.id != pass_id:
            return False
        line = audited(
            self.entropy, "pass.revoked", tenant=user.tenant_id, at=self.clock.now(), by=by, target=user.id,
            username=user.username,
        )  # fmt: skip
        written = await self.store.write(Remove(user.tenant_id, TemporaryAccessPass, held.id), line)
        return isinstance(written, Written)
