"""The virtual security key: what the kernel says and hears, and giving up root. The kernel is a socket here."""

import asyncio
import os
import pwd
import socket
import struct
import subprocess
import sys
from pathlib import Path

import pytest
from keystead_agent.client.stream import AgentStream
from keystead_agent.hid import privileges, uhid_events
from keystead_agent.hid.front import Front
from keystead_agent.hid.uhid import NAME, UhidReports, UhidUnavailable, open_uhid
from keystead_agent.hid.uhid_events import Asked, Closed, Other, Output, Stopped, parse_event
from keystead_core.ctap.hid_packets import BROADCAST, HidCommand, Initial, parse_report, reports
from keystead_testkit.ctap_agent import CtapAgent
from keystead_testkit.running_agent import RunningAgent

OUTPUT, STOP, CLOSE, DESTROY, CREATE2, INPUT2 = 6, 3, 5, 1, 11, 12


class Kernel:
    """The other side of /dev/uhid: a socket that keeps the borders of messages, as the device file does."""

    def __init__(self) -> None:
        self._ours, self.device = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.device.setblocking(False)
        self._ours.settimeout(10)

    def say(self, kind: int, body: bytes = b"") -> None:
        self._ours.send(struct.pack("<I", kind) + body)

    def write_report(self, report: bytes) -> None:
        data = (b"\0" + report).ljust(4096, b"\0")
        self.say(OUTPUT, data + struct.pack("<HB", len(report) + 1, 1))

    async def hear(self) -> tuple[int, bytes]:
        event = await asyncio.to_thread(self._ours.recv, 8192)
        return int.from_bytes(event[:4], "little"), event[4:]

    async def hear_report(self) -> bytes:
        kind, body = await self.hear()
        assert kind == INPUT2
        return body[2 : 2 + int.from_bytes(body[:2], "little")]


def test_a_device_is_made_answers_and_goes(tmp_path: Path) -> None:
    kernel = Kernel()

    async def whole_life(agent: CtapAgent) -> None:
        port = UhidReports(kernel.device.fileno())
        front = Front(port, AgentStream(agent.socket), agent.complaints.append)
        with port.plugged_in("keystead-1000"):
            serving = asyncio.create_task(front.run())
            kind, body = await kernel.hear()
            assert (kind, body[: len(NAME)]) == (CREATE2, NAME.encode())
            assert uhid_events.REPORT_DESCRIPTOR in body
            kernel.write_report(next(reports(BROADCAST, HidCommand.INIT, b"12345678")))
            hello = parse_report(await kernel.hear_report())
            assert isinstance(hello, Initial)
            channel = int.from_bytes(hello.data[8:12], "big")
            kernel.write_report(next(reports(channel, HidCommand.CBOR, b"\x04")))
            answer = parse_report(await kernel.hear_report())
            assert isinstance(answer, Initial)
            assert (answer.channel, answer.command, answer.data[0]) == (channel, HidCommand.CBOR, 0)
            kernel.say(STOP)
            await asyncio.wait_for(serving, 10)

    with CtapAgent(tmp_path) as agent:
        asyncio.run(whole_life(agent))


@pytest.mark.parametrize(
    ("keystore", "name"),
    [("tpm", b"Keystead passkeys\0"), ("software", b"Keystead passkeys (SOFTWARE: keys in a file)\0")],
)
def test_the_device_is_named_for_where_its_keys_are(tmp_path: Path, keystore: str, name: bytes) -> None:
    kernel = Kernel()
    program = (
        "import sys; from pathlib import Path; from keystead_agent.main.hid_process import name_of, run; "
        "run(Path(sys.argv[1]), int(sys.argv[2]), name_of(sys.argv[3]))"
    )
    device = kernel.device.fileno()
    command = [sys.executable, "-c", program, str(tmp_path / "agent.sock"), str(device), keystore]

    with subprocess.Popen(command, pass_fds=[device]) as process:
        kind, body = asyncio.run(kernel.hear())
        process.terminate()

    assert (kind, body[: len(name)]) == (CREATE2, name)
    assert process.returncode == 0


