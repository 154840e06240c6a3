"""What verifying a statement takes and gives, and the fields that statements share.

AttestationSubject    what the statement is about
VerifiedAttestation   what it says, once its format's procedure has agreed
certificates, integer, octets, algorithm    read a statement's fields or raise AttestationInvalid
"""

import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from keystead_core.cose import CoseError, CosePublicKey
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.structures import PublicArea
from keystead_core.webauthn.authenticator_data import AttestedCredentialData, AuthenticatorData
from keystead_core.webauthn.errors import AttestationInvalid
from keystead_core.wire import CborValue, WireError

AttestationKind: TypeAlias = Literal["none", "self", "basic", "attca", "anonca"]
Fields: TypeAlias = Mapping[int | str | bytes, CborValue]

MAX_CERTIFICATES = 8

# Certificates are parsed bit by bit as they are asked, so any question may find the malformed part.
_CERTIFICATE_ERRORS = (
    ValueError,
    x509.InvalidVersion,
    x509.ExtensionNotFound,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


@dataclass(frozen=True, slots=True)
class AttestationSubject:
    """What a statement is about: "authenticatorData and clientDataHash", and the new key."""

    authenticator_data: AuthenticatorData
    attested: AttestedCredentialData
    public_key: CosePublicKey
    client_data_hash: bytes

    @property
    def signed_bytes(self) -> bytes:
        """'the concatenation of authenticatorData and clientDataHash'"""
        return self.authenticator_data.raw + self.client_data_hash


@dataclass(frozen=True, slots=True)
class VerifiedAttestation:
    """A statement whose own procedure agreed; whether its chain is trusted is judged elsewhere.

    Attributes:
        kind: the attestation type. "basic" may in truth be "attca": only
            knowledge from outside tells them apart.
        trust_path: the certificates, the attesting one first; empty for none and self.
        legacy: weaknesses that a policy may refuse: "rs1" for a signature over SHA-1.
        aaguid_attested: the attestation key vouches for the AAGUID.
        tpm_key: the TPM's own description of the key, from a `tpm` statement.
        components: the statements inside a `compound` one, each to be judged.
    """

    format: str
    kind: AttestationKind
    trust_path: tuple[x509.Certificate, ...] = ()
    legacy: frozenset[str] = frozenset()
    aaguid_attested: bool = False
    tpm_key: PublicArea | None = None
    components: tuple["VerifiedAttestation", ...] = ()


Verifier: TypeAlias = Callable[[CborValue, AttestationSubject], VerifiedAttestation]


@contextmanager
def refusals(attestation_format: str) -> Iterator[None]:
    """Let what is wrong with keys, certificates and structures be said as AttestationInvalid."""
    try:
        yield
    except (CoseError, WireError, TpmStructureInvalid, *_CERTIFICATE_ERRORS) as error:
        raise AttestationInvalid(attestation_format, str(error)) from None


def fields(attestation_format: str, statement: CborValue) -> Fields:
    if not isinstance(statement, Mapping):
        raise AttestationInvalid(attestation_format, "the statement is not a map")
    return statement


def octets(attestation_format: str, statement: Fields, name: str) -> bytes:
    value = statement.get(name)
    if not isinstance(value, bytes):
        raise AttestationInvalid(attestation_format, f"{name} is not a byte string")
    return value


def algorithm(attestation_format: str, statement: Fields) -> int:
    value = statement.get("alg")
    if type(value) is not int:
        raise AttestationInvalid(attestation_format, "alg is not a number")
    return value


def certificates(attestation_format: str, statement: Fields) -> tuple[x509.Certificate, ...]:
    """Return x5c: at least one certificate, the attesting one first."""
    chain = statement.get("x5c")
    if not isinstance(chain, list) or not 0 < len(chain) <= MAX_CERTIFICATES:
        raise AttestationInvalid(attestation_format, "x5c is not a short list of certificates")
    return tuple(_certificate(attestation_format, encoded) for encoded in chain)


def _certificate(attestation_format: str, encoded: CborValue) -> x509.Certificate:
    if not isinstance(encoded, bytes):
        raise AttestationInvalid(attestation_format, "x5c holds something that is not a byte string")
    try:
        # The library announces what its later versions will refuse (numbers below one, needless NULLs):
        # until then old authenticators have such certificates, and nobody reads the announcement here.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", CryptographyDeprecationWarning)
            return x509.load_der_x509_certificate(encoded)
    except _CERTIFICATE_ERRORS as error:
        raise AttestationInvalid(attestation_format, f"a certificate does not load: {error}") from None
