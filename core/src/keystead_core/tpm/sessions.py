"""Authorisation sessions (TCG library, part 1, sections 17 to 21): who may, and what stays secret on the bus.

    Salt      a fresh secret, encrypted to the TPM's storage root key
    Session   an HMAC or policy session, with what we and the TPM agreed on
    Use       one session in one command: for which authValue, encrypting what
    Sealed    the command as bytes; opens the answer that belongs to it

The authValue of an object is never sent: it is part of the HMAC's key. What has
to be sent (a new authValue, sealed data) goes through a salted session that
encrypts the first parameter with AES-128-CFB. So who listens on the bus between
processor and chip sees neither a PIN nor anything to try PINs against, unless
they have the private part of the storage root key.
"""

import hmac
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Final, Generic, TypeVar

from cryptography.hazmat.decrepit.ciphers.modes import CFB
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, CipherContext, algorithms

from keystead_core.tpm.build import P256Public
from keystead_core.tpm.codes import PASSWORD, ST_NO_SESSIONS, ST_SESSIONS, SessionUse
from keystead_core.tpm.commands import Answer, Call
from keystead_core.tpm.faults import ResponseMalformed, ResponseNotAuthentic, TpmError
from keystead_core.tpm.kdf import kdf_a, kdf_e
from keystead_core.tpm.marshal import sized, u8, u16, u32
from keystead_core.wire.errors import BadLength
from keystead_core.wire.reader import Reader

T = TypeVar("T")

NONCE_BYTES: Final = 16
MAX_RESPONSE_BYTES: Final = 4096
_HEADER_BYTES: Final = 10


@dataclass(frozen=True, slots=True)
class Salt:
    """What only we and the TPM know, and the form in which it is sent."""

    value: bytes
    encrypted: bytes


def salt_for(root: P256Public, ephemeral: ec.EllipticCurvePrivateKey) -> Salt:
    """Agree on a salt with the holder of *root* (part 1, annex C.6.1: one-pass ECDH, KDFe, label SECRET)."""
    numbers = ec.EllipticCurvePublicNumbers(
        int.from_bytes(root.x, "big"), int.from_bytes(root.y, "big"), ec.SECP256R1()
    )
    shared = ephemeral.exchange(ec.ECDH(), numbers.public_key())
    own = ephemeral.public_key().public_numbers()
    own_x, own_y = own.x.to_bytes(32, "big"), own.y.to_bytes(32, "big")
    return Salt(kdf_e(shared, b"SECRET", own_x, root.x), sized(own_x) + sized(own_y))


@dataclass(frozen=True, slots=True)
class Session:
    """A session as it stands after the last answer.

    Attributes:
        nonce_tpm: changes with every answer.
        key: made of the salt; empty for a session without salt.
    """

    handle: int
    nonce_tpm: bytes
    key: bytes = b""
    policy: bool = False
    policy_needs_auth_value: bool = False

    def after(self, nonce_tpm: bytes) -> "Session":
        return replace(self, nonce_tpm=nonce_tpm)

    def after_policy_auth_value(self) -> "Session":
        return replace(self, policy_needs_auth_value=True)


def session_key(salt: Salt, nonce_tpm: bytes, nonce_caller: bytes) -> bytes:
    return kdf_a(salt.value, b"ATH", nonce_tpm, nonce_caller)


