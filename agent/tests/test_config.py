"""Settings: read once, the environment wins, and a bad one says what to write."""

import socket
from datetime import timedelta
from pathlib import Path

import pytest
from keystead_agent.container.pin_rules import PinRules, Presence
from keystead_agent.main import config
from keystead_agent.main.config import KNOWN, ConfigError, load_service_settings, load_settings

CLASSES = ("digits", "lowercase", "uppercase", "special")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / ".config" / "keystead").mkdir(parents=True)
    return tmp_path


def write(home: Path, text: str) -> None:
    (home / ".config" / "keystead" / "agent.toml").write_text(text, encoding="utf-8")


def test_the_defaults_are_a_real_chip_and_the_persons_own_directories(home: Path) -> None:
    settings = load_settings({"XDG_RUNTIME_DIR": "/run/user/7"}, home)

    assert (settings.keystore, settings.tpm) == ("tpm", "device:/dev/tpmrm0")
    assert settings.state_dir == home / ".local" / "state" / "keystead"
    assert settings.socket == Path("/run/user/7/keystead/agent.sock")
    assert settings.pin_rules.minimum == 6
    assert settings.prompt_timeout == timedelta(minutes=2)


def test_without_a_runtime_directory_the_socket_is_beside_the_container(home: Path) -> None:
    settings = load_settings({}, home)

    assert settings.socket == settings.state_dir / "run" / "agent.sock"


def test_the_file_is_read_and_the_environment_wins(home: Path) -> None:
    write(home, 'keystore = "software"\npin_minimum = 8\ntpm = "swtpm:path=/x"\npinentry = "/opt/pinentry"\n')

    settings = load_settings({"KEYSTEAD_AGENT_PIN_MINIMUM": "10", "KEYSTEAD_AGENT_STATE_DIR": "/srv/k"}, home)

    assert (settings.keystore, settings.tpm, settings.pinentry) == ("software", "swtpm:path=/x", "/opt/pinentry")
    assert settings.pin_rules.minimum == 10
    assert settings.state_dir == Path("/srv/k")


def test_sites_for_security_keys_are_apart_by_spaces(home: Path) -> None:
    write(home, 'security_key_sites = "ssh: example.org"\n')

    assert load_settings({}, home).security_key_sites == {"ssh:", "example.org"}
    assert load_settings({"KEYSTEAD_AGENT_SECURITY_KEY_SITES": ""}, home).security_key_sites == frozenset()


def test_another_file_can_be_named(home: Path) -> None:
    (home / "other.toml").write_text("pin_minimum = 9\n", encoding="utf-8")

    assert load_settings({"KEYSTEAD_AGENT_CONFIG": str(home / "other.toml")}, home).pin_rules.minimum == 9


def test_the_rules_for_a_pin_are_settings(home: Path) -> None:
    write(home, 'pin_digits = "require"\npin_special = "disallow"\npin_history = 5\npin_expiry_days = 30\n')

    rules = load_settings({}, home).pin_rules

    assert rules == PinRules(digits=Presence.REQUIRE, special=Presence.DISALLOW, history=5, expiry=timedelta(days=30))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("colour = 1\n", "no such setting: colour"),
        ("security_key_sites = 7\n", "security_key_sites must be a text"),
        ('security_key_sites = "*.example.org"\n', "relying-party ids such as"),
        ('security_key_sites = "https://example.org"\n', "relying-party ids such as"),
        ("keystore = 7\n", '"tpm" or "software"'),
        ('keystore = "cloud"\n', '"tpm" or "software"'),
        ('tpm = "/dev/tpm0"\n', "device:/dev/tpmrm0"),
        ("tpm = 7\n", "tpm must be a text"),
        ("pin_minimum = 3\n", "from 4 to 127"),
        ("pin_minimum = true\n", "from 4 to 127"),
        ('pin_minimum = "six"\n', "from 4 to 127"),
        ('pin_digits = "maybe"\n', '"allow", "require" or "disallow"'),
        ("pin_history = 51\n", "from 0 to 50"),
        ("pin_expiry_days = 731\n", "from 0 to 730"),
        ("".join(f'pin_{name} = "disallow"\n' for name in CLASSES), "at least one class"),
        ("prompt_timeout_seconds = 1\n", "from 10 to 300"),
        ('state_dir = "here"\n', "full path"),
        ('socket = ""\n', "must be a text"),
        ("not toml at all", "agent.toml"),
    ],
)
def test_a_bad_setting_says_what_to_write(home: Path, text: str, says: str) -> None:
    write(home, text)

    with pytest.raises(ConfigError, match=says) as refused:
        load_settings({}, home)

    assert refused.value.code == "config_error"


def test_every_setting_is_in_the_table() -> None:
    assert config.__doc__ is not None
    for name in KNOWN:
        assert f"| {name} " in config.__doc__


def test_where_the_service_of_the_computer_listens_it_is_whom_programs_speak_to(home: Path) -> None:
    listening = socket.socket(socket.AF_UNIX)
    service = home / "service.sock"
    environment = {"XDG_RUNTIME_DIR": "/run/user/7", "KEYSTEAD_AGENT_SERVICE_SOCKET": str(service)}
    assert not load_settings(environment, home).is_served
    service.touch()
    assert not load_settings(environment, home).is_served
    service.unlink()
    listening.bind(str(service))
    listening.close()

    assert load_settings(environment, home).socket == service
    assert load_settings(environment, home).is_served
    assert not load_settings({**environment, "KEYSTEAD_AGENT_SOCKET": "/run/mine"}, home).is_served


def test_the_service_reads_no_persons_settings(home: Path) -> None:
    write(home, "pin_minimum = 4\n")
    (home / "service.toml").write_text("pin_minimum = 8\n", encoding="utf-8")

    settings = load_service_settings({"HOME": str(home), "KEYSTEAD_AGENT_CONFIG": str(home / "service.toml")})

    assert settings.pin_rules.minimum == 8
    assert settings.state_dir == Path("/var/lib/keystead-agent/people")
    assert settings.socket == settings.service_socket == Path("/run/keystead-agent/agent.sock")
