"""`python -m keystead_server.conformance webauthn|cose|jose|access`: records on stdin, verdicts on stdout."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO, TextIO, TypeAlias

from keystead_core.wire import BadJson, json_decode_object

from keystead_server.conformance import cose, webauthn

Judge: TypeAlias = Callable[[Mapping[str, object]], tuple[str, str]]
Answer: TypeAlias = Callable[[Mapping[str, object]], dict[str, object]]

# A set of policies is one record, and 5,000 policies are some 10 MiB.
MAX_RECORD_BYTES = 64 * 1024 * 1024
MAX_RECORD_DEPTH = 64


def verdicts(lines: Iterable[bytes], judge: Judge) -> Iterator[dict[str, object]]:
    def answer(record: Mapping[str, object]) -> dict[str, object]:
        verdict, reason = judge(record)
        return {"name": record.get("name"), "verdict": verdict, "reason": reason}

    return answers(lines, answer)


_REJECTED = {"verdict": "reject"}


def answers(
    lines: Iterable[bytes], answer: Answer, *, unreadable: Mapping[str, object] = _REJECTED
) -> Iterator[dict[str, object]]:
    """One answer a line; what is no record at all is answered with *unreadable* and the reason."""
    for line in lines:
        if not line.strip():
            continue
        try:
            record = json_decode_object(line, max_bytes=MAX_RECORD_BYTES, max_depth=MAX_RECORD_DEPTH)
        except BadJson as error:
            yield {"name": None, **unreadable, "reason": f"record_malformed: {error}"}
            continue
        yield answer(record)


def judge_for(door: str) -> Judge | None:
    if door == "webauthn":
        return lambda record: webauthn.judge(record, _now)
    if door == "cose":
        return cose.judge
    if door == "jose":
        from keystead_server.conformance import jose

        return jose.judge
    return None


def answers_for(door: str, records: Iterable[bytes]) -> Iterator[dict[str, object]] | None:
    if door == "access":
        from keystead_server.conformance.access import AccessDoor

        return answers(records, AccessDoor(_now).answer, unreadable={"decision": None})
    judge = judge_for(door)
    return None if judge is None else verdicts(records, judge)


def main(arguments: list[str], records: BinaryIO, out: TextIO) -> int:
    told = answers_for(arguments[0], records) if len(arguments) == 1 else None
    if told is None:
        sys.stderr.write("usage: python -m keystead_server.conformance webauthn|cose|jose|access\n")
        return 2
    for answer in told:
        out.write(json.dumps(answer) + "\n")
        out.flush()
    return 0


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the door stands where `main` does: it owns the clock


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdin.buffer, sys.stdout))
