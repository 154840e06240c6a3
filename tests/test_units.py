"""The units under deploy/: written from one source, and confined as far as the guide says."""

import re
import subprocess
from pathlib import Path
from shutil import which

import pytest
from keystead_agent.main.units import agent_unit

ROOT = Path(__file__).resolve().parents[1]
UNITS = ROOT / "deploy" / "systemd"
GUIDE = (ROOT / "docs/guides/container.md").read_text(encoding="utf-8")


def test_the_agents_unit_is_the_one_that_setup_writes() -> None:
    assert (UNITS / "keystead-agent.service").read_text(encoding="utf-8") == agent_unit()


def test_a_command_with_a_percent_sign_or_a_dollar_stays_what_it_is() -> None:
    assert "ExecStart=/opt/100%%/$$x daemon\n" in agent_unit("/opt/100%/$x")


def test_what_runs_as_root_first_has_the_exposure_that_the_guide_says(tmp_path: Path) -> None:
    if which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is needed: apt-get install systemd")
    said = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", UNITS / "keystead-hid@.service"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    ).stdout

    exposure = re.search(r"exposure level for .*: ([0-9.]+)", said)
    promised = re.search(r"`systemd-analyze security`: ([0-9]+\.[0-9]+)", GUIDE)

    assert exposure is not None
    assert promised is not None
    assert float(exposure[1]) <= float(promised[1]) <= 2.0


def test_it_keeps_only_the_capabilities_to_become_the_person() -> None:
    unit = (UNITS / "keystead-hid@.service").read_text(encoding="utf-8")

    assert "\nCapabilityBoundingSet=CAP_SETUID CAP_SETGID\n" in unit
    assert "\nDeviceAllow=/dev/uhid rw\n" in unit
    assert "\nDevicePolicy=closed\n" in unit
