"""The master key's file: made once, read by its owner only, never replaced."""

import os
import stat
import threading
from pathlib import Path

import pytest
from keystead_server.keys.master_key import MasterKeyError, load_or_create
from keystead_server.main.config import Config
from keystead_server.main.system import SystemEntropy
from keystead_server.main.wiring import open_system
from keystead_testkit.loop import run


def load(path: Path, *, may_create: bool = True) -> bytes:
    return load_or_create(path, SystemEntropy(), may_create=may_create)


def refusal(path: Path, *, may_create: bool = True) -> str:
    with pytest.raises(MasterKeyError) as refused:
        load(path, may_create=may_create)
    assert refused.value.code == "master_key_unusable"
    return str(refused.value)


def test_is_made_once_and_then_kept(tmp_path: Path) -> None:
    path = tmp_path / "data" / "master.key"

    first = load(path)

    assert len(first) == 32
    assert load(path) == load(path, may_create=False) == first
    assert os.listdir(path.parent) == ["master.key"]


def test_only_its_owner_may_read_it_or_enter_the_folder_made_for_it(tmp_path: Path) -> None:
    path = tmp_path / "data" / "master.key"

    load(path)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o644, 0o666, 0o601])
def test_one_that_others_can_touch_is_refused_with_what_to_type(tmp_path: Path, mode: int) -> None:
    path = tmp_path / "master.key"
    load(path)
    path.chmod(mode)

    assert f"chmod 600 {path}" in refusal(path)


@pytest.mark.parametrize("length", [0, 31, 33])
def test_a_damaged_one_is_refused_and_left_as_it_is(tmp_path: Path, length: int) -> None:
    path = tmp_path / "master.key"
    path.write_bytes(bytes(length))
    path.chmod(0o600)

    assert "restore it from your backup" in refusal(path)
    assert path.read_bytes() == bytes(length)


def test_a_missing_one_is_not_replaced_when_something_was_sealed_with_it(tmp_path: Path) -> None:
    path = tmp_path / "master.key"

    assert "put it back from your backup" in refusal(path, may_create=False)
    assert not path.exists()


def test_a_server_whose_key_was_lost_does_not_start_with_another(tmp_path: Path) -> None:
    config = Config(data=tmp_path)
    run(run_once(config))
    config.master_key_path.unlink()

    with pytest.raises(MasterKeyError):
        run(run_once(config))

    assert not config.master_key_path.exists()


async def run_once(config: Config) -> None:
    system = await open_system(config)
    await system.close()


def test_starts_at_the_same_time_end_with_one_key(tmp_path: Path) -> None:
    for round_ in range(10):
        path = tmp_path / str(round_) / "master.key"
        together, keys = threading.Barrier(8), []

        def start(path: Path = path, together: threading.Barrier = together, keys: list[bytes] = keys) -> None:
            together.wait()
            keys.append(load(path))

        threads = [threading.Thread(target=start) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert len(keys) == 8
        assert set(keys) == {path.read_bytes()}
        assert os.listdir(path.parent) == ["master.key"]


def test_a_start_that_was_killed_halfway_does_not_stand_in_the_way(tmp_path: Path) -> None:
    for remains in ("master.new", ".master.key.0011223344556677"):
        (tmp_path / remains).write_bytes(b"half")

    assert len(load(tmp_path / "master.key")) == 32
