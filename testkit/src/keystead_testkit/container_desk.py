"""A container, the authenticator before it, and a person whose answers are set: no daemon, no browser.

desk = Desk(directory, keystore, clock)
created = desk.create()                     # the person types the PIN
signed = desk.get("wrong", desk_pin)        # or whatever a test says
"""

import asyncio
import os
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from keystead_agent.authenticator.allow_list import Caller
from keystead_agent.authenticator.authenticator import Authenticator
from keystead_agent.container.container import Container
from keystead_agent.container.records import Provider
from keystead_agent.gesture.scripted import ScriptedGesture
from keystead_agent.keystore.interface import Keystore
from keystead_core.wire.base64url import b64url_encode

from keystead_testkit.clock import FixedClock

T = TypeVar("T")

RP_ID, ORIGIN, PIN = "id.example.org", "https://id.example.org", "137946"
CHALLENGE = bytes(range(32))
PAGE = Caller(ORIGIN, requester="chromium (7)")


async def at_once(work: Callable[[], T]) -> T:
    return work()


class Desk:
    """A container with an enrolled provider and a PIN, and a person whose answers are set."""

    def __init__(self, directory: Path, keystore: Keystore, clock: FixedClock) -> None:
        self.container = Container(directory, keystore, clock.now, os.urandom)
        issuer = f"{ORIGIN}/contoso/v2.0"
        enrolled = datetime(2026, 1, 1, tzinfo=UTC)
        self.container.enrolments.enrol(Provider(RP_ID, (ORIGIN,), issuer, "Contoso", "t", "Contoso", ORIGIN, enrolled))
        self.container.set_pin(PIN)
        self.person = ScriptedGesture([])

    @property
    def authenticator(self) -> Authenticator:
        return Authenticator(self.container, self.person, at_once)

    def create(self, *answers: Any, caller: Caller = PAGE, **changes: Any) -> dict[str, Any]:
        self.person.dangerous_answers_without_a_person[:] = answers or (PIN,)
        made: dict[str, Any] = run(self.authenticator.make_credential(caller, creation(**changes)))
        return made

    def get(self, *answers: Any, caller: Caller = PAGE, chosen: str | None = None, **changes: Any) -> dict[str, Any]:
        self.person.dangerous_answers_without_a_person[:] = answers or (PIN,)
        signed: dict[str, Any] = run(self.authenticator.get_assertion(caller, request(**changes), chosen=chosen))
        return signed


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def creation(**changes: Any) -> dict[str, Any]:
    options = {
        "rp": {"id": RP_ID, "name": "Contoso"},
        "user": {"id": b64url_encode(b"alice"), "name": "alice@contoso", "displayName": "Alice"},
        "challenge": b64url_encode(CHALLENGE),
        "pubKeyCredParams": [{"type": "public-key", "alg": -8}, {"type": "public-key", "alg": -7}],
        **changes,
    }
    return {name: value for name, value in options.items() if value is not None}


def request(**changes: Any) -> dict[str, Any]:
    options = {"rpId": RP_ID, "challenge": b64url_encode(CHALLENGE), **changes}
    return {name: value for name, value in options.items() if value is not None}


def user(name: str) -> dict[str, str]:
    return {"id": b64url_encode(name.encode()), "name": f"{name}@contoso", "displayName": name.title()}
