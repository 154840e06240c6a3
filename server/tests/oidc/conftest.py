"""The office behind its web faces, and a server as people run it."""

from collections.abc import Iterator

import pytest
from keystead_testkit.office import Office
from keystead_testkit.running_server import RunningServer, running_server


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("oidc") / "data") as server:
        yield server
