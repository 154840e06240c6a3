"""A TPM in software that tells the truth about nothing unless asked to: for tests of the server.

SoftTpm     an endorsement key, an attestation key, ActivateCredential and Certify; each can be made to lie
TpmMaker    who certifies endorsement keys

The real thing, in a process of its own, is `software_tpm`. ActivateCredential is written here from the
specification (part 1, annex B.10.4 and C.6.4), so that it is a second opinion on the server's MakeCredential.
"""

import hmac
from dataclasses import dataclass, replace
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms
from cryptography.hazmat.primitives.serialization import Encoding
from keystead_core.tpm import endorsement
from keystead_core.wire import CborValue

from keystead_testkit.attesters import AIK_NAMES, tpm_public_area
from keystead_testkit.authority import EARLY, LATE, Authority
from keystead_testkit.soft_passkey import SoftPasskey

Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
TCG_KP_EK_CERTIFICATE = x509.ObjectIdentifier("2.23.133.8.1")


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(2, "big") + data


def _point(key: ec.EllipticCurvePrivateKey) -> bytes:
    numbers = key.public_key().public_numbers()
    return _sized(numbers.x.to_bytes(32, "big")) + _sized(numbers.y.to_bytes(32, "big"))


def _kdf_a(key: bytes, label: bytes, context: bytes, bits: int) -> bytes:
    message = (1).to_bytes(4, "big") + label + b"\0" + context + bits.to_bytes(4, "big")
    return hmac.digest(key, message, "sha256")[: bits // 8]


@dataclass(frozen=True, slots=True)
class SoftTpm:
    """Attributes:
    ek, ak: its endorsement and attestation keys.
    certificate: DER, of the endorsement key; None for a TPM without one.
    """

    ek: Key
    ak: ec.EllipticCurvePrivateKey
    certificate: bytes | None = None

    @classmethod
    def new(cls, maker: "TpmMaker | None" = None, *, is_rsa: bool = False) -> "SoftTpm":
        ek: Key = rsa.generate_private_key(65537, 2048) if is_rsa else ec.generate_private_key(ec.SECP256R1())
        certificate = None if maker is None else maker.certify(ek)
        return cls(ek, ec.generate_private_key(ec.SECP256R1()), certificate)

    def with_new_attestation_key(self) -> "SoftTpm":
        return replace(self, ak=ec.generate_private_key(ec.SECP256R1()))

    @property
    def endorsement_public(self) -> bytes:
        if isinstance(self.ek, rsa.RSAPrivateKey):
            modulus = self.ek.public_key().public_numbers().n.to_bytes(256, "big")
            return endorsement.rsa_endorsement_key()[:-258] + _sized(modulus)
        return endorsement.p256_endorsement_key()[:-68] + _point(self.ek)

    @property
    def attestation_public(self) -> bytes:
        return endorsement.attestation_key()[:-4] + _point(self.ak)

    @property
    def attestation_name(self) -> bytes:
        return b"\x00\x0b" + sha256(self.attestation_public).digest()

    def activate(self, credential_blob: bytes, encrypted_seed: bytes, *, name: bytes | None = None) -> bytes | None:
        """The secret; None when it was made for another endorsement or attestation key."""
        name = name or self.attestation_name
        seed = self._seed(encrypted_seed)
        if seed is None:
            return None
        size = int.from_bytes(credential_blob[:2], "big")
        integrity, identity = credential_blob[2 : 2 + size], credential_blob[2 + size :]
        expected = hmac.digest(_kdf_a(seed, b"INTEGRITY", b"", 256), identity + name, "sha256")
        if not hmac.compare_digest(integrity, expected):
            return None
        key = _kdf_a(seed, b"STORAGE", name, 128)
        decryptor = Cipher(algorithms.AES(key), CFB(bytes(16))).decryptor()
        return decryptor.update(identity)[2:]

    def _seed(self, encrypted: bytes) -> bytes | None:
        if isinstance(self.ek, rsa.RSAPrivateKey):
            oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), b"IDENTITY\0")
            try:
                return self.ek.decrypt(encrypted, oaep)
            except ValueError:
                return None
        x, y = encrypted[2:34], encrypted[36:68]
        numbers = ec.EllipticCurvePublicNumbers(int.from_bytes(x, "big"), int.from_bytes(y, "big"), ec.SECP256R1())
        shared = self.ek.exchange(ec.ECDH(), numbers.public_key())
        own_x = self.ek.public_key().public_numbers().x.to_bytes(32, "big")
        return sha256((1).to_bytes(4, "big") + shared + b"IDENTITY\0" + x + own_x).digest()

    def attest(
        self,
        passkey: SoftPasskey,
        chain: list[bytes],
        *,
        extra_data: bytes | None = None,
        attributes: int | None = None,
    ) -> "Attester":
        """A `tpm` statement about *passkey*, under certificates that a server issued for the attestation key."""
        return Attester(self, passkey, chain, extra_data, attributes)


@dataclass(frozen=True, slots=True)
class Attester:
    """Makes the statement once it is known what is registered; as SoftPasskey wants it."""

    tpm: SoftTpm
    passkey: SoftPasskey
    chain: list[bytes]
    extra_data: bytes | None
    attributes: int | None

    def __call__(self, data: bytes, client_data_hash: bytes) -> dict[int | str | bytes, CborValue]:
        area = tpm_public_area(self.passkey.private_key.public_key())
        if self.attributes is not None:
            area = area[:4] + self.attributes.to_bytes(4, "big") + area[8:]
        bound = sha256(data + client_data_hash).digest() if self.extra_data is None else self.extra_data
        cert_info = (
            (0xFF544347).to_bytes(4, "big")
            + (0x8017).to_bytes(2, "big")
            + _sized(b"\x00\x0b" + bytes(32))
            + _sized(bound)
            + bytes(17 + 8)
            + _sized(b"\x00\x0b" + sha256(area).digest())
            + _sized(b"\x00\x0b" + bytes(32))
        )
        signature = self.tpm.ak.sign(cert_info, ec.ECDSA(hashes.SHA256()))
        certificates: list[CborValue] = [*self.chain]
        return {
            "ver": "2.0", "alg": -7, "x5c": certificates, "sig": signature, "certInfo": cert_info, "pubArea": area,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class TpmMaker:
    root: Authority

    @classmethod
    def new(cls) -> "TpmMaker":
        return cls(Authority.root("A TPM maker's root"))

    def certify(
        self,
        ek: Key,
        *,
        names: x509.ExtensionType = AIK_NAMES.value,
        usage: x509.ObjectIdentifier | None = TCG_KP_EK_CERTIFICATE,
        ca: bool = False,
    ) -> bytes:
        builder = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(self.root.certificate.subject)
            .public_key(ek.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(EARLY)
            .not_valid_after(LATE)
            .add_extension(names, critical=True)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
        )
        if usage is not None:
            builder = builder.add_extension(x509.ExtendedKeyUsage([usage]), critical=False)
        return builder.sign(self.root.key, hashes.SHA256()).public_bytes(Encoding.DER)
