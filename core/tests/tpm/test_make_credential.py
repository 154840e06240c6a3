"""MakeCredential without a TPM: what the holder of both keys gets out of it, and nobody else.

That a real TPM opens it, and that other tools make the same, is tested where a software TPM is.
"""

import hmac
import os

import pytest
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.kdf import kdf_a, kdf_e
from keystead_core.tpm.make_credential import CredentialChallenge, make_credential

NAME = b"\x00\x0b" + bytes(range(32))
SECRET = b"s" * 32
RSA_KEY = rsa.generate_private_key(65537, 2048)
P256_KEY = ec.generate_private_key(ec.SECP256R1())


def rsa_seed(made: CredentialChallenge) -> bytes:
    oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"IDENTITY\0")
    return RSA_KEY.decrypt(made.secret, oaep)


def p256_seed(made: CredentialChallenge) -> bytes:
    x, y = made.secret[2:34], made.secret[36:68]
    point = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
    own = P256_KEY.public_key().public_numbers().x.to_bytes(32, "big")
    return kdf_e(P256_KEY.exchange(ec.ECDH(), point.public_key()), b"IDENTITY", x, own)


def opened(made: CredentialChallenge, seed: bytes, name: bytes) -> bytes:
    """As part 1, 24.4 says a TPM opens it."""
    integrity, identity = made.credential_blob[2:34], made.credential_blob[34:]
    key = kdf_a(seed, b"INTEGRITY", b"", b"")
    assert hmac.digest(key, identity + name, "sha256") == integrity
    cipher = Cipher(algorithms.AES(kdf_a(seed, b"STORAGE", name, b"", bits=128)), CFB(bytes(16)))
    return cipher.decryptor().update(identity)


def test_who_holds_the_rsa_endorsement_key_gets_the_secret() -> None:
    made = make_credential(RSA_KEY.public_key(), NAME, SECRET, os.urandom)

    assert opened(made, rsa_seed(made), NAME) == b"\x00\x20" + SECRET


def test_who_holds_the_p256_endorsement_key_gets_the_secret() -> None:
    made = make_credential(P256_KEY.public_key(), NAME, SECRET, os.urandom)

    assert opened(made, p256_seed(made), NAME) == b"\x00\x20" + SECRET


def test_the_secret_is_for_one_name() -> None:
    made = make_credential(P256_KEY.public_key(), NAME, SECRET, os.urandom)

    with pytest.raises(AssertionError):
        opened(made, p256_seed(made), NAME[:-1] + b"x")


def test_no_two_challenges_are_alike() -> None:
    made = [make_credential(P256_KEY.public_key(), NAME, SECRET, os.urandom) for _ in range(2)]

    assert made[0].credential_blob != made[1].credential_blob
    assert made[0].secret != made[1].secret


def test_randomness_is_an_argument() -> None:
    def fixed(count: int) -> bytes:
        return bytes(count)

    first = make_credential(P256_KEY.public_key(), NAME, SECRET, fixed)

    assert first == make_credential(P256_KEY.public_key(), NAME, SECRET, fixed)


def test_refuses_an_endorsement_key_that_no_template_makes() -> None:
    with pytest.raises(TpmStructureInvalid):
        make_credential(ec.generate_private_key(ec.SECP384R1()).public_key(), NAME, SECRET, os.urandom)


@pytest.mark.parametrize("secret", [b"", b"x" * 33])
def test_a_secret_has_one_to_thirty_two_bytes(secret: bytes) -> None:
    with pytest.raises(ValueError, match="1 to 32"):
        make_credential(P256_KEY.public_key(), NAME, secret, os.urandom)


@pytest.mark.parametrize("bits", [0, 7, 257, 512])
def test_one_block_of_a_key_derivation_is_no_longer_than_a_digest(bits: int) -> None:
    with pytest.raises(ValueError, match="one block"):
        kdf_a(b"k", b"L", b"", b"", bits=bits)
