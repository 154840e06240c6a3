"""Attestation format `tpm` (WebAuthn §8.3), as the chip's certification of a new key says it.

The caller has had TPM2_Certify bind `encoding.to_be_signed(…)`, which §8.3 calls
"the hash of attToBeSigned", into the certification.
"""

from collections.abc import Sequence

from keystead_core.wire.cbor import CborValue, encode_cbor

from keystead_agent.authenticator.options import ES256
from keystead_agent.keystore.values import Certification


def attestation_tpm(authenticator_data: bytes, certification: Certification, chain: Sequence[bytes]) -> bytes:
    """Return the attestation object; see `statement`."""
    return encode_cbor({"fmt": "tpm", "attStmt": statement(certification, chain), "authData": authenticator_data})


def statement(certification: Certification, chain: Sequence[bytes]) -> dict[int | str | bytes, CborValue]:
    """Return the attestation statement.

    Args:
        chain: DER; the certificate of the key that certified (§8.3.1) first, then its issuers without the root.
    """
    return {
        "ver": "2.0",
        "alg": ES256,
        "x5c": list(chain),
        "sig": certification.signature,
        "certInfo": certification.certify_info,
        "pubArea": certification.public_area,
    }
