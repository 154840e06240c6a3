"""What tpm2-pytss, a library we did not write, makes of the structures that go between us and the chip."""

import os
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from keystead_agent.keystore.tpm import TpmKeystore
from keystead_agent.keystore.values import AttestationIdentity, AttestationKey, Certification
from keystead_core.tpm.endorsement import read_attestation_key
from keystead_core.tpm.structures import parse_public_area
from keystead_testkit import pytss
from keystead_testkit.tpm_container import PIN, TpmContainer

SECRET = os.urandom(32)
CERTIFY = 0x8017
GENERATED = 0xFF544347


@pytest.fixture(autouse=True)
def _with_pytss() -> None:
    if not pytss.is_available():
        pytest.skip(pytss.MISSING)


@pytest.fixture
def container(keystore: TpmKeystore) -> TpmContainer:
    return TpmContainer(keystore)


@pytest.fixture
def attestation(container: TpmContainer) -> tuple[AttestationKey, AttestationIdentity]:
    key = container.keystore.make_attestation_key(container.foundation)
    return key, container.keystore.attestation_identity(container.foundation, key)


def test_a_public_area_is_read_whole_and_has_the_name_that_we_compute(
    attestation: tuple[AttestationKey, AttestationIdentity],
) -> None:
    _, identity = attestation

    told = pytss.ask(public=identity.ak_public)

    assert told["read"] == len(identity.ak_public)
    assert bytes.fromhex(told["again"]) == identity.ak_public
    assert bytes.fromhex(told["name"]) == read_attestation_key(identity.ak_public).name


def test_a_credential_that_it_makes_is_opened_by_the_chip(
    container: TpmContainer, attestation: tuple[AttestationKey, AttestationIdentity]
) -> None:
    key, identity = attestation
    name = read_attestation_key(identity.ak_public).name

    made = pytss.ask(**{"public": identity.ek_public, "secret": SECRET, "for": name})

    # TPM2B_ID_OBJECT and TPM2B_ENCRYPTED_SECRET without their sizes.
    blob, secret = bytes.fromhex(made["blob"]), bytes.fromhex(made["encrypted"])
    assert container.keystore.activate(container.foundation, key, blob, secret) == SECRET


def test_a_certification_says_the_same_to_it(
    container: TpmContainer, attestation: tuple[AttestationKey, AttestationIdentity]
) -> None:
    key, _ = attestation
    asked = sha256(b"a registration").digest()
    made: Certification = container.keystore.certify(
        container.foundation, container.gate, container.key.blob, PIN, key, asked
    )

    told = pytss.ask(public=made.public_area, attest=made.certify_info)

    assert (told["magic"], told["type"]) == (GENERATED, CERTIFY)
    assert told["attest_read"] == len(made.certify_info)
    assert bytes.fromhex(told["extra"]) == asked
    assert told["certified"] == told["name"] == parse_public_area(made.public_area).name.hex()
    point = load_pem_public_key(told["pem"].encode())
    assert isinstance(point, ec.EllipticCurvePublicKey)
    assert point.public_numbers().x.to_bytes(32, "big") == container.key.public.x
