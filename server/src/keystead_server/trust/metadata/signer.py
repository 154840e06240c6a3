"""Who signed a blob: the certificates in its header, judged at a chosen moment.

FIDO Metadata Service 3, processing rules: "The certificate chain MUST be verified to properly chain to the
metadata BLOB signing trust anchor". That anchor is a root that the operator chose; it has many customers, so
the signer must also be the one we expect. Lists of revoked certificates are not fetched.
"""

import base64
import binascii
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from keystead_server.trust.chains import MAX_CHAIN, verified_chain
from keystead_server.trust.metadata.errors import AnotherSigner, MetadataMalformed, SignerNotTrusted

MINIMUM_RSA_BITS = 2048
_Kind = TypeVar("_Kind", bound=x509.ExtensionType)


def signer_key(
    header: Mapping[str, object], roots: Sequence[x509.Certificate], expected: str, now: datetime
) -> ec.EllipticCurvePublicKey | rsa.RSAPublicKey:
    """The key of whoever is to have signed, once its certificate is believed.

    Raises:
        MetadataMalformed, SignerNotTrusted, AnotherSigner: the first thing that is wrong with it.
    """
    path = _certificates(header)
    try:
        _judge(path, roots, now)
        names = _names(path[0])
        key = path[0].public_key()
    except (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType, UnsupportedAlgorithm) as error:
        raise SignerNotTrusted(f"a certificate of the signer cannot be read: {error}") from None
    if expected.lower() not in (name.lower() for name in names):
        raise AnotherSigner(names, expected)
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= MINIMUM_RSA_BITS:
        return key
    if isinstance(key, ec.EllipticCurvePublicKey):
        return key
    raise SignerNotTrusted("the signer's key is too short, or of a kind that we do not take")


def _certificates(header: Mapping[str, object]) -> list[x509.Certificate]:
    # `x5u` is never followed: it would let whoever wrote the blob send us anywhere.
    written = header.get("x5c")
    if not isinstance(written, list) or not 1 <= len(written) <= MAX_CHAIN:
        raise MetadataMalformed(f"the header has no x5c with 1 to {MAX_CHAIN} certificates")
    try:
        return [x509.load_der_x509_certificate(base64.b64decode(each, validate=True)) for each in written]
    except (TypeError, ValueError, binascii.Error) as error:
        raise MetadataMalformed(f"a certificate in the header cannot be read: {error}") from None


def _judge(path: Sequence[x509.Certificate], roots: Sequence[x509.Certificate], now: datetime) -> None:
    # Names, signatures, dates and path lengths are OpenSSL's to judge.
    chain = verified_chain(roots, path, now=now)
    if chain is None:
        raise SignerNotTrusted("the signer's certificate does not lead to fido_metadata_root, or is not valid now")
    signer, *issuers = chain
    # A root that signs with its own key has no signer that could be replaced.
    if not issuers or _is_authority(signer):
        raise SignerNotTrusted("signed with the key of a certificate authority, not of somebody it vouches for")
    # OpenSSL lets a root without Basic Constraints issue others, if its key usage says so.
    if not all(_is_authority(issuer) for issuer in issuers):
        raise SignerNotTrusted("the signer's certificate was issued by somebody who is no certificate authority")
    usage = _extension(signer, x509.KeyUsage)
    if usage is not None and not usage.digital_signature:
        raise SignerNotTrusted("the signer's certificate is not for signatures")


def _is_authority(certificate: x509.Certificate) -> bool:
    constraints = _extension(certificate, x509.BasicConstraints)
    return constraints is not None and constraints.ca


def _names(certificate: x509.Certificate) -> list[str]:
    alternative = _extension(certificate, x509.SubjectAlternativeName)
    # RFC 6125 §6.4.4: the common name counts only where there is no dNSName.
    dns = [] if alternative is None else alternative.get_values_for_type(x509.DNSName)
    return dns or [str(each.value) for each in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def _extension(certificate: x509.Certificate, kind: type[_Kind]) -> _Kind | None:
    try:
        return certificate.extensions.get_extension_for_class(kind).value
    except x509.ExtensionNotFound:
        return None
