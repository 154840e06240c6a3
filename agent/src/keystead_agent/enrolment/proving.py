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
from keystead_core.tpm.structures import parse_public_area
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_core.wire.errors import BadBase64Url

from keystead_agent.container.records import Proof, Provider
from keystead_agent.enrolment.errors import AnswerRefused
from keystead_agent.enrolment.fetch import Json, post_json
from keystead_agent.keystore.interface import AttestationIdentity, Description

# A certificate lasts thirty days. It is needed when a passkey is made, which may be on a day without a network.
RENEW_BEFORE: Final = timedelta(days=15)
_MAX_CERTIFICATES: Final = 4


@dataclass(frozen=True, slots=True)
class Asked:
    """What a provider wants our TPM to open.

    Attributes:
        verb: `enrol` or `renew`.
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
    return _asked("enrol", post_json(_address(provider, "enrol/begin"), said))


def begin_renewal(provider: Provider, proof: Proof) -> Asked:
    """Raises ProviderUnreachable, ProviderRefused, AnswerRefused."""
    return _asked("renew", post_json(_address(provider, "renew/begin"), {"device": proof.device_id}))


def finish(provider: Provider, asked: Asked, opened: bytes, identity: AttestationIdentity) -> Proof:
    """Raises ProviderUnreachable, ProviderRefused, AnswerRefused."""
    said = {"state": asked.state, "secret": b64url_encode(opened)}
    answer = post_json(_address(provider, f"{asked.verb}/finish"), said)
    certificates = _certificates(answer)
    if _key_of(certificates[0]) != _key_in(identity.ak_public):
        raise AnswerRefused(f"{provider.name} certified another key than ours")
    return Proof(
        issuer=provider.issuer,
        device_id=_text(answer, "device"),
        device_name=_text(answer, "name"),
        certificates=certificates,
        expires_at=_moment(answer, "expires_at"),
    )


def _address(provider: Provider, path: str) -> str:
    return f"{provider.url}/devices/{path}"


def _facts(described: Description) -> dict[str, str]:
    """Which TPM it is, as certificates say it; the provider uses it only where its maker's certificate is missing."""
    maker = described.maker.encode("ascii", "replace")[:4].ljust(4, b"\0").hex().upper()
    model = "".join(c if " " <= c <= "~" else "?" for c in described.label)[:64]
    parts = [int(part) for part in described.firmware.split(".") if part.isdecimal()][:4] or [0]
    version = "".join(f"{part & 0xFFFF:04X}" for part in parts)
    return {"manufacturer": f"id:{maker}", "model": model, "version": f"id:{version}"}


def _asked(verb: str, answer: Json) -> Asked:
    return Asked(verb, _text(answer, "state"), _octets(answer, "credential_blob"), _octets(answer, "secret"))


def _certificates(answer: Json) -> tuple[bytes, ...]:
    listed = answer.get("certificates")
    if not isinstance(listed, list) or not 0 < len(listed) <= _MAX_CERTIFICATES:
        raise AnswerRefused("the answer has no certificates")
    return tuple(_octets({"certificate": each}, "certificate") for each in listed)


def _key_of(certificate: bytes) -> bytes:
    try:
        key = x509.load_der_x509_certificate(certificate).public_key()
    except ValueError as error:
        raise AnswerRefused("the answer's certificate is none") from error
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _key_in(public_area: bytes) -> bytes:
    return parse_public_area(public_area).key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(answer: Mapping[str, object], member: str) -> str:
    value = answer.get(member)
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise AnswerRefused(f"the answer has no {member}")
    return value


def _octets(answer: Mapping[str, object], member: str) -> bytes:
    try:
        return b64url_decode(_text(answer, member))
    except BadBase64Url:
        raise AnswerRefused(f"the answer's {member} is not base64url") from None


def _moment(answer: Json, member: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(answer, member))
    except ValueError:
        raise AnswerRefused(f"the answer's {member} is no moment") from None
    if moment.tzinfo is None:
        raise AnswerRefused(f"the answer's {member} is no moment")
    return moment
