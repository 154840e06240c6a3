"""keystead-agent: the program."""

import os
import shlex
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from shutil import which

from keystead_agent.cli.commands import cli
from keystead_agent.cli.doors import Browsers, Doors, SetUp
from keystead_agent.cli.findings import Finding, Step
from keystead_agent.cli.output import EXIT_CONFIG, fail
from keystead_agent.main.config import ConfigError, Settings, load_service_settings, load_settings


def main() -> None:
    cli(
        prog_name="keystead-agent",
        obj=Doors(
            socket_path=lambda: _settings().socket,
            run_daemon=run_daemon,
            run_hid=run_hid,
            install_browser=install_browser,
            install_for_everybody=install_for_everybody,
            remove_for_everybody=remove_for_everybody,
            log_path=lambda: None if _settings().is_served else _settings().state_dir / "agent.log",
            run_prompter=run_prompter,
            examine=examine,
            set_up=set_up,
        ),
    )


@cache
def _settings() -> Settings:
    try:
        return load_settings(os.environ, Path.home())
    except ConfigError as error:
        fail(error.code, str(error), exit_code=EXIT_CONFIG)


def run_daemon(everybody: bool) -> None:
    """Run until SIGTERM or SIGINT."""
    # Here, so that `keystead-agent list` does not load what it may not use.
    from keystead_agent.daemon.server import AlreadyRunning
    from keystead_agent.keystore.private_file import FileNotPrivate
    from keystead_agent.main.daemon_process import run, run_for_everybody

    try:
        if everybody:
            run_for_everybody(_service_settings())
        elif _settings().is_served:
            fail(
                "served_already",
                f"The service of this computer serves you already, at {_settings().socket}. What asks you is: "
                "keystead-agent session",
            )
        else:
            run(_settings())
    except (AlreadyRunning, FileNotPrivate) as error:
        fail(error.code, str(error))


def run_prompter() -> None:
    """Ask what the service has to ask, until SIGTERM or SIGINT."""
    from keystead_agent.main.daemon_process import run_prompter as run

    if not _settings().is_served:
        fail("not_served", "No service of the whole computer is here; a daemon of your own asks you itself.")
    run(_settings())


def _service_settings() -> Settings:
    try:
        return load_service_settings(os.environ)
    except ConfigError as error:
        fail(error.code, str(error), exit_code=EXIT_CONFIG)


def run_hid(user: str | None) -> None:
    """Be a security key until SIGTERM or SIGINT; with *user*, as that person."""
    from keystead_agent.hid.privileges import NotRoot, PersonUnknown, become, environment_of, person_named
    from keystead_agent.hid.uhid import UhidUnavailable, open_uhid
    from keystead_agent.main.hid_process import run

    try:
        person = person_named(user) if user is not None else None
        device = open_uhid()
        if person is not None:
            become(person)
            theirs = environment_of(person, dict(os.environ))
            os.environ.clear()
            os.environ.update(theirs)
    except (NotRoot, PersonUnknown, UhidUnavailable) as error:
        fail(error.code, str(error))
    run(_settings().socket, device)


def install_browser(browser: Browsers, origins: Sequence[str]) -> list[Path]:
    from keystead_agent.browser_host.install import ExtensionMissing, install
    from keystead_agent.browser_host.manifests import OriginNotClaimable
    from keystead_agent.main.wiring import extension_directory

    settings = _settings()
    command = [sys.executable, "-m", "keystead_agent.browser_host", "--socket", str(settings.socket)]
    try:
        return install(
            browser,
            list(origins),
            home=Path.home(),
            extension_dir=extension_directory(settings),
            host_command=shlex.join(command),
        )
    except (ExtensionMissing, OriginNotClaimable) as error:
        fail(error.code, str(error))


def install_for_everybody(root: Path, origins: Sequence[str], kiosk: bool) -> list[Path]:
    from keystead_agent.browser_host.everybody import ForEverybody, PackageMissing
    from keystead_agent.browser_host.install import ExtensionMissing, NothingToClaim
    from keystead_agent.browser_host.manifests import OriginNotClaimable

    try:
        return ForEverybody(root, kiosk=kiosk).install(origins)
    except (ExtensionMissing, NothingToClaim, OriginNotClaimable, PackageMissing) as error:
        fail(error.code, str(error))
    except PermissionError as error:
        fail("not_root", f"{error.filename} cannot be written: only root installs for everybody")


def remove_for_everybody(root: Path) -> list[Path]:
    from keystead_agent.browser_host.everybody import ForEverybody

    try:
        return ForEverybody(root).remove()
    except PermissionError as error:
        fail("not_root", f"{error.filename} cannot be removed: only root removes for everybody")


def examine() -> list[Finding]:
    from keystead_core.link.messages import Status

    from keystead_agent.client.client import AgentClient, AgentRefused, AgentUnreachable
    from keystead_agent.main.doctor import Doctor
    from keystead_agent.main.system import clock

    settings = _settings()
    try:
        status = AgentClient(settings.socket).ask(Status("doctor"))
    except (AgentRefused, AgentUnreachable):
        status = None
    return Doctor(settings, status, os.environ, Path.home(), clock()).examine()


def set_up(wanted: SetUp) -> list[Step]:
    from keystead_agent.main.set_up import Installation

    command = shlex.join([sys.executable, "-m", "keystead_agent.main"])
    installation = Installation(
        _settings(), Path.home(), command, lambda origins: install_browser("all", origins), which("systemctl")
    )
    return installation.run(wanted)
