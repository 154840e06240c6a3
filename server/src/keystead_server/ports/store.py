"""Where everything rests. Reads are written for the page or flow that needs them; all writing is `write`.

Every read of something inside a tenant names the tenant, and gets nothing of another's.
"""

from datetime import datetime
from typing import Protocol

from keystead_server.ports.changes import Change, Conflict, Written
from keystead_server.ports.reads.activity import GrantOwner, Logs, SessionOwner, Sessions
from keystead_server.ports.reads.chains import Chains, LogSize, WholeLog
from keystead_server.ports.reads.credentials import AllSecrets, Letters, Passes, PasskeyOwner, Passkeys, Secrets
from keystead_server.ports.reads.devices import Authorities, Devices
from keystead_server.ports.reads.directory import Apps, Groups, NameOrder, Policies, SigningKeys, Tenants, Users

__all__ = ["GrantOwner", "LogSize", "NameOrder", "PasskeyOwner", "Secrets", "SessionOwner", "StorageUnavailable", "Store", "WholeLog"]  # fmt: skip


class StorageUnavailable(Exception):
    """The database cannot be reached, or failed in a way that is nobody's input. Nothing was confirmed."""

    code = "storage_unavailable"


class Store(Protocol):
    """Everything at rest."""

    @property
    def tenants(self) -> Tenants: ...
    @property
    def users(self) -> Users: ...
    @property
    def groups(self) -> Groups: ...
    @property
    def passkeys(self) -> Passkeys: ...
    @property
    def passes(self) -> Passes: ...
    @property
    def secrets(self) -> AllSecrets: ...
    @property
    def letters(self) -> Letters: ...
    @property
    def devices(self) -> Devices: ...
    @property
    def authorities(self) -> Authorities: ...
    @property
    def apps(self) -> Apps: ...
    @property
    def sessions(self) -> Sessions: ...
    @property
    def logs(self) -> Logs: ...
    @property
    def chains(self) -> Chains: ...
    @property
    def policies(self) -> Policies: ...
    @property
    def signing_keys(self) -> SigningKeys: ...

    async def write(self, *changes: Change) -> Written | Conflict:
        """Do all of *changes* or none, and return only when they are durable.

        Atomic among concurrent calls: of two that add the same key, at most one is Written.
        Changes are applied in the order given. What they add to the logs is one link of a chain, in
        the same transaction.
        """
        ...

    async def sweep(self, now: datetime) -> int:
        """Delete sessions and grants over for more than a day, passes for more than thirty days, letters at once.

        Never a row of a log.
        """
        ...

    async def ping(self) -> None:
        """Return when a read and a write would work now; raise otherwise."""
        ...

    async def close(self) -> None: ...
