"""The CTAPHID state machine: a list of reports in, a list of events out, and a clock that is a number."""

import contextlib
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.ctap.hid import MOST_CHANNELS, RECEIVE_SECONDS, Event, HidDevice, Send, Start, Stop
from keystead_core.ctap.hid_packets import (
    BROADCAST,
    MAX_PAYLOAD_BYTES,
    HidCommand,
    HidError,
    Initial,
    KeepAlive,
    parse_report,
    reports,
)

NONCE = b"12345678"


def spoken(events: Iterable[Event]) -> list[tuple[int, int, bytes]]:
    """The messages in *events*: channel, command, payload."""
    heard: list[tuple[int, int, bytes]] = []
    for event in events:
        if isinstance(event, Send):
            packet = parse_report(event.report)
            if isinstance(packet, Initial):
                heard.append((packet.channel, packet.command, packet.data))
                total = packet.total
            elif packet is not None:
                channel, command, data = heard.pop()
                heard.append((channel, command, (data + packet.data)[:total]))
    return heard


class Client:
    """A program with a channel of its own."""

    def __init__(self, device: HidDevice) -> None:
        self.device = device
        ((_, _, answer),) = spoken(self.feed(*reports(BROADCAST, HidCommand.INIT, NONCE)))
        assert answer[:8] == NONCE
        self.channel = int.from_bytes(answer[8:12], "big")

    def feed(self, *packets: bytes, now: float = 0.0) -> list[Event]:
        return [event for packet in packets for event in self.device.feed(packet, now)]

    def say(self, command: int, payload: bytes = b"", *, now: float = 0.0) -> list[Event]:
        return self.feed(*reports(self.channel, command, payload), now=now)

    def error(self, error: HidError) -> tuple[int, int, bytes]:
        return self.channel, HidCommand.ERROR, bytes([error])


@pytest.fixture
def client() -> Client:
    return Client(HidDevice())


@pytest.mark.parametrize("size", [1, 57, 58, 57 + 59, 1000, MAX_PAYLOAD_BYTES])
def test_a_message_of_any_size_comes_back(client: Client, size: int) -> None:
    payload = bytes(number % 251 for number in range(size))

    assert spoken(client.say(HidCommand.PING, payload)) == [(client.channel, HidCommand.PING, payload)]


def test_a_command_is_started_and_its_answer_sent(client: Client) -> None:
    (start,) = client.say(HidCommand.CBOR, b"\x04")

    assert start == Start(1, client.channel, b"\x04")
    assert spoken(client.device.keep_alive(1, KeepAlive.PROCESSING)) == [
        (client.channel, HidCommand.KEEPALIVE, b"\x01")
    ]
    assert spoken(client.device.answered(1, b"\0" * 100)) == [(client.channel, HidCommand.CBOR, b"\0" * 100)]
    assert client.device.keep_alive(1, KeepAlive.PROCESSING) == []
    assert client.device.answered(1, b"again") == []


def test_every_client_gets_a_channel_of_its_own() -> None:
    device = HidDevice()

    channels = [Client(device).channel for _ in range(10)]

    assert len(set(channels)) == 10
    assert not {0, BROADCAST} & set(channels)


def test_a_second_client_is_told_to_wait_while_the_first_is_served(client: Client) -> None:
    other = Client(client.device)
    client.say(HidCommand.CBOR, b"\x04")

    assert spoken(other.say(HidCommand.CBOR, b"\x04")) == [other.error(HidError.CHANNEL_BUSY)]
    assert spoken(client.say(HidCommand.CBOR, b"\x04")) == [client.error(HidError.CHANNEL_BUSY)]
    assert spoken(client.device.answered(1, b"\0")) == [(client.channel, HidCommand.CBOR, b"\0")]
    assert other.say(HidCommand.CBOR, b"\x04") == [Start(2, other.channel, b"\x04")]


def test_a_second_client_does_not_get_between_the_packets_of_the_first(client: Client) -> None:
    other = Client(client.device)
    first, second = reports(client.channel, HidCommand.PING, b"x" * 100)
    client.feed(first)

    assert spoken(other.say(HidCommand.PING, b"y")) == [other.error(HidError.CHANNEL_BUSY)]
    assert spoken(client.feed(second)) == [(client.channel, HidCommand.PING, b"x" * 100)]


def test_cancelling_stops_what_is_running_and_says_nothing_itself(client: Client) -> None:
    other = Client(client.device)
    client.say(HidCommand.CBOR, b"\x01")

    assert other.say(HidCommand.CANCEL) == []
    assert client.say(HidCommand.CANCEL) == [Stop(1)]
    assert spoken(client.device.answered(1, b"\x2d")) == [(client.channel, HidCommand.CBOR, b"\x2d")]
    assert client.say(HidCommand.CANCEL) == []


def test_beginning_anew_throws_away_what_was_running(client: Client) -> None:
    client.say(HidCommand.CBOR, b"\x01")

    events = client.say(HidCommand.INIT, NONCE)

    assert events[0] == Stop(1)
    assert [command for _, command, _ in spoken(events)] == [HidCommand.INIT]
    assert client.device.answered(1, b"late") == []
    assert client.say(HidCommand.CBOR, b"\x04") == [Start(2, client.channel, b"\x04")]


