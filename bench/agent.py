"""The agent on this machine: how soon it answers, what it takes up, what a sign-in costs without the person.

Everything is wall time, for it is a person who waits, and on a software TPM, which says
nothing about a chip: there the chip is most of it. The pinentry answers at once. Beside
our own socket, python-fido2 and libfido2's `fido2-assert` sign in over CTAPHID in a loopback,
to the same keystore; the latter is a program that starts anew for each.
"""

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from fido2.client import DefaultClientDataCollector, Fido2Client, UserInteraction
from fido2.server import Fido2Server
from fido2.webauthn import PublicKeyCredentialRpEntity
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_core.link import messages as link
from keystead_core.link.messages import Create, Get
from keystead_testkit import libfido2
from keystead_testkit.ctap_agent import RP_ID, CtapAgent
from keystead_testkit.libfido2 import Libfido2
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import SoftwareTpm

from bench.processes import cpu_seconds, memory_mib

_PIN = "137946"
_SIGN_INS = 20


def measure(rounds: int) -> dict[str, Any]:
    with TemporaryDirectory(prefix="keystead-bench-") as folder, SoftwareTpm() as tpm, PasskeyPages() as pages:
        agent = RunningAgent(Path(folder), tpm.address)
        agent.pinentry.answer_at_once(_PIN)
        starts = [_started(agent) for _ in range(rounds)]
        agent.start()
        idle = memory_mib(agent.pid)
        _make_passkey(agent, pages)
        socket = _times(lambda: _sign_in(agent, pages))
        after = memory_mib(agent.pid)
        agent.stop()
    return {
        # The quickest: what other programs took of the machine is not the agent's.
        "start_ms": round(min(took for took, _ in starts) * 1e3, 1),
        "start_median_ms": round(median(took for took, _ in starts) * 1e3, 1),
        "start_cpu_ms": round(median(cpu for _, cpu in starts) * 1e3, 1),
        "python_start_ms": round(median(_python_started() for _ in range(rounds)) * 1e3, 1),
        "idle_mib": round(idle, 1),
        "mib_after_sign_ins": round(after, 1),
        "sign_in_ms": {way: round(took * 1e3, 1) for way, took in {"our socket": socket, **_loopback()}.items()},
        "left_out": libfido2.why_not(),
        "load": round(os.getloadavg()[0], 1),
    }


def _started(agent: RunningAgent) -> tuple[float, float]:
    """Wall and CPU time from the start of the process to its first answer."""
    begun = time.perf_counter()
    agent.start()
    took = time.perf_counter() - begun
    cpu = cpu_seconds([agent.pid])
    agent.stop()
    return took, cpu


def _python_started() -> float:
    """What of that is Python's own start, with nothing in it."""
    begun = time.perf_counter()
    os.waitpid(os.posix_spawn(sys.executable, [sys.executable, "-c", ""], dict(os.environ)), 0)
    return time.perf_counter() - begun


def _make_passkey(agent: RunningAgent, pages: PasskeyPages) -> None:
    agent.client.ask(link.Enrol("1", url=pages.provider))
    agent.client.ask(link.SetPin("1"))
    user = {"id": "YWRh", "name": "ada", "displayName": "Ada"}
    wanted: dict[str, Any] = {"rp": {"name": "Bench"}, "user": user, "challenge": "AAAA"}
    wanted["pubKeyCredParams"] = [{"type": "public-key", "alg": -7}]
    agent.client.ask(Create("1", origin=pages.origin, options=wanted))


def _sign_in(agent: RunningAgent, pages: PasskeyPages) -> None:
    agent.client.ask(Get("1", origin=pages.origin, options={"challenge": "AAAA"}))


class _Nobody(UserInteraction):
    """The PIN is typed at the agent's own prompt."""

    def request_uv(self, permissions: Any, rp_id: Any) -> bool:
        return True


def _loopback() -> dict[str, float]:
    with TemporaryDirectory(prefix="keystead-bench-") as folder, SoftwareTpm() as tpm:
        keystore = TpmKeystore(connector(tpm.address), os.urandom, time.sleep)
        with CtapAgent(Path(folder), keystore) as agent:
            took = {"python-fido2, loopback": _with_python_fido2(agent)}
            if not libfido2.why_not():
                took["fido2-assert, loopback"] = _with_libfido2(agent, Path(folder))
            return took


def _with_python_fido2(agent: CtapAgent) -> float:
    collector = DefaultClientDataCollector(f"https://{RP_ID}")
    client = Fido2Client(agent.plug_in().open(), client_data_collector=collector, user_interaction=_Nobody())
    server = Fido2Server(PublicKeyCredentialRpEntity(id=RP_ID, name="Bench"))
    user = {"id": b"ada", "name": "ada", "displayName": "Ada"}
    options, state = server.register_begin(user, resident_key_requirement="required")
    made = server.register_complete(state, client.make_credential(options.public_key)).credential_data

    def sign_in() -> None:
        options, state = server.authenticate_begin(user_verification="required")
        answer = client.get_assertion(options.public_key).get_response(0)
        server.authenticate_complete(state, [made], answer)

    return _times(sign_in)


def _with_libfido2(agent: CtapAgent, folder: Path) -> float:
    tools = Libfido2(folder, agent.at_terminal())
    credential = tools.register(RP_ID)
    return _times(lambda: tools.assertion(credential))


def _times(work: Callable[[], object]) -> float:
    """The median of a few, in seconds."""
    took = []
    for _ in range(_SIGN_INS):
        begun = time.perf_counter()
        work()
        took.append(time.perf_counter() - begun)
    return median(took)
