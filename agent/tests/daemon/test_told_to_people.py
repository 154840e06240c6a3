"""What a person reads: of keys in a file, of what is missing, and at the command line."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from keystead_agent.client.client import AgentClient, AgentUnreachable
from keystead_core.link import messages as link
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_testkit.daemon_desk import (
    NEW,
    PIN,
    TYPES_THE_PIN,
    ask,
    assertion,
    creation,
    refusal,
)
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import SoftwareTpm

pytestmark = pytest.mark.tpm


def test_without_a_chip_the_keystore_says_that_it_is_software(tmp_path: Path, pages: PasskeyPages) -> None:
    with RunningAgent(tmp_path, tpm=None) as agent:
        agent.client.ask(link.Enrol("1", url=pages.provider))
        agent.pinentry.answer({"pin": PIN})
        agent.client.ask(link.SetPin("1"))
        agent.pinentry.answer(TYPES_THE_PIN)
        created = ask(agent, creation(pages.origin, attestation="direct"))["credential"]
        keystore = ask(agent, link.Status("1"))["keystore"]

        assert keystore["label"] == "SOFTWARE KEYSTORE: keys are in a file, not in a chip"
        assert keystore["aaguid"] == "a02e549b-2f40-496f-99eb-90999de59314"
        assert all(keystore["label"] in window["desc"] for window in agent.pinentry.asked), "each window says so"
        assert ask(agent, assertion(pages.origin))["credential"]["id"] == created["id"]


def test_every_way_to_look_at_software_keys_says_that_they_are(tmp_path: Path, pages: PasskeyPages) -> None:
    label = "SOFTWARE KEYSTORE: keys are in a file, not in a chip"
    with RunningAgent(tmp_path, tpm=None) as agent:
        enrolled = agent.cli("enrol", pages.provider)
        agent.pinentry.answer({"pin": PIN})
        agent.client.ask(link.SetPin("1"))
        agent.pinentry.answer(TYPES_THE_PIN)
        ask(agent, creation(pages.origin))
        for command in (["list"], ["status"], ["explain", "localhost"], ["doctor"]):
            assert label in agent.cli(*command).stdout, command

        assert label in enrolled.stdout
        assert ask(agent, link.Accounts("1", rp_id="localhost", origin=pages.origin))["beware"] == label
        info = ask(agent, link.Ctap("1", channel=1, command=b64url_encode(b"\x04")))["response"]
        assert UUID("a02e549b-2f40-496f-99eb-90999de59314").bytes in b64url_decode(info), "getInfo's model"
        assert {line["keystore"] for line in agent.log} == {"software"}


def test_keys_in_a_chip_are_shown_without_a_warning(ready: RunningAgent, pages: PasskeyPages) -> None:
    accounts = ask(ready, link.Accounts("1", rp_id="localhost", origin=pages.origin))

    assert "beware" not in accounts | ask(ready, link.ListPasskeys("1"))
    assert all("keystore" not in line for line in ready.log)


def test_no_pinentry_is_said_in_a_sentence(tmp_path: Path, tpm: SoftwareTpm) -> None:
    with RunningAgent(tmp_path, tpm.address, pinentry="/nowhere/pinentry") as agent:
        refused = refusal(agent, link.SetPin("1"))

    assert refused.code == "gesture_unavailable"
    assert "install pinentry" in str(refused)


def test_no_daemon_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(AgentUnreachable, match="No agent answers"):
        AgentClient(tmp_path / "agent.sock").ask(link.Hello("1"))


def test_the_command_line_tells_the_whole_story(agent: RunningAgent, pages: PasskeyPages) -> None:
    enrolled = agent.cli("enrol", pages.provider)
    assert (enrolled.returncode, "Test (localhost) may keep passkeys" in enrolled.stdout) == (0, True)

    assert "not set: run keystead-agent pin set" in agent.cli("status").stdout
    agent.pinentry.answer({"pin": PIN})
    assert agent.cli("pin", "set").stdout == "The PIN is set.\n"
    agent.pinentry.answer(TYPES_THE_PIN)
    created = ask(agent, creation(pages.origin))["credential"]["id"]
    agent.pinentry.answer({"pin": PIN}, {"pin": NEW})
    assert agent.cli("pin", "change").stdout == "The PIN is changed.\n"

    status = agent.cli("status").stdout
    assert "TPM 2.0 (IBM SW TPM)" in status
    assert "PIN         set" in status
    assert "Beware      The TPM's lockout password is empty" in status
    assert json.loads(agent.cli("status", "--json").stdout)["passkeys"] == 1
    assert created in agent.cli("list").stdout
    assert json.loads(agent.cli("list", "--json").stdout)["passkeys"][0]["name"] == "alice"

    asked = agent.cli("remove", created)
    assert asked.returncode == 1  # nobody was there to say yes
    assert agent.cli("remove", created, "--yes").stdout == "Deleted.\n"
    gone = agent.cli("remove", created, "--yes", "--json")
    assert (gone.returncode, json.loads(gone.stdout)["error"]["code"]) == (1, "passkey_unknown")
    assert "is forgotten" in agent.cli("unenrol", "localhost", "--yes").stdout


def test_the_command_line_has_honest_exit_codes(tmp_path: Path) -> None:
    absent = RunningAgent(tmp_path, tpm=None)

    gone = absent.cli("status", "--json")
    assert (gone.returncode, json.loads(gone.stdout)["error"]["code"]) == (3, "agent_unreachable")
    assert "keystead-agent daemon" in absent.cli("list").stderr
    assert absent.cli("dance").returncode == 2
    wrong = RunningAgent(tmp_path, tpm=None, pin_minimum="3").cli("status")
    assert (wrong.returncode, "from 4 to 127" in wrong.stderr) == (4, True)
    help_ = absent.cli("--help")
    assert help_.returncode == 0
    assert "Exit codes" in help_.stdout


def test_installing_for_browsers_claims_the_enrolled_pages(agent: RunningAgent, pages: PasskeyPages) -> None:
    nothing = agent.cli("browser", "install")
    assert (nothing.returncode, "nothing_enrolled" in nothing.stderr) == (1, True)
    agent.client.ask(link.Enrol("1", url=pages.provider))

    installed = agent.cli("browser", "install", "--json")

    assert json.loads(installed.stdout)["origins"] == [pages.origin]
    manifests = list(agent.home.rglob("keystead*.json"))
    assert manifests
