"""What the daemon keeps, from whom, and through what: deaths, copies, other people, removals."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from keystead_core.link import messages as link
from keystead_testkit import software_tpm
from keystead_testkit.daemon_desk import PIN, WRONG, ask, assertion, creation, refusal, wait_until
from keystead_testkit.passkey_page import PasskeyPages
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import SoftwareTpm

pytestmark = pytest.mark.tpm


def test_passkeys_survive_killing_the_daemon_and_the_chip(
    ready: RunningAgent, pages: PasskeyPages, tpm: SoftwareTpm
) -> None:
    created = ask(ready, creation(pages.origin))["credential"]["id"]
    ask(ready, assertion(pages.origin))

    ready.kill()
    tpm.restart()
    ready.start()

    assert ask(ready, assertion(pages.origin))["credential"]["id"] == created
    assert ask(ready, link.ListPasskeys("1"))["passkeys"][0]["sign_count"] == 2


def test_a_chip_that_comes_late_is_found(tmp_path: Path, pages: PasskeyPages) -> None:
    if not software_tpm.is_available():
        pytest.skip(software_tpm.MISSING)
    chip = SoftwareTpm()
    try:
        with RunningAgent(tmp_path, chip.address) as agent:
            assert ask(agent, link.Status("1"))["keystore"]["error"] == "keystore_unavailable"
            assert refusal(agent, link.Enrol("1", url=pages.provider)).code == "keystore_unavailable"

            chip.start()

            assert ask(agent, link.Enrol("1", url=pages.provider))["provider"]["rp_id"] == "localhost"
    finally:
        chip.close()


def test_a_copied_container_is_of_no_use_on_another_machine(
    ready: RunningAgent, pages: PasskeyPages, tmp_path: Path
) -> None:
    ask(ready, creation(pages.origin))
    ready.stop()
    elsewhere = tmp_path / "elsewhere"
    shutil.copytree(ready.state, elsewhere / "state")

    with SoftwareTpm() as other, RunningAgent(elsewhere, other.address, machine_id="/nowhere") as thief:
        refused = refusal(thief, assertion(pages.origin))
        status = ask(thief, link.Status("1"))

    assert refused.code == status["error"] == "other_machine"
    assert "another computer's security chip" in str(refused)


def test_a_container_that_something_else_wrote_is_not_used(ready: RunningAgent, pages: PasskeyPages) -> None:
    ask(ready, creation(pages.origin))
    ready.stop()
    file = ready.state / "container.cbor"
    file.write_bytes(file.read_bytes().replace(b"alice", b"mallo"))

    ready.start()

    assert refusal(ready, assertion(pages.origin)).code == "container_tampered"


def test_socket_directory_and_files_are_for_their_owner_alone(ready: RunningAgent) -> None:
    modes = {path: path.stat().st_mode & 0o777 for path in [*ready.state.iterdir(), ready.socket]}

    assert set(modes.values()) == {0o600}
    assert {ready.state.stat().st_mode & 0o777, ready.socket.parent.stat().st_mode & 0o777} == {0o700}


def test_nothing_secret_is_logged(ready: RunningAgent, pages: PasskeyPages) -> None:
    ready.pinentry.answer({"pin": WRONG}, {"pin": PIN})
    ask(ready, creation(pages.origin))
    ready.stop()

    said = (ready.home / "daemon.stderr").read_text() + (ready.state / "agent.log").read_text()
    assert PIN not in said
    assert WRONG not in said
    assert [line["event"] for line in ready.log] == [
        "daemon.started",
        "provider.enrolled",
        "pin.set",
        "passkey.created",
        "daemon.stopped",
    ]


def test_one_daemon_per_container(ready: RunningAgent) -> None:
    second = ready.cli("daemon")

    assert second.returncode == 1
    assert "already_running" in second.stderr
    assert ask(ready, link.Hello("1"))


def test_another_users_process_is_refused(tpm: SoftwareTpm, pages: PasskeyPages) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can become another user")
    home = Path(tempfile.mkdtemp())
    try:
        with RunningAgent(home, tpm.address) as agent:
            # The directory alone would keep it out: it is opened, to see that the daemon does too.
            home.chmod(0o711)
            agent.socket.parent.chmod(0o711)
            agent.socket.chmod(0o666)
            program = (
                "import os, socket; os.setuid(12345); s = socket.socket(socket.AF_UNIX); "
                f"s.connect({str(agent.socket)!r}); "
                's.sendall(b"\\0\\0\\0\\x1c" + b\'{"id":"1","verb":"status"}  \'); print(s.recv(200))'
            )
            heard = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=20)
            assert '"code":"peer_refused"' in heard.stdout, heard.stderr
            assert '"ok"' not in heard.stdout
            wait_until(lambda: any(line["event"] == "connection.refused" for line in agent.log))
            assert agent.log[-1]["code"] == "peer_refused"
            assert agent.log[-1]["uid"] == 12345
    finally:
        shutil.rmtree(home)


def test_what_is_removed_is_gone(ready: RunningAgent, pages: PasskeyPages) -> None:
    created = ask(ready, creation(pages.origin))["credential"]["id"]

    ask(ready, link.Remove("1", credential=created))

    assert refusal(ready, assertion(pages.origin)).code == "no_passkey"
    for unknown in (created, "AAAA", "no base64url"):
        assert refusal(ready, link.Remove("1", credential=unknown)).code == "passkey_unknown"


def test_an_unenrolled_provider_is_a_stranger_again(ready: RunningAgent, pages: PasskeyPages) -> None:
    ask(ready, creation(pages.origin))

    assert ask(ready, link.Unenrol("1", provider="localhost")) == {"removed": 1}

    assert refusal(ready, creation(pages.origin)).code == "rp_not_enrolled"
    assert refusal(ready, link.Unenrol("1", provider="localhost")).code == "provider_unknown"
