"""An office that trusts one TPM maker, and a laptop that is enrolled there."""

from pathlib import Path

import pytest
from keystead_testkit.device_desk import DeviceDesk, Laptop
from keystead_testkit.office import Office


@pytest.fixture
def desk(tmp_path: Path) -> DeviceDesk:
    return DeviceDesk(tmp_path)


@pytest.fixture
def office(desk: DeviceDesk) -> Office:
    return desk.office


@pytest.fixture
def laptop(desk: DeviceDesk) -> Laptop:
    return desk.enrol()
