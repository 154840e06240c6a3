"""Endorsement and attestation keys: what a TPM's maker vouched for, and what then vouches for other keys.

endorsement_key      templates of the TCG EK credential profile 2.5: L-1 (RSA), L-2 (P-256)
attestation_key      P-256, restricted: signs what the TPM itself says, and nothing from outside
read_…               the same as a server sees them: refused unless they are exactly that
first_certificate    the certificate in an NV index, without the padding that makers leave behind it
"""

from typing import Final

from keystead_core.tpm import build
from keystead_core.tpm.codes import ENDORSEMENT, NIST_P256, RSA_BITS, Algorithm, Attribute
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.marshal import sized, u16, u32
from keystead_core.tpm.policy import NO_POLICY, after_secret
from keystead_core.tpm.structures import PublicArea, parse_public_area

# "PolicyA": PolicySecret(TPM_RH_ENDORSEMENT).
ENDORSEMENT_POLICY: Final = after_secret(NO_POLICY, u32(ENDORSEMENT))

_ENDORSEMENT_ATTRIBUTES: Final = (
    build.BOUND_HERE
    | Attribute.SENSITIVE_DATA_ORIGIN
    | Attribute.ADMIN_WITH_POLICY
    | Attribute.RESTRICTED
    | Attribute.DECRYPT
)
_ATTESTATION_ATTRIBUTES: Final = (
    build.BOUND_HERE
    | Attribute.SENSITIVE_DATA_ORIGIN
    | Attribute.USER_WITH_AUTH
    | Attribute.NO_DA
    | Attribute.RESTRICTED
    | Attribute.SIGN
)
_NULL: Final = u16(Algorithm.NULL)
_AES_128_CFB: Final = u16(Algorithm.AES) + u16(128) + u16(Algorithm.CFB)
_ECDSA_SHA256: Final = u16(Algorithm.ECDSA) + u16(Algorithm.SHA256)
_DEFAULT_EXPONENT: Final = 0


def rsa_endorsement_key() -> bytes:
    """TPMT_PUBLIC template L-1; its unique field is part of what the key is made from."""
    unique = sized(bytes(RSA_BITS // 8))
    parameters = _AES_128_CFB + _NULL + u16(RSA_BITS) + u32(_DEFAULT_EXPONENT)
    return _head(Algorithm.RSA, _ENDORSEMENT_ATTRIBUTES, ENDORSEMENT_POLICY) + parameters + unique


def p256_endorsement_key() -> bytes:
    """TPMT_PUBLIC template L-2."""
    unique = sized(bytes(32)) + sized(bytes(32))
    parameters = _AES_128_CFB + _NULL + u16(NIST_P256) + _NULL
    return _head(Algorithm.ECC, _ENDORSEMENT_ATTRIBUTES, ENDORSEMENT_POLICY) + parameters + unique


def attestation_key() -> bytes:
    """TPMT_PUBLIC of a restricted P-256 key for ECDSA with SHA-256."""
    unique = sized(b"") + sized(b"")
    parameters = _NULL + _ECDSA_SHA256 + u16(NIST_P256) + _NULL
    return _head(Algorithm.ECC, _ATTESTATION_ATTRIBUTES, b"") + parameters + unique


def _head(kind: Algorithm, attributes: Attribute, policy: bytes) -> bytes:
    return u16(kind) + u16(Algorithm.SHA256) + u32(attributes) + sized(policy)


def read_endorsement_key(public: bytes) -> PublicArea:
    """Raises TpmStructureInvalid unless *public* is a key of one of the two templates."""
    area = parse_public_area(public)
    if area.attributes != _ENDORSEMENT_ATTRIBUTES or area.auth_policy != ENDORSEMENT_POLICY:
        raise TpmStructureInvalid("not an endorsement key of the default template")
    return area


def read_attestation_key(public: bytes) -> PublicArea:
    """Raises TpmStructureInvalid unless *public* signs only what its own TPM says.

    An unrestricted key would sign a TPMS_ATTEST that a program wrote, about a key that a program has.
    """
    area = parse_public_area(public)
    if area.attributes != _ATTESTATION_ATTRIBUTES:
        raise TpmStructureInvalid("not a restricted signing key that was made in its TPM")
    return area


def first_certificate(content: bytes) -> bytes:
    """Return the DER certificate at the start of *content*; raises TpmStructureInvalid if there is none."""
    if len(content) < 4 or content[:2] != b"\x30\x82":
        raise TpmStructureInvalid("no certificate")
    end = 4 + int.from_bytes(content[2:4], "big")
    if end > len(content):
        raise TpmStructureInvalid("a certificate that is cut off")
    return content[:end]
