"""An office that trusts one TPM maker, and a laptop that is enrolled there; the same with nothing made up: a town."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_testkit import software_tpm
from keystead_testkit.device_desk import DeviceDesk, Laptop
from keystead_testkit.office import Office
from keystead_testkit.town import Town, certified_maker, open_town


@pytest.fixture
def desk(tmp_path: Path) -> DeviceDesk:
    return DeviceDesk(tmp_path)


@pytest.fixture
def office(desk: DeviceDesk) -> Office:
    return desk.office


@pytest.fixture
def laptop(desk: DeviceDesk) -> Laptop:
    return desk.enrol()


@pytest.fixture(scope="session")
def maker(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The state of a certified chip, and the folder with its maker."""
    if not (software_tpm.is_available() and software_tpm.can_be_certified()):
        pytest.skip("swtpm and swtpm_setup are needed: apt-get install swtpm swtpm-tools")
    return certified_maker(tmp_path_factory.mktemp("maker"))


@pytest.fixture
def town(maker: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    chip, trusted = maker
    monkeypatch.setenv("KEYSTEAD_TPM_MAKERS", str(trusted))
    with open_town(chip, tmp_path) as town:
        yield town
