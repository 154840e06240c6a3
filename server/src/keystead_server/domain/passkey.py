"""A passkey as we keep it: public key, counters, and how far we know where it lives."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from keystead_server.domain.ids import PasskeyId, TenantId, UserId


class PasskeyType(StrEnum):
    """Whether the private key can leave the device that made it (Graph's names)."""

    DEVICE_BOUND = "deviceBound"
    SYNCED = "synced"


class Proof(StrEnum):
    """What speaks for "this key cannot leave its device", weakest first."""

    NONE = "none"
    CLAIMED = "claimed"
    ATTESTED = "attested"
    PROVEN = "proven"

    @property
    def rank(self) -> int:
        return _PROOFS.index(self)


_PROOFS = list(Proof)


@dataclass(frozen=True, slots=True)
class Passkey:
    """A registered passkey.

    Attributes:
        credential_id: chosen by the authenticator, 1 to 1,023 bytes; unique in the tenant.
        public_key: the COSE key exactly as it was registered.
        backup_eligible: the BE flag at registration; it can never change afterwards.
        attestation_format: what the registration carried, such as "packed" or "none".
        attestation_kind: none, self, basic, attca or anonca.
        proof: what speaks for device binding, judged when it was registered.
        registered_by: the user themself, or the administrator who did it on their behalf.
    """

    id: PasskeyId
    tenant_id: TenantId
    user_id: UserId
    credential_id: bytes
    public_key: bytes
    algorithm: int
    aaguid: UUID
    sign_count: int
    backup_eligible: bool
    backed_up: bool
    transports: tuple[str, ...]
    attestation_format: str
    attestation_kind: str
    proof: Proof
    name: str
    created_at: datetime
    registered_by: UserId
    last_used_at: datetime | None = None

    @property
    def type(self) -> PasskeyType:
        return PasskeyType.SYNCED if self.backup_eligible else PasskeyType.DEVICE_BOUND

    def used(self, *, sign_count: int, backed_up: bool, at: datetime) -> "Passkey":
        return replace(self, sign_count=sign_count, backed_up=backed_up, last_used_at=at)

    def renamed(self, name: str) -> "Passkey":
        return replace(self, name=name)
