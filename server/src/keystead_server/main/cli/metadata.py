"""keystead metadata …"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import click

from keystead_server.jobs.refresh_metadata import MAX_BYTES, NotRefreshed
from keystead_server.main.cli.frame import Failed, Frame, as_json, fail, table, tell
from keystead_server.main.config import Config
from keystead_server.main.foundation import open_metadata
from keystead_server.main.system import SystemClock
from keystead_server.main.wiring import refresher
from keystead_server.policy.passkeys.decide import COMPROMISED
from keystead_server.ports.metadata import MetadataRefused
from keystead_server.trust.metadata.blob import AuthenticatorMetadata
from keystead_server.trust.metadata.entries import MetadataEntry
from keystead_server.trust.metadata.shelf import MetadataShelf
from keystead_server.trust.roots import RootsUnreadable

_COLUMNS = ("aaguid", "name", "certification", "roots", "refused_for")


@click.group()
def metadata() -> None:
    """FIDO metadata about authenticator models: show, refresh, verify a file."""


@metadata.command(epilog="Example:  keystead metadata show --refused")
@click.option("--refused", is_flag=True, help="Only models whose passkeys are refused.")
@as_json
@click.pass_obj
def show(frame: Frame, refused: bool, json_output: bool) -> None:
    """The models in the metadata in force, and which of them are refused."""
    with _told(json_output):
        found = _shelf(frame.config()).in_force
        if found is None:
            raise Failed("no_metadata", "there are no metadata yet; get them with: keystead metadata refresh")
        now = SystemClock().now()
        rows = [_described(entry, now) for entry in found.entries.models.values()]
        rows = [row for row in rows if row["refused_for"] or not refused]
        text = f"{_sentence(found)}\n\n{table(rows, _COLUMNS, empty='No such model.')}"
        tell({**_summary(found), "models": rows}, text, json_output=json_output)


@metadata.command(epilog="Example:  keystead metadata refresh")
@as_json
@click.pass_obj
def refresh(frame: Frame, json_output: bool) -> None:
    """Get the metadata from the setting fido_metadata now; running servers take them within ten minutes."""
    with _told(json_output):
        config = frame.config()
        shelf = _shelf(config)
        outcome = asyncio.run(refresher(config, shelf, SystemClock())())
        if isinstance(outcome, NotRefreshed):
            raise Failed(outcome.code, outcome.reason)
        found = shelf.in_force
        assert found is not None  # noqa: S101  it was refreshed just now
        tell(_summary(found), _sentence(found), json_output=json_output)


@metadata.command(epilog="Example:  keystead metadata verify blob.jwt --root root.pem")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--root", "fido_metadata_root", help="PEM file of the root; else the one of the settings.")
@as_json
@click.pass_obj
def verify(frame: Frame, file: Path, fido_metadata_root: str | None, json_output: bool) -> None:
    """Judge a file of metadata as a refresh would, and keep nothing."""
    with _told(json_output):
        config = frame.config(fido_metadata_root=fido_metadata_root)
        if not config.fido_metadata_root:
            raise Failed("no_metadata_source", "give --root FILE, or set fido_metadata_root")
        try:
            with file.open("rb") as opened:
                blob = opened.read(MAX_BYTES + 1)
        except OSError as error:
            raise Failed("metadata_source_unreadable", f"{file}: {error.strerror}") from None
        found = open_metadata(replace(config, fido_metadata=str(file))).judge(blob, SystemClock().now())
        tell(_summary(found), f"Good. {_sentence(found)}", json_output=json_output)


def _shelf(config: Config) -> MetadataShelf:
    if not config.fido_metadata:
        raise Failed("no_metadata_source", "the setting fido_metadata names no file and no address")
    shelf = open_metadata(config)
    if shelf.in_force is None and shelf.problem is not None:
        click.echo(f"What was kept cannot be used: {shelf.problem}", err=True)
    return shelf


@contextmanager
def _told(json_output: bool) -> Iterator[None]:
    """What goes wrong is told as the caller reads it."""
    try:
        yield
    except (MetadataRefused, RootsUnreadable) as error:
        fail(error.code, str(error), json_output)
    except Failed as error:
        fail(error.code, error.message, json_output)


def _summary(found: AuthenticatorMetadata) -> dict[str, object]:
    return {
        "number": found.number,
        "next_update": None if found.next_update is None else found.next_update.isoformat(),
        "model_count": len(found.entries.models),
        "other_entries": found.entries.others,
        "skipped_entries": found.entries.skipped,
        "damaged_parts": found.entries.damaged,
    }


def _sentence(found: AuthenticatorMetadata) -> str:
    entries = found.entries
    return (
        f"Number {found.number}, the next is announced for {found.next_update or 'no day'}: "
        f"{len(entries.models)} FIDO2 models, {entries.others} of other kinds, "
        f"{entries.skipped} entries skipped, {entries.damaged} damaged parts."
    )


def _described(entry: MetadataEntry, now: datetime) -> dict[str, object]:
    today = now.date()
    statuses = entry.model.statuses_on(today)
    return {
        "aaguid": str(entry.aaguid),
        "name": entry.model.name,
        "certification": entry.model.certification_on(today),
        "roots": len(entry.roots),
        "statuses": sorted(statuses),
        "refused_for": sorted(statuses & COMPROMISED),
    }
