"""keystead log export, verify and checkpoint: the logs can be proven whole."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from keystead_core.jose import parse_public_jwk_set

from keystead_server.domain.log_proof import Verdict
from keystead_server.main.cli.frame import Failed, Frame, as_json, fail, moment, tell
from keystead_server.main.log_copy import (
    KEYS,
    CopyExists,
    CopyUnreadable,
    KeysUnusable,
    line_count,
    read_keys,
    verify_copy,
    write_copy,
)
from keystead_server.main.parquet import ParquetFiles, ParquetMissing
from keystead_server.main.wiring import System

if TYPE_CHECKING:
    from click._termui_impl import ProgressBar

FAULTS_SHOWN = 10


class _Bar:
    """A progress bar on a terminal, and nothing elsewhere."""

    def __init__(self, label: str) -> None:
        self._label = label
        self._bar: ProgressBar[int] | None = None

    def begun(self, total: int) -> None:
        stream = sys.stderr
        if stream.isatty():
            self._bar = click.progressbar(length=total, label=self._label, file=stream)
            self._bar.render_progress()

    def more(self, count: int) -> None:
        if self._bar is not None:
            self._bar.update(count)

    def ended(self) -> None:
        if self._bar is not None:
            self._bar.render_finish()


@contextmanager
def _bar(label: str) -> Iterator[_Bar]:
    bar = _Bar(label)
    try:
        yield bar
    finally:
        bar.ended()


@click.command(epilog="Example:  keystead log export --to copies/2026-03-02")
@click.option("--to", "folder", required=True, type=click.Path(path_type=Path), help="A new or empty folder.")
@click.option("--parquet", is_flag=True, help="Write the rows as Parquet too; needs pyarrow.")
@as_json
@click.pass_obj
def export(frame: Frame, folder: Path, parquet: bool, json_output: bool) -> None:
    """Copy both logs of all organisations, with what proves them, into a folder.

    First signs a checkpoint, so that the copy is bound up to its end.
    """

    async def work(system: System) -> dict[str, Any]:
        await system.checkpoint_log()
        about = {
            "made_at": moment(system.services.clock.now()),
            "server": system.config.public_url,
            "keystead": version("keystead-server"),
        }
        files = ParquetFiles(folder) if parquet else nullcontext()
        with _bar("Copying") as bar, files as also:
            async with system.store.chains.whole() as log:
                bar.begun((await log.size()).total)
                return await write_copy(log, system.services.signer.jwks(), folder, about, also=also, written=bar.more)

    try:
        manifest = frame.run(work, json_output=json_output)
    except (CopyExists, ParquetMissing) as error:
        fail(error.code, str(error), json_output)
    except OSError as error:
        fail("log_copy_failed", f"{folder} cannot be written: {error.strerror}", json_output)
    lines = {name.partition(".")[0]: told["lines"] for name, told in manifest["files"].items()}
    sentence = (
        f"Copied {_many(lines['attempts'], 'sign-in')}, {_many(lines['audit'], 'audit event')}, "
        f"{_many(lines['links'], 'link')} and {_many(lines['checkpoints'], 'checkpoint')} to {folder}.\nProve it anywhere with:  keystead log verify {folder}"
    )
    tell({"folder": str(folder), **manifest}, sentence, json_output=json_output)


@click.command(epilog="Example:  keystead log verify copies/2026-03-02 --keys keys-of-last-year.json")
@click.argument("folder", required=False, type=click.Path(path_type=Path))
@click.option("--keys", "keys_file", type=click.Path(path_type=Path), help="The server's public keys (JWK set).")
@click.option("--checkpoint", "noted", metavar="DIGEST", help="A checkpoint you noted down: it must be there.")
@as_json
@click.pass_obj
def verify(frame: Frame, folder: Path | None, keys_file: Path | None, noted: str | None, json_output: bool) -> None:
    """Prove that no row of the logs was changed, dropped, added or moved, and name the first that was.

    With a FOLDER, that copy, and neither database nor master key is needed; without, the logs as they are
    now. Exit code 1 when something is wrong.
    """
    try:
        if folder is not None:
            keys, verdict = _of_copy(folder, keys_file, noted)
        else:
            keys, verdict = _of_store(frame, keys_file, noted, json_output)
    except (CopyUnreadable, KeysUnusable) as error:
        fail(error.code, str(error), json_output)
    tell(_as_data(verdict, keys), _as_text(verdict, keys), json_output=json_output)
    if not verdict.whole:
        raise SystemExit(1)


def _of_copy(folder: Path, keys_file: Path | None, noted: str | None) -> tuple[str, Verdict]:
    keys = read_keys(keys_file or folder / KEYS)
    with _bar("Verifying") as bar:
        bar.begun(line_count(folder))
        verdict = verify_copy(folder, keys, noted_checkpoint=noted, looked_at=bar.more)
    return "copy" if keys_file is None else "file", verdict


def _of_store(frame: Frame, keys_file: Path | None, noted: str | None, json_output: bool) -> tuple[str, Verdict]:
    given = None if keys_file is None else read_keys(keys_file)

    async def work(system: System) -> Verdict:
        keys = given or parse_public_jwk_set(system.services.signer.jwks())
        with _bar("Verifying") as bar:
            return await system.verify_log(keys, noted_checkpoint=noted, begun=bar.begun, looked_at=bar.more)

    return "server" if given is None else "file", frame.run(work, json_output=json_output)


_TRUST = {
    "copy": "Checked with the keys that came with the copy: that proves that it is consistent, not who made it.\n"
    "To prove that too, give the server's public keys, kept elsewhere:  --keys FILE",
    "server": "Checked with the server's own keys.",
    "file": "Checked with the keys you gave.",
}


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _as_text(verdict: Verdict, keys: str) -> str:
    lines = [
        f"{_many(verdict.rows, 'row')}, {_many(verdict.links, 'link')} of {_many(verdict.chains, 'chain')}, "
        f"{_many(verdict.checkpoints, 'checkpoint')}.",
        _TRUST[keys],
    ]
    if verdict.unbound_links:
        lines.append(
            f"{verdict.unbound_links} links are newer than the last checkpoint; nothing signed binds them yet."
        )
    if last := verdict.last_checkpoint:
        lines.append(f"Last checkpoint: {last.number}, of {moment(last.at)}, digest {last.digest}")
    if verdict.whole:
        return "\n".join(["The log is whole.", *lines])
    shown = [f"  {fault.code}: {fault.text}" for fault in verdict.faults[:FAULTS_SHOWN]]
    if verdict.fault_count > len(shown):
        shown.append(f"  … and {verdict.fault_count - len(shown)} more")
    return "\n".join(["The log is NOT whole. The first that is wrong:", *shown, *lines])


def _as_data(verdict: Verdict, keys: str) -> dict[str, object]:
    last = verdict.last_checkpoint
    return {
        "whole": verdict.whole,
        "keys": keys,
        "rows": verdict.rows,
        "links": verdict.links,
        "chains": verdict.chains,
        "unbound_links": verdict.unbound_links,
        "checkpoints": verdict.checkpoints,
        "last_checkpoint": last and {"number": last.number, "at": moment(last.at), "digest": last.digest},
        "fault_count": verdict.fault_count,
        "faults": [
            {
                "code": fault.code,
                "kind": fault.kind,
                "tenant": fault.tenant_id,
                "id": fault.id,
                "chain": fault.chain,
                "number": fault.number,
                "what": fault.text,
            }
            for fault in verdict.faults
        ],
    }


@click.command(epilog="Example:  keystead log checkpoint")
@as_json
@click.pass_obj
def checkpoint(frame: Frame, json_output: bool) -> None:
    """Sign where the logs stand now. The server does it every five minutes, and when it stops.

    Note the digest down elsewhere: `keystead log verify --checkpoint DIGEST` then shows that nothing up to here
    was cut off.
    """

    async def work(system: System) -> None:
        made = await system.checkpoint_log()
        if made is None:
            raise Failed("log_empty", "nothing was logged yet")
        data = {"number": made.number, "at": moment(made.at), "digest": made.digest.hex()}
        tell(data, f"Checkpoint {made.number}, digest {made.digest.hex()}", json_output=json_output)

    frame.run(work, json_output=json_output)
