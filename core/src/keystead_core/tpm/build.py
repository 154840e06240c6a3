"""Public areas of the objects we ask a TPM to make, and what we read back from them.

storage_root_key   the parent of everything; made from the owner seed, so always the same
signing_key        P-256 for ECDSA, usable with its authValue
hmac_key           HMAC-SHA-256, usable with its authValue
sealed             up to 128 bytes, handed out to who knows its authValue or meets its policy
external_key       somebody else's P-256 key, of which the TPM gets the public half
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from keystead_core.tpm.codes import NIST_P256, Algorithm, Attribute
from keystead_core.tpm.faults import ResponseMalformed
from keystead_core.tpm.marshal import sized, u16, u32
from keystead_core.wire.errors import BadLength
from keystead_core.wire.reader import Reader

_NULL: Final = u16(Algorithm.NULL)
_AES_128_CFB: Final = u16(Algorithm.AES) + u16(128) + u16(Algorithm.CFB)

BOUND_HERE: Final = Attribute.FIXED_TPM | Attribute.FIXED_PARENT


def name(public: bytes) -> bytes:
    """The Name of an object: the hash of its public area, after the hash's algorithm."""
    return u16(Algorithm.SHA256) + sha256(public).digest()


def storage_root_key() -> bytes:
    """TPMT_PUBLIC of the ECC P-256 storage root key (TCG provisioning guidance, table 7's shape)."""
    attributes = (
        BOUND_HERE
        | Attribute.SENSITIVE_DATA_ORIGIN
        | Attribute.USER_WITH_AUTH
        | Attribute.NO_DA
        | Attribute.RESTRICTED
        | Attribute.DECRYPT
    )
    return _p256(attributes, policy=b"", symmetric=_AES_128_CFB)


def signing_key() -> bytes:
    """TPMT_PUBLIC of a P-256 key that was made in this TPM, cannot leave it, and signs with its authValue.

    The authValue is 256 random bits: there is nothing to guess, so the chip's counter has no part in it
    and a chip that is locked by somebody else's typing still signs.
    """
    attributes = BOUND_HERE | Attribute.SENSITIVE_DATA_ORIGIN | Attribute.USER_WITH_AUTH | Attribute.NO_DA
    return _p256(attributes | Attribute.SIGN, policy=b"", symmetric=_NULL)


def hmac_key() -> bytes:
    """TPMT_PUBLIC of an HMAC-SHA-256 key that was made in this TPM, cannot leave it, and works with its authValue."""
    attributes = BOUND_HERE | Attribute.SENSITIVE_DATA_ORIGIN | Attribute.USER_WITH_AUTH | Attribute.NO_DA
    head = u16(Algorithm.KEYEDHASH) + u16(Algorithm.SHA256) + u32(attributes | Attribute.SIGN) + sized(b"")
    return head + u16(Algorithm.HMAC) + u16(Algorithm.SHA256) + sized(b"")


def sealed(*, dictionary_attack_protected: bool, policy: bytes = b"") -> bytes:
    """TPMT_PUBLIC of sealed data that is guarded by its authValue, or by *policy* alone if there is one."""
    # ADMIN_WITH_POLICY: else ObjectChangeAuth would try authValues past the policy, and be an oracle.
    attributes = BOUND_HERE | (Attribute.ADMIN_WITH_POLICY if policy else Attribute.USER_WITH_AUTH)
    if not dictionary_attack_protected:
        attributes |= Attribute.NO_DA
    head = u16(Algorithm.KEYEDHASH) + u16(Algorithm.SHA256) + u32(attributes) + sized(policy)
    return head + _NULL + sized(b"")


def external_key(x: bytes, y: bytes) -> bytes:
    """TPMT_PUBLIC of a P-256 key for ECDSA; always the same bytes for the same key, so always the same Name."""
    attributes = Attribute.SIGN | Attribute.USER_WITH_AUTH
    return _p256(attributes, policy=b"", symmetric=_NULL, unique=sized(x) + sized(y))


_NEW: Final = sized(b"") + sized(b"")


def _p256(attributes: Attribute, *, policy: bytes, symmetric: bytes, unique: bytes = _NEW) -> bytes:
    head = u16(Algorithm.ECC) + u16(Algorithm.SHA256) + u32(attributes) + sized(policy)
    scheme, kdf = _NULL, _NULL
    return head + symmetric + scheme + u16(NIST_P256) + kdf + unique


@dataclass(frozen=True, slots=True)
class P256Public:
    """What a TPM said about one of its P-256 keys.

    Attributes:
        x, y: 32 bytes each.
    """

    x: bytes
    y: bytes
    attributes: Attribute


def read_p256(public: bytes) -> P256Public:
    """Read the public area of a P-256 key that was made by one of the templates above.

    Raises:
        ResponseMalformed: it is something else.
    """
    try:
        return _read_p256(public)
    except BadLength as error:
        raise ResponseMalformed(f"public area: {error}") from error


def _read_p256(public: bytes) -> P256Public:
    area = Reader(public)
    if area.u16() != Algorithm.ECC or area.u16() != Algorithm.SHA256:
        raise ResponseMalformed("not an elliptic-curve object with a SHA-256 Name")
    attributes, _policy = Attribute(area.u32()), area.sized()
    if area.u16() != Algorithm.NULL:
        area.take(4)
    if area.u16() != Algorithm.NULL or area.u16() != NIST_P256 or area.u16() != Algorithm.NULL:
        raise ResponseMalformed("not a P-256 key without a scheme")
    x, y = area.sized(), area.sized()
    area.finish()
    # A TPM may drop leading zeros; everybody after us counts on 32 bytes.
    return P256Public(x.rjust(32, b"\0"), y.rjust(32, b"\0"), attributes)
