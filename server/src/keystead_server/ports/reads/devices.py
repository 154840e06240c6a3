"""Reads of the computers that vouch for passkeys, and of the authorities that certified them."""

from collections.abc import Sequence
from typing import Protocol

from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device
from keystead_server.domain.ids import (
    DeviceId,
    TenantId,
    UserId,
)


class Devices(Protocol):
    async def get(self, tenant: TenantId, device: DeviceId) -> Device | None: ...

    async def by_attestation_key(self, tenant: TenantId, digest: bytes) -> Device | None: ...

    async def with_endorsement_key(self, tenant: TenantId, digest: bytes) -> Sequence[Device]:
        """Every device with this chip, in order of id: each person's container has an attestation key of its own."""
        ...

    async def of_user(self, tenant: TenantId, user: UserId) -> Sequence[Device]:
        """Those that this person enrolled, in order of id."""
        ...

    async def page(self, tenant: TenantId, *, limit: int, after: DeviceId | None = None) -> Sequence[Device]:
        """Up to *limit* devices in order of id, from the one behind *after*."""
        ...

    async def count(self, tenant: TenantId) -> int: ...


class Authorities(Protocol):
    async def all(self, tenant: TenantId) -> Sequence[Authority]:
        """Newest first."""
        ...
