"""A daemon in its own process, on a software TPM or on none, and the pages of a site that it is enrolled at."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_core.link import messages as link
from keystead_testkit.daemon_desk import PIN, TYPES_THE_PIN, Wire
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import BusTap


@pytest.fixture(scope="module")
def pages() -> Iterator[PasskeyPages]:
    with PasskeyPages() as serving:
        yield serving


@pytest.fixture
def agent(tmp_path: Path, bus: BusTap) -> Iterator[RunningAgent]:
    with RunningAgent(tmp_path, bus.address) as running:
        yield running


@pytest.fixture
def ready(agent: RunningAgent, pages: PasskeyPages) -> RunningAgent:
    """Enrolled at the pages, with a PIN, and a person who types it."""
    agent.client.ask(link.Enrol("1", url=pages.provider))
    agent.pinentry.answer({"pin": PIN})
    agent.client.ask(link.SetPin("1"))
    agent.pinentry.answer(TYPES_THE_PIN)
    return agent


@pytest.fixture
def wire(agent: RunningAgent) -> Iterator[Wire]:
    connection = Wire(agent.socket)
    yield connection
    connection.hang_up()


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """An agent for tests that never come to a key."""
    with RunningAgent(tmp_path_factory.mktemp("idle"), tpm=None) as running:
        yield running


@pytest.fixture
def line(idle: RunningAgent) -> Iterator[Wire]:
    connection = Wire(idle.socket)
    yield connection
    connection.hang_up()
