"""The service of a whole computer: who is served is what the kernel says, and each has a container of their own."""

import asyncio
import os
import shutil
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from keystead_agent.client.client import AgentRefused
from keystead_agent.daemon.log import Log
from keystead_agent.daemon.peer import NoRoom, NoSession, Peer
from keystead_agent.daemon.people import Everybody, Resident
from keystead_agent.daemon.server import MOST_CONNECTIONS
from keystead_core.link import messages as link
from keystead_testkit import software_tpm, system_bus
from keystead_testkit.clock import FixedClock
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_service import RunningService
from keystead_testkit.software_tpm import SoftwareTpm
from keystead_testkit.system_bus import Logind, PrivateBus

PIN, THEIRS, WRONG = "137946", "864209", "000001"
US = os.getuid()
# Users of every Debian; the one is logged in, the other is not.
ADA, NOBODY = 1, 65534
only_root = pytest.mark.skipif(US != 0, reason="only root can become somebody else")
CHALLENGE = "AAAA"


@pytest.fixture(scope="module")
def pages() -> Iterator[PasskeyPages]:
    with PasskeyPages() as serving:
        yield serving


@pytest.fixture(scope="module")
def logind() -> Iterator[tuple[Logind, str]]:
    if not system_bus.is_available():
        pytest.skip(system_bus.MISSING)
    with PrivateBus() as bus, Logind(bus, also=[ADA]) as running:
        bus.socket.parent.chmod(0o711)
        yield running, bus.address


@pytest.fixture(scope="module")
def chip() -> Iterator[SoftwareTpm]:
    if not software_tpm.is_available():
        pytest.skip(software_tpm.MISSING)
    with SoftwareTpm() as running:
        yield running


@pytest.fixture
def service(logind: tuple[Logind, str], chip: SoftwareTpm) -> Iterator[RunningService]:
    home = Path(tempfile.mkdtemp(prefix="keystead-service-"))
    try:
        with RunningService(home, chip.address, bus=logind[1]) as running:
            yield running
    finally:
        shutil.rmtree(home)


@pytest.fixture
def asked(service: RunningService) -> Iterator[RunningService]:
    """With what asks us in our session, where we type our PIN."""
    service.pinentry.answer({"pin": PIN, "forever": True})
    with service.prompter():
        yield service


def refusal(service: RunningService, request: link.Request) -> AgentRefused:
    with pytest.raises(AgentRefused) as refused:
        service.client.ask(request)
    return refused.value


def wait_until(happened: Callable[[], object]) -> None:
    until = time.monotonic() + 15
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


def create(pages: PasskeyPages, name: str) -> link.Create:
    user = {"id": "YWxpY2U", "name": name, "displayName": name}
    options: dict[str, Any] = {"rp": {"name": "Test"}, "user": user, "challenge": CHALLENGE}
    options["pubKeyCredParams"] = [{"type": "public-key", "alg": -7}]
    return link.Create("1", origin=pages.origin, options=options)


def names(listed: Any) -> list[str]:
    return [passkey["name"] for passkey in listed["passkeys"]]


def test_a_person_is_asked_in_their_session_and_the_passkey_is_in_the_chip(
    asked: RunningService, pages: PasskeyPages
) -> None:
    asked.client.ask(link.Enrol("1", url=pages.provider))
    asked.client.ask(link.SetPin("1"))
    asked.client.ask(create(pages, "ours"))
    asked.client.ask(link.Get("1", origin=pages.origin, options={"challenge": CHALLENGE}))

    window = asked.pinentry.asked[-1]
    assert "Type your PIN to sign in to localhost." in window["desc"]
    assert "Asked by: " in window["desc"]
    status = asked.client.ask(link.Status("1"))
    assert (status["serves"], status["prompter"], status["pin_guard"]) == ("everybody", True, "person")
    assert names(asked.client.ask(link.ListPasskeys("1"))) == ["ours"]


@only_root
def test_two_people_have_a_container_each_and_root_reaches_its_own_alone(
    asked: RunningService, pages: PasskeyPages
) -> None:
    with asked.prompter_as(ADA, THEIRS):
        for request in (link.Enrol("1", url=pages.provider), link.SetPin("1"), create(pages, "theirs")):
            assert "refused" not in asked.ask_as(ADA, request)
        asked.client.ask(link.Enrol("1", url=pages.provider))
        asked.client.ask(link.SetPin("1"))
        asked.client.ask(create(pages, "ours"))

        # Our PIN is not asked of them, nor theirs of us: no window of ours was opened for what they did.
        assert len(asked.pinentry.asked) == 2
        assert names(asked.ask_as(ADA, link.ListPasskeys("1"))) == ["theirs"]
        assert names(asked.client.ask(link.ListPasskeys("1"))) == ["ours"]

        theirs = asked.ask_as(ADA, link.ListPasskeys("1"))["passkeys"][0]["credential"]
        assert refusal(asked, link.Remove("1", credential=theirs)).code == "passkey_unknown"
        options = {"challenge": CHALLENGE, "allowCredentials": [{"type": "public-key", "id": theirs}]}
        assert refusal(asked, link.Get("1", origin=pages.origin, options=options)).code == "no_passkey"


