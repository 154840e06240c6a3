"""Which part is given to which: the one page that knows them all."""

import os
import platform
import pwd
from functools import partial
from importlib.metadata import version
from pathlib import Path

from keystead_agent.authenticator.allow_list import CtapSites
from keystead_agent.container.container import Container
from keystead_agent.container.records import Provider
from keystead_agent.daemon.ceremonies import Ceremonies
from keystead_agent.daemon.ctap import CtapStart
from keystead_agent.daemon.log import Log
from keystead_agent.daemon.login import LoginWatch
from keystead_agent.daemon.server import Daemon
from keystead_agent.daemon.service import Service
from keystead_agent.enrolment.fetch import fetch_provider
from keystead_agent.enrolment.public_suffixes import system_suffixes
from keystead_agent.gesture.fingerprint import Fingerprint
from keystead_agent.gesture.pam import PamService
from keystead_agent.gesture.parallel import AnyOfThese, Recogniser
from keystead_agent.gesture.pinentry import Pinentry
from keystead_agent.keystore.interface import Keystore
from keystead_agent.keystore.software import SoftwareKeystore, beware
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_agent.main.config import Settings
from keystead_agent.main.system import clock, entropy, machine, monotonic, sleep


def keystore(settings: Settings) -> Keystore:
    if settings.keystore == "software":
        counter = settings.state_dir / "tries.json"
        return SoftwareKeystore(counter, clock, entropy, dangerous_keys_on_disk=True)
    return TpmKeystore(connector(settings.tpm), entropy, sleep)


def pinentry(settings: Settings) -> Pinentry:
    environment = dict(os.environ)
    return Pinentry(settings.pinentry, settings.prompt_timeout, _terminal(), environment, beware(settings.keystore))


def gesture(settings: Settings, watch: LoginWatch, log: Log) -> AnyOfThese:
    recognisers: list[Recogniser] = []
    if settings.fingerprint:
        recognisers.append(Fingerprint(settings.prompt_timeout))
    if settings.pam_service is not None:
        person = pwd.getpwuid(os.getuid()).pw_name
        recognisers.append(PamService(settings.pam_service, person, settings.prompt_timeout))
    window = pinentry(settings)
    return AnyOfThese(window, recognisers, lambda: watch.is_watching, partial(_note_gesture, log))


def _note_gesture(log: Log, by: str) -> None:
    log.event("gesture.recognised", by=by)


def daemon(settings: Settings) -> Daemon:
    keys = keystore(settings)
    watch = LoginWatch(os.getuid())
    # Whoever reads one line of it knows where the keys are.
    log = Log(clock, settings.state_dir / "agent.log", always={"keystore": keys.kind} if beware(keys.kind) else {})
    asking = gesture(settings, watch, log)
    service = Service(
        version=version("keystead-agent"),
        keystore=keys,
        open_container=partial(
            Container,
            settings.state_dir,
            keys,
            clock,
            entropy,
            rules=settings.pin_rules,
            machine=machine(settings.machine_id),
        ),
        gesture=asking,
        fetch=_fetch,
        ceremonies=Ceremonies(monotonic),
        log=log,
        socket_path=str(settings.socket),
        ctap_start=CtapStart(entropy, monotonic, monotonic(), CtapSites(settings.security_key_sites)),
        clock=clock,
        device_name=platform.node() or "A computer without a name",
        ways=asking.ways,
    )
    return Daemon(service, settings.socket, watch)


def _fetch(url: str) -> Provider:
    return fetch_provider(url, now=clock(), suffixes=system_suffixes())


def _terminal() -> dict[str, str]:
    """Where a pinentry without a display may draw: the daemon's own terminal, or the one that GnuPG was told."""
    named = os.environ.get("GPG_TTY") or _own_terminal()
    return {"ttyname": named, "ttytype": os.environ.get("TERM", "dumb")} if named else {}


def _own_terminal() -> str:
    try:
        return os.ttyname(0)
    except OSError:
        return ""


def extension_directory(settings: Settings) -> Path:
    return settings.state_dir / "browser"
