"""Replace a tenant's attestation authority: the new one issues, what the old ones issued runs out."""

from dataclasses import dataclass

from keystead_server.domain.actor import Actor
from keystead_server.domain.authority import Authority
from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.auditing import audited
from keystead_server.ports.attestation import AttestationAuthorities
from keystead_server.ports.changes import Add, Change, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class RotateAuthority:
    store: Store
    clock: Clock
    entropy: Entropy
    authorities: AttestationAuthorities

    async def __call__(self, tenant: TenantId, *, by: Actor) -> Authority:
        """The new authority. Devices go over to it when they renew; nobody has to do anything.

        Raises:
            Invalid: somebody else replaced it just now.
        """
        now = self.clock.now()
        made = self.authorities.make(tenant, now=now)
        issuing = [each for each in await self.store.authorities.all(tenant) if each.retired_at is None]
        changes: list[Change] = [Replace(each.retired(at=now), each) for each in issuing]
        line = audited(
            self.entropy, "authority.rotated", tenant=tenant, at=now, by=by, target=made.id,
            retired=", ".join(each.id for each in issuing),
        )  # fmt: skip
        if not isinstance(await self.store.write(Add(made), *changes, line), Written):
            raise Invalid("authority_changed_meanwhile", "somebody else replaced the authority just now; look again")
        return made
