"""keystead metadata …, what doctor says of metadata, and a server that starts with them."""

import asyncio
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from click.testing import CliRunner, Result
from keystead_server.main.asgi import Application
from keystead_server.main.cli import main
from keystead_server.main.config import Config
from keystead_server.main.wiring import System
from keystead_server.trust.metadata.shelf import KEPT
from keystead_testkit.authority import Authority
from keystead_testkit.loop import run
from keystead_testkit.metadata_service import MetadataService, entry, report
from structlog.testing import capture_logs

KEY, OTHER_KEY = UUID(int=0x11), UUID(int=0x22)
SERVICE = MetadataService.opened()
# The command looks at the real clock.
SOON = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
Place = Callable[..., Any]


def invoke(settings: Path, *arguments: str) -> Result:
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(CliRunner().invoke, main, ["--config", str(settings), *arguments]).result()


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    (tmp_path / "root.pem").write_bytes(SERVICE.root.pem)
    publish(tmp_path, entry(KEY, report("REVOKED"), name="Old key"), entry(OTHER_KEY, report("FIDO_CERTIFIED_L2")), {})
    file = tmp_path / "keystead.toml"
    file.write_text(
        f'data = "{tmp_path / "data"}"\nfido_metadata = "{tmp_path / "blob.jwt"}"\n'
        f'fido_metadata_root = "{tmp_path / "root.pem"}"\n'
    )
    return file


def publish(folder: Path, *entries: object, no: int = 5, next_update: str = SOON) -> None:
    (folder / "blob.jwt").write_bytes(SERVICE.blob(*entries, no=no, next_update=next_update))


@pytest.fixture
def keystead(settings: Path) -> Place:
    """Run `keystead metadata …` with --json; its parsed output, or with *fails* its error's code."""

    def call(*arguments: str, fails: bool = False) -> Any:
        result = invoke(settings, "metadata", *arguments, "--json")
        assert result.exit_code == (1 if fails else 0), result.output + repr(result.exception)
        told = json.loads(result.stdout)
        return told["error"]["code"] if fails else told

    return call


def test_refresh_keeps_the_metadata_and_show_lists_the_models(keystead: Place, settings: Path) -> None:
    assert keystead("show", fails=True) == "no_metadata"

    assert keystead("refresh") == {
        "number": 5, "next_update": SOON, "model_count": 2, "other_entries": 0, "skipped_entries": 1, "damaged_parts": 0,
    }  # fmt: skip

    assert (settings.parent / "data" / KEPT).is_file()
    old, other = keystead("show")["models"]
    assert (old["name"], old["refused_for"]) == ("Old key", ["REVOKED"])
    assert (other["certification"], other["refused_for"]) == ("FIDO_CERTIFIED_L2", [])
    assert [model["aaguid"] for model in keystead("show", "--refused")["models"]] == [str(KEY)]
    assert "Old key" in invoke(settings, "metadata", "show").stdout


def test_refresh_says_what_is_wrong_and_keeps_what_was(keystead: Place, settings: Path) -> None:
    keystead("refresh")
    publish(settings.parent, no=4)

    assert keystead("refresh", fails=True) == "metadata_rolled_back"
    (settings.parent / "blob.jwt").unlink()
    assert keystead("refresh", fails=True) == "metadata_source_unreadable"
    assert len(keystead("show")["models"]) == 2


def test_verify_judges_a_file_and_keeps_nothing(keystead: Place, settings: Path) -> None:
    blob = str(settings.parent / "blob.jwt")

    assert keystead("verify", blob)["number"] == 5
    assert not (settings.parent / "data").exists()
    (settings.parent / "other.pem").write_bytes(Authority.root().pem)
    other = str(settings.parent / "other.pem")
    assert keystead("verify", blob, "--root", other, fails=True) == "metadata_signer_not_trusted"
    assert keystead("verify", str(settings), fails=True) == "metadata_malformed"
    assert keystead("verify", str(settings.parent / "none"), fails=True) == "metadata_source_unreadable"
    assert keystead("verify", blob, "--root", blob, fails=True) == "metadata_root_unreadable"


