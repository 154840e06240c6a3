"""Framing and messages of the link: bytes in, values out, nothing unexpected let through."""

import contextlib
import json
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st
from keystead_core.link import errors
from keystead_core.link.framing import MAX_MESSAGE_BYTES, NATIVE, SOCKET, Framer, frame, parse_object
from keystead_core.link.messages import (
    VERBS,
    Answer,
    Cancel,
    Create,
    Ctap,
    Done,
    Failed,
    Get,
    Hello,
    Progress,
    id_of,
    progress_from_json,
    reply_from_json,
    request_from_json,
)
from keystead_core.link.prompting import Dismiss, Question, question_from_json

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.dictionaries(st.text(max_size=8), JSON, max_size=5)


@given(
    messages=st.lists(OBJECTS, max_size=4),
    cuts=st.lists(st.integers(1, 40)),
    order=st.sampled_from([SOCKET, NATIVE]),
)
def test_messages_come_out_whole_however_the_stream_is_cut(messages, cuts, order):
    stream = b"".join(frame(message, order) for message in messages)
    framer, seen = Framer(order), []

    for cut in cuts:
        seen += framer.feed(stream[:cut])
        stream = stream[cut:]
    seen += framer.feed(stream)

    assert seen == messages
    assert framer.is_between_messages


@given(st.binary(max_size=200))
def test_no_bytes_make_the_framer_do_anything_but_refuse(data):
    with contextlib.suppress(errors.LinkError):
        Framer().feed(data)
    with contextlib.suppress(errors.LinkError):
        Framer().feed(len(data).to_bytes(4, "big") + data)


def test_a_length_over_the_limit_is_refused_before_its_payload_arrives():
    with pytest.raises(errors.MessageTooLong):
        Framer().feed(struct.pack(">I", MAX_MESSAGE_BYTES + 1))


def test_a_message_that_would_not_fit_is_not_sent():
    with pytest.raises(errors.MessageTooLong):
        frame({"text": "x" * MAX_MESSAGE_BYTES})


def test_a_stream_that_ends_inside_a_message_says_so():
    framer = Framer()

    framer.feed(frame({"id": "1"})[:-1])

    assert not framer.is_between_messages


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b'"text"',
        b"",
        b"{",
        b'{"a":1}{"b":2}',
        b'{"a":1,"a":2}',
        b'{"deep":{"a":1,"a":2}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":"\xff"}',
        rb'{"a":"\ud800"}',
        b'{"a":' + b"[" * 30_000 + b"]" * 30_000 + b"}",
        b'{"a":' + b"9" * 10_000 + b"}",
        b"\xef\xbb\xbf{}",
    ],
)
def test_refuses_what_is_not_one_strict_json_object(payload):
    with pytest.raises(errors.MessageMalformed):
        parse_object(payload)


@pytest.mark.parametrize(
    "request_",
    [
        Hello("1"),
        Create("a-1", origin="https://id.example.org", options={"challenge": "AA"}),
        Get("2", origin="https://id.example.org", options={}, mediation="conditional", credential="AAAA"),
        Get("3", origin="https://a.example", options={}, top_origin="https://b.example"),
        Cancel("4", target="3"),
    ],
)
def test_a_request_survives_the_link(request_):
    assert request_from_json(Framer().feed(frame(request_.to_json()))[0]) == request_


def test_absent_members_are_not_sent_as_null():
    assert Create("1", origin="https://a.example", options={}).to_json() == {
        "id": "1",
        "verb": "create",
        "origin": "https://a.example",
        "options": {},
    }


