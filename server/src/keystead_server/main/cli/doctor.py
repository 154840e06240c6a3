"""keystead doctor"""

import asyncio
import os
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click

from keystead_server.geo.country_file import CountryFile
from keystead_server.keys.master_key import MasterKeyError, load_or_create
from keystead_server.main.cli.frame import Failed, Frame, as_json, as_served, tell
from keystead_server.main.config import Config
from keystead_server.main.foundation import open_metadata
from keystead_server.main.system import SystemClock, SystemEntropy
from keystead_server.ports.store import StorageUnavailable, Store
from keystead_server.storage.errors import DatabaseNotMigrated, StorageError
from keystead_server.storage.opening import open_store
from keystead_server.trust.roots import RootsUnreadable, read_roots

SLOW_FSYNC_MILLISECONDS = 20.0
LEAST_FREE_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Attributes:
        mend: what to do; empty when nothing is to be done.
    """

    check: str
    ok: bool
    found: str
    mend: str = ""


@click.command(epilog="Example:  keystead --config /etc/keystead.toml doctor")
@as_json
@click.pass_obj
def doctor(frame: Frame, json_output: bool) -> None:
    """Check settings, data folder, master key, database and disk, and say how to mend what is wrong.

    Changes nothing. Exit code 1 when something needs mending.
    """
    try:
        config = as_served(frame.config())
    except Failed as error:
        findings = [Finding("settings", False, error.message, "correct the setting")]
    else:
        findings = [Finding("settings", True, f"{config.public_url}, from {config.source}"), *_look(config)]
    lines = [f"{'ok  ' if f.ok else 'FAIL'}  {f.check + ':':<14}{f.found}{_mend(f)}" for f in findings]
    tell([asdict(finding) for finding in findings], "\n".join(lines), json_output=json_output)
    if not all(finding.ok for finding in findings):
        raise SystemExit(1)


def _mend(finding: Finding) -> str:
    return f"\n      {'':14}→ {finding.mend}" if finding.mend else ""


def _look(config: Config) -> Iterator[Finding]:
    if not config.data.is_dir():
        yield Finding("data folder", False, f"{config.data} is not there", "run: keystead init")
        return
    yield _data_folder(config.data)
    yield _master_key(config)
    yield _writing(config.data)
    yield _roots(config)
    yield _metadata(config)
    if config.geoip_file:
        yield _places(Path(config.geoip_file))
    if config.database or (config.data / "keystead.db").exists():
        yield from asyncio.run(_database(config))
    else:
        yield Finding("database", False, "there is none yet", "run: keystead init")


def _places(path: Path) -> Finding:
    places = CountryFile(path)
    if places.problem is not None:
        return Finding("places", False, str(places.problem), "put a file in MaxMind's format there; see geoip_file")
    if places.is_late(SystemClock().now()):
        return Finding("places", False, f"{path} was made at {places.built_at}", "get a newer one; addresses move")
    return Finding("places", True, f"{path}, made at {places.built_at}")


def _data_folder(data: Path) -> Finding:
    if data.stat().st_mode & 0o007:
        return Finding("data folder", False, f"{data} is open to every user", f"run: chmod 700 {data}")
    if not os.access(data, os.W_OK):
        return Finding("data folder", False, f"{data} cannot be written", "run as the user that owns it")
    return Finding("data folder", True, str(data.absolute()))


def _master_key(config: Config) -> Finding:
    if not config.master_key_path.exists():
        return Finding("master key", False, "there is none yet", "run: keystead init")
    try:
        load_or_create(config.master_key_path, SystemEntropy(), may_create=False)
    except MasterKeyError as error:
        return Finding("master key", False, str(error), "see the message")
    return Finding("master key", True, f"{config.master_key_path}; keep a copy of it apart from the database's")


def _writing(data: Path) -> Finding:
    try:
        milliseconds, free = _durable_write(data), _free_bytes(data)
    except OSError as error:
        return Finding("disk", False, f"cannot write in {data}: {error.strerror}", "make it writable for this user")
    if free < LEAST_FREE_BYTES:
        return Finding("disk", False, f"{free // 1_000_000} MB free", "make room; a full disk refuses every sign-in")
    if milliseconds > SLOW_FSYNC_MILLISECONDS:
        return Finding("disk", True, f"a durable write takes {milliseconds:.0f} ms", "a faster disk, or PostgreSQL")
    return Finding("disk", True, f"{free // 1_000_000_000} GB free, a durable write takes {milliseconds:.1f} ms")


def _durable_write(data: Path) -> float:
    """How many milliseconds one takes."""
    with tempfile.TemporaryFile(dir=data) as probe:
        started = time.perf_counter()
        probe.write(b"x" * 4096)
        probe.flush()
        os.fsync(probe.fileno())
        return (time.perf_counter() - started) * 1000


def _free_bytes(data: Path) -> int:
    disk = os.statvfs(data)
    return disk.f_bavail * disk.f_frsize


def _roots(config: Config) -> Finding:
    try:
        count = sum(map(len, read_roots(config.roots_folder).values()))
    except RootsUnreadable as error:
        return Finding("attestation", False, str(error), "remove the file or replace it")
    if not count:
        return Finding("attestation", True, "no roots: no passkey counts as attested")
    return Finding("attestation", True, f"{count} roots")


def _metadata(config: Config) -> Finding:
    if not config.fido_metadata:
        return Finding("metadata", True, "no source: nothing is known about authenticator models")
    try:
        shelf = open_metadata(config)
    except RootsUnreadable as error:
        return Finding("metadata", False, str(error), "replace the file")
    found, problem = shelf.in_force, shelf.problem
    if found is None:
        seen = "there are none yet" if problem is None else str(problem)
        return Finding("metadata", False, seen, "run: keystead metadata refresh")
    entries = found.entries
    said = f"number {found.number}: {len(entries.models)} models, {entries.skipped} entries skipped"
    if found.next_update is not None and shelf.is_due(SystemClock().now()):
        late = f"{said}; the next was announced for {found.next_update}, these are used meanwhile"
        return Finding("metadata", False, late, "run: keystead metadata refresh  and read what it says")
    return Finding("metadata", True, said)


async def _database(config: Config) -> list[Finding]:
    try:
        # Only looked at: an older database is migrated when the server starts, not when somebody asks how it is.
        store = await open_store(config.database_url, entropy=SystemEntropy())
    except DatabaseNotMigrated as error:
        return [Finding("database", False, str(error), "start the server, or run: keystead init")]
    except (StorageError, OSError) as error:
        return [Finding("database", False, str(error), "check the database setting, and that its server runs")]
    try:
        await store.ping()
        return [Finding("database", True, "answers"), *await _organisations(store)]
    except StorageUnavailable as error:
        return [Finding("database", False, str(error), "check that it can be written, and that its server runs")]
    finally:
        await store.close()


async def _organisations(store: Store) -> list[Finding]:
    findings = []
    for tenant in await store.tenants.all():
        administrators = await store.users.administrators(tenant.id)
        with_passkey = [user for user in administrators if await store.passkeys.of_user(tenant.id, user.id)]
        found = f"{tenant.name}: {len(administrators)} administrators, {len(with_passkey)} of them with a passkey"
        mend = "" if with_passkey else "run: keystead pass issue USERNAME  and register one"
        findings.append(Finding("organisation", bool(with_passkey), found, mend))
    return findings or [Finding("organisation", False, "there is none yet", "run: keystead init")]
