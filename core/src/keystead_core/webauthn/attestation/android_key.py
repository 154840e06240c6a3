"""Format `android-key` (WebAuthn L3 §8.4): Android's keystore certifies the credential's key.

The certificate is about the credential key itself and carries a description of
it; the description's challenge ties it to this registration.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from cryptography import x509

from keystead_core.cose import same_public_key, verify_with_certificate
from keystead_core.webauthn.attestation.certificates import extension_value
from keystead_core.webauthn.attestation.statement import (
    AttestationSubject,
    VerifiedAttestation,
    algorithm,
    certificates,
    fields,
    octets,
    refusals,
)
from keystead_core.webauthn.errors import AttestationInvalid
from keystead_core.wire import CborValue, Der, decode_der
from keystead_core.wire.der import OCTET_STRING, SEQUENCE, SET

FORMAT = "android-key"

KEY_DESCRIPTION = x509.ObjectIdentifier("1.3.6.1.4.1.11129.2.1.17")

_PURPOSE, _ALL_APPLICATIONS, _ORIGIN = 1, 600, 702
_KM_PURPOSE_SIGN = 2
_KM_ORIGIN_GENERATED = 0
_DESCRIPTION_FIELDS = 8


@dataclass(frozen=True, slots=True)
class KeyDescription:
    """The parts of Android's KeyDescription that are looked at.

    Attributes:
        all_applications: some list lets every application use the key.
        origins, purposes: of both authorisation lists together.
    """

    challenge: bytes
    all_applications: bool
    origins: tuple[int, ...]
    purposes: tuple[int, ...]


def verify(statement: CborValue, subject: AttestationSubject) -> VerifiedAttestation:
    members = fields(FORMAT, statement)
    with refusals(FORMAT):
        chain = certificates(FORMAT, members)
        # "Verify that sig is a valid signature over the concatenation of authenticatorData and
        # clientDataHash using the public key in the first certificate in x5c with the algorithm
        # specified in alg."
        verify_with_certificate(
            chain[0], algorithm(FORMAT, members), octets(FORMAT, members, "sig"), subject.signed_bytes
        )
        # "Verify that the public key in the first certificate in x5c matches the credentialPublicKey".
        if not same_public_key(subject.public_key, chain[0]):
            raise AttestationInvalid(FORMAT, "the certificate is about another key")
        encoded = extension_value(chain[0], KEY_DESCRIPTION)
        if encoded is None:
            raise AttestationInvalid(FORMAT, "the certificate has no key description")
        _check_description(parse_key_description(encoded), subject)
    return VerifiedAttestation(FORMAT, "basic", chain, aaguid_attested=True)


def _check_description(description: KeyDescription, subject: AttestationSubject) -> None:
    # "Verify that the attestationChallenge field in the attestation certificate extension data is
    # identical to clientDataHash."
    if description.challenge != subject.client_data_hash:
        raise AttestationInvalid(FORMAT, "attestationChallenge is not the hash of the client data")
    # "The AuthorizationList.allApplications field is not present on either authorization list
    # (softwareEnforced nor teeEnforced), since PublicKeyCredential MUST be scoped to the RP ID."
    if description.all_applications:
        raise AttestationInvalid(FORMAT, "every application may use the key")
    # "otherwise use the union of teeEnforced and softwareEnforced": which of them a deployment
    # believes is decided by the roots that it trusts.
    # "The value in the AuthorizationList.origin field is equal to KM_ORIGIN_GENERATED."
    if set(description.origins) != {_KM_ORIGIN_GENERATED}:
        raise AttestationInvalid(FORMAT, "the key is not said to have been generated there")
    # "The value in the AuthorizationList.purpose field is equal to KM_PURPOSE_SIGN."
    if set(description.purposes) != {_KM_PURPOSE_SIGN}:
        raise AttestationInvalid(FORMAT, "the key is not said to be for signing alone")


def parse_key_description(encoded: bytes) -> KeyDescription:
    """Read the extension's DER; raises BadDer or AttestationInvalid."""
    parts = list(decode_der(encoded).expect(SEQUENCE).children())
    if len(parts) < _DESCRIPTION_FIELDS:
        raise AttestationInvalid(FORMAT, "the key description is cut short")
    lists = [list(part.expect(SEQUENCE).children()) for part in parts[6:8]]
    return KeyDescription(
        challenge=parts[4].expect(OCTET_STRING).content,
        all_applications=any(entry.is_context(_ALL_APPLICATIONS) for entries in lists for entry in entries),
        origins=tuple(value for entries in lists for value in _integers(entries, _ORIGIN)),
        purposes=tuple(value for entries in lists for value in _integers(entries, _PURPOSE)),
    )


def _integers(entries: list[Der], number: int) -> Iterator[int]:
    for entry in entries:
        if entry.is_context(number):
            value = entry.only_child()
            yield from (item.integer() for item in (value.children() if value.tag == SET else (value,)))
