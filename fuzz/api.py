"""Feed a running server what its own OpenAPI document invites to: as a stranger, as an administrator, as an app.

    python -m fuzz.api [--examples N]

Passes when no answer has a 5xx, whatever was sent. The server is one of its own, in a temporary folder.
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
from keystead_server.policy.api_permissions import API_PERMISSIONS
from keystead_testkit.running_server import RunningServer, keystead, running_server
from keystead_testkit.soft_passkey import SoftPasskey

# What would end the session that the rest needs.
_LEAVE_ALONE = "/sign-out|/logout|/disable|/remove"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz.api", description=__doc__)
    parser.add_argument("--examples", type=int, default=30, help="for each operation (30)")
    examples = parser.parse_args().examples
    with tempfile.TemporaryDirectory() as folder:
        os.environ["KEYSTEAD_RATE_LIMIT_SCALE"] = "0"
        with running_server(Path(folder) / "data") as server:
            print("As a stranger:", flush=True)
            stranger = _run(server, examples, {})
            print("As an app with every permission:", flush=True)
            app = stranger or _run(server, examples, _app(server), "--include-path-regex", "^/graph/")
            print("As an administrator:", flush=True)
            found = app or _run(server, examples, _administrator(server))
            if found:
                # The traceback is in the server's own words.
                print(server.said.read_text()[-20_000:], file=sys.stderr)
            return found


def _administrator(server: RunningServer) -> dict[str, str]:
    """The Cookie header of a session, and a form token that goes with it."""
    with httpx2.Client(base_url=server.url, follow_redirects=True) as browser:
        ours = {"origin": server.url, "sec-fetch-site": "same-origin"}
        page = browser.get("/home/sign-in/pass").text
        form = {"user": "admin", "pass": server.one_time_pass(), "form_token": _token(page)}
        browser.post("/home/sign-in/pass", data=form, headers=ours).raise_for_status()
        passkey = SoftPasskey(rp_id="localhost", origin=server.url)
        options = browser.post("/home/account/passkeys/options", json={}, headers=ours).json()
        browser.post("/home/account/passkeys", json=passkey.register_with(options), headers=ours).raise_for_status()
        cookie = "; ".join(f"{each.name}={each.value}" for each in browser.cookies.jar)
        return {"Cookie": cookie, "form_token": _token(browser.get("/home/account").text)}


def _app(server: RunningServer) -> dict[str, str]:
    """The token of an app that may do by itself whatever an app may, and somebody whom it can do that to."""
    app = _keystead(server, "app", "register", "Fuzzer", "--by-itself")
    permitted = [name for name, permission in API_PERMISSIONS.items() if permission.application]
    _keystead(server, "app", "permit", app["client_id"], *permitted, "--by-itself")
    grant = {
        "grant_type": "client_credentials", "client_id": app["client_id"], "client_secret": app["client_secret"],
        "scope": f"{server.url}/graph/.default",
    }  # fmt: skip
    with httpx2.Client(base_url=server.url) as client:
        answer = client.post("/home/oauth2/v2.0/token", data=grant).raise_for_status()
    return {"bearer": answer.json()["access_token"], "user": _keystead(server, "user", "create", "grace")["id"]}


def _keystead(server: RunningServer, *arguments: str) -> dict[str, str]:
    command = [*keystead(*arguments, data=server.data), "--json"]
    settings = os.environ | {"KEYSTEAD_PUBLIC_URL": server.url}
    said: dict[str, str] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=settings).stdout)
    return said


def _token(page: str) -> str:
    found = re.search(r'name="form_token" value="([^"]+)"', page)
    assert found, page
    return found[1]


def _run(server: RunningServer, examples: int, who: dict[str, str], *only: str) -> int:
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{server.url}/openapi.json",
        "--url", server.url, "--checks", "not_a_server_error", "--phases", "examples,fuzzing",
        "--max-examples", str(examples), "--exclude-path-regex", _LEAVE_ALONE, "--request-timeout", "10",
        "--suppress-health-check", "all", "--workers", "2", "--no-color", *only,
    ]  # fmt: skip
    known = {"FUZZ_TENANT": "home", "FUZZ_COOKIE": who.get("Cookie", ""), "FUZZ_FORM_TOKEN": who.get("form_token", "")}
    known |= {"FUZZ_BEARER": who.get("bearer", ""), "FUZZ_USER": who.get("user", "")}
    environment = os.environ | known | {"FUZZ_ORIGIN": server.url, "SCHEMATHESIS_HOOKS": "fuzz.hooks"}
    return subprocess.run(command, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
