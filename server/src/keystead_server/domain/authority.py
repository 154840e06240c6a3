"""A tenant's attestation authority: the key that certifies attestation keys of its devices, as it rests."""

from dataclasses import dataclass, replace
from datetime import datetime

from keystead_server.domain.ids import AuthorityId, TenantId


@dataclass(frozen=True, slots=True)
class Authority:
    """Attributes:
    sealed: the private key (PKCS#8 DER), sealed under the server's master key.
    certificate: DER, self-signed.
    retired_at: since when it issues no more; what it issued before still counts until it expires.
    """

    id: AuthorityId
    tenant_id: TenantId
    sealed: bytes
    certificate: bytes
    created_at: datetime
    retired_at: datetime | None = None

    def retired(self, *, at: datetime) -> "Authority":
        return replace(self, retired_at=at)
