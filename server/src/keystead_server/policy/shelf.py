"""Policies read and parsed once for each version, because every sign-in asks them."""

from typing import Generic, TypeVar

from keystead_server.domain.ids import TenantId

_Policy = TypeVar("_Policy")


class Shelf(Generic[_Policy]):
    """Keeps the newest version of each tenant's policy.

    The version is read for every request, with a session, a passkey or the policy itself, so a change
    made by another process is seen at the next one.
    """

    def __init__(self) -> None:
        self._kept: dict[TenantId, tuple[int, _Policy]] = {}

    def get(self, tenant: TenantId, version: int) -> _Policy | None:
        kept = self._kept.get(tenant)
        return kept[1] if kept is not None and kept[0] == version else None

    def put(self, tenant: TenantId, version: int, policy: _Policy) -> _Policy:
        self._kept[tenant] = (version, policy)
        return policy
