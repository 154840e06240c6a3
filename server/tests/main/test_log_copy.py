"""A copy of the logs: whatever is changed, dropped, added or moved in it is found and named."""

import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from keystead_core.jose import KeySet, parse_public_jwk_set
from keystead_server.domain.log_fault import Fault
from keystead_server.domain.log_proof import Verdict
from keystead_server.domain.tenant import Tenant
from keystead_server.flows.checkpoint_log import CheckpointLog
from keystead_server.keys import signer
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.main.log_copy import CopyExists, CopyUnreadable, KeysUnusable, read_keys, verify_copy, write_copy
from keystead_server.ports.changes import Add
from keystead_server.storage.chains import Chains
from keystead_testkit.clock import SeededEntropy
from keystead_testkit.loop import run
from keystead_testkit.memory_store import MemoryStore
from keystead_testkit.store_suite.world import World

ROWS = ("attempts.jsonl", "audit.jsonl")
Lines = dict[str, list[bytes]]


@dataclass
class Copy:
    """A copy, and what can be done to it; each `verdict` is over a folder of its own.

    Attributes:
        lines: what the files hold. Chains of three processes, two of which ended before the last checkpoint.
    """

    lines: Lines
    other: dict[str, bytes]
    folder: Path
    keys: KeySet[Any]

    def fresh(self) -> Lines:
        return {name: list(lines) for name, lines in self.lines.items()}

    def verdict(self, lines: Lines, *, manifest: bool = True, noted: str | None = None) -> Verdict:
        """*manifest*: whoever tampered has made it fit."""
        files = {name: b"".join(line + b"\n" for line in each) for name, each in lines.items()}
        told = json.loads(self.other["manifest.json"])
        if manifest:
            told["files"] = {n: {"lines": len(lines[n]), "sha256": sha256(f).hexdigest()} for n, f in files.items()}
        for name, data in (files | self.other | {"manifest.json": json.dumps(told).encode()}).items():
            (self.folder / name).write_bytes(data)
        return verify_copy(self.folder, self.keys, noted_checkpoint=noted, looked_at=lambda _: None)

    def first(self, lines: Lines) -> Fault:
        return self.verdict(lines).faults[0]


def members(line: bytes) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(line)
    return found


async def _play(world: World, store: MemoryStore, checkpoint: CheckpointLog) -> None:
    """Three processes, one after the other, each with a chain; the last one's end is not bound."""
    here, there = (Tenant(world.new_id(), name, name, world.clock.now()) for name in ("contoso", "fabrikam"))
    for process in range(3):
        store._chains = Chains(SeededEntropy(100 + process))
        for tenant in (here, there, here):
            await store.write(
                Add(world.attempt(tenant, detail="it's\0 me", credential_id=b"key")), Add(world.event(tenant))
            )
            await store.write(Add(world.attempt(tenant)))
        await checkpoint()
        world.clock.advance(timedelta(minutes=5))
    await store.write(Add(world.attempt(here)))


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Copy:
    store, folder = MemoryStore(), tmp_path_factory.mktemp("logs")
    world = World(store, run)

    async def story() -> Any:
        signs = await signer.load(store, MasterKeySealer(bytes(32), SeededEntropy()), world.clock.now())
        await _play(world, store, CheckpointLog(store, world.clock, signs))
        async with store.chains.whole() as log:
            await write_copy(log, signs.jwks(), folder / "copy", {"server": "x"}, written=lambda _: None)
        return parse_public_jwk_set(signs.jwks())

    keys = run(story())
    files = {path.name: path.read_bytes() for path in (folder / "copy").iterdir()}
    lines = {name: data.splitlines() for name, data in files.items() if name.endswith(".jsonl")}
    (folder / "tried").mkdir()
    return Copy(lines, {n: d for n, d in files.items() if n not in lines}, folder / "tried", keys)