@dataclass(frozen=True, slots=True)
class Use:
    """One session in one command.

    Attributes:
        nonce: fresh, NONCE_BYTES long.
        auth_value: of the object that this session authorises.
        answered_with: the authValue that the object has once the command is done, if it is another.
    """

    session: Session
    nonce: bytes
    auth_value: bytes = b""
    attributes: SessionUse = SessionUse.CONTINUE
    answered_with: bytes | None = None

    def hmac_key(self) -> bytes:
        with_auth_value = not self.session.policy or self.session.policy_needs_auth_value
        return self.session.key + (self._significant() if with_auth_value else b"")

    def answer_key(self) -> bytes:
        # Part 3, 31.14: "the new authValue is used to generate the response HMAC key" of NV_ChangeAuth.
        changed = self if self.answered_with is None else replace(self, auth_value=self.answered_with)
        return changed.hmac_key()

    def encryption_key(self, *, authorises: bool) -> bytes:
        # Part 1, 21.2: sessionValue is sessionKey, and authValue too when the session also authorises.
        return self.session.key + (self._significant() if authorises else b"")

    def _significant(self) -> bytes:
        # Part 1, 17.6.4.3: "trailing octets of zero are to be removed from any authValue".
        return self.auth_value.rstrip(b"\0")


class EmptyPassword:
    """Authorise what has an empty authValue.

    There is no password with content: it would be sent in the clear.
    """


EMPTY_PASSWORD: Final = EmptyPassword()
Authorisation = Use | EmptyPassword


@dataclass(frozen=True, slots=True)
class Opened(Generic[T]):
    """A successful answer, and each session's new nonceTPM, in the order of their use."""

    result: T
    nonces_tpm: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Sealed(Generic[T]):
    """A command ready to be sent."""

    call: Call[T]
    authorisations: tuple[Authorisation, ...]
    frame: bytes

    def open(self, response: bytes) -> Opened[T]:
        """Check and read the answer.

        Raises:
            TpmError: the TPM refused, with its exact response code.
            ResponseNotAuthentic: somebody between us and the TPM changed the answer.
            ResponseMalformed: it is not an answer to this command.
        """
        try:
            return self._open(response)
        except BadLength as error:
            raise ResponseMalformed(f"{self.call.code.name}: {error}") from error

    def _open(self, response: bytes) -> Opened[T]:
        reader = Reader(response)
        tag, length, rc = reader.u16(), reader.u32(), reader.u32()
        if length != len(response):
            raise ResponseMalformed(f"says {length} bytes, has {len(response)}")
        if rc:
            raise TpmError(rc, self.call.code)
        if tag != (ST_SESSIONS if self.authorisations else ST_NO_SESSIONS):
            raise ResponseMalformed(f"tag 0x{tag:04x}")
        handle = reader.u32() if self.call.returns_handle else 0
        if not self.authorisations:
            return Opened(self.call.read(Answer(handle, Reader(reader.take(reader.remaining)))), ())
        parameters = reader.take(reader.u32())
        nonces_tpm = tuple(self._check(use, reader, parameters) for use in self.authorisations)
        reader.finish()
        plain = self._decrypt(parameters, nonces_tpm)
        return Opened(self.call.read(Answer(handle, Reader(plain))), nonces_tpm)

    def _check(self, use: Authorisation, reader: Reader, parameters: bytes) -> bytes:
        """Return the new nonceTPM, once it is known to be the TPM's."""
        nonce_tpm, attributes, mac = reader.sized(), reader.u8(), reader.sized()
        if isinstance(use, EmptyPassword):
            return nonce_tpm
        key = use.answer_key()
        if key or not use.session.policy:
            digest = sha256(u32(0) + u32(self.call.code) + parameters).digest()
            expected = hmac.digest(key, digest + nonce_tpm + use.nonce + u8(attributes), "sha256")
            if not hmac.compare_digest(expected, mac):
                raise ResponseNotAuthentic(self.call.code.name)
        return nonce_tpm

    def _decrypt(self, parameters: bytes, nonces_tpm: tuple[bytes, ...]) -> bytes:
        found = _with(SessionUse.ENCRYPT, self.authorisations)
        if found is None:
            return parameters
        at, use = found
        key = use.encryption_key(authorises=at < self.call.authorised)
        cipher = _cfb(key, nonces_tpm[at], use.nonce).decryptor()
        return _first_parameter_through(cipher, parameters)


