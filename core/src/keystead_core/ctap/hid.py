"""A CTAPHID device (§11.2) without a device: reports and the time in, events out.

    Send    a report for the host
    Start   a whole CTAP command has come; its answer is wanted by `answered`
    Stop    the client gave up on what was started

One command at a time for the whole device; a client that comes meanwhile hears
CHANNEL_BUSY. Reports are from any program of this computer that may open the
device: each may be anything.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TypeAlias

from keystead_core.ctap.hid_packets import (
    BROADCAST,
    MAX_PAYLOAD_BYTES,
    Further,
    HidCommand,
    HidError,
    Initial,
    KeepAlive,
    parse_report,
    reports,
)

# §11.2.5.2: half a second between the packets of one message is what other keys allow, too.
RECEIVE_SECONDS: Final = 0.5
MOST_CHANNELS: Final = 256
_NONCE_BYTES: Final = 8
_CTAPHID_VERSION: Final = 2
# WINK (0x01), CBOR (0x04), and NMSG (0x08): no U2F messages.
_CAPABILITIES: Final = 0x01 | 0x04 | 0x08


@dataclass(frozen=True, slots=True)
class Send:
    report: bytes


@dataclass(frozen=True, slots=True)
class Start:
    """Attributes:
    number: of this command; its answer names it.
    """

    number: int
    channel: int
    request: bytes


@dataclass(frozen=True, slots=True)
class Stop:
    number: int


Event: TypeAlias = Send | Start | Stop


@dataclass(slots=True)
class _Receiving:
    channel: int
    command: int
    total: int
    data: bytes
    until: float
    sequence: int = 0


@dataclass(frozen=True, slots=True)
class _Working:
    number: int
    channel: int


@dataclass(slots=True)
class HidDevice:
    """The state behind one device; times are seconds from any one start.

    Attributes:
        version: major, minor, build of the device, told to whoever asks.
    """

    version: tuple[int, int, int] = (0, 1, 0)
    _last_channel: int = 0
    _channels: dict[int, None] = field(default_factory=dict)
    _receiving: _Receiving | None = None
    _working: _Working | None = None
    _last_number: int = 0

    @property
    def waits_until(self) -> float | None:
        """When `tick` is wanted; None while nothing can run out of time."""
        return self._receiving.until if self._receiving else None

    @property
    def working_on(self) -> int | None:
        """The number of the command that waits for its answer."""
        return self._working.number if self._working else None

    def feed(self, report: bytes, now: float) -> list[Event]:
        """Take one report from the host."""
        late = self.tick(now)
        match parse_report(report):
            case Initial() as packet:
                return [*late, *self._initial(packet, now)]
            case Further() as packet:
                return [*late, *self._further(packet, now)]
            case None:
                return late

    def tick(self, now: float) -> list[Event]:
        """Give up on a message whose next packet does not come."""
        receiving = self._receiving
        if receiving is None or now < receiving.until:
            return []
        self._receiving = None
        return list(_error(receiving.channel, HidError.MSG_TIMEOUT))

    def answered(self, number: int, response: bytes) -> list[Event]:
        """Send what command *number* came to; nothing if its client has begun anew since."""
        working = self._working
        if working is None or working.number != number:
            return []
        self._working = None
        if len(response) > MAX_PAYLOAD_BYTES:
            return list(_error(working.channel, HidError.OTHER))
        return list(_send(working.channel, HidCommand.CBOR, response))

    def host_closed(self) -> list[Event]:
        """Forget every channel: the programs that had one are gone, and what they asked for with them."""
        stopped: list[Event] = [Stop(self._working.number)] if self._working else []
        self._channels.clear()
        self._receiving = self._working = None
        return stopped

    def keep_alive(self, number: int, status: KeepAlive) -> list[Event]:
        working = self._working
        if working is None or working.number != number:
            return []
        return list(_send(working.channel, HidCommand.KEEPALIVE, bytes([status])))

    def _initial(self, packet: Initial, now: float) -> Iterator[Event]:
        if packet.command == HidCommand.INIT:
            yield from self._init(packet)
        elif packet.channel not in self._channels:
            yield from _error(packet.channel, HidError.INVALID_CHANNEL)
        elif packet.command == HidCommand.CANCEL:
            yield from self._cancel(packet.channel)
        elif self._is_busy_for(packet.channel):
            yield from _error(packet.channel, HidError.CHANNEL_BUSY)
        elif self._receiving is not None:
            # The same client, in the middle of its own message.
            self._receiving = None
            yield from _error(packet.channel, HidError.INVALID_SEQ)
        elif packet.total > MAX_PAYLOAD_BYTES:
            yield from _error(packet.channel, HidError.INVALID_LEN)
        else:
            until = now + RECEIVE_SECONDS
            receiving = _Receiving(packet.channel, packet.command, packet.total, packet.data, until)
            yield from self._take(receiving)

    def _is_busy_for(self, channel: int) -> bool:
        return self._working is not None or (self._receiving is not None and self._receiving.channel != channel)

    def _further(self, packet: Further, now: float) -> Iterator[Event]:
        receiving = self._receiving
        # §11.2.5: what belongs to no message that was begun is ignored.
        if receiving is None or receiving.channel != packet.channel:
            return
        if packet.sequence != receiving.sequence:
            self._receiving = None
            yield from _error(packet.channel, HidError.INVALID_SEQ)
            return
        missing = receiving.total - len(receiving.data)
        receiving.data += packet.data[:missing]
        receiving.sequence += 1
        receiving.until = now + RECEIVE_SECONDS
        yield from self._take(receiving)

    def _take(self, receiving: _Receiving) -> Iterator[Event]:
        if len(receiving.data) < receiving.total:
            self._receiving = receiving
            return
        self._receiving = None
        channel, message = receiving.channel, receiving.data
        match receiving.command:
            case HidCommand.PING:
                yield from _send(channel, HidCommand.PING, message)
            case HidCommand.WINK:
                yield from _send(channel, HidCommand.WINK, b"")
            case HidCommand.CBOR if message:
                yield self._start(channel, message)
            case HidCommand.CBOR:
                yield from _error(channel, HidError.INVALID_LEN)
            case _:
                yield from _error(channel, HidError.INVALID_CMD)

    def _start(self, channel: int, request: bytes) -> Start:
        self._last_number += 1
        self._working = _Working(self._last_number, channel)
        return Start(self._last_number, channel, request)

    def _cancel(self, channel: int) -> Iterator[Event]:
        # §11.2.9.1.5: no answer of its own; the command that was stopped answers.
        if self._working is not None and self._working.channel == channel:
            yield Stop(self._working.number)

    def _init(self, packet: Initial) -> Iterator[Event]:
        if packet.total != _NONCE_BYTES:
            yield from _error(packet.channel, HidError.INVALID_LEN)
            return
        if packet.channel == BROADCAST:
            channel = self._new_channel()
        elif packet.channel in self._channels:
            channel = packet.channel
            yield from self._abort(channel)
        else:
            yield from _error(packet.channel, HidError.INVALID_CHANNEL)
            return
        about = bytes([_CTAPHID_VERSION, *self.version, _CAPABILITIES])
        yield from _send(packet.channel, HidCommand.INIT, packet.data + channel.to_bytes(4, "big") + about)

    def _abort(self, channel: int) -> Iterator[Event]:
        """§11.2.9.1.3: INIT on a channel of one's own throws away what was begun on it."""
        if self._receiving is not None and self._receiving.channel == channel:
            self._receiving = None
        if self._working is not None and self._working.channel == channel:
            yield Stop(self._working.number)
            self._working = None

    def _new_channel(self) -> int:
        self._last_channel = self._last_channel % (BROADCAST - 1) + 1
        # A program may ask for channels for ever; the oldest are forgotten, and their users begin anew.
        if len(self._channels) >= MOST_CHANNELS:
            del self._channels[next(iter(self._channels))]
        self._channels[self._last_channel] = None
        return self._last_channel


def _send(channel: int, command: HidCommand, payload: bytes) -> Iterator[Send]:
    return map(Send, reports(channel, command, payload))


def _error(channel: int, error: HidError) -> Iterator[Send]:
    return _send(channel, HidCommand.ERROR, bytes([error]))
