"""The program in daily life: explain, rename, log, doctor, setup; for people and, with --json, for programs."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from keystead_agent.browser_host.everybody import PACKAGED_HOST, ForEverybody
from keystead_agent.browser_host.install import host_files, write
from keystead_agent.cli.doors import SetUp
from keystead_agent.cli.findings import Finding
from keystead_agent.client.client import AgentRefused
from keystead_agent.client.log_file import last_lines
from keystead_agent.main.config import load_settings
from keystead_agent.main.doctor import Doctor
from keystead_agent.main.set_up import Installation
from keystead_agent.main.units import agent_unit, session_unit
from keystead_core.link import messages as link
from keystead_core.link.messages import Create
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import NO_BUS, RunningAgent

PIN = "137946"
NOW = datetime(2026, 6, 1, tzinfo=UTC)


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


def doctor(home: Path, **changes: Any) -> Doctor:
    home.chmod(0o700)
    environment = {"PATH": os.environ["PATH"], "DISPLAY": ":0", "KEYSTEAD_AGENT_PINENTRY": "/bin/true"}
    settings = load_settings(environment, home)
    status = {
        "agent": "1",
        "serves": "you",
        "prompter": True,
        "keystore": {"kind": "tpm", "label": "TPM 2.0", "warnings": []},
        "pin_set": True,
        "pin_guard": "person",
        "pin_leftovers": 0,
        "gestures": {"ways": [], "open": False},
    }
    well = Doctor(settings, status, environment, home, NOW, uhid=home / "uhid", bus=NO_BUS, root=home / "root")
    return replace(well, **changes)


def found(examined: Doctor, check: str) -> list[Finding]:
    return [finding for finding in examined.examine() if finding.check == check]


def states(examined: Doctor, check: str) -> list[str]:
    return [finding.state for finding in found(examined, check)]


def test_a_doctor_finds_nothing_broken_where_all_is_well(tmp_path: Path) -> None:
    assert "broken" not in [finding.state for finding in doctor(tmp_path).examine()]


def test_a_doctor_says_how_to_mend_whatever_is_broken(tmp_path: Path) -> None:
    sick = doctor(tmp_path, status=None)

    assert all(finding.mend for finding in sick.examine() if finding.state == "broken")
    assert states(sick, "daemon") == ["broken"]
    assert states(sick, "chip") in (["broken"], [])


def test_a_doctor_tells_an_empty_lockout_password(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    assert examined.status is not None
    warned = {
        **examined.status,
        "keystore": {"kind": "tpm", "label": "T", "warnings": ["The lockout password is empty"]},
    }

    assert "changeauth" in found(replace(examined, status=warned), "chip")[1].mend


def test_a_doctor_of_the_service_says_what_its_user_lacks_and_who_asks(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    assert examined.status is not None
    keystore = {"kind": "tpm", "error": "tpm_unreachable", "message": "/dev/tpmrm0 cannot be opened."}
    served = {**examined.status, "serves": "everybody", "prompter": False, "keystore": keystore}

    sick = replace(examined, status=served)

    assert "service of this computer" in found(sick, "daemon")[0].says
    assert "systemctl restart keystead-agent (as root)" in found(sick, "chip")[0].mend
    assert "usermod" not in found(sick, "chip")[0].mend
    assert found(sick, "prompt")[0].state == "broken"
    assert "keystead-session" in found(sick, "prompt")[0].mend


def test_a_doctor_sends_who_is_served_to_the_service_when_it_is_silent(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    served = replace(examined.settings, socket=examined.settings.service_socket)

    silent = replace(examined, settings=served, status=None)

    assert found(silent, "daemon")[0].mend.startswith("systemctl status keystead-agent")
    assert states(silent, "permissions") == ["ok"]


@pytest.mark.parametrize(
    ("guard", "state"), [("person", "ok"), ("provider", "ok"), ("chip", "beware"), ("file", "beware")]
)
def test_a_doctor_says_what_counts_wrong_pins(tmp_path: Path, guard: str, state: str) -> None:
    examined = doctor(tmp_path)
    assert examined.status is not None

    assert states(replace(examined, status={**examined.status, "pin_guard": guard}), "pin") == [state]


def test_a_doctor_tells_what_a_former_pin_left_in_the_chip(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    assert examined.status is not None

    left = replace(examined, status={**examined.status, "pin_leftovers": 1})

    assert states(left, "pin") == ["beware", "ok"]
    assert "pin change" in found(left, "pin")[0].mend


def test_a_doctor_misses_a_pinentry_and_a_display(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    gone = replace(examined, settings=replace(examined.settings, pinentry="/nonexistent/pinentry"))

    assert states(gone, "prompt") == ["broken"]
    assert states(replace(examined, environment={"PATH": "/bin"}), "prompt") == ["ok", "beware"]


def test_a_doctor_tells_folders_that_are_open_to_others(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    examined.settings.state_dir.mkdir(parents=True, mode=0o755)
    examined.settings.state_dir.chmod(0o755)

    assert states(examined, "permissions") == ["broken"]


def test_a_doctor_tells_a_clock_that_was_set_back_or_lost(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    examined.settings.state_dir.mkdir(parents=True, mode=0o700)
    later = (NOW + timedelta(days=1)).isoformat()
    (examined.settings.state_dir / "agent.log").write_text(json.dumps({"at": later, "event": "x"}) + "\n")

    assert states(examined, "clock") == ["beware"]
    assert states(replace(examined, now=datetime(1980, 1, 1, tzinfo=UTC)), "clock") == ["broken"]


def test_a_doctor_misses_a_browser_host_that_cannot_be_started(tmp_path: Path) -> None:
    manifest = tmp_path / ".mozilla" / "native-messaging-hosts" / "keystead.agent.json"
    manifest.parent.mkdir(parents=True)
    manifest.write_text("{}")

    assert states(doctor(tmp_path), "browsers") == ["broken"]


def test_a_doctor_sees_browsers_of_either_kind_that_know_the_agent(tmp_path: Path) -> None:
    nobody, root = doctor(tmp_path), tmp_path / "root"
    assert states(nobody, "browsers") == ["beware"]

    for path in host_files(tmp_path)[1:2]:
        write(path, "{}")
    write(nobody.settings.state_dir / "browser" / "keystead-browser-host", "", mode=0o755)
    write(root / PACKAGED_HOST, "", mode=0o755)
    ForEverybody(root).install(["https://id.example.org"])

    own, everybodys = found(nobody, "browsers")
    assert (own.state, own.says) == ("ok", "Browsers of yours that know the agent: 1.")
    assert (everybodys.state, everybodys.says) == ("ok", "Browsers that know it for everybody on this computer: 3.")


def test_a_doctor_misses_the_package_that_everybodys_browsers_start(tmp_path: Path) -> None:
    root = tmp_path / "root"
    write(root / PACKAGED_HOST, "", mode=0o755)
    ForEverybody(root).install(["https://id.example.org"])
    (root / PACKAGED_HOST).unlink()

    (finding,) = found(doctor(tmp_path), "browsers")

    assert finding.state == "broken"
    assert "package keystead-agent" in finding.mend


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
