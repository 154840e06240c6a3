"""docs/reference/settings.md names every setting of server and agent, and nothing else, truly."""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest
from keystead_agent.main.config import KNOWN, PREFIX, load_settings
from keystead_server.http.table import routes
from keystead_server.main.config import ENVIRONMENT_PREFIX, SETTINGS, Config, load

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "settings.md").read_text(encoding="utf-8")
ROOTS_FOLDER = "/etc/keystead/roots"
METADATA_ROOT = "fido-root.pem"


@dataclass(frozen=True, slots=True)
class Heading:
    """A setting as the document has it.

    Attributes:
        meaning: what stands between the heading and its table.
        rows: "Default", "Example", "Environment" and "Command line", without the code marks.
    """

    name: str
    meaning: str
    rows: dict[str, str]


def headings(part: str) -> list[Heading]:
    text = PAGE.partition(f"\n## {part}\n")[2].partition("\n## ")[0]
    return [_heading(section) for section in text.split("\n### ")[1:]]


def _heading(section: str) -> Heading:
    title, _, body = section.partition("\n")
    rows = dict(re.findall(r"^\| ([A-Z][a-z ]+) \| (.+) \|$", body, re.MULTILINE))
    return Heading(title.strip("`"), body.partition("\n|")[0].strip(), {k: v.strip("`") for k, v in rows.items()})


SERVER, AGENT = headings("The server"), headings("The agent")


def test_every_setting_of_the_server_has_its_heading_and_no_heading_is_left_over() -> None:
    assert [heading.name for heading in SERVER] == list(SETTINGS)


def test_every_setting_of_the_agent_has_its_heading_and_no_heading_is_left_over() -> None:
    assert [heading.name for heading in AGENT] == list(KNOWN)


@pytest.mark.parametrize("heading", [*SERVER, *AGENT], ids=lambda heading: heading.name)
def test_a_heading_says_what_it_means_and_has_default_example_and_environment(heading: Heading) -> None:
    prefix = PREFIX if heading in AGENT else ENVIRONMENT_PREFIX

    assert heading.meaning
    assert heading.rows["Default"]
    assert heading.rows["Example"].startswith(f"{heading.name} = ")
    assert heading.rows["Environment"] == prefix + heading.name.upper()


@pytest.mark.parametrize("heading", SERVER, ids=lambda heading: heading.name)
def test_the_defaults_of_the_server_are_those_of_the_program(heading: Heading) -> None:
    default, said = getattr(Config(), heading.name), heading.rows["Default"]

    assert said == str(default) if default else said.split(":")[0] in ("empty", "none")


def test_the_defaults_of_the_agent_are_those_of_the_program() -> None:
    default = load_settings({}, Path("/home/ada"))
    said = {heading.name: heading.rows["Default"] for heading in AGENT}

    assert said["keystore"] == default.keystore
    assert said["tpm"] == default.tpm
    assert said["pin_minimum"] == str(default.pin_rules.minimum)
    for name in ("digits", "lowercase", "uppercase", "special", "history"):
        assert said[f"pin_{name}"] == str(getattr(default.pin_rules, name))
    assert said["pin_expiry_days"] == str(default.pin_rules.expiry.days)
    assert said["prompt_timeout_seconds"] == str(int(default.prompt_timeout.total_seconds()))
    assert said["state_dir"].partition("`")[0] == "~/.local/state/keystead"
    assert default.state_dir == Path("/home/ada/.local/state/keystead")


def test_the_examples_for_the_server_are_one_file_that_it_takes(tmp_path: Path) -> None:
    file = tmp_path / "keystead.toml"
    text = "\n".join(heading.rows["Example"] for heading in SERVER)
    # The examples that must exist on the computer that reads them.
    (tmp_path / METADATA_ROOT).touch()
    file.write_text(text.replace(ROOTS_FOLDER, str(tmp_path)))

    config = load(file, {})

    unchanged = [name for name in SETTINGS if getattr(config, name) == getattr(Config(), name)]
    assert not unchanged, "an example that is the default shows nothing"


def test_the_examples_for_the_agent_are_one_file_that_it_takes(tmp_path: Path) -> None:
    file = tmp_path / "agent.toml"
    file.write_text("\n".join(heading.rows["Example"] for heading in AGENT))

    settings = load_settings({"KEYSTEAD_AGENT_CONFIG": str(file)}, tmp_path)

    assert settings != load_settings({}, tmp_path)


def test_the_rate_limits_are_those_of_the_routes() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\d+) \| (\d+) \|$", PAGE, re.MULTILINE)
    limits = {route.limit for route in routes() if route.limit.per_minute}

    assert {(name, int(burst), int(rate)) for name, burst, rate in rows} == {
        (limit.name, limit.burst, limit.per_minute) for limit in limits
    }
