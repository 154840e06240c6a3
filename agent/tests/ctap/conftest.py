"""A container as a security key that is plugged in."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_testkit.ctap_agent import RP_ID, CtapAgent
from keystead_testkit.ctap_site import OTHER_RP
from keystead_testkit.hid_reports import MemoryReports


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[CtapAgent]:
    with CtapAgent(tmp_path, rp_ids=(RP_ID, OTHER_RP)) as running:
        yield running


@pytest.fixture
def key(agent: CtapAgent) -> MemoryReports:
    return agent.plug_in()
