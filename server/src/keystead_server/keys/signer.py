"""Signs tokens with the newest key of each algorithm, and verifies those of all kept keys."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from keystead_core.jose.errors import KeyNotFound
from keystead_core.jose.jwk import parse_public_jwk, public_members, thumbprint
from keystead_core.jose.jws import TokenSigner, parse, verify_received
from keystead_core.jose.jwt import check_type, claims_of
from msgspec import json

from keystead_server.domain.keys import SigningKey
from keystead_server.ports.changes import Add, Written
from keystead_server.ports.sealer import Sealer
from keystead_server.ports.store import Store

_SEAL = "signing-key"
ALGORITHMS = ("ES256", "RS256")


class KeySigner:
    """The Signer port. Built by `load`; keys added by another process are seen at its next start or `reload`."""

    def __init__(self, keys: Sequence[SigningKey], sealer: Sealer) -> None:
        self._sealer = sealer
        self._public = {key.kid: parse_public_jwk(json.decode(key.public_jwk)) for key in keys}
        self._jwks: dict[str, Any] = {"keys": [json.decode(key.public_jwk) for key in keys]}
        self._newest: dict[str, SigningKey] = {}
        for key in keys:
            if key.retired_at is None:
                self._newest.setdefault(key.alg, key)
        self._signers: dict[tuple[str, str], TokenSigner] = {}

    def sign(self, alg: str, typ: str, claims: Mapping[str, object]) -> str:
        signer = self._signers.get((alg, typ))
        if signer is None:
            signer = self._signers[alg, typ] = self._signer(alg, typ)
        return signer.sign_claims(json.encode(claims))

    def verify(self, token: str, *, typ: str) -> Mapping[str, object]:
        received = parse(token)
        key = self._public.get(received.kid or "")
        if key is None:
            raise KeyNotFound("none of our keys")
        verified = verify_received(received, key, ALGORITHMS)
        # An ID token must not serve as an access token, nor the other way round (RFC 8725 §3.11).
        check_type(verified, typ)
        return claims_of(verified)

    def jwks(self) -> Mapping[str, object]:
        return self._jwks

    def _signer(self, alg: str, typ: str) -> TokenSigner:
        kept = self._newest[alg]
        private = load_der_private_key(self._sealer.open(_SEAL, kept.sealed, bound_to=kept.kid.encode()), password=None)
        assert isinstance(private, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)  # noqa: S101  we made it
        return TokenSigner(kept.kid, private, alg, typ=typ)


async def load(store: Store, sealer: Sealer, now: datetime) -> KeySigner:
    """The signer over the stored keys; makes the first ones."""
    keys = await store.signing_keys.all()
    present = {key.alg for key in keys if key.retired_at is None}
    for alg in ALGORITHMS:
        if alg not in present:
            await add_key(store, sealer, alg, now)
    return KeySigner(await store.signing_keys.all(), sealer)


async def add_key(store: Store, sealer: Sealer, alg: str, now: datetime) -> SigningKey:
    """Make a key for *alg* and keep it, sealed; from then on the newest of its algorithm signs."""
    private = _generate(alg)
    kid = thumbprint(private.public_key())
    der = private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    public = public_members(private.public_key(), kid=kid, alg=alg)
    key = SigningKey(
        kid=kid,
        alg=alg,
        sealed=sealer.seal(_SEAL, der, bound_to=kid.encode()),
        public_jwk=json.encode(public).decode(),
        created_at=now,
    )
    written = await store.write(Add(key))
    assert isinstance(written, Written)  # noqa: S101  a thumbprint taken twice is a broken random source
    return key


def _generate(alg: str) -> ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey:
    return ec.generate_private_key(ec.SECP256R1()) if alg == "ES256" else rsa.generate_private_key(65537, 2048)
