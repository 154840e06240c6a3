"""keystead doctor: looks, says what is wrong and how to mend it, and changes nothing."""

import json
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from keystead_server.main.config import Config
from keystead_server.main.wiring import open_system
from keystead_server.ports.changes import Add, Written
from keystead_testkit.command_line import invoke
from keystead_testkit.country_file import country, country_file
from keystead_testkit.loop import run
from keystead_testkit.store_suite.world import World

Keystead = Callable[..., Any]


def findings(data: Path, *before: str) -> tuple[int, dict[str, dict[str, Any]]]:
    result = invoke(data, *before, "doctor", "--json")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, {finding["check"]: finding for finding in json.loads(result.stdout)}


def wrong(found: dict[str, dict[str, Any]]) -> set[str]:
    return {check for check, finding in found.items() if not finding["ok"]}


def test_doctor_on_nothing_says_to_init_and_makes_nothing(data: Path) -> None:
    code, found = findings(data)

    assert (code, wrong(found)) == (1, {"data folder"})
    assert found["data folder"]["mend"] == "run: keystead init"
    assert not data.exists()


def test_doctor_finds_that_the_administrator_has_no_passkey_yet(keystead: Keystead, data: Path) -> None:
    code, found = findings(data)

    assert (code, wrong(found)) == (1, {"organisation"})
    assert found["organisation"]["found"] == "home: 1 administrators, 0 of them with a passkey"
    assert "keystead pass issue" in found["organisation"]["mend"]


def test_doctor_changes_nothing(keystead: Keystead, data: Path) -> None:
    before = sorted(path.name for path in data.iterdir()), keystead("log", "audit")

    findings(data)

    after = sorted(path.name for path in data.iterdir()), keystead("log", "audit")
    assert after == before


def test_doctor_does_not_migrate(data: Path) -> None:
    data.mkdir(mode=0o700)
    (data / "keystead.db").touch()

    code, found = findings(data)

    assert code == 1
    assert {"database", "master key"} <= wrong(found)
    with closing(sqlite3.connect(data / "keystead.db")) as database:
        assert database.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert not (data / "master.key").exists()


def test_doctor_finds_what_others_can_read(keystead: Keystead, data: Path) -> None:
    data.chmod(0o755)
    (data / "master.key").chmod(0o644)

    _, found = findings(data)

    assert found["data folder"]["mend"] == f"run: chmod 700 {data}"
    assert "chmod 600" in found["master key"]["found"]


def test_doctor_finds_a_damaged_database_and_a_broken_root_and_a_broken_setting(
    keystead: Keystead, data: Path, tmp_path: Path
) -> None:
    for left in data.glob("keystead.db*"):
        left.unlink()
    (data / "keystead.db").write_bytes(b"x" * 4096)
    (tmp_path / "roots").mkdir()
    (tmp_path / "roots" / "maker.pem").write_text("x")
    settings = tmp_path / "keystead.toml"
    settings.write_text(f'attestation_roots = "{tmp_path / "roots"}"')

    assert wrong(findings(data, "--config", str(settings))[1]) == {"database", "attestation"}
    assert wrong(findings(data, "--public-url", "x")[1]) == {"settings"}


def test_doctor_is_content_with_a_server_in_order(keystead: Keystead, data: Path) -> None:
    run(_give_the_administrator_a_passkey(data))

    code, found = findings(data)

    assert (code, wrong(found)) == (0, set())
    assert "ok  " in invoke(data, "doctor").stdout


def test_doctor_says_when_the_file_of_places_is_missing_or_late(keystead: Keystead, data: Path, tmp_path: Path) -> None:
    path = tmp_path / "countries.mmdb"
    settings = tmp_path / "keystead.toml"
    settings.write_text(f'geoip_file = "{path}"')
    run(_give_the_administrator_a_passkey(data))

    missing = findings(data, "--config", str(settings))[1]
    path.write_bytes(country_file({"203.0.113.0/24": country("DE")}, built_at=1_000_000_000))
    late = findings(data, "--config", str(settings))[1]
    path.write_bytes(country_file({"203.0.113.0/24": country("DE")}, built_at=4_000_000_000))

    assert wrong(missing) == wrong(late) == {"places"}
    assert "newer" in late["places"]["mend"]
    assert wrong(findings(data, "--config", str(settings))[1]) == set()


async def _give_the_administrator_a_passkey(data: Path) -> None:
    system = await open_system(Config(data=data))
    (tenant,) = await system.store.tenants.all()
    (administrator,) = await system.store.users.administrators(tenant.id)
    world = World(system.store, run)
    assert await system.store.write(Add(world.passkey(administrator))) == Written()
    await system.close()
