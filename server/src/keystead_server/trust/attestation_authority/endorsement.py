"""Endorsement certificates: what a TPM's maker says of it (TCG EK Credential Profile 2.5, section 3).

The certificate is believed when it chains to one that the operator keeps in a folder. It must be
for an endorsement key: a maker's root may certify other keys too, and one of those can lie in a file.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from keystead_server.domain.device import TpmFacts, fits_a_certificate
from keystead_server.ports.attestation import EndorsementCertificateInvalid, PublicKey
from keystead_server.trust.chains import verified_chain
from keystead_server.trust.roots import read_roots

TCG_KP_EK_CERTIFICATE = x509.ObjectIdentifier("2.23.133.8.1")
TPM_MANUFACTURER, TPM_MODEL, TPM_VERSION = (x509.ObjectIdentifier(f"2.23.133.2.{part}") for part in (1, 2, 3))

# Certificates are parsed bit by bit as they are asked, so any question may find the malformed part.
_MALFORMED = (
    ValueError,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class MakersFolder:
    """The TpmMakers port over certificates that the operator chose.

    A certificate in the folder need not have signed itself: TPMs rarely bring the ones between.
    """

    def __init__(self, trusted: Sequence[x509.Certificate]) -> None:
        self._trusted = tuple(trusted)

    @classmethod
    def read(cls, folder: Path | None) -> "MakersFolder":
        """Raises RootsUnreadable."""
        return cls([certificate for found in read_roots(folder).values() for certificate in found])

    def certified(self, certificate: bytes, key: PublicKey, *, now: datetime) -> TpmFacts | None:
        try:
            parsed = x509.load_der_x509_certificate(certificate)
            facts = _facts(parsed, key)
        except _MALFORMED as error:
            raise EndorsementCertificateInvalid(str(error)) from None
        chain = verified_chain(self._trusted, [parsed], now=now, any_is_an_end=True)
        # Alone in the chain it would be its own authority: an endorsement certificate in the folder is one TPM's.
        return None if chain is None or len(chain) < 2 else facts


def _facts(certificate: x509.Certificate, key: PublicKey) -> TpmFacts:
    if _spki(certificate.public_key()) != _spki(key):
        raise EndorsementCertificateInvalid("it is for another key than the one that came with it")
    extensions = certificate.extensions
    # 3.2.16: "The EK Certificate ... MUST contain ... tcg-kp-EKCertificate".
    if TCG_KP_EK_CERTIFICATE not in extensions.get_extension_for_class(x509.ExtendedKeyUsage).value:
        raise EndorsementCertificateInvalid("it is not for an endorsement key")
    if extensions.get_extension_for_class(x509.BasicConstraints).value.ca:
        raise EndorsementCertificateInvalid("it is an authority's")
    names = extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    directory = names.get_values_for_type(x509.DirectoryName)
    facts = TpmFacts(*(_only(directory, oid) for oid in (TPM_MANUFACTURER, TPM_MODEL, TPM_VERSION)))
    if not fits_a_certificate(facts):
        raise EndorsementCertificateInvalid("it does not say which TPM it is for")
    return facts


def _only(names: Iterable[x509.Name], oid: x509.ObjectIdentifier) -> str:
    values = [attribute.value for name in names for attribute in name.get_attributes_for_oid(oid)]
    return values[0] if len(values) == 1 and isinstance(values[0], str) else ""


def _spki(key: object) -> bytes:
    if not isinstance(key, PublicKey):
        raise EndorsementCertificateInvalid("it is for a key of a kind that no endorsement key is")
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
