"""Makers of attestation statements, honest unless told otherwise, for the tests that refuse them.

Each maker takes a passkey and a challenge and returns a RegistrationResponseJSON.
The private keys are the tests' own, and nobody trusts the certificates.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1, sha256
from typing import Any, TypeAlias
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID
from keystead_core.cose import ES256, RS1, RS256
from keystead_core.cose.algorithms import PublicKey
from keystead_core.wire import CborValue

from keystead_testkit.soft_passkey import Json, Lies, PrivateKey, SoftPasskey, attestation_object, new_private_key

Statement: TypeAlias = dict[int | str | bytes, CborValue]

AAGUID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.45724.1.1.4")
ANDROID_EXTENSION = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.1.17")
APPLE_EXTENSION = x509.ObjectIdentifier("1.2.840.113635.100.8.2")

PACKED_SUBJECT: Mapping[x509.ObjectIdentifier, str] = {
    NameOID.COUNTRY_NAME: "AA",
    NameOID.ORGANIZATION_NAME: "Keystead's tests",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "Authenticator Attestation",
    NameOID.COMMON_NAME: "An authenticator",
}


@dataclass(frozen=True, slots=True)
class Extension:
    value: x509.ExtensionType
    critical: bool = False


def raw_extension(oid: x509.ObjectIdentifier, der: bytes, *, critical: bool = False) -> Extension:
    return Extension(x509.UnrecognizedExtension(oid, der), critical)


def aaguid_extension(aaguid: UUID, *, critical: bool = False) -> Extension:
    return raw_extension(AAGUID_EXTENSION, der(0x04, aaguid.bytes), critical=critical)


NOT_AN_AUTHORITY = Extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
AN_AUTHORITY = Extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)


def certificate(
    key: PublicKey,
    *,
    subject: Mapping[x509.ObjectIdentifier, str] = PACKED_SUBJECT,
    extensions: tuple[Extension, ...] = (NOT_AN_AUTHORITY,),
) -> bytes:
    """Return a certificate for *key* in DER, issued by nobody in particular."""
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(oid, value) for oid, value in subject.items()]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Nobody in particular")]))
        .public_key(key)
        .serial_number(1)
        .not_valid_before(datetime(2024, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2064, 1, 1, tzinfo=UTC))
    )
    for extension in extensions:
        builder = builder.add_extension(extension.value, critical=extension.critical)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()).public_bytes(Encoding.DER)


def der(tag: int, content: bytes) -> bytes:
    """Return one DER element."""
    size = len(content)
    length = bytes([size]) if size < 0x80 else bytes([0x82]) + size.to_bytes(2, "big")
    if 0x80 <= size < 0x100:
        length = bytes([0x81, size])
    return bytes([tag]) + length + content


def registration(
    passkey: SoftPasskey,
    challenge: bytes,
    attestation_format: str,
    make: Callable[[bytes, bytes], CborValue],
    **lies: Any,
) -> Json:
    """Register with the statement that *make* returns for authenticator data and client data hash."""
    told = Lies(**lies)
    client_data = passkey.client_data("webauthn.create", challenge, told)
    data = passkey.attested_data(told)
    statement = make(data, sha256(client_data).digest())
    return passkey.registration(client_data, attestation_object(attestation_format, statement, data), told)


def packed(
    passkey: SoftPasskey,
    *,
    subject: Mapping[x509.ObjectIdentifier, str] = PACKED_SUBJECT,
    extensions: tuple[Extension, ...] | None = None,
    key: PrivateKey | None = None,
    **members: CborValue,
) -> Callable[[bytes, bytes], Statement]:
    """§8.2 with a certificate; *members* are put in place of the statement's own."""
    signing_key = key or ec.generate_private_key(ec.SECP256R1())
    held = (NOT_AN_AUTHORITY, aaguid_extension(passkey.aaguid)) if extensions is None else extensions
    encoded = certificate(signing_key.public_key(), subject=subject, extensions=held)

    def make(data: bytes, client_data_hash: bytes) -> Statement:
        signature = _ecdsa(signing_key, data + client_data_hash)
        return _replaced({"alg": ES256, "sig": signature, "x5c": [encoded]}, members)

    return make