def test_an_untouched_copy_is_whole(copy: Copy) -> None:
    verdict = copy.verdict(copy.lines, manifest=False)

    assert verdict.faults == ()
    assert (verdict.rows, verdict.links, verdict.chains, verdict.checkpoints) == (28, 19, 3, 3)
    assert verdict.unbound_links == 1
    assert verdict.last_checkpoint is not None
    assert verdict.last_checkpoint.number == 3
    assert copy.verdict(copy.lines, noted=verdict.last_checkpoint.digest).whole


@pytest.mark.parametrize("name", ROWS)
def test_a_changed_row_is_the_first_that_is_named(copy: Copy, name: str) -> None:
    for at, line in enumerate(copy.lines[name]):
        lines = copy.fresh()
        lines[name][at] = line.replace(b'"at":"2026-', b'"at":"2025-')

        fault = copy.first(lines)

        assert (fault.code, fault.id, fault.tenant_id) == (
            "log_row_changed", members(line)["id"], members(line)["tenant_id"],
        )  # fmt: skip
        assert fault.chain in {members(link)["chain"] for link in copy.lines["links.jsonl"]}
        assert fault.number


@pytest.mark.parametrize("name", ROWS)
def test_a_dropped_row_is_the_first_that_is_named(copy: Copy, name: str) -> None:
    for at, line in enumerate(copy.lines[name]):
        lines = copy.fresh()
        del lines[name][at]

        fault = copy.first(lines)

        assert (fault.code, fault.id) == ("log_row_dropped", members(line)["id"])
        assert fault.chain
        assert fault.number


@pytest.mark.parametrize("name", ROWS)
def test_an_added_row_is_named(copy: Copy, name: str) -> None:
    forged = members(copy.lines[name][-1]) | {"id": "ffffffff-0000-7000-8000-000000000000"}
    lines = copy.fresh()
    lines[name].append(json.dumps(forged).encode())

    fault = copy.first(lines)

    assert (fault.code, fault.id) == ("log_row_added", forged["id"])


@pytest.mark.parametrize("name", ROWS)
def test_a_row_that_stands_twice_or_elsewhere_is_named(copy: Copy, name: str) -> None:
    for at in range(len(copy.lines[name]) - 1):
        twice, swapped = copy.fresh(), copy.fresh()
        twice[name].insert(at, twice[name][at])
        swapped[name][at], swapped[name][at + 1] = swapped[name][at + 1], swapped[name][at]

        first, second = copy.first(twice), copy.first(swapped)

        assert (first.code, first.id) == ("log_row_added", members(copy.lines[name][at])["id"])
        assert (second.code, second.id) == ("log_row_reordered", members(copy.lines[name][at])["id"])


def test_a_row_moved_to_the_other_log_is_named(copy: Copy) -> None:
    lines = copy.fresh()
    moved = lines["audit.jsonl"].pop()
    lines["attempts.jsonl"].append(moved)

    assert {(f.code, f.id) for f in copy.verdict(lines).faults} >= {("log_row_dropped", members(moved)["id"])}


def test_a_dropped_link_is_named(copy: Copy) -> None:
    for at, line in enumerate(copy.lines["links.jsonl"]):
        lines = copy.fresh()
        del lines["links.jsonl"][at]
        link = members(line)

        faults = copy.verdict(lines).faults

        unbound = at == len(copy.lines["links.jsonl"]) - 1
        assert {f.id for f in faults} >= {row[2] for row in link["rows"]}
        if not unbound:
            assert (faults[0].chain, faults[0].number) == (link["chain"], link["number"])
            assert faults[0].code in ("log_link_dropped", "log_chain_cut")


def test_swapped_links_and_one_that_stands_twice_are_named(copy: Copy) -> None:
    for at in range(len(copy.lines["links.jsonl"]) - 1):
        one, two = copy.lines["links.jsonl"][at : at + 2]
        twice, swapped = copy.fresh(), copy.fresh()
        twice["links.jsonl"].insert(at, one)
        swapped["links.jsonl"][at : at + 2] = [two, one]

        assert copy.first(twice).code == "log_link_reordered"
        assert copy.first(twice).number == members(one)["number"]
        named = {(f.chain, f.number) for f in copy.verdict(swapped).faults}
        assert (members(one)["chain"], members(one)["number"]) in named


