"""What `keystead-agent doctor` says of a computer that is not well, and that what it says mends it."""

import grp
import json
import os
import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from keystead_agent.browser_host.everybody import PACKAGED_HOST, ForEverybody
from keystead_agent.browser_host.install import host_files, write
from keystead_agent.cli.findings import Finding
from keystead_agent.main import doctor_chip
from keystead_agent.main.config import load_settings
from keystead_agent.main.doctor import Doctor, free_bytes
from keystead_core.link import messages as link
from keystead_testkit.running_agent import NO_BUS, RunningAgent
from keystead_testkit.software_tpm import SoftwareTpm

NOW = datetime(2026, 6, 1, tzinfo=UTC)


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


@pytest.mark.parametrize(
    ("code", "mend"),
    [
        ("other_machine", r"mv \S+/container.cbor \S+/container.cbor.old"),
        ("machine_cloned", r"mv \S+/container.cbor"),
        ("container_tampered", r"mv \S+/container.cbor"),
        ("file_not_private", r"chmod 700 \S+; chmod 600 \S+"),
        ("keystore_unusable", "tpm2_changeauth -c owner"),
        ("something_else", "keystead-agent log"),
    ],
)
def test_a_doctor_says_why_the_container_does_not_open(tmp_path: Path, code: str, mend: str) -> None:
    examined = doctor(tmp_path)
    assert examined.status is not None
    shut = replace(examined, status={**examined.status, "error": code, "message": "It does not open."})

    (finding,) = found(shut, "container")

    assert (finding.state, finding.says) == ("broken", f"It does not open. [{code}]")
    assert re.search(mend, finding.mend)
    assert found(shut, "pin") == [], "of a PIN nothing is known then"


def unanswered(tmp_path: Path, tpm: str) -> list[Finding]:
    """What is said of the chip where the agent cannot use it, and the setting names *tpm*."""
    examined = doctor(tmp_path)
    why = {"error": "keystore_unavailable", "message": "It does not answer."}
    status = {"agent": "1", "serves": "you", "prompter": True, "keystore": {"kind": "tpm", **why}, **why}
    shut = replace(examined, settings=replace(examined.settings, tpm=tpm), status=status)
    assert found(shut, "container") == found(shut, "pin") == [], "said once"
    return found(shut, "chip")


def test_a_doctor_misses_the_tpm_whether_or_not_the_agent_runs(tmp_path: Path) -> None:
    (running,) = unanswered(tmp_path, "device:/dev/no-tpm")
    well = doctor(tmp_path)
    (stopped,) = found(replace(well, settings=replace(well.settings, tpm="device:/dev/no-tpm"), status=None), "chip")

    assert running == stopped
    assert running.says == "There is no TPM at /dev/no-tpm."
    assert "systemctl reboot --firmware-setup" in running.mend


def test_a_doctor_has_the_agent_started_anew_where_the_person_may_and_the_agent_could_not(tmp_path: Path) -> None:
    (finding,) = unanswered(tmp_path, "device:/dev/null")

    assert finding.says == "It does not answer. [keystore_unavailable]"
    assert finding.mend.startswith("systemctl --user restart keystead-agent")


def test_a_doctor_knows_how_one_is_let_in_to_a_device() -> None:
    who = doctor_chip.person()
    others = next(group for group in grp.getgrall() if group.gr_gid and who not in group.gr_mem)

    assert doctor_chip.how_to_be_let_in(0) == (
        f"apt install tpm-udev; usermod -aG tss {who}, as root; then restart the computer"
    )
    assert doctor_chip.how_to_be_let_in(others.gr_gid).startswith(f"usermod -aG {others.gr_name} {who}, as root")


@pytest.mark.skipif(os.getuid() == 0, reason="root may open everything")
def test_a_doctor_tells_a_tpm_that_one_may_not_open(tmp_path: Path) -> None:
    (tmp_path / "tpm").touch(mode=0o000)

    (finding,) = unanswered(tmp_path, f"device:{tmp_path}/tpm")

    assert finding.says == f"You may not open {tmp_path}/tpm."


def test_a_doctor_tells_a_full_disk(tmp_path: Path) -> None:
    full = doctor(tmp_path, free_bytes=lambda folder: 4096)

    (finding,) = found(full, "disk")

    assert finding.state == "broken"
    assert f"df -h {full.settings.state_dir}" in finding.mend
    assert free_bytes(tmp_path / "not" / "there") > 4096, "asked of the folder above"


def test_a_doctor_without_a_bus_says_what_to_look_at(tmp_path: Path) -> None:
    (finding,) = found(doctor(tmp_path), "fingerprint")

    assert (finding.state, finding.mend[:27]) == ("beware", "systemctl status dbus fprin")


