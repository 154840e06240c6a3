"""Feed a running server what its own OpenAPI document invites to: as a stranger, as an app, as an administrator.

    python -m fuzz.api [--examples N] [--seed N]

Passes when no answer has a 5xx, whatever was sent. The server is one of its own, in a temporary folder.
For each of them one line is printed; all that schemathesis said, and the server, only where something failed.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

import httpx2
from keystead_testkit.running_server import RunningServer, running_server

from fuzz.roles import Role, administrator, app, stranger

# What would end the session that the rest needs.
_LEAVE_ALONE = "/sign-out|/logout|/disable|/remove"
_NOT_REACHED = {"401", "403", "404"}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz.api", description=__doc__)
    parser.add_argument("--examples", type=int, default=30, help="for each operation (30)")
    parser.add_argument("--seed", type=int, help="of an earlier run, to repeat it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KEYSTEAD_RATE_LIMIT_SCALE"] = "0"
        with running_server(Path(folder) / "data") as server:
            found = _fuzz(server, options)
            if found:
                # The traceback is in the server's own words.
                print(server.said.read_text()[-20_000:], file=sys.stderr)
            return found


def _fuzz(server: RunningServer, options: argparse.Namespace) -> int:
    others = "--exclude-path-regex", _LEAVE_ALONE
    found = _run(server, options, "a stranger", stranger(server), *others)
    if found:
        return found
    program = app(server)
    found = _run(server, options, "an app", program, "--include-path-regex", "^/graph/")
    if found:
        return found
    somebody = administrator(server, program.things)
    # What programs call takes no cookie: it would only ever say so.
    found = _run(server, options, "an administrator", somebody, "--exclude-path-regex", f"{_LEAVE_ALONE}|^/graph/")
    return found or _still_signed_in(server, somebody)


def _run(server: RunningServer, options: argparse.Namespace, called: str, role: Role, *which: str) -> int:
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json",
        "--url", server.url, "--checks", "not_a_server_error", "--phases", "examples,fuzzing",
        "--max-examples", str(options.examples), "--request-timeout", "10",
        "--suppress-health-check", "all", "--workers", "2", "--no-color", *which,
    ]  # fmt: skip
    if options.seed is not None:
        command += ["--seed", str(options.seed)]
    tally = server.data.with_name("tally.json")
    known = {"FUZZ_AS": role.to_json(), "FUZZ_TALLY": str(tally), "SCHEMATHESIS_HOOKS": "fuzz.hooks"}
    done = subprocess.run(
        command, env=os.environ | known, check=False, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    if done.returncode:
        print(f"As {called}:\n{done.stdout}", file=sys.stderr)
        return done.returncode
    seed = re.search(r"^Seed: (\d+)", done.stdout, re.MULTILINE)
    print(f"As {called}: {_told(json.loads(tally.read_text()))}; seed {seed[1] if seed else '?'}", flush=True)
    return 0


def _told(tally: dict[str, dict[str, int]]) -> str:
    requests = sum(sum(statuses.values()) for statuses in tally.values())
    closed = sum(1 for statuses in tally.values() if statuses.keys() <= _NOT_REACHED)
    return (
        f"{len(tally)} operations, {requests} requests, no 5xx; {closed} operations only ever answered 401, 403 or 404"
    )


def _still_signed_in(server: RunningServer, role: Role) -> int:
    """Whoever lost the session on the way has tried nothing since."""
    answer = httpx2.get(f"{server.url}/home/admin", headers={"cookie": role.cookie})
    if answer.status_code == 200:
        return 0
    print(f"The administrator's session was lost: {answer.status_code}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
