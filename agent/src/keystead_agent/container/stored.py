"""The one form in which a container's contents are kept, and read again.

Members that containers of before did not have are read as what they meant then.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, Final

from keystead_core.link.pin_policy import PinPolicy
from keystead_core.wire.cbor import CborValue, decode_cbor, encode_cbor
from keystead_core.wire.errors import BadCbor

from keystead_agent.container.errors import ContainerTampered
from keystead_agent.container.ladder import Ladder
from keystead_agent.container.records import Contents, Kind, Passkey, PinFacts, Proof, Provider
from keystead_agent.keystore.interface import AttestationKey, Foundation, Gate, KeyBlob, UnlockKey

MAX_CONTAINER_BYTES = 4 * 1024 * 1024


def to_cbor(contents: Contents) -> bytes:
    return encode_cbor(
        {
            "gate": contents.gate,
            "attestation_key": contents.attestation_key,
            "proofs": [_to_map(proof) for proof in contents.proofs],
            "pin": _pin_to_cbor(contents.pin),
            "providers": [_to_map(provider) for provider in contents.providers],
            "passkeys": [_to_map(passkey) for passkey in contents.passkeys],
            "mark": contents.mark,
        }
    )


def from_cbor(foundation: Foundation, data: bytes) -> Contents:
    """Read what `to_cbor` wrote; its MAC has been checked."""
    try:
        stored = _Record(decode_cbor(data, max_bytes=MAX_CONTAINER_BYTES))
    except BadCbor as error:
        raise ContainerTampered(f"it cannot be read: {error}") from error
    gate = stored.value("gate", bytes, type(None))
    attesting = stored.value("attestation_key", bytes, type(None))
    return Contents(
        foundation,
        None if gate is None else Gate(gate),
        tuple(_provider(_Record(record)) for record in stored.items("providers")),
        tuple(_passkey(_Record(record)) for record in stored.items("passkeys")),
        _pin_facts(stored.part("pin")),
        None if attesting is None else AttestationKey(attesting),
        tuple(_proof(_Record(record)) for record in stored.items("proofs")),
        stored.value("mark", bytes, default=b""),
    )


def unverified_mark(data: bytes) -> bytes:
    """The mark in what may be anybody's bytes; empty where there is none."""
    try:
        return bytes(_Record(decode_cbor(data, max_bytes=MAX_CONTAINER_BYTES)).value("mark", bytes, default=b""))
    except (BadCbor, ContainerTampered):
        return b""


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
        user_handle=stored.value("user_handle", bytes, default=b""),
        unlock=_unlock_key(stored, default=()),
        pin=_pin_policy(stored),
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
        # Containers of before these four members existed lack them.
        discoverable=stored.value("discoverable", bool, default=True),
        protection=stored.value("protection", int, default=1),
        secret=KeyBlob(stored.value("secret", bytes, default=b"")),
        kind=_kind(stored.value("kind", str, default=Kind.PASSKEY.value)),
    )


def _pin_to_cbor(pin: PinFacts) -> Mapping[int | str | bytes, CborValue]:
    ladder = pin.ladder
    stored: dict[int | str | bytes, CborValue] = {
        "set_at": _moment(pin.set_at),
        "former": list(pin.former),
        "failures": ladder.failures,
        "phrase_typed": int(ladder.phrase_typed),
        "last_failure_at": _moment(ladder.last_failure_at),
        "unlock": _to_cbor(pin.unlock),
    }
    return stored


def _pin_facts(stored: "_Record") -> PinFacts:
    return PinFacts(
        set_at=stored.moment_or_none("set_at"),
        former=tuple(part for part in stored.items("former") if isinstance(part, bytes)),
        ladder=Ladder(
            stored.value("failures", int),
            bool(stored.value("phrase_typed", int)),
            stored.moment_or_none("last_failure_at"),
        ),
        unlock=_unlock_key(stored),
    )


def _unlock_key(stored: "_Record", default: object = None) -> UnlockKey | None:
    parts = [bytes(part) for part in stored.value("unlock", list, tuple, default=default) if isinstance(part, bytes)]
    return UnlockKey(*parts) if len(parts) == 3 else None


def _pin_policy(stored: "_Record") -> PinPolicy | None:
    kept = stored.value("pin", Mapping, list, default=[])
    try:
        return PinPolicy.from_json(kept) if isinstance(kept, Mapping) else None
    except ValueError as error:
        raise ContainerTampered(f"pin: {error}") from None


def _kind(value: str) -> Kind:
    try:
        return Kind(value)
    except ValueError:
        raise ContainerTampered(f"there is no kind {value}") from None


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
        case UnlockKey(x, y, person):
            return [x, y, person]
        case PinPolicy():
            return {member: said for member, said in value.to_json().items()}  # noqa: C416 (its keys are wider)
        case None:
            return []
        case str() | bytes() | int():
            return value
    raise TypeError(f"no stored form for {type(value).__name__}")