@only_root
def test_one_persons_wrong_pins_are_not_anothers(asked: RunningService, pages: PasskeyPages) -> None:
    with asked.prompter_as(ADA, THEIRS):
        for request in (link.Enrol("1", url=pages.provider), link.SetPin("1"), create(pages, "theirs")):
            assert "refused" not in asked.ask_as(ADA, request)
    with asked.prompter_as(ADA, WRONG):
        asked.client.ask(link.SetPin("1"))
        before = asked.client.ask(link.Status("1"))["keystore"]
        signing_in = link.Get("1", origin=pages.origin, options={"challenge": CHALLENGE})
        assert "refused" in asked.ask_as(ADA, signing_in)

        after = asked.ask_as(ADA, link.Status("1"))["keystore"]
        assert after["tries_left"] < after["tries_limit"]
        assert asked.client.ask(link.Status("1"))["keystore"] == before


@only_root
def test_who_is_not_logged_in_is_told_so_and_has_no_container(service: RunningService) -> None:
    said = service.ask_as(NOBODY, link.Status("1"))

    assert said["refused"] == "no_session"
    assert "log in" in said["message"]
    assert not (service.state / str(NOBODY)).exists()
    assert "no_session" in (service.home / "daemon.stderr").read_text()


def test_who_has_logged_out_is_not_served_any_more(chip: SoftwareTpm, tmp_path: Path) -> None:
    if not system_bus.is_available():
        pytest.skip(system_bus.MISSING)
    with PrivateBus() as bus, Logind(bus) as logind, RunningService(tmp_path, chip.address, bus=bus.address) as service:
        assert service.client.ask(link.Hello("1"))

        logind.end_everything_of(US)

        assert refusal(service, link.Hello("1")).code == "no_session"


def test_where_no_logind_can_say_who_is_here_nobody_is(chip: SoftwareTpm, tmp_path: Path) -> None:
    service = RunningService(tmp_path, chip.address, bus="unix:path=/nonexistent/bus")
    service.begin()
    wait_until(service.socket.exists)

    refused = refusal(service, link.Hello("1"))

    service.stop()
    assert refused.code == "no_session"
    assert list(service.state.glob("*/")) == []


def test_without_a_prompter_the_service_says_what_to_start(service: RunningService) -> None:
    refused = refusal(service, link.SetPin("1"))

    assert refused.code == "gesture_unavailable"
    assert "systemctl --user start keystead-session" in str(refused)
    assert service.client.ask(link.Status("1"))["prompter"] is False
    assert "Nothing in your session asks you" in service.cli("doctor").stdout


def test_what_a_person_declines_is_declined_and_a_closed_page_closes_the_window(service: RunningService) -> None:
    service.pinentry.answer({"cancel": True}, {"wait": True})
    with service.prompter():
        assert refusal(service, link.SetPin("1")).code == "not_approved"
        waiting = service.begin_cli("pin", "set")
        window = service.pinentry.wait_until_asked(2)
        waiting.kill()
        waiting.wait(timeout=10)
        assert waiting.stdout is not None
        waiting.stdout.close()

        wait_until(lambda: not Path(f"/proc/{window['pid']}").exists())


def test_a_session_that_ends_while_it_asks_approves_nothing(service: RunningService) -> None:
    service.pinentry.answer({"wait": True})
    with service.prompter() as prompter:
        waiting = service.begin_cli("pin", "set")
        service.pinentry.wait_until_asked(1)
        prompter.kill()
        said, _ = waiting.communicate(timeout=20)

    assert waiting.returncode == 1, said
    assert service.client.ask(link.Status("1"))["pin_set"] is False


def test_a_second_prompter_cannot_take_the_place_of_the_first(asked: RunningService) -> None:
    assert refusal(asked, link.Prompter("1")).code == "prompter_there"

    asked.client.ask(link.SetPin("1"))
    assert len(asked.pinentry.asked) == 1


def test_another_program_cannot_answer_what_the_prompter_was_asked(service: RunningService) -> None:
    service.pinentry.answer({"wait": True})
    with service.prompter():
        waiting = service.begin_cli("pin", "set")
        service.pinentry.wait_until_asked(1)

        forged = link.Answer("1", question=1, answer={"pin": WRONG})
        assert refusal(service, forged).code == "question_unknown"
        assert service.client.ask(link.Status("1"))["pin_set"] is False
        waiting.kill()
        waiting.communicate(timeout=20)