@pytest.mark.parametrize(
    ("message", "refusal"),
    [
        ({"id": "1"}, errors.VerbUnknown),
        ({"id": "1", "verb": "export"}, errors.VerbUnknown),
        ({"id": "1", "verb": ["get"]}, errors.VerbUnknown),
        ({"id": "1", "verb": "status", "pin": "123456"}, errors.MemberUnknown),
        ({"verb": "status"}, errors.MemberMissing),
        ({"id": "1", "verb": "enrol"}, errors.MemberMissing),
        ({"id": 1, "verb": "status"}, errors.MemberInvalid),
        ({"id": "", "verb": "status"}, errors.MemberInvalid),
        ({"id": "a b", "verb": "status"}, errors.MemberInvalid),
        ({"id": "1", "verb": "enrol", "url": ""}, errors.MemberInvalid),
        ({"id": "1", "verb": "enrol", "url": None}, errors.MemberInvalid),
        ({"id": "1", "verb": "enrol", "url": "x" * 2049}, errors.MemberInvalid),
        ({"id": "1", "verb": "create", "origin": "https://a.example", "options": "{}"}, errors.MemberInvalid),
        (
            {"id": "1", "verb": "get", "origin": "https://a.example", "options": {}, "mediation": "silent"},
            errors.MemberInvalid,
        ),
    ],
)
def test_refuses_a_request_outside_the_table(message, refusal):
    with pytest.raises(refusal) as refused:
        request_from_json(message)

    assert refused.value.code == refusal.code


@given(st.dictionaries(st.sampled_from(["id", "verb", "origin", "options", "target"]), JSON | st.sampled_from(VERBS)))
def test_no_object_makes_the_parser_do_anything_but_refuse(message):
    id_of(message)
    with contextlib.suppress(errors.LinkError):
        assert request_from_json(message).to_json() == message


@pytest.mark.parametrize(
    "reply",
    [
        Done("1", {"passkeys": []}),
        Failed("2", "pin_wrong", "That PIN is not right. 4 tries are left.", "NotAllowedError"),
    ],
)
def test_a_reply_survives_the_link(reply):
    assert reply_from_json(json.loads(json.dumps(reply.to_json()))) == reply


@pytest.mark.parametrize(
    "message",
    [
        {"id": "1"},
        {"id": "1", "ok": {}, "error": {"code": "a", "message": "b", "name": "AbortError"}},
        {"id": "1", "error": {"code": "a", "message": "b", "name": "TypeError"}},
        {"id": "1", "error": {"code": "a", "message": "b"}},
        {"id": "1", "error": None},
        {"id": "1", "ok": [], "more": 1},
    ],
)
def test_refuses_a_reply_that_is_neither_done_nor_failed(message):
    with pytest.raises(errors.LinkError):
        reply_from_json(message)


@pytest.mark.parametrize(
    "members",
    [
        {"channel": -1, "command": "BA"},
        {"channel": 1 << 32, "command": "BA"},
        {"channel": True, "command": "BA"},
        {"channel": 1, "command": ""},
        {"channel": 1, "command": "A" * 10_147},
    ],
)
def test_a_ctap_command_is_of_a_channel_and_no_longer_than_ctaphid_carries(members):
    with pytest.raises(errors.MemberInvalid):
        request_from_json({"id": "1", "verb": "ctap", **members})

    longest = Ctap("1", channel=0xFFFFFFFF, command="A" * 10_146)
    assert request_from_json(longest.to_json()) == longest


def test_progress_is_told_apart_from_replies():
    assert progress_from_json(Progress("1", asking=True).to_json()) == Progress("1", asking=True)
    for other in (
        Done("1", {}).to_json(),
        {"id": "1"},
        {"id": "1", "asking": 1},
        {"id": "1", "asking": True, "ok": {}},
    ):
        assert progress_from_json(other) is None


def test_questions_of_the_service_are_told_from_replies() -> None:
    question = Question(3, "pin", {"purpose": "SIGN_IN"})

    assert question_from_json(question.to_json()) == question
    assert question_from_json(Dismiss(3).to_json()) == Dismiss(3)
    assert question_from_json({"id": "1", "ok": {}}) is None


@pytest.mark.parametrize(
    "message",
    [
        {"question": 1, "way": "password", "asks": {}},
        {"question": "1", "way": "pin", "asks": {}},
        {"question": 1, "way": "pin", "asks": []},
        {"question": 1, "way": "pin", "asks": {}, "more": 1},
        {"dismiss": None},
    ],
)
def test_a_question_that_nobody_can_ask_is_refused(message: dict[str, object]) -> None:
    with pytest.raises(errors.MessageMalformed):
        question_from_json(message)


def test_an_answer_that_may_hold_a_pin_is_never_shown() -> None:
    answer = Answer("1", question=1, answer={"pin": "137946"})

    assert "137946" not in repr(answer)
    assert request_from_json(answer.to_json()) == answer
