"""Which part is given to which: the one page that knows them all."""

import os
import platform
import pwd
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from importlib.metadata import version
from pathlib import Path

from keystead_agent.authenticator.allow_list import CtapSites
from keystead_agent.container.container import Container
from keystead_agent.container.records import Provider
from keystead_agent.daemon.ceremonies import Ceremonies
from keystead_agent.daemon.ctap import CtapStart
from keystead_agent.daemon.log import Log
from keystead_agent.daemon.login import LoginWatch, has_session
from keystead_agent.daemon.people import Everybody, OnePerson, Resident
from keystead_agent.daemon.server import Daemon
from keystead_agent.daemon.service import Service
from keystead_agent.enrolment.fetch import fetch_provider
from keystead_agent.enrolment.public_suffixes import system_suffixes
from keystead_agent.gesture.fingerprint import Fingerprint
from keystead_agent.gesture.interface import Gesture
from keystead_agent.gesture.pam import PamService
from keystead_agent.gesture.parallel import AnyOfThese, Recogniser
from keystead_agent.gesture.pinentry import Pinentry
from keystead_agent.gesture.session import Prompters, SessionGesture
from keystead_agent.keystore.interface import Keystore
from keystead_agent.keystore.private_file import ensure_private_directory
from keystead_agent.keystore.software import SoftwareKeystore, beware
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_agent.main.config import Settings
from keystead_agent.main.system import clock, entropy, machine, monotonic, sleep
from keystead_agent.session.prompter import Prompter


@dataclass(frozen=True, slots=True)
class Person:
    """Attributes:
    named: to fprintd; "" for whoever asks it.
    """

    uid: int
    name: str
    named: str = ""


def keystore(settings: Settings) -> Keystore:
    if settings.keystore == "software":
        counter = settings.state_dir / "tries.json"
        return SoftwareKeystore(counter, clock, entropy, dangerous_keys_on_disk=True)
    return TpmKeystore(connector(settings.tpm), entropy, sleep)


def pinentry(settings: Settings, beneath: str) -> Pinentry:
    """A window with *beneath* below each question."""
    return Pinentry(settings.pinentry, settings.prompt_timeout, _terminal(), dict(os.environ), beneath)


def _gesture(asked: Gesture, settings: Settings, person: Person, watch: LoginWatch, log: Log) -> AnyOfThese:
    recognisers: list[Recogniser] = []
    if settings.fingerprint:
        recognisers.append(Fingerprint(settings.prompt_timeout, user=person.named))
    if settings.pam_service is not None:
        recognisers.append(PamService(settings.pam_service, person.name, settings.prompt_timeout))
    return AnyOfThese(asked, recognisers, lambda: watch.is_watching, partial(_note_gesture, log))


def _note_gesture(log: Log, by: str) -> None:
    log.event("gesture.recognised", by=by)


def daemon(settings: Settings) -> Daemon:
    """A person's own, which asks them itself."""
    log = Log(clock, settings.state_dir / "agent.log", always=_in_each_line(settings))
    person = Person(os.getuid(), pwd.getpwuid(os.getuid()).pw_name)
    asked = pinentry(settings, beware(settings.keystore))
    return Daemon(OnePerson(_resident(settings, person, log, asked)), settings.socket)


def _in_each_line(settings: Settings) -> dict[str, str]:
    """Whoever reads one line of a log knows where the keys are."""
    return {"keystore": settings.keystore} if beware(settings.keystore) else {}


def service_for_everybody(settings: Settings) -> Daemon:
    """The service of a whole computer: what it does for a person stands in that person's log alone."""
    return Daemon(Everybody(Log(clock), partial(_resident_with, settings), has_session), settings.socket)


def _resident_with(settings: Settings, uid: int) -> Resident:
    """Raises KeyError."""
    name = pwd.getpwuid(uid).pw_name
    theirs = replace(settings, state_dir=settings.state_dir / str(uid))
    ensure_private_directory(theirs.state_dir)
    log = Log(clock, theirs.state_dir / "agent.log", stream=None, always=_in_each_line(settings))
    prompters = Prompters()
    asked = SessionGesture(prompters, beware(settings.keystore))
    return _resident(theirs, Person(uid, name, named=name), log, asked, prompters)


def _resident(
    settings: Settings, person: Person, log: Log, asked: Gesture, prompters: Prompters | None = None
) -> Resident:
    keys = keystore(settings)
    watch = LoginWatch(person.uid)
    gesture = _gesture(asked, settings, person, watch, log)
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
        gesture=gesture,
        fetch=_fetch,
        ceremonies=Ceremonies(monotonic),
        log=log,
        socket_path=str(settings.socket),
        ctap_start=CtapStart(entropy, monotonic, monotonic(), CtapSites(settings.security_key_sites)),
        clock=clock,
        device_name=platform.node() or "A computer without a name",
        ways=gesture.ways,
        prompters=prompters,
    )
    return Resident(service, watch)


def prompter(settings: Settings, note: Callable[[str], None]) -> Prompter:
    return Prompter(settings.socket, partial(pinentry, settings), note)


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
