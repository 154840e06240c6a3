"""The program in daily life: explain, rename, log, doctor, setup; for people and, with --json, for programs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from keystead_agent.browser_host.install import write
from keystead_agent.cli.doors import SetUp
from keystead_agent.client.client import AgentRefused
from keystead_agent.client.log_file import last_lines
from keystead_agent.main.config import load_settings
from keystead_agent.main.set_up import Installation
from keystead_agent.main.units import agent_unit, session_unit
from keystead_core.link import messages as link
from keystead_core.link.messages import Create
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent

PIN = "137946"


@pytest.fixture(scope="module")
def pages() -> Iterator[PasskeyPages]:
    with PasskeyPages() as serving:
        yield serving


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory, pages: PasskeyPages) -> Iterator[RunningAgent]:
    """Enrolled, with a PIN and one passkey, that of ada."""
    with RunningAgent(tmp_path_factory.mktemp("life"), tpm=None) as running:
        running.client.ask(link.Enrol("1", url=pages.provider))
        running.pinentry.answer({"pin": PIN}, {"pin": PIN})
        running.client.ask(link.SetPin("1"))
        user = {"id": "YWRh", "name": "ada", "displayName": "Ada"}
        options = {"rp": {"name": "Test"}, "user": user, "challenge": "AAAA"}
        options["pubKeyCredParams"] = [{"type": "public-key", "alg": -7}]
        running.client.ask(Create("1", origin=pages.origin, options=options))
        yield running


def said(agent: RunningAgent, *arguments: str) -> dict[str, Any]:
    done = agent.cli(*arguments, "--json")
    assert done.returncode in (0, 1), done.stderr
    return dict(json.loads(done.stdout))


def test_explain_says_what_would_happen_where_a_passkey_is(agent: RunningAgent, pages: PasskeyPages) -> None:
    explained = said(agent, "explain", pages.origin)

    assert explained["rp_id"] == "localhost"
    assert explained["code"] == ""
    assert [passkey["rp_id"] for passkey in explained["passkeys"]] == ["localhost"]
    assert "Each use asks for the PIN" in agent.cli("explain", "localhost").stdout


@pytest.mark.parametrize("site", ["evil.example", "https://localhost.evil.example", "https://localhost:1"])
def test_explain_says_why_a_stranger_is_refused(agent: RunningAgent, site: str) -> None:
    explained = said(agent, "explain", site)

    assert explained["code"] in ("rp_not_enrolled", "origin_not_enrolled")
    assert explained["passkeys"] == []
    assert "Enrolled are: localhost" in explained["sentences"][-1]


def test_explain_asks_nobody(agent: RunningAgent) -> None:
    before = len(agent.pinentry.asked)

    agent.cli("explain", "localhost")

    assert len(agent.pinentry.asked) == before


def test_a_passkey_is_renamed_and_listed_by_its_new_name(agent: RunningAgent) -> None:
    passkey = said(agent, "list")["passkeys"][0]

    assert agent.cli("rename", passkey["credential"], "ada at work").returncode == 0

    renamed = said(agent, "list")["passkeys"][0]
    assert (renamed["name"], renamed["display_name"]) == ("ada at work", passkey["display_name"])
    assert "passkey.renamed" in [line["event"] for line in agent.log]


@pytest.mark.parametrize("name", ["", "   ", "x" * 65])
def test_a_name_that_is_none_is_refused(agent: RunningAgent, name: str) -> None:
    passkey = said(agent, "list")["passkeys"][0]["credential"]

    with pytest.raises(AgentRefused):
        agent.client.ask(link.Rename("1", credential=passkey, name=name))


def test_no_passkey_is_renamed_by_a_wrong_id(agent: RunningAgent) -> None:
    done = agent.cli("rename", "AAAA", "ada", "--json")

    assert json.loads(done.stdout)["error"]["code"] == "passkey_unknown"


def test_the_log_shows_the_newest_last_and_no_pin(agent: RunningAgent) -> None:
    agent.cli("remove", "AAAA", "--yes")

    lines = said(agent, "log", "--last", "2")["lines"]

    assert [line["event"] for line in lines][-1] == "request.refused"
    assert len(lines) == 2
    assert PIN not in agent.cli("log", "--last", "1000").stdout


def test_a_log_line_that_a_full_disk_cut_off_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "agent.log"
    log.with_name("agent.log.1").write_text('{"event": "older"}\n')
    log.write_text('{"event": "newer"}\n{"event": "cut o\n[]\n')

    assert [line["event"] for line in last_lines(log, 10)] == ["older", "newer"]


def test_a_doctor_is_asked_from_the_command_line(agent: RunningAgent) -> None:
    findings = said(agent, "doctor")["findings"]

    assert {"daemon", "chip", "pin", "prompt", "uhid", "permissions", "clock"} <= {one["check"] for one in findings}
    assert [one["state"] for one in findings if one["check"] == "daemon"] == ["ok"]


def installation(agent: RunningAgent, home: Path, systemctl: str | None = None) -> Installation:
    settings = load_settings(agent.environment, home)

    def browsers(origins: list[str]) -> list[Path]:
        file = home / ".mozilla/native-messaging-hosts/keystead.agent.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(origins))
        return [file]

    return Installation(settings, home, "keystead-agent", browsers, systemctl, home / "no-package")


EVERYTHING = SetUp(None, with_pin=True, dry_run=False, undo=False)


def test_setup_does_what_is_missing_says_so_and_undo_takes_it_away(agent: RunningAgent, tmp_path: Path) -> None:
    setting_up = installation(agent, tmp_path)

    first = {step.step: step.outcome for step in setting_up.run(EVERYTHING)}
    unit = tmp_path / ".config/systemd/user/keystead-agent.service"
    assert first == {"unit": "done", "daemon": "already", "pin": "already", "browsers": "done"}
    assert unit.read_text() == agent_unit("keystead-agent")
    assert [step.outcome for step in setting_up.run(EVERYTHING)][:3] == ["already"] * 3

    undone = setting_up.run(replace(EVERYTHING, undo=True))

    assert [step.outcome for step in undone][-1] == "skipped"
    assert "stay" in undone[-1].says
    assert not unit.exists()
    assert said(agent, "list")["passkeys"]


def test_a_dry_run_changes_nothing(agent: RunningAgent, tmp_path: Path) -> None:
    steps = installation(agent, tmp_path).run(replace(EVERYTHING, dry_run=True, url="https://id.example.org"))

    assert {step.outcome for step in steps} == {"would", "already"}
    assert list(tmp_path.iterdir()) == []


def test_setup_says_so_when_systemd_started_it_and_it_does_not_answer(tmp_path: Path) -> None:
    stopped = RunningAgent(tmp_path, tpm=None)
    setting_up = replace(installation(stopped, tmp_path, systemctl="/bin/true"), start_seconds=0.2)

    steps = {step.step: step for step in setting_up.run(EVERYTHING)}

    assert {name: step.outcome for name, step in steps.items()} == {"unit": "done", "daemon": "failed"}
    assert "journalctl --user -u keystead-agent.service" in steps["daemon"].says


def test_setup_starts_the_agent_through_systemd_and_asks_for_the_first_pin(tmp_path: Path, pages: PasskeyPages) -> None:
    fresh = RunningAgent(tmp_path, tpm=None)
    fresh.pinentry.answer({"pin": PIN})
    systemctl = tmp_path / "systemctl"
    daemon = f'"{sys.executable}" -m keystead_agent.main daemon'
    systemctl.write_text(
        f'#!/bin/sh\necho "$@" >> "{tmp_path}/asked"\n'
        f'[ "$2" = enable ] && {{ {daemon} >/dev/null 2>&1 & echo $! > "{tmp_path}/pid"; }}\nexit 0\n'
    )
    systemctl.chmod(0o755)
    program = "import sys; from keystead_agent.main.entry import main; main()"
    environment = {**fresh.environment, "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    done = subprocess.run(
        [sys.executable, "-c", program, "setup", "--enrol", pages.provider, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    try:
        outcomes = {step["step"]: step["outcome"] for step in json.loads(done.stdout)["steps"]}
    finally:
        os.kill(int((tmp_path / "pid").read_text()), 15)

    assert outcomes == {"unit": "done", "daemon": "done", "enrol": "done", "pin": "done", "browsers": "done"}
    assert (tmp_path / "asked").read_text().splitlines() == [
        "--user daemon-reload",
        "--user enable --now keystead-agent.service",
    ]


def served(agent: RunningAgent, home: Path, systemctl: str | None = None) -> Installation:
    """As on a computer whose service that agent is."""
    setting_up = installation(agent, home, systemctl)
    return replace(setting_up, settings=replace(setting_up.settings, service_socket=agent.socket))


def test_where_a_service_serves_everybody_setup_starts_what_asks_for_it(agent: RunningAgent, tmp_path: Path) -> None:
    steps = {step.step: step for step in served(agent, tmp_path).run(EVERYTHING)}

    unit = tmp_path / ".config/systemd/user/keystead-session.service"
    assert unit.read_text() == session_unit("keystead-agent")
    assert steps["daemon"].says == "the service of this computer asks you in your session"
    assert "with the service" in served(agent, tmp_path).run(replace(EVERYTHING, undo=True))[-1].says
    assert not unit.exists()


def test_a_packaged_unit_is_switched_off_and_stays_where_it_is(agent: RunningAgent, tmp_path: Path) -> None:
    packaged, asked = tmp_path / "packaged", tmp_path / "asked"
    write(packaged / "keystead-session.service", "")
    write(tmp_path / "systemctl", f'#!/bin/sh\necho "$@" >> {asked}\n', mode=0o755)
    setting_up = replace(served(agent, tmp_path, str(tmp_path / "systemctl")), packaged_units=packaged)

    assert setting_up.run(replace(EVERYTHING, undo=True, dry_run=True))[0].outcome == "would"
    assert not asked.exists()
    assert setting_up.run(replace(EVERYTHING, undo=True))[0].outcome == "done"

    assert asked.read_text() == "--user disable --now keystead-session.service\n"
    assert (packaged / "keystead-session.service").exists()


def test_without_systemd_setup_says_how_to_start_it(agent: RunningAgent, tmp_path: Path) -> None:
    environment = {**agent.environment, "KEYSTEAD_AGENT_SOCKET": str(tmp_path / "nobody.sock")}
    nobody = replace(installation(agent, tmp_path), settings=load_settings(environment, tmp_path))

    steps = nobody.run(EVERYTHING)

    assert [step.outcome for step in steps] == ["done", "skipped", "failed"]
    assert "keystead-agent daemon" in steps[-1].says