def test_without_a_source_there_is_nothing_to_do(tmp_path: Path) -> None:
    (tmp_path / "none.toml").write_text(f'data = "{tmp_path}"')
    (tmp_path / "root.pem").write_bytes(SERVICE.root.pem)
    (tmp_path / "blob.jwt").write_bytes(SERVICE.blob())
    blob, root = str(tmp_path / "blob.jwt"), str(tmp_path / "root.pem")

    for verb in (["show"], ["refresh"], ["verify", blob]):
        told = json.loads(invoke(tmp_path / "none.toml", "metadata", *verb, "--json").stdout)
        assert told["error"]["code"] == "no_metadata_source"
    assert invoke(tmp_path / "none.toml", "metadata", "verify", blob, "--root", root).exit_code == 0


# -- doctor ----------------------------------------------------------------------------------------


def finding(settings: Path) -> dict[str, Any]:
    (settings.parent / "data").mkdir(mode=0o700, exist_ok=True)
    found = json.loads(invoke(settings, "doctor", "--json").stdout)
    return next(each for each in found if each["check"] == "metadata")


def test_doctor_tells_of_metadata_that_are_good_missing_late_or_damaged(keystead: Place, settings: Path) -> None:
    assert finding(settings)["mend"] == "run: keystead metadata refresh"

    keystead("refresh")
    good = finding(settings)
    assert (good["ok"], good["found"]) == (True, "number 5: 2 models, 1 entries skipped")

    publish(settings.parent, entry(KEY), next_update="2026-01-01")
    keystead("refresh")
    late = finding(settings)
    assert not late["ok"]
    assert "announced for 2026-01-01, these are used meanwhile" in late["found"]

    (settings.parent / "data" / KEPT).write_text("damaged")
    assert not finding(settings)["ok"]
    (settings.parent / "root.pem").write_text("damaged")
    assert "root.pem" in finding(settings)["found"]


def test_doctor_is_content_without_metadata(settings: Path) -> None:
    settings.write_text(f'data = "{settings.parent / "data"}"')

    assert finding(settings)["ok"]


# -- a server --------------------------------------------------------------------------------------


async def live(config: Config, until: Callable[[System], bool]) -> None:
    """Start the application, wait until something holds, stop it."""
    started: list[System] = []
    messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    said: list[str] = []

    async def ready(system: System) -> None:
        started.append(system)

    async def send(message: Any) -> None:
        said.append(message["type"])

    application = Application(config, on_ready=ready)
    await messages.put({"type": "lifespan.startup"})
    living = asyncio.create_task(application({"type": "lifespan"}, messages.get, send))  # type: ignore[arg-type]
    async with asyncio.timeout(30):
        while not (started and until(started[0])):
            assert not living.done(), application.failure
            await asyncio.sleep(0.01)
        await messages.put({"type": "lifespan.shutdown"})
        await living
    assert said == ["lifespan.startup.complete", "lifespan.shutdown.complete"]


@pytest.fixture
def config(settings: Path) -> Config:
    folder = settings.parent
    return Config(
        data=folder / "data", fido_metadata=str(folder / "blob.jwt"), fido_metadata_root=str(folder / "root.pem")
    )


def test_a_server_refreshes_when_it_starts(config: Config) -> None:
    run(live(config, lambda system: system.metadata.about(KEY) is not None))

    assert (config.data / KEPT).is_file()


def test_a_server_starts_without_its_source_and_uses_what_it_kept(config: Config, keystead: Place) -> None:
    keystead("refresh")
    Path(config.fido_metadata).unlink()

    run(live(config, lambda system: system.metadata.about(KEY) is not None))


def test_a_server_starts_with_damaged_metadata_and_says_so(config: Config) -> None:
    config.data.mkdir()
    (config.data / KEPT).write_text("damaged")
    Path(config.fido_metadata).write_text("damaged too")

    with capture_logs() as logged:
        run(live(config, lambda system: any(line["event"] == "metadata.not_refreshed" for line in logged)))

    assert next(line["event"] for line in logged if line["event"].startswith("metadata.")) == "metadata.not_used"
