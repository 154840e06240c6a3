"""Certificate keys beside COSE keys: are they one key, and does a COSE algorithm fit them?"""

from collections.abc import Mapping

from cryptography.exceptions import UnsupportedAlgorithm as PrimitiveMissing
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import Certificate

from keystead_core.cose.algorithms import ALGORITHMS, Algorithm, PublicKey, verify_with
from keystead_core.cose.errors import KeyRefused, UnsupportedAlgorithm
from keystead_core.cose.keys import CosePublicKey


def certificate_key(certificate: Certificate) -> PublicKey:
    """Return the certificate's key if it is of a kind we verify with; raise KeyRefused if not."""
    try:
        key = certificate.public_key()
    except (ValueError, PrimitiveMissing) as error:
        raise KeyRefused(f"the certificate's key does not load: {error}") from None
    if not isinstance(
        key,
        (ec.EllipticCurvePublicKey, rsa.RSAPublicKey, ed25519.Ed25519PublicKey, ed448.Ed448PublicKey),
    ):
        raise KeyRefused("the certificate's key is of a kind we do not take")
    return key


def same_public_key(cose_key: CosePublicKey, certificate: Certificate) -> bool:
    certified = certificate_key(certificate).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return cose_key.subject_public_key_info() == certified


def verify_with_certificate(
    certificate: Certificate,
    algorithm: int,
    signature: bytes,
    data: bytes,
    *,
    accepted: Mapping[int, Algorithm] = ALGORITHMS,
) -> None:
    """Check a signature by the certificate's key with the COSE *algorithm* that came along.

    Raises:
        UnsupportedAlgorithm: it is not in *accepted*.
        KeyRefused: the algorithm does not go with the key.
        SignatureInvalid: the key did not make the signature.
    """
    chosen = accepted.get(algorithm)
    if chosen is None:
        raise UnsupportedAlgorithm(algorithm)
    verify_with(chosen.verifier(certificate_key(certificate)), signature, data)
