"""Registration: a new passkey, and what is known about where it lives (WebAuthn L3 §7.1).

Two values, the second only reachable from the first:

    ReceivedRegistration   parsed; believe nothing
    VerifiedRegistration   made for this challenge and this site; its attestation
                           statement, if any, verified

Whether the chain of an attestation ends anywhere we trust, on a given day, and
whether this user may keep such a passkey here, is judged elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from keystead_core.cose import CoseError, CosePublicKey, UnsupportedAlgorithm, parse_cose_key
from keystead_core.webauthn.aaguids import NO_AAGUID
from keystead_core.webauthn.attestation import AttestationSubject, VerifiedAttestation, verify_attestation
from keystead_core.webauthn.authenticator_data import AttestedCredentialData, AuthenticatorData
from keystead_core.webauthn.client_data import check_client_data
from keystead_core.webauthn.errors import (
    AlgorithmNotOffered,
    CredentialIdMismatch,
    MalformedResponse,
    PublicKeyInvalid,
    RpIdMismatch,
    UserPresenceMissing,
    UserVerificationMissing,
)
from keystead_core.webauthn.received import ReceivedRegistration
from keystead_core.webauthn.rp_id import rp_id_hash
from keystead_core.wire import CborValue


@dataclass(frozen=True, slots=True)
class RegistrationExpectation:
    """What we offered, and where we expect it to be answered.

    Attributes:
        algorithms: the COSE algorithms in `pubKeyCredParams`.
        require_user_verification, require_user_presence: False only as `with_conditional_mediation` has them.
        origins, allow_cross_origin, top_origins: as in `AssertionExpectation`.
    """

    challenge: bytes
    origins: frozenset[str]
    rp_id: str
    algorithms: tuple[int, ...]
    require_user_verification: bool = True
    require_user_presence: bool = True
    allow_cross_origin: bool = False
    top_origins: frozenset[str] = frozenset()

    def with_conditional_mediation(self) -> "RegistrationExpectation":
        """What to expect when the options went out with mediation "conditional", and only then.

        §7.1 step 15: "If options.mediation is not set to conditional, verify that the UP bit of the
        flags in authData is set." Such a passkey is made without a gesture, so there is nobody to
        verify either; the caller must have sealed the challenge as a conditional one.
        """
        return replace(self, require_user_presence=False, require_user_verification=False)


@dataclass(frozen=True, slots=True)
class VerifiedRegistration:
    """A credential that answered this challenge for this site.

    Attributes:
        aaguid: what the authenticator says it is. Believe it as far as
            `attestation` carries: with kind "none" or "self" it is only a claim.
        transports, authenticator_attachment, client_extension_results: from the browser; nobody
            signed them.
        extensions: signed extension outputs.
        attestation_object: the bytes, for judging it again later.
        verified_at: when; the day on which certificates must have been valid.
    """

    credential_id: bytes
    public_key: CosePublicKey
    aaguid: UUID
    sign_count: int
    user_present: bool
    user_verified: bool
    backup_eligible: bool
    backed_up: bool
    transports: tuple[str, ...]
    authenticator_attachment: str | None
    attestation: VerifiedAttestation
    extensions: Mapping[str, CborValue]
    client_extension_results: Mapping[str, Any]
    attestation_object: bytes
    client_data: bytes
    verified_at: datetime


def verify_registration(
    received: ReceivedRegistration, expected: RegistrationExpectation, *, now: datetime
) -> VerifiedRegistration:
    """Check *received* against what we offered.

    Raises:
        CeremonyError: the first check that failed, as its own subclass.
    """
    # 1, 2. "Let options be a new CredentialCreationOptions ..."; "Call navigator.credentials.create()":
    #       `options.creation_options` and the browser.
    # 3 to 6. "Let response be credential.response"; "Let clientExtensionResults be ..."; "UTF-8 decode";
    #       "an implementation-specific JSON parser": `parse_registration`.
    # 7 to 11. C.type, C.challenge, C.origin, C.crossOrigin, C.topOrigin.
    check_client_data(received.client_data, expected, "webauthn.create")

    # 12. "Let hash be the result of computing a hash over response.clientDataJSON using SHA-256."
    # 13. "Perform CBOR decoding on the attestationObject": both in `parse_registration`.
    data = received.attestation_object.authenticator_data
    attested = _attested(received, data)

    # 14 to 17.
    _check_flags(data, expected)

    # 18, 19. "If the RP uses the credential's backup eligibility [backup state] to inform its user
    #     experience flows and/or policies, evaluate the BE [BS] bit": policy's; both are handed on.

    # 20. "Verify that the "alg" parameter in the credential public key in authData matches the alg
    #     attribute of one of the items in pkOptions.pubKeyCredParams."
    public_key = _public_key(attested, expected)

    # 21. "Determine the attestation statement format by performing a USASCII case-sensitive match on fmt".
    # 22. "Verify that attStmt is a correct attestation statement, conveying a valid attestation
    #     signature, by using the attestation statement format fmt's verification procedure".
    attestation = verify_attestation(
        received.attestation_object.format,
        received.attestation_object.statement,
        AttestationSubject(data, attested, public_key, received.client_data.hash),
    )

    # 23, 24. "obtain a list of acceptable trust anchors"; "Assess the attestation trustworthiness":
    #     the server's `trust`, from *attestation*, the AAGUID and *verified_at*.

    # 25. "Verify that the credentialId is ≤ 1023 bytes.": no `AttestedCredentialData` longer exists.
    # 26. "Verify that the credentialId is not yet registered for any user.": the flow's, in the store.
    # 27. "Let credentialRecord be a new credential record with the following contents":
    # 28. "Process the client extension outputs ... as required by the RP": the flow's.
    # 29. "If all the above steps are successful, store credentialRecord": the flow's.
    return VerifiedRegistration(
        credential_id=attested.credential_id,
        public_key=public_key,
        aaguid=_aaguid(attested, attestation),
        sign_count=data.sign_count,
        user_present=data.user_present,
        user_verified=data.user_verified,
        backup_eligible=data.backup_eligible,
        backed_up=data.backed_up,
        transports=received.transports,
        authenticator_attachment=received.authenticator_attachment,
        attestation=attestation,
        extensions=data.extensions,
        client_extension_results=received.client_extension_results,
        attestation_object=received.attestation_object.raw,
        client_data=received.client_data.raw,
        verified_at=now,
    )


def _attested(received: ReceivedRegistration, data: AuthenticatorData) -> AttestedCredentialData:
    if data.attested is None:
        raise MalformedResponse("a registration without attested credential data")
    # The browser's `rawId` and the authenticator's id are one thing said twice; only one was signed.
    if data.attested.credential_id != received.credential_id:
        raise CredentialIdMismatch("rawId is not the attested credential id")
    return data.attested


def _aaguid(attested: AttestedCredentialData, attestation: VerifiedAttestation) -> UUID:
    # A certified statement lends its authority to what stands beside it. Where it does not vouch for
    # the AAGUID (fido-u2f), reporting the claim would let any certified key pass for any model.
    if attestation.trust_path and not attestation.aaguid_attested:
        return NO_AAGUID
    return attested.aaguid


def _check_flags(data: AuthenticatorData, expected: RegistrationExpectation) -> None:
    # 14. "Verify that the rpIdHash in authData is the SHA-256 hash of the RP ID expected by the RP."
    if data.rp_id_hash != rp_id_hash(expected.rp_id):
        raise RpIdMismatch(expected.rp_id)

    # 15. "If options.mediation is not set to conditional, verify that the UP bit of the flags in
    #     authData is set."
    if expected.require_user_presence and not data.user_present:
        raise UserPresenceMissing

    # 16. "If the RP requires user verification for this registration, verify that the UV bit of the
    #     flags in authData is set."
    if expected.require_user_verification and not data.user_verified:
        raise UserVerificationMissing

    # 17. "If the BE bit of the flags in authData is not set, verify that the BS bit is not set.":
    #     no `AuthenticatorData` without it exists.


def _public_key(attested: AttestedCredentialData, expected: RegistrationExpectation) -> CosePublicKey:
    try:
        public_key = parse_cose_key(attested.public_key)
    except UnsupportedAlgorithm as error:
        raise AlgorithmNotOffered(error.algorithm) from None
    except CoseError as error:
        raise PublicKeyInvalid(str(error)) from None
    if public_key.algorithm not in expected.algorithms:
        raise AlgorithmNotOffered(public_key.algorithm)
    return public_key
