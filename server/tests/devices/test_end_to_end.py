"""The whole way, with nothing in between made up: a certified TPM, the agent's daemon, the server's process.

The town is the testkit's; what became of files beside another chip is in `test_copied_and_cloned`.
"""

import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

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
from keystead_core.tpm.pin_index import TRIES
from keystead_core.webauthn.aaguids import KEYSTEAD_TPM
from keystead_core.wire import b64url_decode
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.town import Town
from webauthn.helpers.structs import AttestationFormat

pytestmark = pytest.mark.tpm


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