def test_the_prompter_comes_back_when_the_service_was_killed(asked: RunningService, pages: PasskeyPages) -> None:
    asked.client.ask(link.Enrol("1", url=pages.provider))
    asked.client.ask(link.SetPin("1"))
    asked.client.ask(create(pages, "ours"))

    asked.kill()
    asked.start()
    wait_until(lambda: asked.client.ask(link.Status("1"))["prompter"])

    asked.client.ask(link.Get("1", origin=pages.origin, options={"challenge": CHALLENGE}))
    assert names(asked.client.ask(link.ListPasskeys("1"))) == ["ours"]


def test_one_persons_connections_have_a_limit(service: RunningService) -> None:
    held = []
    for _ in range(MOST_CONNECTIONS):
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(str(service.socket))
        held.append(connection)
    try:
        assert refusal(service, link.Hello("1")).code == "too_many_connections"
    finally:
        for connection in held:
            connection.close()
    wait_until(lambda: answers(service))


def test_a_flood_beyond_the_limit_holds_no_files_of_the_service(service: RunningService) -> None:
    """Else one person's program would use them up, and nobody else could connect."""
    with ExitStack() as flood:
        for _ in range(MOST_CONNECTIONS + 400):
            connection = flood.enter_context(socket.socket(socket.AF_UNIX))
            connection.connect(str(service.socket))
        connection.settimeout(20)

        assert b"too_many_connections" in connection.recv(1000)
        # The hundred that the loop takes in at a time are closed a moment later.
        assert len(list(Path(f"/proc/{service.pid}/fd").iterdir())) < MOST_CONNECTIONS + 200


def answers(service: RunningService) -> bool:
    try:
        return bool(service.client.ask(link.Hello("1")))
    except AgentRefused:
        return False


def test_what_was_done_stands_in_the_persons_own_log_and_is_read_out_to_them(asked: RunningService) -> None:
    asked.client.ask(link.SetPin("1"))
    for _ in range(30):
        refusal(asked, link.Remove("1", credential="AAAA"))

    shown = asked.cli("log", "--last", "28").stdout.splitlines()
    whole = asked.cli("log", "--last", "9999", "--json").stdout

    assert len(shown) == 28
    assert "pin.set" in whole
    assert whole.count("passkey_unknown") == 30
    assert "pin.set" not in (asked.home / "daemon.stderr").read_text()
    assert (asked.state / str(US)).stat().st_mode & 0o777 == 0o700


def test_no_pin_is_in_any_log(asked: RunningService) -> None:
    asked.client.ask(link.SetPin("1"))

    for file in [*asked.state.rglob("*.log"), asked.home / "daemon.stderr"]:
        assert PIN not in file.read_text()


def test_a_daemon_of_ones_own_is_not_started_beside_the_service(service: RunningService) -> None:
    done = service.cli("daemon")

    assert done.returncode == 1
    assert "served_already" in done.stderr
    assert "keystead-agent session" in done.stderr


def test_who_is_made_once_stays_while_others_come() -> None:
    """Two programs of one person that come at the same moment meet one container, not two writers of one file."""
    made: list[int] = []

    class NoService:
        async def open_early(self) -> None:
            await asyncio.sleep(0.01)

    def make(uid: int) -> Resident:
        made.append(uid)
        return Resident(NoService())  # type: ignore[arg-type]

    async def here(uid: int) -> bool:
        return uid != NOBODY

    async def come() -> None:
        everybody = Everybody(Log(FixedClock().now, stream=None), make, here)
        first, second, other = await asyncio.gather(*(everybody.service_of(Peer(1, uid)) for uid in (1000, 1000, 1001)))
        assert first is second
        assert first is not other
        with pytest.raises(NoSession):
            await everybody.service_of(Peer(1, NOBODY))

    asyncio.run(come())
    assert made == [1000, 1001]


def test_who_could_not_be_served_once_is_served_when_there_is_room_again() -> None:
    full = [True]

    class NoService:
        async def open_early(self) -> None: ...

    def make(uid: int) -> Resident:
        if full.pop():
            raise OSError(28, "No space left on device")
        return Resident(NoService())  # type: ignore[arg-type]

    async def here(uid: int) -> bool:
        return True

    async def come() -> None:
        everybody = Everybody(Log(FixedClock().now, stream=None), make, here)
        with pytest.raises(NoRoom, match="No space left"):
            await everybody.service_of(Peer(1, 1000))
        full.append(False)
        assert await everybody.service_of(Peer(1, 1000))

    asyncio.run(come())
