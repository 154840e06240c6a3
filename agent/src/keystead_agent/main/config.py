"""Settings, read once: ~/.config/keystead/agent.toml, and KEYSTEAD_AGENT_… in the environment, which wins.

The service of a whole computer reads /etc/keystead/agent.toml instead, and no file of a person's.

| setting                | means                                                                         |
| ---------------------- | ----------------------------------------------------------------------------- |
| keystore               | "tpm" (default), or "software": keys in a file, for machines without a TPM    |
| tpm                    | "device:/dev/tpmrm0" (default), "swtpm:path=…" or "swtpm:host=…,port=…"       |
| pinentry               | the program that asks for the PIN; by default the one that fits your session  |
| fingerprint            | "auto" (default): a finger that fprintd knows does, after one PIN; or "off"   |
| pam_service            | a PAM service that may recognise you, after one PIN; none by default          |
| pin_minimum            | the shortest PIN that may be chosen, 4 to 127; 6 by default                   |
| pin_digits             | "allow" (default), "require" or "disallow" digits in a new PIN                |
| pin_lowercase          | the same for lower-case letters                                               |
| pin_uppercase          | the same for upper-case letters                                               |
| pin_special            | the same for everything else                                                  |
| pin_history            | how many former PINs may not be chosen again, 0 to 50; 0 by default           |
| pin_expiry_days        | after how many days another PIN is asked for, 0 to 730; 0, never, by default  |
| prompt_timeout_seconds | after which an unanswered question counts as refused; 120 by default          |
| security_key_sites     | relying parties, besides enrolled ones, for CTAP clients: "ssh: example.org"  |
| state_dir              | where the container is; ~/.local/state/keystead by default                    |
| machine_id             | the file that names this installed system; /etc/machine-id by default         |
| socket                 | where the daemon listens; by default where the computer's service does, if it |
|                        | is there, else at $XDG_RUNTIME_DIR/keystead/agent.sock                        |
| service_socket         | where the service listens; /run/keystead-agent/agent.sock by default          |
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final, Literal

from keystead_core.link.pin_policy import DEFAULT_MINIMUM, LONGEST, LONGEST_EXPIRY, LONGEST_HISTORY, SHORTEST, Presence

from keystead_agent.container.pin_rules import PinRules
from keystead_agent.gesture.pam import is_service_name
from keystead_agent.gesture.pinentry import pinentry_for
from keystead_agent.keystore.transport import AddressError, connector

PREFIX: Final = "KEYSTEAD_AGENT_"
KNOWN: Final = (
    "keystore",
    "tpm",
    "pinentry",
    "fingerprint",
    "pam_service",
    "pin_minimum",
    "pin_digits",
    "pin_lowercase",
    "pin_uppercase",
    "pin_special",
    "pin_history",
    "pin_expiry_days",
    "prompt_timeout_seconds",
    "security_key_sites",
    "state_dir",
    "socket",
    "service_socket",
    "machine_id",
)

SERVICE_CONFIG: Final = Path("/etc/keystead/agent.toml")
# Each person has a folder in it, named by their user id.
SERVICE_STATE: Final = Path("/var/lib/keystead-agent/people")
SERVICE_SOCKET: Final = Path("/run/keystead-agent/agent.sock")

_LONGEST_SITE: Final = 253
_MACHINE_ID: Final = Path("/etc/machine-id")


class ConfigError(Exception):
    """A setting that is not what it should be; the message says what to write."""

    code = "config_error"


@dataclass(frozen=True, slots=True)
class Settings:
    keystore: Literal["tpm", "software"]
    tpm: str
    pinentry: str
    fingerprint: bool
    pam_service: str | None
    pin_rules: PinRules
    prompt_timeout: timedelta
    security_key_sites: frozenset[str]
    state_dir: Path
    socket: Path
    machine_id: Path
    service_socket: Path

    @property
    def is_served(self) -> bool:
        """Whether the service of the whole computer is whom this person's programs speak to."""
        return self.socket == self.service_socket


def load_settings(environment: Mapping[str, str], home: Path) -> Settings:
    """Read the settings of the person whose *environment* and *home* these are.

    Raises:
        ConfigError
    """
    where = Path(environment.get(PREFIX + "CONFIG") or _config_home(environment, home) / "keystead" / "agent.toml")
    written = _file(where) | _environment(environment)
    state_dir = _path(written, "state_dir", _state_home(environment, home) / "keystead")
    service = _path(written, "service_socket", SERVICE_SOCKET)
    own = _runtime(environment, state_dir) / "agent.sock"
    socket = _path(written, "socket", service if service.is_socket() else own)
    return _settings(written, environment, state_dir, socket, service)


