"""Prove to an identity provider that this is a TPM, and get its certificate for our attestation key.

    begin    our papers → what the TPM is to open
    finish   what the TPM gave back → Proof

Twice: with a code that a person got on their account page, and by the device itself when a certificate
nears its end. Between the two calls the container asks the TPM.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from keystead_core.link.pin_policy import PinPolicy
from keystead_core.tpm.structures import parse_public_area
from keystead_core.wire.base64url import b64url_encode

from keystead_agent.container.records import Proof, Provider
from keystead_agent.enrolment.answers import moment, octets, text
from keystead_agent.enrolment.errors import AnswerRefused
from keystead_agent.enrolment.fetch import Json, post_json
from keystead_agent.keystore.values import AttestationIdentity, Description, UnlockKey

# A certificate lasts thirty days. It is needed when a passkey is made, which may be on a day without a network.
RENEW_BEFORE: Final = timedelta(days=15)
_MAX_CERTIFICATES: Final = 4
_COORDINATE_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Asked:
    """What a provider wants our TPM to open.

    Attributes:
        verb: `enrol`, `renew` or `unlock`.
        state: the provider's own; goes back with the answer.
    """

    verb: str
    state: str
    credential_blob: bytes
    secret: bytes


def is_due(proof: Proof, now: datetime) -> bool:
    return proof.expires_at - now < RENEW_BEFORE


def begin_enrolment(
    provider: Provider, code: str, name: str, identity: AttestationIdentity, described: Description
) -> Asked:
    """Raises ProviderUnreachable, ProviderRefused, AnswerRefused."""
    said: dict[str, object] = {
        "code": code,
        "name": name,
        "endorsement_key": b64url_encode(identity.ek_public),
        "attestation_key": b64url_encode(identity.ak_public),
        "firmware": described.firmware,
        **_facts(described),
    }
    if identity.ek_certificate is not None:
        said["endorsement_certificate"] = b64url_encode(identity.ek_certificate)
    return asked("enrol", post_json(address(provider, "enrol/begin"), said))


def begin_renewal(provider: Provider, proof: Proof) -> Asked:
    """Raises ProviderUnreachable, ProviderRefused, AnswerRefused."""
    return asked("renew", post_json(address(provider, "renew/begin"), {"device": proof.device_id}))


def finish(provider: Provider, question: Asked, opened: bytes, identity: AttestationIdentity) -> Proof:
    """Raises ProviderUnreachable, ProviderRefused, AnswerRefused."""
    said = {"state": question.state, "secret": b64url_encode(opened)}
    answer = post_json(address(provider, f"{question.verb}/finish"), said)
    certificates = _certificates(answer)
    if _key_of(certificates[0]) != _key_in(identity.ak_public):
        raise AnswerRefused(f"{provider.name} certified another key than ours")
    return Proof(
        issuer=provider.issuer,
        device_id=text(answer, "device"),
        device_name=text(answer, "name"),
        certificates=certificates,
        expires_at=moment(answer, "expires_at"),
        user_handle=_user_handle(answer),
        unlock=_unlock_key(answer),
        pin=_pin_policy(answer),
    )


def _user_handle(answer: Json) -> bytes:
    """Empty where the provider does not say."""
    return octets(answer, "user_handle") if "user_handle" in answer else b""


def _pin_policy(answer: Json) -> PinPolicy | None:
    """None where the provider asks nothing of a PIN."""
    said = answer.get("pin_rules")
    if said is None:
        return None
    try:
        return PinPolicy.from_json(said if isinstance(said, Mapping) else {})
    except ValueError as error:
        raise AnswerRefused(f"the answer's pin_rules: {error}") from None


def _unlock_key(answer: Json) -> UnlockKey | None:
    """None where the provider gives nobody their tries back."""
    if "unlock_key" not in answer:
        return None
    key, person = octets(answer, "unlock_key", length=2 * _COORDINATE_BYTES), octets(answer, "unlock_person", length=32)
    return UnlockKey(key[:_COORDINATE_BYTES], key[_COORDINATE_BYTES:], person)


def address(provider: Provider, path: str) -> str:
    return f"{provider.url}/devices/{path}"


def _facts(described: Description) -> dict[str, str]:
    """Which TPM it is, as certificates say it; the provider uses it only where its maker's certificate is missing."""
    maker = described.maker.encode("ascii", "replace")[:4].ljust(4, b"\0").hex().upper()
    model = "".join(c if " " <= c <= "~" else "?" for c in described.label)[:64]
    parts = [int(part) for part in described.firmware.split(".") if part.isdecimal()][:4] or [0]
    version = "".join(f"{part & 0xFFFF:04X}" for part in parts)
    return {"manufacturer": f"id:{maker}", "model": model, "version": f"id:{version}"}


def asked(verb: str, answer: Json) -> Asked:
    return Asked(verb, text(answer, "state"), octets(answer, "credential_blob"), octets(answer, "secret"))


def _certificates(answer: Json) -> tuple[bytes, ...]:
    listed = answer.get("certificates")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MAX_CERTIFICATES:
        raise AnswerRefused("the answer has no certificates")
    return tuple(octets({"certificate": each}, "certificate") for each in listed)


def _key_of(certificate: bytes) -> bytes:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError as error:
        raise AnswerRefused("the answer's certificate is none") from error
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_in(public_area: bytes) -> bytes:
    return parse_public_area(public_area).key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
