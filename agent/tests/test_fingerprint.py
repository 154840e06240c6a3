"""A finger, through the real fprintd and the reader that libfprint brings for tests."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta

import pytest
from jeepney import DBusAddress
from keystead_agent.gesture.fingerprint import Fingerprint, Readiness
from keystead_agent.gesture.interface import Prompt, Purpose
from keystead_agent.gesture.system_bus import connected
from keystead_testkit import fingerprint_reader, system_bus
from keystead_testkit.fingerprint_reader import FINGER, STRANGER, FingerprintReader, running_reader
from keystead_testkit.system_bus import BusService, PrivateBus

PROMPT = Prompt(Purpose.SIGN_IN, "id.example.org")


@pytest.fixture(scope="module")
def reader() -> Iterator[FingerprintReader]:
    if not fingerprint_reader.is_available():
        pytest.skip(fingerprint_reader.MISSING)
    with running_reader() as running:
        yield running


@pytest.fixture
def private_bus() -> Iterator[PrivateBus]:
    if not system_bus.is_available():
        pytest.skip(system_bus.MISSING)
    with PrivateBus() as running:
        yield running


def fingerprint(bus: PrivateBus, *, seconds: float = 10) -> Fingerprint:
    return Fingerprint(timedelta(seconds=seconds), bus=bus.address)


def test_the_persons_finger_is_recognised_and_the_reader_let_go(reader: FingerprintReader) -> None:
    reader.lay(FINGER, after=0.5)

    assert asyncio.run(fingerprint(reader.bus).verify(PROMPT)) is True
    assert reader.is_free()


def test_somebody_elses_finger_is_not_and_after_three_nobodys(reader: FingerprintReader) -> None:
    for number in range(3):
        reader.lay(STRANGER, after=0.5 + 0.7 * number)

    assert asyncio.run(fingerprint(reader.bus).verify(PROMPT)) is False
    assert reader.is_free()


def test_a_finger_that_slipped_may_be_laid_again(reader: FingerprintReader) -> None:
    reader.slip(after=0.5)
    reader.lay(FINGER, after=1.0)

    assert asyncio.run(fingerprint(reader.bus).verify(PROMPT)) is True


def test_a_reader_that_nobody_touches_is_let_go(reader: FingerprintReader) -> None:
    started = time.monotonic()

    assert asyncio.run(fingerprint(reader.bus, seconds=0.5).verify(PROMPT)) is False

    assert time.monotonic() - started < 5
    assert reader.is_free()


def test_whoever_gives_up_lets_go_of_the_reader(reader: FingerprintReader) -> None:
    async def give_up() -> None:
        looking = asyncio.create_task(fingerprint(reader.bus).verify(PROMPT))
        await asyncio.sleep(0.5)
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking

    asyncio.run(give_up())

    assert reader.is_free()


def test_a_reader_that_another_program_uses_is_not_waited_for(reader: FingerprintReader) -> None:
    async def beside_another() -> bool:
        first = asyncio.create_task(fingerprint(reader.bus, seconds=2).verify(PROMPT))
        await asyncio.sleep(0.5)
        second = await asyncio.wait_for(fingerprint(reader.bus).verify(PROMPT), 1)
        first.cancel()
        await asyncio.wait([first])
        return second

    assert asyncio.run(beside_another()) is False


def test_it_is_ready_when_a_finger_is_enrolled(reader: FingerprintReader) -> None:
    assert asyncio.run(fingerprint(reader.bus).readiness()) is Readiness.YES


def test_without_an_enrolled_finger_it_is_not_ready() -> None:
    if not fingerprint_reader.is_available():
        pytest.skip(fingerprint_reader.MISSING)
    with running_reader(enrolled=False) as running:
        assert asyncio.run(fingerprint(running.bus).readiness()) is Readiness.NO
        assert asyncio.run(fingerprint(running.bus).verify(PROMPT)) is False


def test_without_fprintd_it_is_not_ready(private_bus: PrivateBus) -> None:
    assert asyncio.run(fingerprint(private_bus).readiness()) is Readiness.NO


def test_without_a_bus_nobody_knows() -> None:
    nowhere = Fingerprint(timedelta(seconds=1), bus="unix:path=/nonexistent/bus")

    assert asyncio.run(nowhere.readiness()) is Readiness.UNKNOWN
    assert asyncio.run(nowhere.verify(PROMPT)) is False


def test_a_service_that_does_not_answer_is_unknown_soon(private_bus: PrivateBus) -> None:
    with BusService(private_bus, "net.reactivated.Fprint", {}):
        started = time.monotonic()

        assert asyncio.run(fingerprint(private_bus).readiness()) is Readiness.UNKNOWN

    assert time.monotonic() - started < 4


DEVICE = "/net/reactivated/Fprint/Device/0"


def silent_reader(bus: PrivateBus) -> BusService:
    """An fprintd whose reader nobody touches."""
    return BusService(
        bus,
        "net.reactivated.Fprint",
        {
            "GetDefaultDevice": lambda _: ("o", (DEVICE,)),
            "ListEnrolledFingers": lambda _: ("as", (["right-thumb"],)),
            **{method: lambda _: ("", ()) for method in ("Claim", "VerifyStart", "VerifyStop", "Release")},
        },
    )


@pytest.mark.parametrize("sender_is_fprintd", [True, False])
def test_a_match_is_believed_from_fprintd_alone(private_bus: PrivateBus, sender_is_fprintd: bool) -> None:
    """Attack: another program sends "verify-match" to the agent; the system's bus lets everybody send signals."""
    with silent_reader(private_bus) as fprintd, BusService(private_bus, "org.example.Malware", {}) as malware:

        async def with_a_signal() -> bool:
            looking = asyncio.create_task(fingerprint(private_bus, seconds=1.5).verify(PROMPT))
            while "VerifyStart" not in fprintd.called:  # noqa: ASYNC110 (another thread appends)
                await asyncio.sleep(0.02)
            speaker = fprintd if sender_is_fprintd else malware
            for connection in await agents_connections(private_bus):
                speaker.emit(
                    DEVICE, "net.reactivated.Fprint.Device", "VerifyStatus", "sb", "verify-match", True, to=connection
                )
            return await looking

        believed = asyncio.run(with_a_signal())

    assert believed is sender_is_fprintd
    assert fprintd.called[-1] == "Release"


async def agents_connections(bus: PrivateBus) -> list[str]:
    daemon = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
    async with connected(bus.address) as connection:
        names = (await connection.call(daemon, "ListNames"))[0]
    return [name for name in names if name.startswith(":")]
