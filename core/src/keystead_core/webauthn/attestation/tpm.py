"""Format `tpm` (WebAuthn L3 §8.3): a TPM certifies a key that lives in it.

The attestation key signs `certInfo`; `certInfo` names the key and carries the
hash of what is registered; `pubArea` is the key of that name.
"""

from cryptography import x509
from cryptography.hazmat.primitives.hashes import Hash
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keystead_core.cose import RS1, TPM_AIK_ALGORITHMS, verify_with_certificate
from keystead_core.cose.errors import SignatureInvalid
from keystead_core.tpm.attest import CertifyAttestation, parse_certify
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.structures import PublicArea, parse_public_area, parse_signature
from keystead_core.webauthn.attestation.certificates import check_tpm_aik
from keystead_core.webauthn.attestation.statement import (
    AttestationSubject,
    Fields,
    VerifiedAttestation,
    algorithm,
    certificates,
    fields,
    octets,
    refusals,
)
from keystead_core.webauthn.errors import AttestationInvalid, AttestationReplayed
from keystead_core.wire import CborValue

FORMAT = "tpm"


def verify(statement: CborValue, subject: AttestationSubject) -> VerifiedAttestation:
    members = fields(FORMAT, statement)
    # The syntax has 'ver: "2.0"' and nothing else.
    if members.get("ver") != "2.0":
        raise AttestationInvalid(FORMAT, "ver is not 2.0")
    with refusals(FORMAT):
        area = parse_public_area(octets(FORMAT, members, "pubArea"))
        _check_same_key(area, subject)
        chain, number = certificates(FORMAT, members), algorithm(FORMAT, members)
        certify = _signed_attestation(members, chain[0], number, subject)
        _check_attestation(certify, area, number, subject)
    legacy = frozenset({"rs1"}) if number == RS1 else frozenset[str]()
    return VerifiedAttestation(FORMAT, "attca", chain, legacy, aaguid_attested=True, tpm_key=area)


def _check_same_key(area: PublicArea, subject: AttestationSubject) -> None:
    # "Verify that the public key specified by the parameters and unique fields of pubArea is identical
    # to the credentialPublicKey in the attestedCredentialData in authenticatorData."
    held = area.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if held != subject.public_key.subject_public_key_info():
        raise AttestationInvalid(FORMAT, "pubArea holds another key than the credential's")


def _signed_attestation(
    members: Fields, certificate: x509.Certificate, number: int, subject: AttestationSubject
) -> CertifyAttestation:
    # "Verify that aikCert meets the requirements in §8.3.1"; "If aikCert contains an extension with OID
    # 1.3.6.1.4.1.45724.1.1.4 (id-fido-gen-ce-aaguid) verify that the value of this extension matches
    # the aaguid in authenticatorData."
    check_tpm_aik(FORMAT, certificate, subject.attested.aaguid)
    # "Verify the sig is a valid signature over certInfo using the attestation public key in aikCert
    # with the algorithm specified in alg."
    cert_info, signature = octets(FORMAT, members, "certInfo"), octets(FORMAT, members, "sig")
    try:
        verify_with_certificate(certificate, number, signature, cert_info, accepted=TPM_AIK_ALGORITHMS)
    except SignatureInvalid:
        # §8.3: 'sig: The attestation signature, in the form of a TPMT_SIGNATURE structure'. Every
        # authenticator and the W3C's own vector send it as COSE would; both forms are the same proof.
        bare = _from_tpmt_signature(signature)
        verify_with_certificate(certificate, number, bare, cert_info, accepted=TPM_AIK_ALGORITHMS)
    return parse_certify(cert_info)


def _from_tpmt_signature(signature: bytes) -> bytes:
    try:
        return parse_signature(signature)
    except TpmStructureInvalid:
        raise AttestationInvalid(FORMAT, "sig is not the attestation key's signature") from None


def _check_attestation(certify: CertifyAttestation, area: PublicArea, number: int, subject: AttestationSubject) -> None:
    # "Verify that magic is set to TPM_GENERATED_VALUE."; "Verify that type is set to
    # TPM_ST_ATTEST_CERTIFY.": `parse_certify`.
    # "Verify that extraData is set to the hash of attToBeSigned using the hash algorithm employed in alg."
    digest = Hash(TPM_AIK_ALGORITHMS[number].hash)
    digest.update(subject.signed_bytes)
    if certify.extra_data != digest.finalize():
        raise AttestationReplayed(FORMAT, "extraData is not the hash of what is registered")
    # "Verify that attested contains a TPMS_CERTIFY_INFO structure ... whose name field contains a valid
    # Name for pubArea".
    if certify.name != area.name:
        raise AttestationInvalid(FORMAT, "the certified name is not pubArea's")
