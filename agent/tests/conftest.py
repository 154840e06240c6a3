"""What tests of the agent share: a software TPM, keystores on it, a clock that stands still."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_agent.keystore.software import Argon2Cost, SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_testkit import software_tpm
from keystead_testkit.clock import FixedClock
from keystead_testkit.lying_provider import LyingProvider
from keystead_testkit.software_tpm import BusTap, SoftwareTpm


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def liar() -> Iterator[LyingProvider]:
    with LyingProvider() as liar:
        yield liar


@pytest.fixture
def tpm() -> Iterator[SoftwareTpm]:
    if not software_tpm.is_available():
        pytest.skip(software_tpm.MISSING)
    with SoftwareTpm() as running:
        yield running


@pytest.fixture
def bus(tpm: SoftwareTpm) -> Iterator[BusTap]:
    with BusTap(tpm) as tap:
        yield tap


@pytest.fixture
def keystore(bus: BusTap) -> TpmKeystore:
    return TpmKeystore(connector(bus.address), os.urandom, time.sleep)


@pytest.fixture
def software(tmp_path: Path, clock: FixedClock) -> SoftwareKeystore:
    cheap = Argon2Cost(iterations=1, lanes=1, memory_kib=64)
    tmp_path.chmod(0o700)
    return SoftwareKeystore(tmp_path / "tries.json", clock.now, os.urandom, dangerous_keys_on_disk=True, cost=cheap)


@pytest.fixture
def tools() -> Iterator[SoftwareTpm]:
    """A TPM that tpm2-tools can reach, for a second opinion from outside."""
    if not software_tpm.is_available() or not software_tpm.has_tools():
        pytest.skip("swtpm and tpm2-tools are needed: apt-get install swtpm tpm2-tools")
    with SoftwareTpm(transport="tcp") as running:
        yield running
