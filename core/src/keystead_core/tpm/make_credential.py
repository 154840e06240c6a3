"""TPM2_MakeCredential without a TPM (part 1, 24; annexes B.10.4 and C.6.4): a secret for one key of one TPM.

The server knows a TPM's endorsement key and is told an attestation key's Name.
Only the TPM that holds both can open what is made here: who returns the secret
has shown that the attestation key lives where the endorsement key lives.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms

from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.kdf import kdf_a, kdf_e
from keystead_core.tpm.marshal import sized

_SEED_BYTES: Final = 32
_MAX_SECRET_BYTES: Final = 32
# Part 1, B.10.4: "the label is a null-terminated string"; KDFe adds the zero byte itself.
_LABEL: Final = b"IDENTITY"
_P256_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class CredentialChallenge:
    """What is sent to the device.

    Attributes:
        credential_blob: TPMS_ID_OBJECT, without the size before it.
        secret: the encrypted seed, without the size before it.
    """

    credential_blob: bytes
    secret: bytes


def make_credential(
    endorsement_key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey,
    key_name: bytes,
    secret: bytes,
    entropy: Callable[[int], bytes],
) -> CredentialChallenge:
    """Encrypt *secret* (at most 32 bytes) to the TPM of *endorsement_key*, for the key named *key_name*.

    Raises:
        TpmStructureInvalid: an endorsement key of a kind that the default templates do not make.
    """
    if not 0 < len(secret) <= _MAX_SECRET_BYTES:
        raise ValueError(f"a credential's secret has 1 to {_MAX_SECRET_BYTES} bytes")
    seed, encrypted_seed = _seed(endorsement_key, entropy)
    storage = kdf_a(seed, b"STORAGE", key_name, b"", bits=128)
    encryptor = Cipher(algorithms.AES(storage), CFB(bytes(16))).encryptor()
    identity = encryptor.update(sized(secret))
    integrity = hmac.digest(kdf_a(seed, b"INTEGRITY", b"", b""), identity + key_name, "sha256")
    return CredentialChallenge(sized(integrity) + identity, encrypted_seed)


def _seed(key: rsa.RSAPublicKey | ec.EllipticCurvePublicKey, entropy: Callable[[int], bytes]) -> tuple[bytes, bytes]:
    if isinstance(key, rsa.RSAPublicKey):
        seed = entropy(_SEED_BYTES)
        # OAEP's own padding is the one thing here that the library draws by itself.
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), _LABEL + b"\0")
        return seed, key.encrypt(seed, oaep)
    if not isinstance(key.curve, ec.SECP256R1):
        raise TpmStructureInvalid("an endorsement key on a curve that the default template does not have")
    return _agreed(key, _ephemeral(entropy))


def _agreed(key: ec.EllipticCurvePublicKey, ephemeral: ec.EllipticCurvePrivateKey) -> tuple[bytes, bytes]:
    shared = ephemeral.exchange(ec.ECDH(), key)
    own, theirs = ephemeral.public_key().public_numbers(), key.public_numbers()
    own_x, own_y = own.x.to_bytes(32, "big"), own.y.to_bytes(32, "big")
    return kdf_e(shared, _LABEL, own_x, theirs.x.to_bytes(32, "big")), sized(own_x) + sized(own_y)


def _ephemeral(entropy: Callable[[int], bytes]) -> ec.EllipticCurvePrivateKey:
    # FIPS 186-5, A.2.1: 64 bits more than the order, so that no scalar is likelier than another.
    drawn = int.from_bytes(entropy(40), "big")
    return ec.derive_private_key(1 + drawn % (_P256_ORDER - 1), ec.SECP256R1())
