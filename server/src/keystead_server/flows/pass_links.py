"""The secret in the link of a delivered pass: who it is for, sealed, so that nothing of it is stored."""

from uuid import UUID

from keystead_core.wire import WireError, b64url_decode, b64url_encode

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.ids import PassId, TenantId, UserId
from keystead_server.ports.sealer import SealBroken, Sealer

_SEAL = "pass-link"


def seal_link(sealer: Sealer, access_pass: TemporaryAccessPass) -> str:
    """What stands at the end of the link: good for this pass of this person in this organisation."""
    payload = UUID(access_pass.id).bytes + UUID(access_pass.user_id).bytes
    return b64url_encode(sealer.seal(_SEAL, payload, bound_to=access_pass.tenant_id.encode()))


def open_link(sealer: Sealer, tenant: TenantId, text: str) -> tuple[PassId, UserId] | None:
    """The pass and the person that *text* was made for; None for anything that we did not make for *tenant*."""
    try:
        opened = sealer.open(_SEAL, b64url_decode(text), bound_to=tenant.encode())
    except (WireError, SealBroken, ValueError):
        return None
    return PassId(str(UUID(bytes=opened[:16]))), UserId(str(UUID(bytes=opened[16:])))