def test_a_link_rewritten_with_its_rows_shows_in_the_next(copy: Copy) -> None:
    """Whoever changes a row and the link that names it has changed what the next link follows."""
    for at, line in enumerate(copy.lines["links.jsonl"][:-2]):
        lines, link = copy.fresh(), members(line)
        _rewrite(lines, at)

        faults = copy.verdict(lines).faults

        assert (faults[0].code, faults[0].chain, faults[0].number) == (
            "log_link_changed", link["chain"], link["number"],
        )  # fmt: skip


def _rewrite(lines: Lines, at: int) -> None:
    link = members(lines["links.jsonl"][at])
    row = link["rows"][0]
    name = ROWS[0] if row[0] == "attempt" else ROWS[1]
    place = next(i for i, line in enumerate(lines[name]) if members(line)["id"] == row[2])
    lines[name][place] = lines[name][place].replace(b'"at":"2026-', b'"at":"2025-')
    row[3] = sha256(lines[name][place]).hexdigest()
    lines["links.jsonl"][at] = json.dumps(link, sort_keys=True, separators=(",", ":")).encode()


def test_a_chain_rewritten_to_its_end_shows_in_the_checkpoint(copy: Copy) -> None:
    lines = copy.fresh()
    chain = members(lines["links.jsonl"][0])["chain"]
    places = [i for i, line in enumerate(lines["links.jsonl"]) if members(line)["chain"] == chain]
    _rewrite(lines, places[0])
    for before, at in pairwise(places):
        link = members(lines["links.jsonl"][at])
        link["previous"] = sha256(lines["links.jsonl"][before]).hexdigest()
        lines["links.jsonl"][at] = json.dumps(link, sort_keys=True, separators=(",", ":")).encode()

    fault = copy.first(lines)

    assert (fault.code, fault.chain, fault.number) == ("log_link_changed", chain, len(places))
    assert "checkpoint" in fault.sentence


@pytest.mark.parametrize("left", [0, 1, 3])
def test_a_chain_cut_off_with_all_its_rows_shows_in_the_checkpoint(copy: Copy, left: int) -> None:
    for chain in sorted({members(line)["chain"] for line in copy.lines["links.jsonl"]}):
        lines = copy.fresh()
        cut = [m for line in lines["links.jsonl"] if (m := members(line))["chain"] == chain and m["number"] > left]
        gone = {row[2] for link in cut for row in link["rows"]}
        for name in ROWS:
            lines[name] = [line for line in lines[name] if members(line)["id"] not in gone]
        lines["links.jsonl"] = [line for line in lines["links.jsonl"] if members(line) not in cut]

        (fault,) = copy.verdict(lines).faults

        assert (fault.code, fault.chain, fault.number) == ("log_chain_cut", chain, left + 1)


@pytest.mark.parametrize("number", [1, 2])
def test_a_dropped_checkpoint_is_named(copy: Copy, number: int) -> None:
    lines = copy.fresh()
    del lines["checkpoints.jsonl"][number - 1]

    assert copy.first(lines) == Fault("log_checkpoint_dropped", f"checkpoint {number} is not there")


def test_the_last_checkpoint_is_missed_by_whoever_noted_it(copy: Copy) -> None:
    lines = copy.fresh()
    last = members(lines["checkpoints.jsonl"].pop())["token"]

    assert copy.verdict(lines).whole
    (fault,) = copy.verdict(lines, noted=sha256(last.encode()).hexdigest()).faults
    assert fault.code == "log_checkpoint_dropped"
    assert copy.verdict(lines, manifest=False).faults[0].code == "log_manifest_differs"


