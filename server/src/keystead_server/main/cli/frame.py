"""What every verb of the command line does the same way: open the system, run, tell, exit."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

from keystead_server.domain.ids import UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Group, User
from keystead_server.keys.master_key import MasterKeyError
from keystead_server.main import logging
from keystead_server.main.config import Config, ConfigError, load
from keystead_server.main.wiring import System, open_system
from keystead_server.ports.store import StorageUnavailable
from keystead_server.storage.errors import StorageError
from keystead_server.trust.roots import RootsUnreadable

_Result = TypeVar("_Result")

as_json = click.option("--json", "json_output", is_flag=True, help="Write JSON, for programs.")


class Failed(click.ClickException):
    """Refused or failed. Exit code 1."""

    exit_code = 1

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Frame:
    config_file: Path | None
    given: Mapping[str, Any]
    tenant: str | None

    def config(self, **more: Any) -> Config:
        """The settings, or a failure that says what to write."""
        try:
            config = load(self.config_file, **{**self.given, **more})
        except ConfigError as error:
            raise Failed(error.code, str(error)) from None
        logging.configure(config.log_format)
        return config

    def run(self, work: Callable[[System], Awaitable[_Result]], *, json_output: bool = False) -> _Result:
        """Open the system, do *work*, close. What went wrong is told as the caller reads it."""
        try:
            return asyncio.run(self._run(as_served(self.config()), work))
        except Invalid as error:
            fail(error.code, error.message, json_output)
        except (MasterKeyError, StorageError, StorageUnavailable, RootsUnreadable) as error:
            fail(error.code, str(error), json_output)
        except Failed as error:
            fail(error.code, error.message, json_output)

    async def _run(self, config: Config, work: Callable[[System], Awaitable[_Result]]) -> _Result:
        system = await open_system(config)
        try:
            return await work(system)
        finally:
            await system.close()

    async def tenant_of(self, system: System) -> Tenant:
        """The tenant named by --tenant, or the only one."""
        if self.tenant is not None:
            tenant = await system.store.tenants.by_name(self.tenant)
            if tenant is None:
                raise Failed("tenant_unknown", f"there is no organisation {self.tenant!r}")
            return tenant
        tenants = await system.store.tenants.all()
        if not tenants:
            raise Failed("no_tenant", "there is no organisation yet; make the first one with: keystead init")
        if len(tenants) > 1:
            names = ", ".join(tenant.name for tenant in tenants)
            raise Failed("tenant_ambiguous", f"there are several organisations ({names}); say which with --tenant NAME")
        return tenants[0]

    async def user_of(self, system: System, tenant: Tenant, named: str) -> User:
        """A user by username or id."""
        user = await system.store.users.by_username(tenant.id, named) or await system.store.users.get(
            tenant.id, UserId(named)
        )
        if user is None:
            raise Failed("user_unknown", f"there is no user {named!r} in {tenant.name}")
        return user

    async def group_of(self, system: System, tenant: Tenant, named: str) -> Group:
        group = await system.store.groups.by_name(tenant.id, named)
        if group is None:
            raise Failed("group_unknown", f"there is no group {named!r} in {tenant.name}")
        return group


def as_served(config: Config) -> Config:
    """*config* with the address that the server on this data was started at, when no setting names one."""
    if config.public_url != Config().public_url or not config.address_path.is_file():
        return config
    return replace(config, public_url=config.address_path.read_text().strip())


def fail(code: str, message: str, json_output: bool) -> NoReturn:
    """End with what went wrong, as the caller reads it."""
    if json_output:
        click.echo(json.dumps({"error": {"code": code, "message": message}}))
        raise SystemExit(1)
    raise Failed(code, message)


def tell(data: Any, sentence: str, *, json_output: bool) -> None:
    """Write *data* as JSON, or *sentence* for a person."""
    click.echo(json.dumps(data, indent=2) if json_output else sentence)


def table(rows: Sequence[Mapping[str, object]], columns: Iterable[str], *, empty: str) -> str:
    """Rows as aligned columns."""
    if not rows:
        return empty
    names = list(columns)
    cells = [[name.replace("_", " ").upper() for name in names]]
    cells += [[_cell(row.get(name)) for name in names] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    return "\n".join(
        "  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


def _cell(value: object) -> str:
    match value:
        case None | "":
            return "–"
        case bool():
            return "yes" if value else "no"
        case list() | tuple():
            return ", ".join(map(str, value)) or "–"
        case _:
            return printable(str(value))


def printable(text: str) -> str:
    # What people typed may hold anything; a terminal must not act on it.
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)


def moment(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds")
