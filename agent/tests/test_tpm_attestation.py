"""Proof of where a key is: the maker vouches for the chip, the chip for its attestation key, that one for passkeys."""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
import webauthn as py_webauthn
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier
from fido2.attestation import TpmAttestation, verify_x509_chain
from fido2.webauthn import AuthenticatorData
from keystead_agent.authenticator import encoding
from keystead_agent.authenticator.allow_list import Caller
from keystead_agent.authenticator.tpm_statement import attestation_tpm
from keystead_agent.keystore.errors import (
    ActivationRefused,
    GestureRefused,
    KeystoreError,
    NoChip,
    OtherMachine,
    TpmCleared,
)
from keystead_agent.keystore.software import SoftwareKeystore
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.transport import connector
from keystead_agent.keystore.values import Certification, PublicPoint
from keystead_core.cose import ES256
from keystead_core.tpm import nv
from keystead_core.tpm.attest import parse_certify
from keystead_core.tpm.codes import EK_CERTIFICATE_P256, NvAttribute
from keystead_core.tpm.endorsement import read_attestation_key, read_endorsement_key
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.make_credential import CredentialChallenge, make_credential
from keystead_core.tpm.nv import NvPublic
from keystead_core.tpm.sessions import EMPTY_PASSWORD
from keystead_core.tpm.structures import parse_public_area
from keystead_core.webauthn import (
    RegistrationExpectation,
    VerifiedRegistration,
    parse_registration,
    verify_registration,
)
from keystead_core.webauthn.aaguids import KEYSTEAD_TPM
from keystead_core.webauthn.errors import AttestationInvalid
from keystead_core.wire import b64url_encode
from keystead_testkit import software_tpm
from keystead_testkit.attesters import AIK_USAGE, AN_AUTHORITY, NOT_AN_AUTHORITY, aaguid_extension
from keystead_testkit.software_tpm import BusTap, SoftwareTpm
from keystead_testkit.tpm_container import PIN, WRONG, TpmContainer, directly, verify
from webauthn.helpers.structs import AttestationFormat

pytestmark = pytest.mark.tpm

SECRET = b"only this chip, only this key..."
RP_ID, ORIGIN, CHALLENGE = "id.example.org", "https://id.example.org", bytes(range(32))
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def container(keystore: TpmKeystore) -> TpmContainer:
    return TpmContainer(keystore)


@pytest.fixture(scope="module")
def certified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    if not software_tpm.can_be_certified():
        pytest.skip("swtpm_setup and swtpm_localca are needed: apt-get install swtpm-tools")
    return software_tpm.certified_state(tmp_path_factory.mktemp("certified"))


@pytest.fixture
def certified_keystore(certified: tuple[Path, bytes]) -> Iterator[TpmKeystore]:
    with SoftwareTpm(certified[0]) as tpm:
        yield TpmKeystore(connector(tpm.address), os.urandom, time.sleep)


def challenge_for(ek_public: bytes, ak_public: bytes, secret: bytes = SECRET) -> CredentialChallenge:
    """What a server does with what `attestation_identity` gave it."""
    endorsement_key = read_endorsement_key(ek_public).key
    return make_credential(endorsement_key, read_attestation_key(ak_public).name, secret, os.urandom)


def test_a_chip_shows_the_makers_certificate_for_the_key_it_can_use(
    certified_keystore: TpmKeystore, certified: tuple[Path, bytes]
) -> None:
    foundation = certified_keystore.found()
    key = certified_keystore.make_attestation_key(foundation)

    identity = certified_keystore.attestation_identity(foundation, key)

    assert identity.ek_certificate is not None
    shown, maker = x509.load_der_x509_certificate(identity.ek_certificate), x509.load_pem_x509_certificate(certified[1])
    maker_key = maker.public_key()
    assert isinstance(maker_key, rsa.RSAPublicKey)
    assert shown.signature_hash_algorithm is not None
    maker_key.verify(shown.signature, shown.tbs_certificate_bytes, padding.PKCS1v15(), shown.signature_hash_algorithm)
    assert shown.public_key() == parse_public_area(identity.ek_public).key