def fido_u2f(
    passkey: SoftPasskey, *, key: PrivateKey | None = None, copies: int = 1
) -> Callable[[bytes, bytes], Statement]:
    """§8.6; *copies* of the certificate in x5c."""
    signing_key = key or ec.generate_private_key(ec.SECP256R1())
    encoded = certificate(signing_key.public_key())

    def make(data: bytes, client_data_hash: bytes) -> Statement:
        public = passkey.private_key.public_key()
        point = public.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        signed = b"\x00" + data[:32] + client_data_hash + passkey.credential_id + point
        return {"sig": _ecdsa(signing_key, signed), "x5c": [encoded] * copies}

    return make


def apple(
    passkey: SoftPasskey, *, nonce: bytes | None = None, key: PublicKey | None = None
) -> Callable[[bytes, bytes], Statement]:
    """§8.8; with another *nonce* or about another *key* if told."""

    def make(data: bytes, client_data_hash: bytes) -> Statement:
        told = sha256(data + client_data_hash).digest() if nonce is None else nonce
        held = raw_extension(APPLE_EXTENSION, der(0x30, der(0xA1, der(0x04, told))))
        about = key or passkey.private_key.public_key()
        return {"x5c": [certificate(about, extensions=(NOT_AN_AUTHORITY, held))]}

    return make


SIGN_ONLY = der(0xA1, der(0x31, der(0x02, b"\x02")))
SIGN_AND_DECRYPT = der(0xA1, der(0x31, der(0x02, b"\x01") + der(0x02, b"\x02")))
ALL_APPLICATIONS = b"\xbf\x84\x58\x02\x05\x00"
GENERATED = b"\xbf\x85\x3e\x03\x02\x01\x00"
IMPORTED = b"\xbf\x85\x3e\x03\x02\x01\x02"


def android_key(
    passkey: SoftPasskey,
    *,
    challenge_hash: bytes | None = None,
    software: bytes = b"",
    tee: bytes = SIGN_ONLY + GENERATED,
    about: PrivateKey | None = None,
    described: bool = True,
    **members: CborValue,
) -> Callable[[bytes, bytes], Statement]:
    """§8.4; *software* and *tee* are the contents of the two authorisation lists."""
    key = about or passkey.private_key

    def make(data: bytes, client_data_hash: bytes) -> Statement:
        told = client_data_hash if challenge_hash is None else challenge_hash
        description = der(
            0x30,
            der(0x02, b"\x04")
            + der(0x0A, b"\x01")
            + der(0x02, b"\x29")
            + der(0x0A, b"\x01")
            + der(0x04, told)
            + der(0x04, b"")
            + der(0x30, software)
            + der(0x30, tee),
        )
        held = (NOT_AN_AUTHORITY, *((raw_extension(ANDROID_EXTENSION, description),) if described else ()))
        encoded = certificate(key.public_key(), extensions=held)
        signature = _ecdsa(key, data + client_data_hash)
        return _replaced({"alg": ES256, "sig": signature, "x5c": [encoded]}, members)

    return make


AIK_NAMES = Extension(
    x509.SubjectAlternativeName(
        [
            x509.DirectoryName(
                x509.Name(
                    [
                        x509.NameAttribute(x509.ObjectIdentifier("2.23.133.2.1"), "id:4B455953"),
                        x509.NameAttribute(x509.ObjectIdentifier("2.23.133.2.2"), "A TPM"),
                        x509.NameAttribute(x509.ObjectIdentifier("2.23.133.2.3"), "id:00000001"),
                    ]
                )
            )
        ]
    ),
    critical=True,
)
AIK_USAGE = Extension(x509.ExtendedKeyUsage([x509.ObjectIdentifier("2.23.133.8.3")]))


