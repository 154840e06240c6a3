"""A container with a person whose answers are set, in software and on a TPM."""

from pathlib import Path

import pytest
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_testkit.clock import FixedClock
from keystead_testkit.container_desk import (
    Desk,
)


@pytest.fixture
def desk(tmp_path: Path, software: SoftwareKeystore, clock: FixedClock) -> Desk:
    return Desk(tmp_path / "state", software, clock)


@pytest.fixture
def tpm_desk(tmp_path: Path, keystore: TpmKeystore, clock: FixedClock) -> Desk:
    return Desk(tmp_path / "state", keystore, clock)
