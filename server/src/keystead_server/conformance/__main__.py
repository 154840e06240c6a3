"""`python -m keystead_server.conformance webauthn|cose|jose`: records on stdin, verdicts on stdout."""

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import BinaryIO, TextIO, TypeAlias

from keystead_core.wire import BadJson, json_decode_object

from keystead_server.conformance import cose, webauthn

Judge: TypeAlias = Callable[[Mapping[str, object]], tuple[str, str]]

MAX_RECORD_BYTES = 4 * 1024 * 1024
MAX_RECORD_DEPTH = 64


def verdicts(lines: Iterable[bytes], judge: Judge) -> Iterator[dict[str, object]]:
    for line in lines:
        if not line.strip():
            continue
        try:
            record = json_decode_object(line, max_bytes=MAX_RECORD_BYTES, max_depth=MAX_RECORD_DEPTH)
        except BadJson as error:
            yield {"name": None, "verdict": "reject", "reason": f"record_malformed: {error}"}
            continue
        verdict, reason = judge(record)
        yield {"name": record.get("name"), "verdict": verdict, "reason": reason}


def judge_for(door: str) -> Judge | None:
    if door == "webauthn":
        return lambda record: webauthn.judge(record, _now)
    if door == "cose":
        return cose.judge
    if door == "jose":
        from keystead_server.conformance import jose

        return jose.judge
    return None


def main(arguments: list[str], records: BinaryIO, out: TextIO) -> int:
    judge = judge_for(arguments[0]) if len(arguments) == 1 else None
    if judge is None:
        sys.stderr.write("usage: python -m keystead_server.conformance webauthn|cose|jose\n")
        return 2
    for verdict in verdicts(records, judge):
        out.write(json.dumps(verdict) + "\n")
        out.flush()
    return 0


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the door stands where `main` does: it owns the clock


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], sys.stdin.buffer, sys.stdout))