def seal(call: Call[T], authorisations: tuple[Authorisation, ...], names: dict[int, bytes]) -> Sealed[T]:
    """Make *call* into bytes.

    Args:
        names: the Name of each loaded object among the handles. Handles without a Name of their own
            (hierarchies, sessions) stand for themselves.
    """
    handles = b"".join(map(u32, call.handles))
    if not authorisations:
        return Sealed(call, (), _frame(ST_NO_SESSIONS, call, handles + call.parameters))
    parameters = _encrypt(call, authorisations)
    subjects = b"".join(names.get(handle, u32(handle)) for handle in call.handles)
    digest = sha256(u32(call.code) + subjects + parameters).digest()
    area = b"".join(_authorise(at, authorisations, digest) for at in range(len(authorisations)))
    return Sealed(call, authorisations, _frame(ST_SESSIONS, call, handles + u32(len(area)) + area + parameters))


def response_code(response: bytes) -> int:
    """The response code of any answer, for those who only want to know whether to send again."""
    if len(response) < _HEADER_BYTES:
        raise ResponseMalformed(f"{len(response)} bytes are no answer")
    return int.from_bytes(response[6:_HEADER_BYTES], "big")


def _frame(tag: int, call: Call[T], body: bytes) -> bytes:
    return u16(tag) + u32(_HEADER_BYTES + len(body)) + u32(call.code) + body


def _encrypt(call: Call[T], authorisations: tuple[Authorisation, ...]) -> bytes:
    found = _with(SessionUse.DECRYPT, authorisations)
    if found is None:
        return call.parameters
    at, use = found
    key = use.encryption_key(authorises=at < call.authorised)
    cipher = _cfb(key, use.nonce, use.session.nonce_tpm).encryptor()
    return _first_parameter_through(cipher, call.parameters)


def _authorise(at: int, authorisations: tuple[Authorisation, ...], digest: bytes) -> bytes:
    use = authorisations[at]
    if isinstance(use, EmptyPassword):
        return u32(PASSWORD) + sized(b"") + u8(SessionUse.CONTINUE) + sized(b"")
    attributes = u8(use.attributes)
    key, mac = use.hmac_key(), b""
    if key or not use.session.policy:
        others = _nonces_of_others(authorisations) if at == 0 else b""
        signed = digest + use.nonce + use.session.nonce_tpm + others + attributes
        mac = hmac.digest(key, signed, "sha256")
    return u32(use.session.handle) + sized(use.nonce) + attributes + sized(mac)


def _nonces_of_others(authorisations: tuple[Authorisation, ...]) -> bytes:
    """Part 1, 19.6.5: the first session also covers nonceTPM of a separate decrypt and encrypt session.

    Without it, those could be taken away on the way unnoticed.
    """
    separate: dict[int, bytes] = {}
    for wanted in (SessionUse.DECRYPT, SessionUse.ENCRYPT):
        found = _with(wanted, authorisations)
        if found is not None and found[0] != 0:
            separate[found[0]] = found[1].session.nonce_tpm
    return b"".join(separate.values())


def _with(wanted: SessionUse, authorisations: tuple[Authorisation, ...]) -> tuple[int, Use] | None:
    for at, use in enumerate(authorisations):
        if isinstance(use, Use) and wanted in use.attributes:
            return at, use
    return None


def _first_parameter_through(cipher: CipherContext, parameters: bytes) -> bytes:
    # Only the content of the first TPM2B is encrypted; its size stays readable.
    end = 2 + int.from_bytes(parameters[:2], "big")
    if end > len(parameters):
        raise ResponseMalformed("first parameter is longer than all parameters")
    return parameters[:2] + cipher.update(parameters[2:end]) + parameters[end:]


def _cfb(key: bytes, nonce_newer: bytes, nonce_older: bytes) -> Cipher[CFB]:
    material = kdf_a(key, b"CFB", nonce_newer, nonce_older)
    return Cipher(algorithms.AES(material[:16]), CFB(material[16:]))