def test_a_chip_without_a_certificate_shows_its_key_alone(container: TpmContainer) -> None:
    key = container.keystore.make_attestation_key(container.foundation)

    identity = container.keystore.attestation_identity(container.foundation, key)

    assert identity.ek_certificate is None
    assert isinstance(read_endorsement_key(identity.ek_public).key, ec.EllipticCurvePublicKey)
    again = container.keystore.attestation_identity(container.foundation, key)
    assert again == identity


@pytest.mark.parametrize("of", ["another chip's key", "nothing"])
def test_a_certificate_of_something_else_is_not_shown(container: TpmContainer, tpm: SoftwareTpm, of: str) -> None:
    stranger = ec.generate_private_key(ec.SECP256R1()).public_key()
    content = Authority().certify(stranger) if of == "another chip's key" else b"\x30\x82\x00\x04nope"
    by_everybody = NvAttribute(1 << 2) | NvAttribute.AUTH_READ  # authwrite, authread
    with directly(tpm) as bus:
        bus.run(nv.nv_define(NvPublic(EK_CERTIFICATE_P256, by_everybody, b"", len(content)), b""), EMPTY_PASSWORD)
        bus.run(nv.nv_write(EK_CERTIFICATE_P256, content), EMPTY_PASSWORD)
    key = container.keystore.make_attestation_key(container.foundation)

    identity = container.keystore.attestation_identity(container.foundation, key)

    assert identity.ek_certificate is None
    read_endorsement_key(identity.ek_public)


@pytest.mark.parametrize("made_by_a_maker", [True, False], ids=["RSA, certified", "P-256"])
def test_the_chip_opens_what_was_made_for_its_attestation_key(
    made_by_a_maker: bool, request: pytest.FixtureRequest
) -> None:
    keystore: TpmKeystore = request.getfixturevalue("certified_keystore" if made_by_a_maker else "keystore")
    foundation = keystore.found()
    key = keystore.make_attestation_key(foundation)
    identity = keystore.attestation_identity(foundation, key)
    made = challenge_for(identity.ek_public, identity.ak_public)

    opened = keystore.activate(foundation, key, made.credential_blob, made.secret)

    assert opened == SECRET


def test_the_secret_of_a_credential_is_never_on_the_bus(container: TpmContainer, bus: BusTap) -> None:
    key = container.keystore.make_attestation_key(container.foundation)
    identity = container.keystore.attestation_identity(container.foundation, key)
    made = challenge_for(identity.ek_public, identity.ak_public)

    assert container.keystore.activate(container.foundation, key, made.credential_blob, made.secret) == SECRET
    assert not bus.carries(SECRET)
    assert not bus.carries(SECRET[:16])


def test_the_chip_opens_nothing_for_another_key_or_another_chip(container: TpmContainer) -> None:
    keystore, foundation = container.keystore, container.foundation
    key, other = keystore.make_attestation_key(foundation), keystore.make_attestation_key(foundation)
    identity = keystore.attestation_identity(foundation, key)
    made = challenge_for(identity.ek_public, identity.ak_public)

    with pytest.raises(ActivationRefused) as refused:
        keystore.activate(foundation, other, made.credential_blob, made.secret)
    assert refused.value.code == "activation_refused"
    with pytest.raises(ActivationRefused):
        keystore.activate(foundation, key, made.credential_blob[:-1] + b"\0", made.secret)
    with SoftwareTpm() as chip:
        elsewhere = TpmKeystore(connector(chip.address), os.urandom, time.sleep)
        there = elsewhere.found()
        with pytest.raises(OtherMachine):
            elsewhere.activate(there, key, made.credential_blob, made.secret)
        with pytest.raises(ActivationRefused):
            elsewhere.activate(there, elsewhere.make_attestation_key(there), made.credential_blob, made.secret)


def test_an_ordinary_key_is_not_taken_for_an_attestation_key(container: TpmContainer) -> None:
    key = container.keystore.make_attestation_key(container.foundation)
    identity = container.keystore.attestation_identity(container.foundation, key)
    certification = certify(container, identity.ak_public)

    with pytest.raises(TpmStructureInvalid):
        read_attestation_key(certification.public_area)
    with pytest.raises(TpmStructureInvalid):
        read_endorsement_key(identity.ak_public)


def certify(container: TpmContainer, qualifying: bytes) -> Certification:
    key = container.keystore.make_attestation_key(container.foundation)
    qualified = sha256(qualifying).digest()
    return container.keystore.certify(container.foundation, container.gate, container.key.blob, PIN, key, qualified)


