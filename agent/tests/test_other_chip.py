"""Files beside another chip stay shut; which system they were written on only chooses the words."""

import os
import time
from pathlib import Path

import pytest
from keystead_agent.container.container import Container
from keystead_agent.container.machine import UNKNOWN, Machine
from keystead_agent.container.stored import unverified_mark
from keystead_agent.keystore.errors import OtherMachine
from keystead_agent.keystore.interface import Keystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_agent.main import system
from keystead_testkit.clock import FixedClock
from keystead_testkit.software_tpm import SoftwareTpm

PIN = "137946"
LAPTOP = Machine.of("4c4c4544\n", virtual=False)
GUEST = Machine.of("4c4c4544\n", virtual=True)
OTHER = Machine.of("5d5d5555\n", virtual=True)


class Disk:
    """The same files, opened on one machine after the other."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.file = directory / "container.cbor"

    def on(self, machine: Machine, chip: SoftwareTpm) -> Container:
        keystore: Keystore = TpmKeystore(connector(chip.address), os.urandom, time.sleep)
        return Container(self.directory, keystore, FixedClock().now, os.urandom, machine=machine)

    def refused(self, machine: Machine, chip: SoftwareTpm) -> str:
        with pytest.raises(OtherMachine) as refused:
            self.on(machine, chip)
        return refused.value.code


@pytest.fixture
def disk(tmp_path: Path) -> Disk:
    return Disk(tmp_path / "state")


def test_another_chip_opens_nothing_and_says_what_became_of_the_files(disk: Disk, tpm: SoftwareTpm) -> None:
    disk.on(LAPTOP, tpm).set_pin(PIN)

    with SoftwareTpm() as other:
        assert disk.refused(OTHER, other) == "other_machine"
        assert disk.refused(LAPTOP, other) == "chip_exchanged"
        assert disk.refused(GUEST, other) == "machine_cloned"
        assert disk.refused(UNKNOWN, other) == "other_machine", "two that have no name are not the same"


def test_files_of_before_say_nothing_of_their_system(disk: Disk, tpm: SoftwareTpm) -> None:
    disk.on(UNKNOWN, tpm).set_pin(PIN)

    with SoftwareTpm() as other:
        assert disk.refused(LAPTOP, other) == disk.refused(UNKNOWN, other) == "other_machine"


def test_the_right_chip_opens_on_any_system_and_the_next_change_notes_it(disk: Disk, tpm: SoftwareTpm) -> None:
    disk.on(OTHER, tpm).set_pin(PIN)

    disk.on(LAPTOP, tpm).change_pin(old=PIN, new="864209")

    with SoftwareTpm() as other:
        assert disk.refused(LAPTOP, other) == "chip_exchanged"


def test_the_systems_own_id_is_not_in_the_file(disk: Disk, tpm: SoftwareTpm) -> None:
    disk.on(LAPTOP, tpm).set_pin(PIN)

    written = disk.file.read_bytes()

    assert LAPTOP.mark in written
    assert b"4c4c4544" not in written


@pytest.mark.parametrize("body", [b"", b"\xff", b"\x01", b"\xa1\x64mark\x01"])
def test_a_mark_that_is_none_is_taken_for_none(body: bytes) -> None:
    assert unverified_mark(body) == b""


@pytest.mark.parametrize(
    ("cpus", "virtual"),
    [
        ("processor\t: 0\nflags\t\t: fpu sse hypervisor lahf_lm\n", True),
        ("processor\t: 0\nmodel name\t: a hypervisor of a chip\nflags\t\t: fpu sse\n", False),
        ("", False),
    ],
)
def test_a_virtual_machine_is_one_that_the_processor_says_so_of(tmp_path: Path, cpus: str, virtual: bool) -> None:
    (tmp_path / "cpuinfo").write_text(cpus)
    (tmp_path / "machine-id").write_text("4c4c4544\n")

    machine = system.machine(tmp_path / "machine-id", cpus=tmp_path / "cpuinfo")

    assert machine == (GUEST if virtual else LAPTOP)
    assert system.machine(tmp_path / "missing", cpus=tmp_path / "cpuinfo").mark == b""
