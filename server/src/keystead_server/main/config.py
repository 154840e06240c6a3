"""Settings: a TOML file, then KEYSTEAD_* from the environment, then the command line. Read once, here.

Every setting has its heading in docs/reference/settings.md (a test checks).
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from email.utils import parseaddr
from ipaddress import IPv4Network, IPv6Network, ip_network
from math import inf
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from keystead_server.domain.device import FirstUse
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import check_mail
from keystead_server.mail.smtp import mail_server

ENVIRONMENT_PREFIX = "KEYSTEAD_"


class ConfigError(Exception):
    """A setting cannot be used; the message says which, and what to write."""

    code = "setting_invalid"


@dataclass(frozen=True, slots=True)
class Config:
    """All settings.

    Attributes:
        public_url: what people type. Passkeys are bound to its host, tokens to all of it.
        listen_host, listen_port: where the server listens.
        data: folder of the database and the master key.
        database: empty for SQLite in `data`, or `postgresql://…`.
        rp_id: the host passkeys are bound to; empty for the host of `public_url`.
        name: what browsers show when a passkey is made.
        related_origins: other origins of ours whose pages may use the same passkeys.
        trusted_proxies: networks whose X-Forwarded-For is believed.
        attestation_roots: folder of PEM files (docs/reference/settings.md); empty for none.
        tpm_makers: folder of PEM files: certificates of TPM makers; empty for none.
        tpm_first_use: what to make of a TPM that none of them certified: refuse, claimed or proven.
        fido_metadata: a file, or an https address; empty for none.
        fido_metadata_root: the PEM file of the root under which the metadata are signed.
        fido_metadata_signer: the name in the certificate of whoever signs them.
        geoip_file: a file of places in MaxMind's format; empty for none, and then no address has a country.
        smtp_url: the mail server, `smtp://` (with STARTTLS) or `smtps://`; empty for no mail.
        mail_from: whose letters they are; needed with `smtp_url`.
        rate_limit_scale: multiplies every rate limit; 0 switches them off.
        log_format: `text` for people, `json` for machines.
    """

    public_url: str = "http://localhost:8400"
    listen_host: str = "127.0.0.1"
    listen_port: int = 8400
    data: Path = Path("data")
    database: str = ""
    rp_id: str = ""
    name: str = "Keystead"
    related_origins: tuple[str, ...] = ()
    trusted_proxies: tuple[str, ...] = ()
    attestation_roots: str = ""
    tpm_makers: str = ""
    tpm_first_use: str = "claimed"
    fido_metadata: str = ""
    fido_metadata_root: str = ""
    fido_metadata_signer: str = "mds.fidoalliance.org"
    geoip_file: str = ""
    smtp_url: str = field(default="", repr=False)
    mail_from: str = ""
    rate_limit_scale: float = 1.0
    log_format: str = "text"
    source: str = field(default="the defaults", compare=False)

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.data / 'keystead.db').absolute()}"

    @property
    def master_key_path(self) -> Path:
        return self.data / "master.key"

    @property
    def address_path(self) -> Path:
        """Where a server that was only given a port notes its address, for the links of the command line."""
        return self.data / "address"

    @property
    def passkey_host(self) -> str:
        return self.rp_id or urlsplit(self.public_url).hostname or ""

    @property
    def proxy_networks(self) -> tuple[IPv4Network | IPv6Network, ...]:
        return tuple(ip_network(proxy) for proxy in self.trusted_proxies)

    @property
    def sends_mail(self) -> bool:
        return bool(self.smtp_url)

    @property
    def tpm_makers_folder(self) -> Path | None:
        return Path(self.tpm_makers) if self.tpm_makers else None

    @property
    def roots_folder(self) -> Path | None:
        return Path(self.attestation_roots) if self.attestation_roots else None


SETTINGS = tuple(f.name for f in fields(Config) if f.name != "source")


def load(file: Path | None, environment: Mapping[str, str] | None = None, **given: Any) -> Config:
    """Settings from *file*, the environment, and what was *given* on the command line (None means not given).

    Raises:
        ConfigError: a setting is unknown or cannot be used.
    """
    environment = os.environ if environment is None else environment
    values: dict[str, Any] = {}
    source = "the environment and the command line"
    if file is not None:
        source = str(file)
        values.update(_read_file(file))
    values.update(_read_environment(environment))
    values.update({name: value for name, value in given.items() if value is not None})
    config = Config(source=source)
    for name, value in values.items():
        config = replace(config, **{name: _typed(source, name, value)})
    _check(config)
    return config


def _read_file(file: Path) -> dict[str, Any]:
    try:
        values = tomllib.loads(file.read_text())
    except FileNotFoundError:
        raise ConfigError(f"{file}: there is no such file") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{file}: not TOML: {error}") from None
    unknown = sorted(values.keys() - set(SETTINGS))
    if unknown:
        raise ConfigError(f"{file}: no such setting: {', '.join(unknown)}. There are: {', '.join(SETTINGS)}")
    return values


def _read_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in environment.items():
        if not key.startswith(ENVIRONMENT_PREFIX) or key.startswith("KEYSTEAD_AGENT_") or key == "KEYSTEAD_CONFIG":
            continue
        name = key.removeprefix(ENVIRONMENT_PREFIX).lower()
        if name not in SETTINGS:
            raise ConfigError(f"{key}: no such setting. There are: {', '.join(SETTINGS)}")
        values[name] = [part.strip() for part in value.split(",") if part.strip()] if name in _LISTS else value
    return values


def _typed(source: str, name: str, value: Any) -> Any:
    try:
        match name:
            case "data":
                return Path(value)
            case "listen_port":
                return int(value)
            case "rate_limit_scale":
                return float(value)
            case "related_origins":
                return tuple(map(str.strip, value if isinstance(value, list | tuple) else [None]))
            case "trusted_proxies":
                # A bare number is an address to ip_network, and to nobody who writes settings.
                return tuple(str(ip_network(item)) for item in value if item.strip())
            case _ if isinstance(value, str):
                return value
    except (AttributeError, TypeError, ValueError):
        pass
    raise ConfigError(f"{source}: {name} must be {_WORDS.get(name, 'text')}, not {value!r}")


_LISTS = frozenset({"related_origins", "trusted_proxies"})
_WORDS = {
    "data": "a folder",
    "listen_port": "a port from 1 to 65535",
    "rate_limit_scale": "a number such as 1.0",
    "related_origins": 'a list of origins such as ["https://login.example.com"]',
    "trusted_proxies": 'a list of networks such as ["10.0.0.0/8"]',
}


def _check(config: Config) -> None:
    where = config.source
    host = _check_address(where, "public_url", config.public_url)
    for origin in config.related_origins:
        _check_address(where, "related_origins", origin)
    if not 1 <= config.listen_port <= 65535:
        raise ConfigError(f"{where}: listen_port must be a port from 1 to 65535, not {config.listen_port}")
    if config.rp_id and not f".{host}".endswith(f".{config.rp_id}"):
        raise ConfigError(f"{where}: rp_id must be {host!r} or a domain above it, not {config.rp_id!r}")
    if config.database and not config.database.startswith(("postgresql://", "sqlite:///")):
        raise ConfigError(f'{where}: database must look like "postgresql://user@host/name", or be empty for SQLite')
    if not 0 <= config.rate_limit_scale < inf:
        raise ConfigError(f"{where}: rate_limit_scale must be 0 or more, not {config.rate_limit_scale}")
    if config.log_format not in ("text", "json"):
        raise ConfigError(f'{where}: log_format must be "text" or "json", not {config.log_format!r}')
    if config.roots_folder is not None and not config.roots_folder.is_dir():
        raise ConfigError(
            f"{where}: attestation_roots must be a folder of PEM files; there is none at {config.roots_folder}"
        )
    if config.tpm_makers_folder is not None and not config.tpm_makers_folder.is_dir():
        raise ConfigError(
            f"{where}: tpm_makers must be a folder of PEM files; there is none at {config.tpm_makers_folder}"
        )
    if config.tpm_first_use not in tuple(FirstUse):
        raise ConfigError(
            f'{where}: tpm_first_use must be "refuse", "claimed" or "proven", not {config.tpm_first_use!r}'
        )
    _check_metadata(where, config)
    _check_mail(where, config)


def _check_metadata(where: str, config: Config) -> None:
    if config.fido_metadata and "://" in config.fido_metadata and not config.fido_metadata.startswith("https://"):
        raise ConfigError(f"{where}: fido_metadata must be a file or an https address, not {config.fido_metadata!r}")
    if config.fido_metadata and not config.fido_metadata_root:
        raise ConfigError(f"{where}: fido_metadata needs fido_metadata_root, the PEM file of the root to believe")
    if config.fido_metadata_root and not Path(config.fido_metadata_root).is_file():
        raise ConfigError(
            f"{where}: fido_metadata_root must be a PEM file; there is none at {config.fido_metadata_root}"
        )
    if not config.fido_metadata_signer:
        raise ConfigError(f"{where}: fido_metadata_signer must be a name; any other would let anybody sign")


def _check_mail(where: str, config: Config) -> None:
    if not config.smtp_url:
        return
    try:
        server = mail_server(config.smtp_url)
    except ValueError:
        # Not what was written: it may hold a password.
        raise ConfigError(f'{where}: smtp_url must look like "smtps://user:password@mail.example.org"') from None
    if server.user is not None and not server.password:
        raise ConfigError(f"{where}: smtp_url names a user without a password")
    address = parseaddr(config.mail_from)[1]
    try:
        check_mail(address)
    except Invalid:
        raise ConfigError(
            f'{where}: mail_from must look like "Keystead <no-reply@example.org>", not {config.mail_from!r}'
        ) from None


def _check_address(where: str, name: str, written: str) -> str:
    """Return the host. Origins are compared as text, so the address must be written as browsers send it."""
    try:
        url = urlsplit(written)
        host, port = url.hostname or "", url.port
    except ValueError:
        url, host, port = urlsplit(""), "", None
    beside = url.path or url.query or url.fragment or url.username
    if url.scheme not in ("http", "https") or not host or beside:
        raise ConfigError(f'{where}: {name} must look like "https://id.example.org", not {written!r}')
    # Browsers allow passkeys only on https, or on the computer itself.
    if url.scheme == "http" and host != "localhost":
        raise ConfigError(f"{where}: {name} must be https (http only for http://localhost), not {written!r}")
    if ":" in host or host.replace(".", "").isdigit():
        raise ConfigError(f"{where}: {name} must have a host name, which passkeys are bound to, not {written!r}")
    shown = f"{url.scheme}://{host}" + ("" if port in (None, _DEFAULT_PORTS[url.scheme]) else f":{port}")
    if written != shown:
        raise ConfigError(f"{where}: browsers send {written!r} in another form; write {shown!r}")
    return host


_DEFAULT_PORTS = {"http": 80, "https": 443}
