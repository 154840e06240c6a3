"""The daemon's end of the link: what is no message, what is in no table, and many at once."""

import socket
from typing import Any

import pytest
from keystead_core.link import messages as link
from keystead_core.link.framing import MAX_MESSAGE_BYTES, frame
from keystead_core.link.messages import Failed
from keystead_testkit.daemon_desk import Wire, ask, creation
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent

pytestmark = pytest.mark.tpm


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ((MAX_MESSAGE_BYTES + 1).to_bytes(4, "big"), "message_too_long"),
        (b"\xff\xff\xff\xff", "message_too_long"),
        (b"\0\0\0\x02[]", "message_malformed"),
        (b"\0\0\0\x04\xff\xff\xff\xff", "message_malformed"),
        (b'\0\0\0\x0d{"a":1,"a":2}', "message_malformed"),
    ],
)
def test_what_is_no_message_is_answered_once_and_hung_up_on(
    idle: RunningAgent, line: Wire, data: bytes, code: str
) -> None:
    line.say(data)

    refused = line.hear()

    assert isinstance(refused, Failed)
    assert refused.code == code
    assert line.hear() is None
    assert ask(idle, link.Hello("1"))


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"id": "7", "verb": "export_keys"}, "verb_unknown"),
        ({"id": "7", "verb": "status", "pin": "1"}, "member_unknown"),
        ({"id": "7", "verb": "enrol"}, "member_missing"),
        ({"id": "7", "verb": "enrol", "url": 7}, "member_invalid"),
    ],
)
def test_a_request_outside_the_table_is_refused_and_the_link_stays_open(
    line: Wire, message: dict[str, Any], code: str
) -> None:
    line.say(frame(message))
    refused = line.hear()
    line.say(link.Hello("8"))
    after = line.hear()

    assert isinstance(refused, Failed)
    assert (refused.id, refused.code) == ("7", code)
    assert after is not None
    assert after.id == "8"


def test_more_than_sixteen_open_requests_are_refused(idle: RunningAgent, line: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://localhost:{silent.getsockname()[1]}/tenant"
        line.say(*(link.Enrol(f"e{number}", url=url) for number in range(17)))
        refused = line.hear()
        line.hang_up()

    assert isinstance(refused, Failed)
    assert (refused.id, refused.code) == ("e16", "request_refused")
    assert ask(idle, link.Hello("1"))


def test_an_id_in_use_is_refused(ready: RunningAgent, pages: PasskeyPages, wire: Wire) -> None:
    ready.pinentry.answer({"wait": True})
    asked = len(ready.pinentry.asked)
    wire.say(creation(pages.origin, "same"))
    ready.pinentry.wait_until_asked(asked + 1)

    wire.say(link.Hello("same"))

    refused = wire.hear()
    assert isinstance(refused, Failed)
    assert refused.code == "request_refused"


def test_several_requests_on_one_connection_are_answered_by_their_ids(line: Wire) -> None:
    line.say(*(link.Hello(f"h{number}") for number in range(5)))

    assert {reply.id for reply in (line.hear() for _ in range(5)) if reply} == {f"h{number}" for number in range(5)}


def test_a_message_in_many_pieces_is_one_message(line: Wire) -> None:
    for byte in frame(link.Hello("slow").to_json()):
        line.say(bytes([byte]))

    reply = line.hear()
    assert reply is not None
    assert reply.id == "slow"
