"""Where somebody was going when they had to sign in first.

It travels through the sign-in page sealed by us, so nobody can put another address into it.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from keystead_core.fast_init import fast_init
from keystead_core.wire import WireError, b64url_decode, b64url_encode
from msgspec.json import decode, encode

from keystead_server.domain.ids import AppId
from keystead_server.domain.tenant import Tenant
from keystead_server.http.services import Services
from keystead_server.ports.sealer import SealBroken

LIFETIME = timedelta(hours=1)
_SEAL = "continuation"


@fast_init
@dataclass(frozen=True, slots=True)
class Continuation:
    """Attributes:
    to: path and query on our own origin; for an app, the parameters of its authorization request.
    app_id: the app that asked, when one did.
    asked_at: when; `prompt=login` is satisfied by a sign-in after it.
    """

    to: str
    asked_at: datetime
    app_id: AppId | None = None

    def seal(self, services: Services, tenant: Tenant) -> str:
        payload = encode([self.to, self.asked_at.timestamp(), self.app_id])
        return b64url_encode(services.sealer.seal(_SEAL, payload, bound_to=tenant.id.encode()))

    @classmethod
    def open(cls, services: Services, tenant: Tenant, sealed: str) -> "Continuation | None":
        """What we sealed for this tenant within the last hour; None for anything else."""
        if not sealed:
            return None
        try:
            payload = services.sealer.open(_SEAL, b64url_decode(sealed), bound_to=tenant.id.encode())
        except (WireError, SealBroken):
            return None
        to, asked_at, app_id = decode(payload)
        continuation = cls(to, datetime.fromtimestamp(asked_at, UTC), None if app_id is None else AppId(app_id))
        return continuation if services.clock.now() - continuation.asked_at <= LIFETIME else None