def test_a_checkpoint_moved_renumbered_or_signed_by_somebody_else_is_named(copy: Copy) -> None:
    swapped, renumbered, forged, strange = (copy.fresh() for _ in range(4))
    swapped["checkpoints.jsonl"].reverse()
    first, second = (members(line) for line in copy.lines["checkpoints.jsonl"][:2])
    renumbered["checkpoints.jsonl"][1] = json.dumps({"number": 2, "token": first["token"]}).encode()
    header, _, signature = second["token"].split(".")
    payload = first["token"].split(".")[1]
    forged["checkpoints.jsonl"][1] = json.dumps({"number": 2, "token": f"{header}.{payload}.{signature}"}).encode()
    strange["checkpoints.jsonl"][1] = b'{"number":2,"token":["x"]}'

    assert copy.first(swapped).code == "log_checkpoint_dropped"
    assert copy.first(renumbered) == Fault("log_checkpoint_changed", "checkpoint 2 is really number 1")
    assert copy.first(forged).code == "log_checkpoint_forged"
    assert copy.first(strange).code == "log_malformed"
    assert replace(copy, keys=KeySet({}, {})).first(copy.fresh()).code == "log_checkpoint_forged"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.data())
def test_no_character_of_a_copy_can_be_changed_unseen(copy: Copy, data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(copy.lines)))
    at = data.draw(st.integers(0, len(copy.lines[name]) - 1))
    line = copy.lines[name][at]
    place = data.draw(st.integers(0, len(line) - 1))
    byte = data.draw(st.integers(0, 255).filter(lambda b: b not in (line[place], 10)))
    lines = copy.fresh()
    lines[name][at] = line[:place] + bytes([byte]) + line[place + 1 :]

    assert not copy.verdict(lines).whole


@pytest.mark.parametrize(
    "line", [b"", b"[]", b"{", b'"x"', b'{"id":1,"tenant_id":"x"}', b"\xff", b"[" * 100_000, b'{"id":"x"}']
)
@pytest.mark.parametrize("name", [*ROWS, "links.jsonl", "checkpoints.jsonl"])
def test_a_line_that_is_none_is_a_fault_and_no_traceback(copy: Copy, name: str, line: bytes) -> None:
    lines = copy.fresh()
    lines[name].insert(0, line)

    assert copy.first(lines).code == "log_malformed"


def test_a_link_of_another_version_is_not_guessed_at(copy: Copy) -> None:
    lines = copy.fresh()
    lines["links.jsonl"][0] = lines["links.jsonl"][0].replace(b'"v":1', b'"v":2')

    assert copy.first(lines).code == "log_malformed"
    assert "version 2" in copy.first(lines).sentence


def test_what_is_no_copy_is_said(copy: Copy, tmp_path: Path) -> None:
    refused: list[Callable[[Path], object]] = [
        lambda p: None,
        lambda p: (p / "manifest.json").write_text("{}"),
        lambda p: (p / "manifest.json").write_text('{"v":1,"files":{"links.jsonl":3}}'),
        lambda p: (p / "manifest.json").write_text('{"v":1,"files":{}}'),
    ]
    for spoil in refused:
        spoil(tmp_path)
        with pytest.raises(CopyUnreadable):
            verify_copy(tmp_path, copy.keys, noted_checkpoint=None, looked_at=lambda _: None)
    (tmp_path / "keys.json").write_text('{"keys":{}}')
    with pytest.raises(KeysUnusable):
        read_keys(tmp_path / "keys.json")


def test_a_copy_is_never_written_over_something(tmp_path: Path) -> None:
    (tmp_path / "letter.txt").write_text("Dear Sir or Madam")

    async def write(folder: Path) -> None:
        async with MemoryStore().chains.whole() as log:
            await write_copy(log, {"keys": []}, folder, {}, written=lambda _: None)

    for folder in (tmp_path, tmp_path / "letter.txt"):
        with pytest.raises(CopyExists):
            run(write(folder))
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]
