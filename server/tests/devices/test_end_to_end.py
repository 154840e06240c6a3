"""The whole way, with nothing in between made up: a certified TPM, the agent's daemon, the server's process.

Only the browser is left out: what its extension asks the daemon is asked here, and what its page sends, too.
"""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import webauthn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from fido2.attestation import TpmAttestation, verify_x509_chain
from fido2.webauthn import AttestationObject, CollectedClientData
from keystead_agent.client.client import AgentRefused
from keystead_agent.container.pin import hash_pin
from keystead_agent.container.sealing import SealedContents
from keystead_agent.keystore.errors import GestureRefused, PinBlocked
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_core.link.messages import Create, Get
from keystead_core.tpm.pin_index import TRIES
from keystead_core.webauthn.aaguids import KEYSTEAD_TPM
from keystead_core.wire import b64url_decode
from keystead_testkit import software_tpm
from keystead_testkit.command_line import invoke
from keystead_testkit.http_browser import form_token
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.running_server import RunningServer, running_server
from keystead_testkit.software_tpm import SoftwareTpm
from webauthn.helpers.structs import AttestationFormat

pytestmark = pytest.mark.tpm
PIN = "739146"
IBM = "id:49424D00"


@dataclass(frozen=True, slots=True)
class Town:
    """A server that trusts one TPM maker, and a computer whose TPM that maker made."""

    server: RunningServer
    agent: RunningAgent
    admin: httpx2.Client
    name: str = "home"

    @property
    def tenant(self) -> str:
        return f"{self.server.url}/{self.name}"

    def ask_of(self, page: str, fields: dict[str, str]) -> httpx2.Response:
        return self.admin.post(page, data=fields | {"form_token": form_token(self.admin.get(page))})

    def sign_in_with_pass(self, code: str) -> None:
        page = f"/{self.name}/sign-in/pass"
        assert self.ask_of(page, {"user": "admin", "pass": code}).status_code == 303

    def enrol(self) -> str:
        """The device that it is there."""
        enrolled = self.agent.cli("enrol", self.tenant, "--code", self.code(), "--json")
        assert enrolled.returncode == 0, enrolled.stdout
        return str(json.loads(enrolled.stdout)["proof"]["device"])

    def code(self) -> str:
        found = re.search(r"--code ([\w-]+)", self.ask_of(f"/{self.name}/account/devices/new", {}).text)
        assert found
        return found[1]

    def registration(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Options of the server, and what the container made of them."""
        options = self.admin.post(f"/{self.name}/account/passkeys/options", json={}).json()
        made = self.agent.client.ask(Create("1", origin=self.server.url, options=options))
        return options, made["credential"]

    def register(self) -> httpx2.Response:
        return self.admin.post(f"/{self.name}/account/passkeys", json=self.registration()[1])

    def sign_in(self) -> httpx2.Response:
        with browser(self.server.url) as somebody:
            somebody.get(f"/{self.name}/sign-in")
            options = somebody.post(f"/{self.name}/sign-in/options", json={}).json()
            answer = self.agent.client.ask(Get("2", origin=self.server.url, options=options))["credential"]
            return somebody.post(f"/{self.name}/sign-in/assertion", json=answer)

    def keystead(self, *arguments: str) -> Any:
        result = invoke(self.server.data, "--tenant", self.name, *arguments, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def passkeys(self) -> Any:
        return self.keystead("passkey", "list", "admin")


def browser(url: str) -> httpx2.Client:
    return httpx2.Client(base_url=url, headers={"origin": url, "sec-fetch-site": "same-origin"}, timeout=30)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The state of a certified chip, and the folder with its maker."""
    if not (software_tpm.is_available() and software_tpm.can_be_certified()):
        pytest.skip("swtpm and swtpm_setup are needed: apt-get install swtpm swtpm-tools")
    folder = tmp_path_factory.mktemp("maker")
    state, maker = software_tpm.certified_state(folder, manufacturer=IBM)
    (folder / "trusted").mkdir()
    (folder / "trusted" / "maker.pem").write_bytes(maker)
    return state, folder / "trusted"


@pytest.fixture
def town(made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Town]:
    monkeypatch.setenv("KEYSTEAD_TPM_MAKERS", str(made[1]))
    chip = Path(shutil.copytree(made[0], tmp_path / "chip"))
    (tmp_path / "home").mkdir()
    with (
        running_server(tmp_path / "data") as server,
        SoftwareTpm(chip) as tpm,
        RunningAgent(tmp_path / "home", tpm.address) as agent,
        browser(server.url) as admin,
    ):
        agent.pinentry.answer({"pin": PIN, "forever": True})
        assert agent.cli("pin", "set").returncode == 0
        town = Town(server, agent, admin)
        town.sign_in_with_pass(server.one_time_pass())
        yield town


def test_from_an_enrolled_computer_to_a_refused_one(town: Town) -> None:
    enrolled = town.agent.cli("enrol", town.tenant, "--code", town.code(), "--json")
    assert enrolled.returncode == 0, enrolled.stdout + enrolled.stderr
    device = json.loads(enrolled.stdout)["proof"]["device"]
    assert town.keystead("device", "show", device)["trust"] == "certified"
    assert "Proven      with Keystead" in town.agent.cli("status").stdout

    _accepted_by_others(town, *town.registration())
    registered = town.register()
    assert registered.status_code == 201, registered.text
    (passkey,) = town.passkeys()
    assert (passkey["proof"], passkey["attestation"], passkey["type"]) == ("proven", "tpm", "deviceBound")
    assert passkey["device"] == device
    assert town.sign_in().status_code == 200

    town.keystead("device", "disable", device)
    refused = town.sign_in()
    assert (refused.status_code, refused.json()["code"]) == (401, "device_disabled")
    town.keystead("device", "enable", device)
    assert town.sign_in().status_code == 200

    renewed = town.agent.cli("enrol", town.tenant, "--json")
    assert json.loads(renewed.stdout)["proof"]["device"] == device
    serials = {row["certificate_serial"] for row in town.keystead("device", "list")}
    assert len(serials) == 1

    town.keystead("device", "withdraw", device)
    assert town.sign_in().json()["code"] == "attestation_key_withdrawn"
    again = town.agent.cli("enrol", town.tenant, "--code", town.code(), "--json")
    assert again.returncode == 0, again.stdout
    assert json.loads(again.stdout)["proof"]["device"] != device, "a new attestation key, so a new device"

    town.keystead("device", "withdraw", json.loads(again.stdout)["proof"]["device"], "--chip")
    out = town.agent.cli("enrol", town.tenant, "--code", town.code(), "--json")
    assert json.loads(out.stdout)["error"]["code"] == "endorsement_key_withdrawn"


def _accepted_by_others(town: Town, options: dict[str, Any], credential: dict[str, Any]) -> None:
    """py_webauthn and python-fido2 take the same statement, under the same authority."""
    root = town.keystead("authority", "show")[0]["certificate"].encode()
    verified = webauthn.verify_registration_response(
        credential=credential,
        expected_challenge=b64url_decode(options["challenge"]),
        expected_rp_id="localhost",
        expected_origin=town.server.url,
        require_user_verification=True,
        pem_root_certs_bytes_by_fmt={AttestationFormat.TPM: [root]},
    )
    assert verified.fmt == "tpm"
    assert verified.aaguid == str(KEYSTEAD_TPM)
    assert (verified.credential_device_type, verified.credential_backed_up) == ("single_device", False)

    attested = AttestationObject(b64url_decode(credential["response"]["attestationObject"]))
    client_data = CollectedClientData(b64url_decode(credential["response"]["clientDataJSON"]))
    result = TpmAttestation().verify(attested.att_stmt, attested.auth_data, client_data.hash)
    der = x509.load_pem_x509_certificate(root).public_bytes(Encoding.DER)
    verify_x509_chain([*result.trust_path, der])


def test_a_container_that_enrols_without_a_code_claims_and_no_more(town: Town) -> None:
    assert town.agent.cli("enrol", town.tenant).returncode == 0

    registered = town.register()

    assert registered.status_code == 201, registered.text
    (passkey,) = town.passkeys()
    assert (passkey["proof"], passkey["attestation"], passkey["device"]) == ("claimed", "packed", None)


def test_a_copied_disk_beside_another_chip_opens_nothing(town: Town, tmp_path: Path) -> None:
    assert town.agent.cli("enrol", town.tenant, "--code", town.code()).returncode == 0
    town.agent.stop()
    shutil.copytree(town.agent.home, tmp_path / "copy", ignore=shutil.ignore_patterns("*.sock"))

    with SoftwareTpm() as other, RunningAgent(tmp_path / "copy", other.address) as copy:
        options = town.admin.post("/home/account/passkeys/options", json={}).json()
        with pytest.raises(AgentRefused) as refused:
            copy.client.ask(Create("1", origin=town.server.url, options=options))
        renewal = copy.cli("enrol", town.tenant, "--json")

    assert refused.value.code == "other_machine"
    assert json.loads(renewal.stdout)["error"]["code"] == "other_machine"


def test_keys_in_a_file_cannot_be_proven(town: Town, tmp_path: Path) -> None:
    (tmp_path / "software").mkdir()
    with RunningAgent(tmp_path / "software", None) as agent:
        refused = agent.cli("enrol", town.tenant, "--code", town.code(), "--json")

    assert json.loads(refused.stdout)["error"]["code"] == "no_chip"


# -- too many wrong PINs ---------------------------------------------------------------------------


def use_up_all_tries(town: Town) -> None:
    """As root does, past the daemon and its waits: the chip itself counts."""
    town.agent.stop()
    keystore = TpmKeystore(connector(town.agent.tpm), os.urandom, time.sleep)
    sealed = SealedContents.parse((town.agent.state / "container.cbor").read_bytes())
    contents = sealed.open(keystore.integrity_key(sealed.foundation))
    assert contents.gate is not None
    assert keystore.guard(contents.gate) == "provider"
    for _ in range(TRIES):
        with pytest.raises((GestureRefused, PinBlocked)):
            keystore.check(contents.foundation, contents.gate, hash_pin("000000"))
    town.agent.start()


def unlocking(town: Town) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """`keystead-agent unlock`, and the first of the two documents that it prints."""
    process = town.agent.begin_cli("unlock", "--json")
    assert process.stdout is not None
    lines: list[str] = []
    while (line := process.stdout.readline()) and line != "}\n":
        lines.append(line)
    return process, json.loads("".join(lines) + "}")


def test_after_too_many_wrong_pins_a_sign_in_elsewhere_gives_the_tries_back(town: Town) -> None:
    assert town.agent.cli("enrol", town.tenant, "--code", town.code()).returncode == 0
    assert town.register().status_code == 201, "this PIN entrusts the count to the provider"
    assert "your identity provider can give tries back" in town.agent.cli("status").stdout
    use_up_all_tries(town)
    with pytest.raises(AgentRefused) as blocked:
        town.sign_in()
    assert blocked.value.code == "pin_blocked"

    process, shown = unlocking(town)
    assert shown["page"] == f"{town.tenant}/account/unlock"
    wrong = town.ask_of("/home/account/unlock", {"code": "BCDF-2345"})
    assert (wrong.status_code, "No computer of yours" in wrong.text) == (422, True)
    allowed = town.ask_of("/home/account/unlock", {"code": shown["code"]})
    assert allowed.status_code == 200, allowed.text
    rest, _ = process.communicate(timeout=60)

    assert (process.returncode, json.loads(rest)) == (0, {"unlocked": True, "pin_changed": False})
    assert town.sign_in().status_code == 200
    assert "Tries left  10 of 10" in town.agent.cli("status").stdout


def test_a_disabled_computer_is_not_unlocked(town: Town) -> None:
    enrolled = town.agent.cli("enrol", town.tenant, "--code", town.code(), "--json")
    assert town.register().status_code == 201
    town.keystead("device", "disable", json.loads(enrolled.stdout)["proof"]["device"])

    refused = town.agent.cli("unlock", "--json")

    assert json.loads(refused.stdout)["error"]["code"] == "device_disabled"
