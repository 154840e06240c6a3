"""What was taken from an enrolled computer, beside another chip: each case is refused, and says which it is.

The chips are real ones, in software. The agent knows the files it is given; a program that is not the agent goes
to the server past it, with whatever it likes to say.
"""

import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from keystead_agent.client.client import AgentRefused
from keystead_agent.container.records import Contents, Proof, Provider
from keystead_agent.container.sealing import SealedContents
from keystead_agent.container.stored import from_cbor
from keystead_agent.enrolment import proving
from keystead_agent.enrolment.errors import ProviderRefused
from keystead_agent.keystore.errors import ActivationRefused, OtherMachine
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_agent.main import system
from keystead_core.link.messages import Create, Status
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import SoftwareTpm
from keystead_testkit.town import Town, machine_id

pytestmark = pytest.mark.tpm
CLONE = "machine_cloned" if system.machine(Path("/etc/machine-id")).virtual else "chip_exchanged"


@contextmanager
def elsewhere(town: Town, folder: Path, *, of: str) -> Iterator[RunningAgent]:
    """The agent of everything that was on the disk, on the system *of*, beside another chip."""
    home = folder / f"copy on {of}"
    shutil.copytree(town.agent.home, home, ignore=shutil.ignore_patterns("*.sock"))
    with (
        SoftwareTpm() as other,
        RunningAgent(home, other.address, machine_id=str(machine_id(folder, of))) as copy,
    ):
        yield copy


@pytest.mark.parametrize(
    ("of", "code", "says"),
    [
        pytest.param("the second", "other_machine", "another computer", id="files copied to another system"),
        pytest.param("the first", CLONE, "Register a new passkey", id="the same system beside another chip"),
    ],
)
def test_copied_files_and_a_cloned_machine_are_refused_each_with_its_code(
    town: Town, tmp_path: Path, of: str, code: str, says: str
) -> None:
    town.enrol()
    town.agent.stop()

    with elsewhere(town, tmp_path, of=of) as copy:
        options = town.admin.post("/home/account/passkeys/options", json={}).json()
        with pytest.raises(AgentRefused, match=says) as refused:
            copy.client.ask(Create("1", origin=town.server.url, options=options))
        renewal = copy.cli("enrol", town.tenant, "--json")
        status = copy.client.ask(Status("1"))

    assert refused.value.code == status["error"] == code
    assert f'"{code}"' in renewal.stdout


# -- past the agent --------------------------------------------------------------------------------


class Thief:
    """Whoever holds the files and a chip of their own, and speaks to the server themselves."""

    def __init__(self, town: Town, chip: SoftwareTpm) -> None:
        self.keystore = TpmKeystore(connector(chip.address), os.urandom, time.sleep)
        sealed = SealedContents.parse((town.agent.state / "container.cbor").read_bytes())
        # The file is not encrypted, and its MAC keeps nobody from reading it.
        self.files: Contents = from_cbor(sealed.foundation, sealed.body)
        assert self.files.attestation_key is not None
        self.key = self.files.attestation_key
        self.foundation = self.keystore.found()

    @property
    def provider(self) -> Provider:
        return self.files.providers[0]

    @property
    def proof(self) -> Proof:
        return self.files.proofs[0]

    def enrols_the_copied_key(self, code: str) -> None:
        identity = self.keystore.attestation_identity(self.foundation, self.key)
        proving.begin_enrolment(self.provider, code, "thief", identity, self.keystore.describe())

    def renews(self) -> None:
        """In the device's name, with an answer made up because no chip of theirs gives one."""
        asked = proving.begin_renewal(self.provider, self.proof)
        own = self.keystore.make_attestation_key(self.foundation)
        with pytest.raises(OtherMachine):
            self.keystore.activate(self.foundation, self.key, asked.credential_blob, asked.secret)
        with pytest.raises(ActivationRefused):
            self.keystore.activate(self.foundation, own, asked.credential_blob, asked.secret)
        proving.finish(self.provider, asked, bytes(32), self.keystore.attestation_identity(self.foundation, own))


def test_a_copied_attestation_key_is_of_no_use_past_the_agent(town: Town) -> None:
    device = town.enrol()

    with SoftwareTpm() as chip:
        thief = Thief(town, chip)
        with pytest.raises(ProviderRefused) as enrolling:
            thief.enrols_the_copied_key(town.code())
        with pytest.raises(ProviderRefused) as renewing:
            thief.renews()

    assert (enrolling.value.code, renewing.value.code) == ("attestation_key_copied", "activation_failed")
    assert str(renewing.value) == "This computer's security chip is not the one that it says it is."
    log = {row["reason"]: row["detail"] for row in town.keystead("log", "sign-ins")}
    assert log["attestation_key_copied"] == f"from the device {device}"
    assert log["activation_failed"] == f"the device {device}"


# -- replay ----------------------------------------------------------------------------------------


def test_a_replayed_certify_is_refused(town: Town) -> None:
    town.enrol()
    _, first = town.registration()
    _, second = town.registration()
    # The chip's own word for the first key, under the challenge of the second question.
    second["response"]["attestationObject"] = first["response"]["attestationObject"]
    second["id"] = second["rawId"] = first["id"]

    replayed = town.admin.post("/home/account/passkeys", json=second)

    assert replayed.json()["code"] == "attestation_replayed"
