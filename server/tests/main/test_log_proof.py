"""keystead log export, verify, checkpoint; and that the server signs its logs."""

import json
import signal
import sqlite3
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from keystead_server.main import parquet
from keystead_server.main.cli import main
from keystead_testkit.running_server import running_server


def run(data: Path, *arguments: str) -> Result:
    # In a thread, because a browser that an earlier test drove leaves a running loop in this one.
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(CliRunner().invoke, main, ["--data", str(data), *arguments]).result()


def told(data: Path, *arguments: str, fails: bool = False) -> Any:
    done = run(data, *arguments, "--json")
    assert done.exit_code == int(fails), done.stdout + done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def copied(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A server's data after a clean stop, and a copy of its logs."""
    folder = tmp_path_factory.mktemp("logs")
    with running_server(folder / "data") as server:
        # Another process writes a chain of its own; whoever signs next, signs for it.
        assert run(folder / "data", "user", "create", "grace@contoso.example").exit_code == 0
        assert told(folder / "data", "log", "verify")["unbound_links"] > 0
        assert server.stop() == 0
    assert told(folder / "data", "log", "verify")["unbound_links"] == 0
    assert run(folder / "data", "log", "export", "--to", str(folder / "copy")).exit_code == 0
    return folder / "data", folder / "copy"


def test_a_clean_stop_leaves_nothing_unsigned_whoever_wrote_it(copied: tuple[Path, Path]) -> None:
    verdict = told(copied[0], "log", "verify")

    assert (verdict["whole"], verdict["keys"], verdict["unbound_links"]) == (True, "server", 0)
    assert verdict["checkpoints"] >= 1
    assert verdict["rows"] == verdict["links"] == 3
    assert verdict["chains"] == 2


def test_a_server_that_is_killed_leaves_a_whole_log_and_the_next_signs_it(tmp_path: Path) -> None:
    with running_server(tmp_path / "data") as server:
        server.stop(signal.SIGKILL)
    assert told(tmp_path / "data", "log", "verify")["whole"]
    with running_server(tmp_path / "data") as server:
        server.stop()

    verdict = told(tmp_path / "data", "log", "verify")
    assert (verdict["whole"], verdict["unbound_links"]) == (True, 0)


def test_a_copy_is_proven_without_database_and_master_key(copied: tuple[Path, Path], tmp_path: Path) -> None:
    _, copy = copied

    verdict = told(tmp_path / "nothing", "log", "verify", str(copy))
    by_keys = told(tmp_path / "nothing", "log", "verify", str(copy), "--keys", str(copy / "keys.json"))
    in_words = run(tmp_path / "nothing", "log", "verify", str(copy))

    assert (verdict["whole"], verdict["keys"], by_keys["keys"]) == (True, "copy", "file")
    assert "The log is whole." in in_words.stdout
    assert "consistent, not who made it" in in_words.stdout
    assert in_words.stderr == ""
    assert not (tmp_path / "nothing").exists()


def test_only_its_owner_may_read_a_copy(copied: tuple[Path, Path]) -> None:
    modes = {path.stat().st_mode & 0o777 for path in copied[1].iterdir()}

    assert (copied[1].stat().st_mode & 0o777, modes) == (0o700, {0o600})


def test_a_row_that_was_changed_is_named_with_exit_code_1(copied: tuple[Path, Path]) -> None:
    data, _ = copied
    with closing(sqlite3.connect(data / "keystead.db", isolation_level=None)) as database:
        ((name, changed),) = database.execute("SELECT name, id FROM audit_events ORDER BY id LIMIT 1").fetchall()
        database.execute("UPDATE audit_events SET name = 'nothing.happened' WHERE id = ?", (changed,))
        try:
            verdict = told(data, "log", "verify", fails=True)
            in_words = run(data, "log", "verify")
        finally:
            database.execute("UPDATE audit_events SET name = ? WHERE id = ?", (name, changed))

    (fault,) = verdict["faults"]
    assert (verdict["whole"], fault["code"], fault["kind"], fault["id"]) == (False, "log_row_changed", "audit", changed)
    assert (fault["number"], verdict["fault_count"]) == (1, 1)
    assert in_words.exit_code == 1
    assert f"log_row_changed: audit event {changed}" in in_words.stdout


def test_a_checkpoint_that_was_noted_down_must_be_there(copied: tuple[Path, Path]) -> None:
    data, copy = copied
    noted = told(data, "log", "checkpoint")["digest"]

    assert told(data, "log", "verify", "--checkpoint", noted)["whole"]
    assert told(data, "log", "verify", str(copy), "--checkpoint", noted)["whole"]
    missed = told(data, "log", "verify", "--checkpoint", "0" * 64, fails=True)
    assert missed["faults"][0]["code"] == "log_checkpoint_dropped"


def test_other_keys_prove_nothing(copied: tuple[Path, Path], tmp_path: Path) -> None:
    assert run(tmp_path / "other", "init").exit_code == 0
    told(tmp_path / "other", "log", "export", "--to", str(tmp_path / "theirs"))

    verdict = told(tmp_path, "log", "verify", str(copied[1]), "--keys", str(tmp_path / "theirs/keys.json"), fails=True)

    assert verdict["faults"][0]["code"] == "log_checkpoint_forged"


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["verify", "{tmp}"], "log_keys_unusable"),
        (["verify", "{copy}", "--keys", "{copy}/attempts.jsonl"], "log_keys_unusable"),
        (["verify", "{tmp}", "--keys", "{copy}/keys.json"], "log_copy_unreadable"),
        (["export", "--to", "{copy}"], "log_copy_exists"),
        (["export", "--to", "/proc/nowhere"], "log_copy_failed"),
    ],
)
def test_what_cannot_be_done_is_said(
    copied: tuple[Path, Path], tmp_path: Path, arguments: list[str], code: str
) -> None:
    data, copy = copied
    given = [each.format(tmp=tmp_path, copy=copy) for each in arguments]

    assert told(data, "log", *given, fails=True)["error"]["code"] == code


def test_nothing_logged_is_nothing_to_sign(tmp_path: Path) -> None:
    assert told(tmp_path / "data", "log", "checkpoint", fails=True)["error"]["code"] == "log_empty"


def test_parquet_without_pyarrow_says_what_to_install(
    copied: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    arguments = ["--data", str(copied[0]), "log", "export", "--parquet", "--to", str(tmp_path / "copy")]

    refused = CliRunner().invoke(main, arguments)

    assert refused.exit_code == 1
    assert "pip install 'keystead-server[parquet]'" in refused.stderr
    assert not (tmp_path / "copy").exists()
    with pytest.raises(parquet.ParquetMissing):
        parquet.ParquetFiles(tmp_path)


def test_parquet_has_the_rows(copied: tuple[Path, Path], tmp_path: Path) -> None:
    pytest.importorskip("pyarrow", reason="an optional dependency")
    told(copied[0], "log", "export", "--parquet", "--to", str(tmp_path / "copy"))
    from pyarrow import parquet as files  # type: ignore[import-not-found,import-untyped,unused-ignore]

    rows = files.read_table(tmp_path / "copy" / "audit.parquet").to_pylist()

    lines = [json.loads(line) for line in (tmp_path / "copy" / "audit.jsonl").read_text().splitlines()]
    assert [row["id"] for row in rows] == [line["id"] for line in lines]
    assert [row["at"].isoformat(timespec="microseconds") for row in rows] == [line["at"] for line in lines]