def test_programs_that_are_gone_leave_nothing(client: Client) -> None:
    client.say(HidCommand.CBOR, b"\x01")

    assert client.device.host_closed() == [Stop(1)]
    assert spoken(client.say(HidCommand.PING, b"x")) == [client.error(HidError.INVALID_CHANNEL)]


def test_an_oversize_message_is_refused_by_its_first_packet(client: Client) -> None:
    head = client.channel.to_bytes(4, "big") + bytes([HidCommand.CBOR | 0x80])

    refused = client.feed((head + (MAX_PAYLOAD_BYTES + 1).to_bytes(2, "big")).ljust(64, b"\0"))

    assert spoken(refused) == [client.error(HidError.INVALID_LEN)]
    assert client.device.waits_until is None


def test_packets_out_of_order_end_the_message(client: Client) -> None:
    first, second, third = reports(client.channel, HidCommand.PING, b"x" * 150)
    client.feed(first)

    assert spoken(client.feed(third)) == [client.error(HidError.INVALID_SEQ)]
    assert client.feed(second) == []


def test_a_message_in_the_middle_of_another_ends_it(client: Client) -> None:
    first, second = reports(client.channel, HidCommand.PING, b"x" * 100)
    client.feed(first)

    assert spoken(client.say(HidCommand.PING, b"y")) == [client.error(HidError.INVALID_SEQ)]
    assert client.feed(second) == []


def test_a_message_that_does_not_go_on_is_given_up(client: Client) -> None:
    first, second, third = reports(client.channel, HidCommand.PING, b"x" * 150)
    client.feed(first, now=10.0)
    client.feed(second, now=10.4)

    assert client.device.tick(10.4 + RECEIVE_SECONDS - 0.01) == []
    assert spoken(client.device.tick(10.4 + RECEIVE_SECONDS)) == [client.error(HidError.MSG_TIMEOUT)]
    assert client.feed(third, now=11.0) == []


def test_a_late_packet_is_late_even_if_nobody_looked_at_the_clock(client: Client) -> None:
    first, second = reports(client.channel, HidCommand.PING, b"x" * 100)
    client.feed(first, now=10.0)

    assert spoken(client.feed(second, now=11.0)) == [client.error(HidError.MSG_TIMEOUT)]


@pytest.mark.parametrize("channel", [0, 77, BROADCAST])
def test_a_channel_that_was_not_given_out_is_refused(client: Client, channel: int) -> None:
    for command in (HidCommand.PING, HidCommand.CBOR, HidCommand.CANCEL):
        refused = client.feed(*reports(channel, command, b"x"))

        assert spoken(refused) == [(channel, HidCommand.ERROR, bytes([HidError.INVALID_CHANNEL]))]


@pytest.mark.parametrize("command", [HidCommand.MSG, HidCommand.LOCK, 0x40, 0x7F])
def test_what_we_do_not_speak_is_refused(client: Client, command: int) -> None:
    assert spoken(client.say(command, b"x")) == [client.error(HidError.INVALID_CMD)]


def test_commands_of_a_wrong_length_are_refused(client: Client) -> None:
    assert spoken(client.say(HidCommand.CBOR)) == [client.error(HidError.INVALID_LEN)]
    assert spoken(client.say(HidCommand.INIT, b"short")) == [client.error(HidError.INVALID_LEN)]
    assert spoken(client.feed(*reports(77, HidCommand.INIT, NONCE)))[0][2] == bytes([HidError.INVALID_CHANNEL])


def test_channels_do_not_grow_for_ever(client: Client) -> None:
    others = [Client(client.device) for _ in range(MOST_CHANNELS)]

    assert spoken(client.say(HidCommand.PING, b"x")) == [client.error(HidError.INVALID_CHANNEL)]
    assert spoken(others[0].say(HidCommand.PING, b"x")) == [(others[0].channel, HidCommand.PING, b"x")]


def test_an_answer_that_cannot_be_carried_is_an_error(client: Client) -> None:
    client.say(HidCommand.CBOR, b"\x04")

    assert spoken(client.device.answered(1, bytes(MAX_PAYLOAD_BYTES + 1))) == [client.error(HidError.OTHER)]
    with pytest.raises(ValueError, match="do not fit"):
        list(reports(1, HidCommand.CBOR, bytes(MAX_PAYLOAD_BYTES + 1)))


REPORTS = st.binary(max_size=70) | st.builds(
    lambda channel, kind, length, rest: (
        channel.to_bytes(4, "big") + bytes([kind]) + length.to_bytes(2, "big") + rest
    ).ljust(64, b"\0")[:64],
    st.sampled_from([0, 1, 2, BROADCAST]),
    st.sampled_from([0, 1, 2, *(command | 0x80 for command in HidCommand)]),
    st.integers(0, 9000) | st.integers(0, 200),
    st.binary(max_size=57),
)


@given(st.lists(st.tuples(REPORTS, st.floats(0, 1)), max_size=30))
def test_no_reports_do_more_than_start_stop_and_be_answered(packets: list[tuple[bytes, float]]) -> None:
    device, now = HidDevice(), 0.0

    for packet, pause in packets:
        now += pause
        events = device.feed(packet, now)

        assert all(len(event.report) == 64 for event in events if isinstance(event, Send))
        starts = [event for event in events if isinstance(event, Start)]
        assert not starts or device.working_on == starts[-1].number
        with contextlib.suppress(IndexError):
            if now % 3 < 1:
                device.answered(starts[0].number, b"\0")
