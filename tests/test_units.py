"""The units under deploy/: written from one source, and confined as far as the guide says."""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
from keystead_agent.main.units import agent_unit, session_unit

ROOT = Path(__file__).resolve().parents[1]
UNITS = ROOT / "deploy" / "systemd"
GUIDE = (ROOT / "docs/guides/container.md").read_text(encoding="utf-8")


def test_the_units_of_a_session_are_those_that_setup_writes() -> None:
    assert (UNITS / "user/keystead-agent.service").read_text(encoding="utf-8") == agent_unit()
    assert (UNITS / "user/keystead-session.service").read_text(encoding="utf-8") == session_unit()


def test_a_command_with_a_percent_sign_or_a_dollar_stays_what_it_is() -> None:
    assert "ExecStart=/opt/100%%/$$x daemon\n" in agent_unit("/opt/100%/$x")


@pytest.mark.parametrize("unit", ["keystead-agent.service", "keystead-hid@.service"])
def test_a_unit_of_the_system_has_the_exposure_that_the_guide_says(unit: str) -> None:
    if which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is needed: apt-get install systemd")
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", UNITS / "system" / unit],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout

    exposure = re.search(r"exposure level for .*: ([0-9.]+)", said)
    promised = re.search(rf"\| `{re.escape(unit)}` \| ([0-9]+\.[0-9]+) \|", GUIDE)

    assert exposure is not None
    assert promised is not None
    assert float(exposure[1]) <= float(promised[1]) <= 2.0


def test_the_service_is_nobody_and_has_the_chip_alone() -> None:
    unit = (UNITS / "system/keystead-agent.service").read_text(encoding="utf-8")

    assert "\nUser=keystead-agent\n" in unit
    assert "\nCapabilityBoundingSet=\n" in unit
    assert "\nDeviceAllow=/dev/tpmrm0 rw\n" in unit
    assert "\nProtectHome=yes\n" in unit
    assert "\nStateDirectoryMode=0700\n" in unit


def test_the_security_key_keeps_only_the_capabilities_to_become_the_person() -> None:
    unit = (UNITS / "system/keystead-hid@.service").read_text(encoding="utf-8")

    assert "\nCapabilityBoundingSet=CAP_SETUID CAP_SETGID\n" in unit
    assert "\nDeviceAllow=/dev/uhid rw\n" in unit
    assert "\nDevicePolicy=closed\n" in unit
