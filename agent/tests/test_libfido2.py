"""libfido2's own programs, which share no line with us or with python-fido2, take the container for a security key."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_testkit import libfido2
from keystead_testkit.ctap_agent import RP_ID, CtapAgent
from keystead_testkit.libfido2 import Libfido2, ToolRefused
from keystead_testkit.software_tpm import SoftwareTpm


@pytest.fixture(autouse=True)
def can_be_tried() -> None:
    if why := libfido2.why_not():
        pytest.skip(why)


@pytest.fixture
def agent(tmp_path: Path, tpm: SoftwareTpm) -> Iterator[CtapAgent]:
    (tmp_path / "agent").mkdir()
    keystore = TpmKeystore(connector(tpm.address), os.urandom, time.sleep)
    with CtapAgent(tmp_path / "agent", keystore) as running:
        yield running


@pytest.fixture
def tools(agent: CtapAgent, tmp_path: Path) -> Libfido2:
    return Libfido2(tmp_path, agent.at_terminal())


def test_it_registers_signs_in_and_believes_both(agent: CtapAgent, tools: Libfido2) -> None:
    credential = tools.register(RP_ID)
    tools.sign_in(credential)
    tools.sign_in(credential)

    (passkey,) = agent.container.passkeys
    assert passkey.sign_count == 2
    assert [prompt.site for prompt in agent.person.prompts] == [RP_ID] * 3, "a PIN for each, at our own prompt"


def test_it_reads_what_the_key_says_of_itself(tools: Libfido2) -> None:
    about = tools.about()

    for line in ("version strings: FIDO_2_0, FIDO_2_1", "aaguid: 20263fe797ae4bb6b3b9a7b5dae6614f", "rk, up, uv"):
        assert line in about, about


def test_a_site_that_is_not_enrolled_is_refused(agent: CtapAgent, tools: Libfido2) -> None:
    with pytest.raises(ToolRefused, match="FIDO_ERR"):
        tools.register("evil.example")

    assert agent.person.prompts == []


def test_a_closed_window_is_a_refusal(agent: CtapAgent, tools: Libfido2) -> None:
    credential = tools.register(RP_ID)
    agent.person.types = None

    with pytest.raises(ToolRefused, match="FIDO_ERR_OPERATION_DENIED"):
        tools.assertion(credential)


def test_another_credentials_public_key_does_not_verify(tools: Libfido2) -> None:
    """What is verified above could have failed."""
    first = tools.register(RP_ID)
    assertion = tools.assertion(first)
    second = tools.register(RP_ID)

    with pytest.raises(ToolRefused):
        tools.verify(second, assertion)
