"""What attestation certificates must hold (WebAuthn L3 §8.2.1, §8.3.1).

The chain above them, and the dates, are judged elsewhere.
"""

from uuid import UUID

from cryptography import x509
from cryptography.x509.oid import NameOID

from keystead_core.webauthn.errors import AttestationInvalid
from keystead_core.wire import decode_der
from keystead_core.wire.der import OCTET_STRING

ID_FIDO_GEN_CE_AAGUID = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
TCG_KP_AIK_CERTIFICATE = x509.ObjectIdentifier("2.23.133.8.3")
_TPM_MANUFACTURER, _TPM_MODEL, _TPM_VERSION = (x509.ObjectIdentifier(f"2.23.133.2.{part}") for part in (1, 2, 3))


def extension_value(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> bytes | None:
    """Return the DER inside an extension that nobody has a class for, or None if it is absent."""
    extension = _extension(certificate, oid)
    return None if extension is None else extension.value.public_bytes()


def check_packed(attestation_format: str, certificate: x509.Certificate, aaguid: UUID) -> None:
    """§8.2.1, "Certificate Requirements for Packed Attestation Statements"."""
    _check_version(attestation_format, certificate)
    subject = certificate.subject
    # §8.2.1: "Subject-C: ISO 3166 code specifying the country where the Authenticator vendor is incorporated"
    country = _only(subject, NameOID.COUNTRY_NAME)
    if country is None or len(country) != 2 or not country.isalpha():
        raise AttestationInvalid(attestation_format, "the certificate's subject has no country")
    # §8.2.1: "Subject-O: Legal name of the Authenticator vendor"
    if not _only(subject, NameOID.ORGANIZATION_NAME):
        raise AttestationInvalid(attestation_format, "the certificate's subject has no organisation")
    # §8.2.1: "Subject-OU: Literal string “Authenticator Attestation”"
    if _only(subject, NameOID.ORGANIZATIONAL_UNIT_NAME) != "Authenticator Attestation":
        raise AttestationInvalid(attestation_format, 'the certificate\'s unit is not "Authenticator Attestation"')
    # §8.2.1: "Subject-CN: A UTF8String of the vendor's choosing"
    if not _only(subject, NameOID.COMMON_NAME):
        raise AttestationInvalid(attestation_format, "the certificate's subject has no common name")
    _check_not_ca(attestation_format, certificate)
    check_aaguid(attestation_format, certificate, aaguid)


def check_tpm_aik(attestation_format: str, certificate: x509.Certificate, aaguid: UUID) -> None:
    """§8.3.1, "TPM Attestation Statement Certificate Requirements"."""
    _check_version(attestation_format, certificate)
    # "Subject field MUST be set to empty."
    if len(certificate.subject.rdns):
        raise AttestationInvalid(attestation_format, "the certificate's subject is not empty")
    # §8.3.1: "The Subject Alternative Name extension MUST be set as defined in [TPMv2-EK-Profile] section 3.2.9."
    _check_tpm_names(attestation_format, certificate)
    # "The Extended Key Usage extension MUST contain the OID 2.23.133.8.3"
    usage = certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    if TCG_KP_AIK_CERTIFICATE not in usage:
        raise AttestationInvalid(attestation_format, "the certificate is not for a TPM attestation key")
    _check_not_ca(attestation_format, certificate)
    check_aaguid(attestation_format, certificate, aaguid)


def check_aaguid(attestation_format: str, certificate: x509.Certificate, aaguid: UUID) -> None:
    """If the certificate names a model, it must be the one the authenticator data name.

    Without this, any key certified under a vendor's root may claim to be any
    of its models, and an allow-list of AAGUIDs means nothing.
    """
    extension = _extension(certificate, ID_FIDO_GEN_CE_AAGUID)
    if extension is None:
        return
    # "The extension MUST NOT be marked as critical."
    if extension.critical:
        raise AttestationInvalid(attestation_format, "the AAGUID extension is critical")
    # "the AAGUID MUST be wrapped in two OCTET STRINGS to be valid."
    value = decode_der(extension.value.public_bytes()).expect(OCTET_STRING).content
    if value != aaguid.bytes:
        raise AttestationInvalid(attestation_format, "the certificate names another AAGUID")


def _check_version(attestation_format: str, certificate: x509.Certificate) -> None:
    # "Version MUST be set to 3"
    if certificate.version is not x509.Version.v3:
        raise AttestationInvalid(attestation_format, "the certificate's version is not 3")


def _check_not_ca(attestation_format: str, certificate: x509.Certificate) -> None:
    # "The Basic Constraints extension MUST have the CA component set to false."
    if certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise AttestationInvalid(attestation_format, "the certificate is an authority's")


def _check_tpm_names(attestation_format: str, certificate: x509.Certificate) -> None:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    directory = names.get_values_for_type(x509.DirectoryName)
    for oid, what in (
        (_TPM_MANUFACTURER, "manufacturer"),
        (_TPM_MODEL, "model"),
        (_TPM_VERSION, "version"),
    ):
        if not any(_only(name, oid) for name in directory):
            raise AttestationInvalid(attestation_format, f"the certificate names no TPM {what}")


def _only(name: x509.Name, oid: x509.ObjectIdentifier) -> str | None:
    """Return the attribute's value if it is there exactly once."""
    values = [attribute.value for attribute in name.get_attributes_for_oid(oid)]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else None


def _extension(certificate: x509.Certificate, oid: x509.ObjectIdentifier) -> x509.Extension[x509.ExtensionType] | None:
    return next((extension for extension in certificate.extensions if extension.oid == oid), None)
