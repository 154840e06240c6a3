"""keystead serve: what it says, how it stops, and that nothing it confirmed is lost."""

import json
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from keystead_testkit.http_browser import form_token
from keystead_testkit.running_server import RunningServer, free_port, keystead, running_server


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    with running_server(tmp_path_factory.mktemp("serve") / "data") as server:
        yield server


def sign_in(url: str, code: str) -> tuple[int, dict[str, str]]:
    """Sign the first administrator in with a pass; the status, and the cookies."""
    with httpx2.Client(base_url=url, headers={"origin": url, "sec-fetch-site": "same-origin"}) as client:
        page = client.get("/home/sign-in/pass")
        client.cookies.clear()
        cookie = {"cookie": page.headers["set-cookie"].partition(";")[0]}
        fields = {"user": "admin", "pass": code, "form_token": form_token(page)}
        answer = client.post("/home/sign-in/pass", data=fields, headers=cookie)
        return answer.status_code, dict(
            line.partition(";")[0].split("=", 1) for line in answer.headers.get_list("set-cookie")
        )


def test_says_where_it_is_and_how_to_get_in(running: RunningServer) -> None:
    said = running.said.read_text()

    assert f"Keystead is ready:  {running.url}" in said
    assert str(running.data) in said
    assert f"{running.url}/home/sign-in/pass?user=admin&pass={running.one_time_pass()}" in said
    assert "Stop with Ctrl-C." in said


def test_a_port_that_is_taken_is_said_with_what_to_type_and_spoils_no_pass(running: RunningServer) -> None:
    port = running.url.rpartition(":")[2]
    again = keystead("serve", "--init", "--port", port, data=running.data)

    second = subprocess.run(again, capture_output=True, text=True, timeout=20)

    assert second.returncode == 1
    assert f"Port {port} is in use." in second.stderr
    assert f"keystead serve --port {int(port) + 1}" in second.stderr
    assert "Traceback" not in second.stderr
    # The link that the running server printed is still good.
    assert sign_in(running.url, running.one_time_pass())[0] == 303


def test_a_folder_that_cannot_be_used_is_said_without_a_traceback(tmp_path: Path) -> None:
    (tmp_path / "keystead.db").write_bytes(b"not a database, but long enough to be looked at" * 100)

    failed = subprocess.run(
        keystead("serve", "--port", str(free_port()), data=tmp_path), capture_output=True, text=True, timeout=20
    )

    assert failed.returncode == 1
    assert "keystead.db" in failed.stderr + failed.stdout
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it_cleanly(tmp_path: Path, how: signal.Signals) -> None:
    with running_server(tmp_path / "data") as server:
        assert server.stop(how) == 0

        assert "Traceback" not in server.said.read_text()
        assert "Aborted" not in server.said.read_text()


def test_killed_it_loses_nothing_that_it_confirmed(tmp_path: Path) -> None:
    data = tmp_path / "data"
    with running_server(data) as server:
        code = server.one_time_pass()
        status, cookies = sign_in(server.url, code)
        assert status == 303
        server.stop(signal.SIGKILL)

    with running_server(data, port=int(server.url.rpartition(":")[2])) as server:
        # The session is still good, the one-time pass is still spent, and the log knows both.
        assert httpx2.get(f"{server.url}/home/account", headers={"cookie": _cookie(cookies)}).status_code == 200
        assert sign_in(server.url, code)[0] == 401
        log = subprocess.run(
            keystead("log", "sign-ins", "--json", data=data), capture_output=True, text=True, check=True, timeout=20
        )
    assert '"reason": "granted"' in log.stdout


def _cookie(cookies: dict[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cookies.items())


def test_somebody_who_types_the_number_is_sent_to_the_name(running: RunningServer) -> None:
    port = running.url.rpartition(":")[2]

    answer = httpx2.get(f"http://127.0.0.1:{port}/home/sign-in?x=1")

    assert (answer.status_code, answer.headers["location"]) == (307, f"{running.url}/home/sign-in?x=1")


def test_it_does_not_say_what_it_runs_on(running: RunningServer) -> None:
    assert "server" not in httpx2.get(f"{running.url}/healthz").headers


def test_a_body_larger_than_allowed_is_refused_on_the_wire(running: RunningServer) -> None:
    headers = {"origin": running.url, "content-type": "application/json"}
    url = f"{running.url}/home/sign-in/assertion"

    declared = httpx2.post(url, content=b"x" * 20_000, headers=headers)
    streamed = httpx2.post(url, content=(b"x" * 1000 for _ in range(20)), headers=headers)

    assert (declared.status_code, streamed.status_code) == (413, 413)


def test_a_request_that_is_no_http_does_not_stop_it(running: RunningServer) -> None:
    import socket

    host, port = "127.0.0.1", int(running.url.rpartition(":")[2])
    for junk in (
        b"\0" * 100,
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"\x16\x03\x01",
    ):
        with socket.create_connection((host, port), timeout=5) as connection:
            connection.sendall(junk)

    assert httpx2.get(f"{running.url}/healthz").json() == {"status": "ok"}


def test_links_of_the_command_line_lead_to_the_port_that_the_server_was_given(running: RunningServer) -> None:
    issue = keystead("pass", "issue", "admin", "--json", data=running.data)
    done = subprocess.run(issue, capture_output=True, text=True, timeout=20)

    assert json.loads(done.stdout)["link"].startswith(f"{running.url}/home/sign-in/pass?")


def test_a_setting_for_the_public_address_wins_over_the_noted_one(running: RunningServer) -> None:
    command = keystead("--public-url", "https://id.example.org", "pass", "issue", "admin", "--json", data=running.data)
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)

    assert json.loads(done.stdout)["link"].startswith("https://id.example.org/home/sign-in/pass?")