def test_a_certification_names_the_key_and_what_was_asked(container: TpmContainer) -> None:
    key = container.keystore.make_attestation_key(container.foundation)
    identity = container.keystore.attestation_identity(container.foundation, key)

    made = container.keystore.certify(container.foundation, container.gate, container.key.blob, PIN, key, b"qualifying")

    attested, area = parse_certify(made.certify_info), parse_public_area(made.public_area)
    assert (attested.extra_data, attested.name) == (b"qualifying", area.name)
    numbers = read_attestation_key(identity.ak_public).key.public_numbers()
    assert isinstance(numbers, ec.EllipticCurvePublicNumbers)
    signer = PublicPoint(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
    verify(signer, made.signature, made.certify_info)


def test_nothing_is_certified_without_the_pin(container: TpmContainer) -> None:
    key = container.keystore.make_attestation_key(container.foundation)

    with pytest.raises(GestureRefused):
        container.keystore.certify(container.foundation, container.gate, container.key.blob, WRONG, key, b"")


def test_a_registration_with_a_tpms_word_is_accepted_by_three_libraries(container: TpmContainer) -> None:
    authority = Authority()
    answer, statement_object = register(container, authority)

    ours = verified(answer)

    assert ours.attestation.format == "tpm"
    assert ours.attestation.aaguid_attested
    assert ours.aaguid == KEYSTEAD_TPM
    assert not ours.backup_eligible
    theirs = py_webauthn.verify_registration_response(
        credential=json.dumps(answer),
        expected_challenge=CHALLENGE,
        expected_rp_id=RP_ID,
        expected_origin=ORIGIN,
        require_user_verification=True,
        pem_root_certs_bytes_by_fmt={AttestationFormat.TPM: [authority.certificate.public_bytes(Encoding.PEM)]},
    )
    assert theirs.fmt == "tpm"
    statement, data, client_data = statement_object
    result = TpmAttestation().verify(statement, AuthenticatorData(data), sha256(client_data).digest())
    verify_x509_chain([*result.trust_path, authority.certificate.public_bytes(Encoding.DER)])


def test_a_replayed_certification_is_refused(container: TpmContainer) -> None:
    authority = Authority()
    answer, _ = register(container, authority)
    later, _ = register(container, authority, challenge=bytes(32))
    answer["response"]["clientDataJSON"] = later["response"]["clientDataJSON"]

    with pytest.raises(AttestationInvalid, match="extraData"):
        verified(answer, challenge=bytes(32))


class Authority:
    """An attestation authority, as small as one can be."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "An attestation authority")])
        builder = self._builder(self._name, self._key.public_key()).add_extension(AN_AUTHORITY.value, critical=True)
        self.certificate = builder.sign(self._key, hashes.SHA256())

    def certify(self, key: Any) -> bytes:
        """§8.3.1: an empty subject, the TPM's names, the AAGUID."""
        builder = self._builder(x509.Name([]), key).add_extension(NOT_AN_AUTHORITY.value, critical=True)
        names = {"2.23.133.2.1": "id:49424D00", "2.23.133.2.2": "swtpm", "2.23.133.2.3": "id:20191023"}
        held = x509.Name([x509.NameAttribute(ObjectIdentifier(oid), value) for oid, value in names.items()])
        builder = builder.add_extension(x509.SubjectAlternativeName([x509.DirectoryName(held)]), critical=True)
        builder = builder.add_extension(AIK_USAGE.value, critical=False)
        builder = builder.add_extension(aaguid_extension(KEYSTEAD_TPM).value, critical=False)
        return builder.sign(self._key, hashes.SHA256()).public_bytes(Encoding.DER)

    def _builder(self, subject: x509.Name, key: Any) -> x509.CertificateBuilder:
        builder = x509.CertificateBuilder().subject_name(subject).issuer_name(self._name).public_key(key)
        builder = builder.serial_number(x509.random_serial_number()).not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        return builder.not_valid_after(datetime(2064, 1, 1, tzinfo=UTC))


def register(container: TpmContainer, authority: Authority, challenge: bytes = CHALLENGE) -> tuple[Any, Any]:
    """A new passkey with a statement: the registration, and what python-fido2 wants of it."""
    keystore, foundation = container.keystore, container.foundation
    key = keystore.make_attestation_key(foundation)
    identity = keystore.attestation_identity(foundation, key)
    chain = [authority.certify(read_attestation_key(identity.ak_public).key)]
    client_data = encoding.client_data("webauthn.create", challenge, Caller(ORIGIN))
    credential_id, seen = b"c" * 32, []

    def to_sign(public: PublicPoint) -> bytes:
        seen.append(encoding.registration_data(RP_ID, KEYSTEAD_TPM, credential_id, public))
        return encoding.to_be_signed(seen[0], client_data)

    made = keystore.create_key(foundation, container.gate, PIN, to_sign, key)
    assert made.certification is not None
    assert made.signature is None
    attestation = attestation_tpm(seen[0], made.certification, chain)
    encoded = b64url_encode(credential_id)
    response = {"clientDataJSON": b64url_encode(client_data), "attestationObject": b64url_encode(attestation)}
    answer = {
        "id": encoded,
        "rawId": encoded,
        "type": "public-key",
        "response": response | {"transports": ["internal"]},
        "clientExtensionResults": {},
    }
    statement = {
        "ver": "2.0",
        "alg": ES256,
        "x5c": chain,
        "sig": made.certification.signature,
        "certInfo": made.certification.certify_info,
        "pubArea": made.certification.public_area,
    }
    return answer, (statement, seen[0], client_data)


def verified(answer: Any, challenge: bytes = CHALLENGE) -> VerifiedRegistration:
    expected = RegistrationExpectation(challenge, frozenset({ORIGIN}), RP_ID, (ES256,))
    return verify_registration(parse_registration(answer), expected, now=NOW)


def test_a_chip_that_was_cleared_is_told_from_another_one(tools: SoftwareTpm) -> None:
    keystore = TpmKeystore(connector(tools.address), os.urandom, time.sleep)
    container = TpmContainer(keystore)

    tools.run_tool("tpm2_clear")

    with pytest.raises(TpmCleared) as cleared:
        container.sign()
    assert cleared.value.code == "tpm_cleared"
    with SoftwareTpm() as other, pytest.raises(OtherMachine) as exchanged:
        container.sign(keystore=TpmKeystore(connector(other.address), os.urandom, time.sleep))
    assert exchanged.value.code == "other_machine"


def test_tpm2_tools_make_a_credential_that_the_container_opens(tools: SoftwareTpm, tmp_path: Path) -> None:
    keystore = TpmKeystore(connector(tools.address), os.urandom, time.sleep)
    foundation = keystore.found()
    key = keystore.make_attestation_key(foundation)
    identity = keystore.attestation_identity(foundation, key)
    (tmp_path / "ek").write_bytes(len(identity.ek_public).to_bytes(2, "big") + identity.ek_public)
    (tmp_path / "secret").write_bytes(SECRET)
    name = read_attestation_key(identity.ak_public).name.hex()

    where = ["-u", str(tmp_path / "ek"), "-s", str(tmp_path / "secret"), "-o", str(tmp_path / "made")]
    tools.run_tool("tpm2_makecredential", *where, "-n", name)
    tools.run_tool("tpm2_flushcontext", "-t")

    # A header of eight bytes, then TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET.
    made = (tmp_path / "made").read_bytes()[8:]
    blob_end = 2 + int.from_bytes(made[:2], "big")
    blob, secret = made[2:blob_end], made[blob_end + 2 :]
    assert keystore.activate(foundation, key, blob, secret) == SECRET


def test_a_software_keystore_proves_nothing(software: SoftwareKeystore) -> None:
    foundation = software.found()
    gate = software.make_gate(foundation, PIN)
    asked = [
        lambda: software.make_attestation_key(foundation),
        lambda: software.attestation_identity(foundation, b""),  # type: ignore[arg-type]
        lambda: software.activate(foundation, b"", b"", b""),  # type: ignore[arg-type]
        lambda: software.certify(foundation, gate, b"", PIN, b"", b""),  # type: ignore[arg-type]
        lambda: software.create_key(foundation, gate, PIN, None, b""),  # type: ignore[arg-type]
    ]

    for ask in asked:
        with pytest.raises(NoChip):
            ask()
    assert issubclass(NoChip, KeystoreError)
