"""Seals and digests under keys derived from the master key, one for each purpose."""

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from keystead_server.ports.clock import Entropy
from keystead_server.ports.sealer import SealBroken

MASTER_KEY_BYTES = 32
_NONCE_BYTES = 12
_TAG_BYTES = 16


class MasterKeySealer:
    """The Sealer port by AES-256-GCM and HMAC-SHA256.

    Nonces are random: under one purpose's key some 2^32 seals are safe, and challenges, the most
    frequent, would need 136 years at one a second (docs/threat-model.md).
    """

    def __init__(self, master_key: bytes, entropy: Entropy) -> None:
        if len(master_key) != MASTER_KEY_BYTES:
            raise ValueError(f"the master key has {MASTER_KEY_BYTES} bytes, not {len(master_key)}")
        self._master_key = master_key
        self._entropy = entropy
        self._ciphers: dict[str, AESGCM] = {}
        self._macs: dict[str, hmac.HMAC] = {}

    def seal(self, purpose: str, payload: bytes, *, bound_to: bytes = b"") -> bytes:
        nonce = self._entropy.token(_NONCE_BYTES)
        return nonce + self._cipher(purpose).encrypt(nonce, payload, bound_to)

    def open(self, purpose: str, sealed: bytes, *, bound_to: bytes = b"") -> bytes:
        if len(sealed) < _NONCE_BYTES + _TAG_BYTES:
            raise SealBroken("too short to be sealed")
        try:
            return self._cipher(purpose).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to)
        except InvalidTag:
            raise SealBroken("altered, or sealed for something else") from None

    def digest(self, purpose: str, payload: bytes) -> bytes:
        mac = self._macs.get(purpose)
        if mac is None:
            mac = self._macs[purpose] = hmac.HMAC(self._derive(f"digest {purpose}"), hashes.SHA256())
        running = mac.copy()
        running.update(payload)
        return running.finalize()

    def _cipher(self, purpose: str) -> AESGCM:
        cipher = self._ciphers.get(purpose)
        if cipher is None:
            cipher = self._ciphers[purpose] = AESGCM(self._derive(f"seal {purpose}"))
        return cipher

    def _derive(self, info: str) -> bytes:
        return HKDF(hashes.SHA256(), 32, salt=None, info=f"keystead {info}".encode()).derive(self._master_key)
