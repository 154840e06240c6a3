"""hmac-secret (§12.5): a secret per passkey and salt, computed where the key is."""

from dataclasses import dataclass
from typing import Final

from keystead_core.ctap.entities import HmacSecretInput
from keystead_core.ctap.pin_protocol import BLOCK_BYTES, PinProtocol, protocol_number
from keystead_core.ctap.status import CtapError, Status

from keystead_agent.authenticator.ctap.session import Session

_SALT_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Salts:
    """One salt or two, and the secret that their answers are encrypted under."""

    values: tuple[bytes, ...]
    _protocol: PinProtocol
    _secret: bytes
    _iv: bytes

    def encrypt(self, outputs: list[bytes]) -> bytes:
        return self._protocol.encrypt(self._secret, b"".join(outputs), self._iv)


def open_salts(session: Session, given: HmacSecretInput) -> Salts:
    """Raises PIN_AUTH_INVALID, INVALID_PARAMETER, INVALID_LENGTH."""
    protocol = protocol_number(given.protocol)
    secret = protocol.shared_secret(session.agreement, given.key_agreement)
    protocol.verify(secret, given.salts_encrypted, given.salts_authenticated)
    salts = protocol.decrypt(secret, given.salts_encrypted)
    if len(salts) not in (_SALT_BYTES, 2 * _SALT_BYTES):
        raise CtapError(Status.INVALID_LENGTH, f"{len(salts)} bytes of salt")
    values = tuple(salts[at : at + _SALT_BYTES] for at in range(0, len(salts), _SALT_BYTES))
    return Salts(values, protocol, secret, session.entropy(BLOCK_BYTES))