def tpm(
    passkey: SoftPasskey,
    *,
    algorithm: int = ES256,
    subject: Mapping[x509.ObjectIdentifier, str] | None = None,
    extensions: tuple[Extension, ...] | None = None,
    area: bytes | None = None,
    magic: int = 0xFF544347,
    kind: int = 0x8017,
    extra_data: bytes | None = None,
    name: bytes | None = None,
    after_cert_info: bytes = b"",
    wrap_signature: bool = False,
    **members: CborValue,
) -> Callable[[bytes, bytes], Statement]:
    """§8.3; *wrap_signature* sends it as a TPMT_SIGNATURE, as the letter of the text has it."""
    aik = new_private_key(RS256 if algorithm == RS1 else algorithm)
    held = (
        (NOT_AN_AUTHORITY, AIK_NAMES, AIK_USAGE, aaguid_extension(passkey.aaguid)) if extensions is None else extensions
    )
    encoded = certificate(aik.public_key(), subject=subject or {}, extensions=held)
    public_area = tpm_public_area(passkey.private_key.public_key()) if area is None else area

    def make(data: bytes, client_data_hash: bytes) -> Statement:
        bound = (sha1 if algorithm == RS1 else sha256)(data + client_data_hash).digest()
        certified = b"\x00\x0b" + sha256(public_area).digest() if name is None else name
        cert_info = (
            magic.to_bytes(4, "big")
            + kind.to_bytes(2, "big")
            + _sized(b"\x00\x0b" + bytes(32))
            + _sized(bound if extra_data is None else extra_data)
            + bytes(17 + 8)
            + _sized(certified)
            + _sized(b"\x00\x0b" + bytes(32))
            + after_cert_info
        )
        signature = _aik_signature(aik, algorithm, cert_info)
        if wrap_signature:
            signature = _tpmt_signature(aik, signature)
        statement: Statement = {"ver": "2.0", "alg": algorithm, "x5c": [encoded], "sig": signature}
        return _replaced({**statement, "certInfo": cert_info, "pubArea": public_area}, members)

    return make


def tpm_public_area(key: PublicKey, *, name_algorithm: int = 0x000B, after: bytes = b"") -> bytes:
    """Return a TPMT_PUBLIC: fixedTPM, fixedParent, sensitiveDataOrigin, userWithAuth, sign."""
    attributes = (1 << 1 | 1 << 4 | 1 << 5 | 1 << 6 | 1 << 18).to_bytes(4, "big")
    null = b"\x00\x10"
    if isinstance(key, rsa.RSAPublicKey):
        modulus = key.public_numbers().n.to_bytes(key.key_size // 8, "big")
        kind, rest = 1, null + null + key.key_size.to_bytes(2, "big") + bytes(4) + _sized(modulus)
    else:
        point = key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)[1:]
        size = len(point) // 2
        kind, rest = 0x23, null + null + b"\x00\x03" + null + _sized(point[:size]) + _sized(point[size:])
    return kind.to_bytes(2, "big") + name_algorithm.to_bytes(2, "big") + attributes + _sized(b"") + rest + after


def _replaced(statement: Statement, members: Mapping[str, CborValue]) -> Statement:
    for name, value in members.items():
        statement[name] = value
    return statement


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _ecdsa(key: PrivateKey, data: bytes) -> bytes:
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise TypeError("this statement is signed with an EC key")
    return key.sign(data, ec.ECDSA(hashes.SHA256()))


def _aik_signature(aik: PrivateKey, algorithm: int, data: bytes) -> bytes:
    if not isinstance(aik, rsa.RSAPrivateKey):
        return _ecdsa(aik, data)
    digest = hashes.SHA1() if algorithm == RS1 else hashes.SHA256()
    return aik.sign(data, padding.PKCS1v15(), digest)


def _tpmt_signature(aik: PrivateKey, signature: bytes) -> bytes:
    if isinstance(aik, rsa.RSAPrivateKey):
        return b"\x00\x14\x00\x0b" + _sized(signature)
    r, s = decode_dss_signature(signature)
    return b"\x00\x18\x00\x0b" + _sized(r.to_bytes(32, "big")) + _sized(s.to_bytes(32, "big"))