def test_closing_the_device_closes_the_window(tmp_path: Path) -> None:
    kernel = Kernel()

    async def ask_and_go(agent: CtapAgent) -> None:
        port = UhidReports(kernel.device.fileno())
        with port.plugged_in("keystead-1000"):
            serving = asyncio.create_task(Front(port, AgentStream(agent.socket), agent.complaints.append).run())
            await kernel.hear()
            kernel.write_report(next(reports(BROADCAST, HidCommand.INIT, b"12345678")))
            channel = int.from_bytes((await kernel.hear_report())[15:19], "big")
            kernel.write_report(next(reports(channel, HidCommand.CBOR, b"\x0b")))
            await asyncio.to_thread(agent.person.wait_until_asked)
            kernel.say(CLOSE)
            while not agent.person.closed_windows:  # noqa: ASYNC110 (it closes on another thread)
                await asyncio.sleep(0.01)
            serving.cancel()
            await asyncio.wait([serving])

    with CtapAgent(tmp_path) as agent:
        agent.person.is_away = True
        asyncio.run(asyncio.wait_for(ask_and_go(agent), 10))


def test_without_a_daemon_a_client_is_told_and_so_is_the_log(tmp_path: Path) -> None:
    kernel, complaints = Kernel(), []

    async def ask() -> bytes:
        port = UhidReports(kernel.device.fileno())
        with port.plugged_in("keystead-1000"):
            serving = asyncio.create_task(Front(port, AgentStream(tmp_path / "nobody.sock"), complaints.append).run())
            await kernel.hear()
            kernel.write_report(next(reports(BROADCAST, HidCommand.INIT, b"12345678")))
            channel = int.from_bytes((await kernel.hear_report())[15:19], "big")
            kernel.write_report(next(reports(channel, HidCommand.CBOR, b"\x04")))
            answer = await kernel.hear_report()
            serving.cancel()
            await asyncio.wait([serving])
            return answer

    assert asyncio.run(ask())[4:8] == bytes([HidCommand.CBOR | 0x80, 0, 1, 0x7F])
    assert "[agent_unreachable]" in complaints[0]


def test_what_the_kernel_says_is_read_and_nonsense_is_nothing() -> None:
    def event(kind: int, body: bytes = b"") -> bytes:
        return struct.pack("<I", kind) + body

    whole = b"\0" + b"r" * 64
    assert parse_event(event(OUTPUT, whole.ljust(4096, b"\0") + struct.pack("<HB", 65, 1))) == Output(b"r" * 64)
    assert parse_event(event(OUTPUT, whole)) == Other()
    assert parse_event(event(CLOSE)) == Closed()
    assert parse_event(event(STOP)) == Stopped()
    assert parse_event(event(9, struct.pack("<IBB", 7, 0, 0))) == Asked(struct.pack("<IIHH", 10, 7, 5, 0))
    assert parse_event(event(13, struct.pack("<IBBH", 7, 0, 0, 0))) == Asked(struct.pack("<IIHH", 14, 7, 5, 0))
    assert parse_event(b"") == parse_event(b"\x06") == parse_event(event(99)) == Other()


def test_a_kernel_without_uhid_is_named(tmp_path: Path) -> None:
    with pytest.raises(UhidUnavailable, match="modprobe uhid"):
        open_uhid(tmp_path / "uhid")


@pytest.mark.parametrize("name", ["root", "nobody-of-this-name"])
def test_root_and_nobody_are_not_served(name: str) -> None:
    with pytest.raises(privileges.PersonUnknown):
        privileges.person_named(name)


def test_settings_are_those_of_the_person_who_is_served() -> None:
    person = pwd.struct_passwd(("ada", "x", 1234, 1234, "", "/home/ada", "/bin/sh"))

    theirs = privileges.environment_of(person, {"HOME": "/root", "XDG_STATE_HOME": "/root/s", "LANG": "C"})

    assert theirs == {"HOME": "/home/ada", "XDG_RUNTIME_DIR": "/run/user/1234", "LANG": "C"}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_who_became_a_person_cannot_go_back() -> None:
    script = (
        "import os, pwd; from keystead_agent.hid.privileges import become;"
        "become(pwd.getpwnam('nobody'));"
        "print(os.getresuid(), os.getresgid(), os.getgroups());"
        "os.setuid(0)"
    )
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    nobody = pwd.getpwnam("nobody")

    assert ended.stdout.strip() == f"{(nobody.pw_uid,) * 3} {(nobody.pw_gid,) * 3} []"
    assert "PermissionError" in ended.stderr


@pytest.mark.skipif(Path("/dev/uhid").exists(), reason="this kernel has uhid")
def test_the_command_says_what_is_missing(tmp_path: Path) -> None:
    agent = RunningAgent(tmp_path, tpm=None)

    refused, nobody = agent.cli("hid"), agent.cli("hid", "--user", "root")

    assert (refused.returncode, nobody.returncode) == (1, 1)
    assert "[uhid_unavailable]" in refused.stderr
    assert "[person_unknown]" in nobody.stderr
