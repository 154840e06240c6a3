"""A passkey as we keep it: public key, counters, and how far we know where it lives."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from keystead_core.fast_init import fast_init

from keystead_server.domain.ids import AppId, DeviceId, PasskeyId, TenantId, UserId


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


@fast_init
@dataclass(frozen=True, slots=True)
class Passkey:
    """A registered passkey.

    Attributes:
        credential_id: chosen by the authenticator, 1 to 1,023 bytes; unique in the tenant.
        public_key: the COSE key exactly as it was registered.
        backup_eligible: the BE flag at registration; it can never change afterwards.
        attestation_format: what the registration carried, such as "packed" or "none".
        attestation_kind: none, self, basic, attca or anonca.
        legacy_attestation: its attestation is signed over SHA-1 (RS1), which old TPMs have nothing better than.
        proof: what speaks for device binding, judged when it was registered.
        registered_by: the user themself, or the administrator who did it on their behalf
            (nobody's id for the operator at the command line).
        acknowledged_at: when the owner said that they know of a passkey registered on their behalf.
        last_used_address, last_used_agent: from where, and with which browser, by its own account.
        device_id: the enrolled device whose security chip vouched for the key; None when none did.
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
    registered_by: UserId | AppId
    last_used_at: datetime | None = None
    acknowledged_at: datetime | None = None
    last_used_address: str | None = None
    last_used_agent: str | None = None
    device_id: DeviceId | None = None
    legacy_attestation: bool = False

    @property
    def on_behalf(self) -> bool:
        return self.registered_by != self.user_id

    @property
    def awaits_its_owner(self) -> bool:
        """Registered on behalf, and the owner has not yet said that they know of it."""
        return self.on_behalf and self.acknowledged_at is None

    @property
    def type(self) -> PasskeyType:
        return PasskeyType.SYNCED if self.backup_eligible else PasskeyType.DEVICE_BOUND

    def used(self, *, sign_count: int, backed_up: bool, at: datetime, address: str = "", agent: str = "") -> "Passkey":
        return replace(
            self,
            sign_count=sign_count,
            backed_up=backed_up,
            last_used_at=at,
            last_used_address=address,
            last_used_agent=agent,
        )

    def renamed(self, name: str) -> "Passkey":
        return replace(self, name=name)

    def acknowledged(self, *, at: datetime) -> "Passkey":
        return replace(self, acknowledged_at=at)
