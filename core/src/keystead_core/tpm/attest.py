"""What a TPM attests: TPMS_ATTEST (TPM 2.0 Library, Part 2, 10.12.8) for TPM2_Certify.

The bytes are signed by an attestation key. Parsing says what they claim; that a
TPM made them is known only once their signature has been checked.
"""

from dataclasses import dataclass

from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.wire import BadLength, Reader

TPM_GENERATED_VALUE = 0xFF544347
"""Part 2, 6.2: '0xFF "TCG"'. A restricted key signs nothing from outside that begins so."""

TPM_ST_ATTEST_CERTIFY = 0x8017

_CLOCK_INFO_BYTES = 8 + 4 + 4 + 1
_FIRMWARE_VERSION_BYTES = 8


@dataclass(frozen=True, slots=True)
class CertifyAttestation:
    """TPMS_ATTEST about one loaded key.

    Attributes:
        raw: the bytes as received; the signature covers these.
        extra_data: what the caller gave the TPM to bind: the qualifying data.
        name: the certified key's Name.
        qualified_signer, qualified_name: names with their parents in them.
    """

    raw: bytes
    qualified_signer: bytes
    extra_data: bytes
    name: bytes
    qualified_name: bytes


def parse_certify(raw: bytes) -> CertifyAttestation:
    """Read a TPMS_ATTEST made by TPM2_Certify to its last byte; raises TpmStructureInvalid."""
    try:
        reader = Reader(raw)
        magic, kind = reader.u32(), reader.u16()
        if magic != TPM_GENERATED_VALUE:
            raise TpmStructureInvalid("magic is not TPM_GENERATED_VALUE")
        if kind != TPM_ST_ATTEST_CERTIFY:
            raise TpmStructureInvalid("type is not TPM_ST_ATTEST_CERTIFY")
        qualified_signer, extra_data = reader.sized(), reader.sized()
        # WebAuthn §8.3: "qualifiedSigner, clockInfo and firmwareVersion are ignored."
        reader.take(_CLOCK_INFO_BYTES + _FIRMWARE_VERSION_BYTES)
        name, qualified_name = reader.sized(), reader.sized()
        reader.finish()
    except BadLength as error:
        raise TpmStructureInvalid(f"TPMS_ATTEST: {error}") from None
    return CertifyAttestation(raw, qualified_signer, extra_data, name, qualified_name)