def load_service_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings of the service of a whole computer; `state_dir` is the folder of everybody's folders.

    Raises:
        ConfigError
    """
    written = _file(Path(environment.get(PREFIX + "CONFIG") or SERVICE_CONFIG)) | _environment(environment)
    state_dir = _path(written, "state_dir", SERVICE_STATE)
    socket = _path(written, "service_socket", SERVICE_SOCKET)
    return _settings(written, environment, state_dir, socket, socket)


def _settings(
    written: Mapping[str, object], environment: Mapping[str, str], state_dir: Path, socket: Path, service_socket: Path
) -> Settings:
    return Settings(
        keystore=_keystore(written),
        tpm=_tpm(written),
        pinentry=_text(written, "pinentry", pinentry_for(environment) or "pinentry"),
        fingerprint=_fingerprint(written),
        pam_service=_pam_service(written),
        pin_rules=_pin_rules(written),
        prompt_timeout=timedelta(seconds=_number(written, "prompt_timeout_seconds", 120, least=10, most=300)),
        security_key_sites=_sites(written),
        state_dir=state_dir,
        socket=socket,
        service_socket=service_socket,
        machine_id=_path(written, "machine_id", _MACHINE_ID),
    )


def _file(where: Path) -> dict[str, object]:
    try:
        written = tomllib.loads(where.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise ConfigError(f"{where}: {error}") from error
    unknown = sorted(set(written) - set(KNOWN))
    if unknown:
        raise ConfigError(f"{where}: no such setting: {', '.join(unknown)}; there are {', '.join(KNOWN)}")
    return written


def _environment(environment: Mapping[str, str]) -> dict[str, object]:
    return {name: environment[variable] for name in KNOWN if (variable := PREFIX + name.upper()) in environment}


def _keystore(written: Mapping[str, object]) -> Literal["tpm", "software"]:
    match written.get("keystore", "tpm"):
        case "tpm":
            return "tpm"
        case "software":
            return "software"
        case other:
            raise ConfigError(f'keystore must be "tpm" or "software", not {other!r}')


def _fingerprint(written: Mapping[str, object]) -> bool:
    match written.get("fingerprint", "auto"):
        case "auto":
            return True
        case "off":
            return False
        case other:
            raise ConfigError(f'fingerprint must be "auto" or "off", not {other!r}')


def _pam_service(written: Mapping[str, object]) -> str | None:
    value = written.get("pam_service")
    if value is None:
        return None
    if not isinstance(value, str) or not is_service_name(value):
        raise ConfigError(f'pam_service must be the name of a file in /etc/pam.d such as "howdy", not {value!r}')
    return value


def _tpm(written: Mapping[str, object]) -> str:
    address = _text(written, "tpm", "device:/dev/tpmrm0")
    try:
        connector(address)
    except AddressError as error:
        raise ConfigError(f"tpm: {error}") from error
    return address


def _pin_rules(written: Mapping[str, object]) -> PinRules:
    try:
        return PinRules(
            _number(written, "pin_minimum", DEFAULT_MINIMUM, least=SHORTEST, most=LONGEST),
            digits=_presence(written, "pin_digits"),
            lowercase=_presence(written, "pin_lowercase"),
            uppercase=_presence(written, "pin_uppercase"),
            special=_presence(written, "pin_special"),
            history=_number(written, "pin_history", 0, least=0, most=LONGEST_HISTORY),
            expiry=timedelta(days=_number(written, "pin_expiry_days", 0, least=0, most=LONGEST_EXPIRY.days)),
        )
    except ValueError as error:
        raise ConfigError(f"pin_digits, pin_lowercase, pin_uppercase, pin_special: {error}") from error


def _presence(written: Mapping[str, object], name: str) -> Presence:
    value = written.get(name, Presence.ALLOW)
    for presence in Presence:
        if value == presence:
            return presence
    raise ConfigError(f'{name} must be "allow", "require" or "disallow", not {value!r}')


def _sites(written: Mapping[str, object]) -> frozenset[str]:
    value = written.get("security_key_sites", "")
    if not isinstance(value, str):
        raise ConfigError(f'security_key_sites must be a text such as "ssh: example.org", not {value!r}')
    sites = frozenset(value.split())
    # A wildcard would be taken for one, and allow nothing.
    odd = sorted(site for site in sites if "*" in site or "/" in site or len(site) > _LONGEST_SITE)
    if odd:
        raise ConfigError(f'security_key_sites holds relying-party ids such as "example.org", not {", ".join(odd)}')
    return sites


def _text(written: Mapping[str, object], name: str, default: str) -> str:
    value = written.get(name, default)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{name} must be a text, not {value!r}")
    return value


def _path(written: Mapping[str, object], name: str, default: Path) -> Path:
    path = Path(_text(written, name, str(default))).expanduser()
    if not path.is_absolute():
        raise ConfigError(f"{name} must be a full path such as {default}, not {path}")
    return path


def _number(written: Mapping[str, object], name: str, default: int, *, least: int, most: int) -> int:
    value = written.get(name, default)
    if isinstance(value, str) and value.isdecimal():
        value = int(value)
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
        raise ConfigError(f"{name} must be a number from {least} to {most}, not {value!r}")
    return value


def _config_home(environment: Mapping[str, str], home: Path) -> Path:
    return Path(environment.get("XDG_CONFIG_HOME") or home / ".config")


def _state_home(environment: Mapping[str, str], home: Path) -> Path:
    return Path(environment.get("XDG_STATE_HOME") or home / ".local" / "state")


def _runtime(environment: Mapping[str, str], state_dir: Path) -> Path:
    runtime = environment.get("XDG_RUNTIME_DIR")
    return Path(runtime) / "keystead" if runtime else state_dir / "run"
