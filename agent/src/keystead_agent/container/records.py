"""What a container remembers, as values, and the one form in which they are stored.

Provider   an identity provider that was enrolled: the only sites a key is used for
Passkey    one credential
Proof      what an identity provider has certified about this chip
PinFacts   about the PIN, without it: since when, what came before, how it has gone
Contents   all of a container, at one moment
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from typing import Any, Final, Self

from keystead_core.wire.base64url import b64url_encode
from keystead_core.wire.cbor import CborValue, decode_cbor, encode_cbor
from keystead_core.wire.errors import BadCbor

from keystead_agent.container.errors import ContainerTampered
from keystead_agent.container.ladder import NO_FAILURES, Ladder
from keystead_agent.keystore.interface import AttestationKey, Foundation, Gate, KeyBlob, PublicPoint, UnlockKey

MAX_CONTAINER_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Provider:
    """An enrolled identity provider, as pinned at enrolment.

    Attributes:
        origins: serialised; a page is this provider's if its origin is exactly one of them.
        url: where its description was fetched.
    """

    rp_id: str
    origins: tuple[str, ...]
    issuer: str
    name: str
    tenant_id: str
    tenant_name: str
    url: str
    enrolled_at: datetime

    def to_json(self) -> dict[str, object]:
        return {
            "rp_id": self.rp_id,
            "origins": list(self.origins),
            "issuer": self.issuer,
            "name": self.name,
            "tenant": {"id": self.tenant_id, "name": self.tenant_name},
            "url": self.url,
            "enrolled_at": self.enrolled_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Passkey:
    """One credential of this container.

    Attributes:
        sign_count: signatures made; only ever grows.
        protection: the level of CTAP's credProtect.
        discoverable: a site may find it without naming it, and it takes the place of an older one for its account.
        secret: the HMAC key of CTAP's hmac-secret; empty if the site did not ask for one.
    """

    credential_id: bytes
    rp_id: str
    user_handle: bytes
    name: str
    display_name: str
    created_at: datetime
    key: KeyBlob
    x: bytes
    y: bytes
    sign_count: int = 0
    protection: int = 1
    discoverable: bool = True
    secret: KeyBlob = KeyBlob(b"")  # noqa: RUF009 (bytes are immutable)

    @property
    def public(self) -> PublicPoint:
        return PublicPoint(self.x, self.y)

    def replaces(self, known: "Passkey") -> bool:
        if self.credential_id == known.credential_id:
            return True
        same_account = (self.rp_id, self.user_handle) == (known.rp_id, known.user_handle)
        # Of those that are named by their ids there may be several: ssh makes all its keys for one account.
        return same_account and self.discoverable and known.discoverable

    def to_json(self) -> dict[str, object]:
        return {
            "credential": b64url_encode(self.credential_id),
            "rp_id": self.rp_id,
            "name": self.name,
            "display_name": self.display_name,
            "created_at": self.created_at.isoformat(),
            "sign_count": self.sign_count,
        }


@dataclass(frozen=True, slots=True)
class Proof:
    """An identity provider's word that our attestation key is in a TPM.

    Attributes:
        issuer: the provider's.
        device_id, device_name: as the provider knows this computer.
        certificates: DER, the one for the attestation key first.
    """

    issuer: str
    device_id: str
    device_name: str
    certificates: tuple[bytes, ...]
    expires_at: datetime

    @property
    def chain(self) -> tuple[bytes, ...]:
        """What a statement carries: what the site trusts needs not be sent to it."""
        return self.certificates[:-1] or self.certificates

    def to_json(self) -> dict[str, object]:
        return {"device": self.device_id, "name": self.device_name, "expires_at": self.expires_at.isoformat()}


@dataclass(frozen=True, slots=True)
class PinFacts:
    """What is remembered about the PIN.

    Attributes:
        former: keyed digests of the PINs so far, the present one last; the key is behind the gate.
        unlock: who may give tries back.
    """

    set_at: datetime | None = None
    former: tuple[bytes, ...] = ()
    ladder: Ladder = NO_FAILURES
    unlock: UnlockKey | None = None


@dataclass(frozen=True, slots=True)
class Contents:
    foundation: Foundation
    gate: Gate | None = None
    providers: tuple[Provider, ...] = ()
    passkeys: tuple[Passkey, ...] = ()
    pin: PinFacts = PinFacts()
    attestation_key: AttestationKey | None = None
    proofs: tuple[Proof, ...] = ()

    def with_gate(self, gate: Gate, pin: PinFacts) -> Self:
        return replace(self, gate=gate, pin=pin)

    def with_ladder(self, ladder: Ladder) -> Self:
        return replace(self, pin=replace(self.pin, ladder=ladder))

    def with_provider(self, provider: Provider) -> Self:
        others = tuple(known for known in self.providers if known.issuer != provider.issuer)
        return replace(self, providers=(*others, provider))

    def without_provider(self, issuer: str) -> Self:
        providers = tuple(known for known in self.providers if known.issuer != issuer)
        return replace(self, providers=providers, proofs=self._proofs_but(issuer))

    def with_proof(self, proof: Proof) -> Self:
        return replace(self, proofs=(*self._proofs_but(proof.issuer), proof))

    def without_attestation(self) -> Self:
        """What was certified was certified for the key that goes."""
        return replace(self, attestation_key=None, proofs=())

    def _proofs_but(self, issuer: str) -> tuple[Proof, ...]:
        return tuple(known for known in self.proofs if known.issuer != issuer)

    def with_passkey(self, passkey: Passkey) -> Self:
        """Add or update.

        WebAuthn §6.3.2: a new passkey takes the place of one for the same relying party and user handle.
        """
        others = tuple(known for known in self.passkeys if not passkey.replaces(known))
        return replace(self, passkeys=(*others, passkey))

    def without_passkeys(self, credential_ids: set[bytes]) -> Self:
        return replace(self, passkeys=tuple(p for p in self.passkeys if p.credential_id not in credential_ids))

    def to_cbor(self) -> bytes:
        return encode_cbor(
            {
                "gate": self.gate,
                "attestation_key": self.attestation_key,
                "proofs": [_to_map(proof) for proof in self.proofs],
                "pin": _pin_to_cbor(self.pin),
                "providers": [_to_map(provider) for provider in self.providers],
                "passkeys": [_to_map(passkey) for passkey in self.passkeys],
            }
        )

    @classmethod
    def from_cbor(cls, foundation: Foundation, data: bytes) -> Self:
        """Read what `to_cbor` wrote; its MAC has been checked."""
        try:
            stored = _Record(decode_cbor(data, max_bytes=MAX_CONTAINER_BYTES))
        except BadCbor as error:
            raise ContainerTampered(f"it cannot be read: {error}") from error
        gate = stored.value("gate", bytes, type(None))
        providers = tuple(_provider(_Record(record)) for record in stored.items("providers"))
        passkeys = tuple(_passkey(_Record(record)) for record in stored.items("passkeys"))
        attesting = stored.value("attestation_key", bytes, type(None))
        return cls(
            foundation,
            None if gate is None else Gate(gate),
            providers,
            passkeys,
            _pin_facts(stored.part("pin")),
            None if attesting is None else AttestationKey(attesting),
            tuple(_proof(_Record(record)) for record in stored.items("proofs")),
        )


def _provider(stored: "_Record") -> Provider:
    return Provider(
        rp_id=stored.text("rp_id"),
        origins=tuple(str(origin) for origin in stored.items("origins")),
        issuer=stored.text("issuer"),
        name=stored.text("name"),
        tenant_id=stored.text("tenant_id"),
        tenant_name=stored.text("tenant_name"),
        url=stored.text("url"),
        enrolled_at=stored.moment("enrolled_at"),
    )


def _proof(stored: "_Record") -> Proof:
    return Proof(
        issuer=stored.text("issuer"),
        device_id=stored.text("device_id"),
        device_name=stored.text("device_name"),
        certificates=tuple(each for each in stored.items("certificates") if isinstance(each, bytes)),
        expires_at=stored.moment("expires_at"),
    )


def _passkey(stored: "_Record") -> Passkey:
    return Passkey(
        credential_id=stored.data("credential_id"),
        rp_id=stored.text("rp_id"),
        user_handle=stored.data("user_handle"),
        name=stored.text("name"),
        display_name=stored.text("display_name"),
        created_at=stored.moment("created_at"),
        key=KeyBlob(stored.data("key")),
        x=stored.data("x"),
        y=stored.data("y"),
        sign_count=stored.value("sign_count", int),
        # Containers of before these three members existed lack them.
        discoverable=stored.value("discoverable", bool, default=True),
        protection=stored.value("protection", int, default=1),
        secret=KeyBlob(stored.value("secret", bytes, default=b"")),
    )


def _pin_to_cbor(pin: PinFacts) -> Mapping[int | str | bytes, CborValue]:
    ladder, unlock = pin.ladder, pin.unlock
    stored: dict[int | str | bytes, CborValue] = {
        "set_at": _moment(pin.set_at),
        "former": list(pin.former),
        "failures": ladder.failures,
        "phrase_typed": int(ladder.phrase_typed),
        "last_failure_at": _moment(ladder.last_failure_at),
        "unlock": [unlock.x, unlock.y, unlock.person] if unlock else [],
    }
    return stored


def _pin_facts(stored: "_Record") -> PinFacts:
    unlock = [bytes(part) if isinstance(part, bytes) else b"" for part in stored.items("unlock")]
    return PinFacts(
        set_at=stored.moment_or_none("set_at"),
        former=tuple(part for part in stored.items("former") if isinstance(part, bytes)),
        ladder=Ladder(
            stored.value("failures", int),
            bool(stored.value("phrase_typed", int)),
            stored.moment_or_none("last_failure_at"),
        ),
        unlock=UnlockKey(*unlock) if len(unlock) == 3 else None,
    )


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


@dataclass(frozen=True, slots=True)
class _Record:
    stored: CborValue

    def value(self, name: str, *kinds: type, default: object = None) -> Any:
        absent = _ABSENT if default is None else default
        value = self.stored.get(name, absent) if isinstance(self.stored, Mapping) else _ABSENT
        if not isinstance(value, kinds):
            raise ContainerTampered(f"{name} is not there")
        return value

    def text(self, name: str) -> str:
        return str(self.value(name, str))

    def data(self, name: str) -> bytes:
        return bytes(self.value(name, bytes))

    def items(self, name: str) -> list[CborValue]:
        return list(self.value(name, list))

    def part(self, name: str) -> "_Record":
        return _Record(self.value(name, Mapping))

    def moment_or_none(self, name: str) -> datetime | None:
        return None if self.value(name, str, type(None)) is None else self.moment(name)

    def moment(self, name: str) -> datetime:
        try:
            return datetime.fromisoformat(self.text(name))
        except ValueError as error:
            raise ContainerTampered(f"{name} is no moment") from error


_ABSENT: Final = object()


def _to_map(record: Provider | Passkey | Proof) -> Mapping[int | str | bytes, CborValue]:
    return {member.name: _to_cbor(getattr(record, member.name)) for member in fields(record)}


def _to_cbor(value: object) -> CborValue:
    match value:
        case datetime():
            return value.isoformat()
        case tuple():
            return [_to_cbor(part) for part in value]
        case str() | bytes() | int():
            return value
    raise TypeError(f"no stored form for {type(value).__name__}")