def test_a_doctor_tells_folders_that_are_somebody_elses(tmp_path: Path) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives a folder away")
    examined = doctor(tmp_path)
    examined.settings.state_dir.mkdir(parents=True, mode=0o700)
    os.chown(examined.settings.state_dir, 65534, 65534)

    (finding,) = found(examined, "permissions")

    assert finding.mend == f"chown -R root {examined.settings.state_dir}, as root"


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


# -- a real chip, whose passwords somebody has set -------------------------------------------------


def chip_findings(agent: RunningAgent) -> dict[str, str]:
    """How to mend what there is to beware of in the chip, by what is said."""
    findings = json.loads(agent.cli("doctor", "--json").stdout)["findings"]
    return {one["says"]: one["mend"] for one in findings if one["check"] == "chip" and one["state"] == "beware"}


def commands_of(mend: str, folder: Path) -> list[list[str]]:
    """The commands of tpm2-tools in *mend*, with somebody's password in them."""
    found = re.findall(r"tpm2_[a-z]+ [^;,(&]+", mend.replace("NEW-PASSWORD", "secret").replace("PASSWORD", "secret"))
    return [shlex.split(one.replace("srk.ctx", str(folder / "srk.ctx"))) for one in found]


def pin_is_set(agent: RunningAgent) -> bool:
    agent.pinentry.answer({"pin": "137946"})
    return agent.cli("pin", "set").returncode == 0


@pytest.mark.parametrize("way", ["emptied", "with a root key for everybody"])
def test_what_a_doctor_says_of_an_owner_password_mends_it(tools: SoftwareTpm, tmp_path: Path, way: str) -> None:
    tools.run_tool("tpm2_changeauth", "-c", "owner", "secret")
    with RunningAgent(tmp_path, tools.address) as agent:
        assert not pin_is_set(agent)
        (mend,) = (mend for says, mend in chip_findings(agent).items() if "owner password is set" in says)
        empty, *root_key = commands_of(mend, tmp_path)

        for command in [empty] if way == "emptied" else root_key:
            tools.run_tool(*command)
            tools.run_tool("tpm2_flushcontext", "-t")

        assert pin_is_set(agent)
        assert agent.client.ask(link.Status("1"))["pin_guard"] == ("person" if way == "emptied" else "chip")


def test_what_a_doctor_says_of_the_other_passwords_mends_them(tools: SoftwareTpm, tmp_path: Path) -> None:
    tools.run_tool("tpm2_changeauth", "-c", "endorsement", "secret")
    with RunningAgent(tmp_path, tools.address) as agent:
        before = chip_findings(agent)
        for mend in before.values():
            for command in commands_of(mend, tmp_path):
                tools.run_tool(*command)

        assert [says.partition(" is ")[0] for says in before] == [
            "The TPM's lockout password",
            "The TPM's endorsement password",
        ]
        assert chip_findings(agent) == {}


def test_a_doctor_of_the_service_says_what_its_user_lacks_and_who_asks(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    assert examined.status is not None
    keystore = {"kind": "tpm", "error": "tpm_unreachable", "message": "/dev/tpmrm0 cannot be opened."}
    served = {**examined.status, "serves": "everybody", "prompter": False, "keystore": keystore}

    sick = replace(examined, status=served)

    assert "service of this computer" in found(sick, "daemon")[0].says
    assert "systemctl restart keystead-agent, as root" in found(sick, "chip")[0].mend
    assert "usermod" not in found(sick, "chip")[0].mend
    assert found(sick, "prompt")[0].state == "broken"
    assert "keystead-session" in found(sick, "prompt")[0].mend


def test_a_doctor_sends_who_is_served_to_the_service_when_it_is_silent(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    served = replace(examined.settings, socket=examined.settings.service_socket)

    silent = replace(examined, settings=served, status=None)

    assert found(silent, "daemon")[0].mend.startswith("systemctl status keystead-agent")
    assert found(silent, "chip") == []
    assert states(silent, "permissions") == ["ok"]


def test_a_doctor_says_how_who_is_served_begins_anew(tmp_path: Path) -> None:
    examined = doctor(tmp_path)
    assert examined.status is not None
    served = replace(examined.settings, socket=examined.settings.service_socket)
    copied = {**examined.status, "serves": "everybody", "error": "other_machine", "message": "Copied."}

    (finding,) = found(replace(examined, settings=served, status=copied), "container")

    assert f"/var/lib/keystead-agent/people/{os.getuid()}" in finding.mend
    assert "as root" in finding.mend
