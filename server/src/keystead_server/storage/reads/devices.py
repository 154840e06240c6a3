"""Devices, and the authorities that certify their keys."""

from collections.abc import Sequence

from sqlalchemy import func, select

from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device
from keystead_server.domain.ids import DeviceId, TenantId, UserId
from keystead_server.storage.reads.reader import Reads, given, here
from keystead_server.storage.rows import devices as rows
from keystead_server.storage.schema import authorities, devices
from keystead_server.storage.statement import Statement

_ALL = select(*rows.DEVICE)
_DEVICE = Statement(_ALL.where(here(devices), devices.c.id == given("id")), "tenant", "id")
_BY_ATTESTATION_KEY = Statement(
    _ALL.where(here(devices), devices.c.attestation_digest == given("digest")), "tenant", "digest"
)
_WITH_ENDORSEMENT_KEY = Statement(
    _ALL.where(here(devices), devices.c.endorsement_digest == given("digest")).order_by(devices.c.id),
    "tenant",
    "digest",
)
_OF_USER = Statement(
    _ALL.where(here(devices), devices.c.enrolled_by == given("user")).order_by(devices.c.id), "tenant", "user"
)
_PAGE = Statement(
    _ALL.where(here(devices), devices.c.id > given("after")).order_by(devices.c.id).limit(given("limit")),
    "tenant",
    "after",
    "limit",
)
_COUNT = Statement(select(func.count()).select_from(devices).where(here(devices)), "tenant")
_AUTHORITIES = Statement(select(*rows.AUTHORITY).where(here(authorities)).order_by(authorities.c.id.desc()), "tenant")


class Devices(Reads):
    async def get(self, tenant: TenantId, device: DeviceId) -> Device | None:
        row = await self._reader.one(_DEVICE, (tenant, device))
        return None if row is None else rows.device(row)

    async def by_attestation_key(self, tenant: TenantId, digest: bytes) -> Device | None:
        row = await self._reader.one(_BY_ATTESTATION_KEY, (tenant, digest))
        return None if row is None else rows.device(row)

    async def with_endorsement_key(self, tenant: TenantId, digest: bytes) -> Sequence[Device]:
        return list(map(rows.device, await self._reader.all(_WITH_ENDORSEMENT_KEY, (tenant, digest))))

    async def of_user(self, tenant: TenantId, user: UserId) -> Sequence[Device]:
        return list(map(rows.device, await self._reader.all(_OF_USER, (tenant, user))))

    async def page(self, tenant: TenantId, *, limit: int, after: DeviceId | None = None) -> Sequence[Device]:
        return list(map(rows.device, await self._reader.all(_PAGE, (tenant, after or "", limit))))

    async def count(self, tenant: TenantId) -> int:
        row = await self._reader.one(_COUNT, (tenant,))
        return int(row[0]) if row else 0


class Authorities(Reads):
    async def all(self, tenant: TenantId) -> Sequence[Authority]:
        return list(map(rows.authority, await self._reader.all(_AUTHORITIES, (tenant,))))
