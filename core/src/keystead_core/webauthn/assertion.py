"""Sign-in: check a passkey's signature over our challenge (WebAuthn L3 §7.2).

Two values, the second only reachable from the first:

    ReceivedAssertion   parsed; believe nothing
    VerifiedAssertion   signed by the stored key, for this site, for this attempt

What to *do* about a verified assertion (grant, ask for more, refuse) is policy
and is decided elsewhere; nothing is changed here.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from keystead_core.cose import CosePublicKey
from keystead_core.cose import SignatureInvalid as KeyDidNotSign
from keystead_core.fast_init import fast_init
from keystead_core.webauthn.authenticator_data import FLAG_BE, FLAG_BS, FLAG_UP, FLAG_UV
from keystead_core.webauthn.client_data import check_client_data
from keystead_core.webauthn.errors import (
    BackupEligibilityChanged,
    CredentialIdMismatch,
    RpIdMismatch,
    SignatureInvalid,
    UserPresenceMissing,
    UserVerificationMissing,
)
from keystead_core.webauthn.received import ReceivedAssertion
from keystead_core.webauthn.rp_id import rp_id_hash
from keystead_core.wire import CborValue


@fast_init
@dataclass(frozen=True, slots=True)
class AssertionExpectation:
    """What we issued, and where we expect it to be answered.

    Attributes:
        origins: serialised origins, compared exactly.
        allow_cross_origin: our page may be framed by a page of another origin.
        top_origins: the pages that may frame it, where the browser names them.
        allowed_credentials: the ids in `allowCredentials`, or None for a
            ceremony in which nobody was named.
    """

    challenge: bytes
    origins: frozenset[str]
    rp_id: str
    require_user_verification: bool = True
    require_user_presence: bool = True
    allow_cross_origin: bool = False
    top_origins: frozenset[str] = frozenset()
    allowed_credentials: frozenset[bytes] | None = None


@fast_init
@dataclass(frozen=True, slots=True)
class StoredCredential:
    """What a verification needs of the credential record."""

    credential_id: bytes
    public_key: CosePublicKey
    sign_count: int
    backup_eligible: bool


@fast_init
@dataclass(frozen=True, slots=True)
class VerifiedAssertion:
    """The key holder answered this challenge for this site.

    Attributes:
        sign_count: to be stored, once policy has decided.
        counter_regressed: the counter did not go up: "a signal, but not proof,
            that the authenticator may be cloned". Policy weighs it.
        extensions: signed extension outputs.
    """

    credential_id: bytes
    sign_count: int
    counter_regressed: bool
    user_present: bool
    user_verified: bool
    backup_eligible: bool
    backed_up: bool
    extensions: Mapping[str, CborValue]


def verify_assertion(
    received: ReceivedAssertion, expected: AssertionExpectation, stored: StoredCredential
) -> VerifiedAssertion:
    """Check *received* against what we issued and what we stored.

    The caller has already found *stored* by credential id and established
    that it belongs to the user being signed in.

    Raises:
        CeremonyError: the first check that failed, as its own subclass.
    """
    # 1, 2. "Let options be a new CredentialRequestOptions ..."; "Call navigator.credentials.get()":
    #       `options.request_options` and the browser.
    # 3, 4. "Let response be credential.response"; "Let clientExtensionResults be ...": `parse_assertion`.

    # 5. "If pkOptions.allowCredentials is not empty, verify that credential.id identifies one of the
    #    public key credentials listed in pkOptions.allowCredentials."
    allowed = expected.allowed_credentials
    if allowed is not None and received.credential_id not in allowed:
        raise CredentialIdMismatch("a credential that was not asked for")

    # 6. "Identify the user being authenticated and let credentialRecord be the credential record for
    #    the credential": the flow's, which knows whether the user was named. What it found must be ours.
    if received.credential_id != stored.credential_id:
        raise CredentialIdMismatch("another credential than the stored one")

    # 7, 8, 9. "Let cData, authData and sig denote ..."; "UTF-8 decode"; "a JSON parser": `parse_assertion`.
    client_data, data = received.client_data, received.authenticator_data

    # 10 to 14. C.type, C.challenge, C.origin, C.crossOrigin, C.topOrigin.
    check_client_data(client_data, expected, "webauthn.get")

    # 15. "Verify that the rpIdHash in authData is the SHA-256 hash of the RP ID expected by the RP."
    if data.rp_id_hash != rp_id_hash(expected.rp_id):
        raise RpIdMismatch(expected.rp_id)

    # 16. "Verify that the UP bit of the flags in authData is set."
    flags = data.flags
    if expected.require_user_presence and not flags & FLAG_UP:
        raise UserPresenceMissing

    # 17. "If user verification was determined to be required, verify that the UV bit of the flags in
    #     authData is set."
    if expected.require_user_verification and not flags & FLAG_UV:
        raise UserVerificationMissing

    # 18. "If the BE bit of the flags in authData is not set, verify that the BS bit is not set.":
    #     no `AuthenticatorData` without it exists.

    # 19. "If credentialRecord.backupEligible is set, verify that currentBe is set. If
    #     credentialRecord.backupEligible is not set, verify that currentBe is not set."
    backup_eligible = bool(flags & FLAG_BE)
    if backup_eligible != stored.backup_eligible:
        raise BackupEligibilityChanged(was_eligible=stored.backup_eligible)

    # 20. "Let hash be the result of computing a hash over the cData using SHA-256."
    # 21. "Using credentialRecord.publicKey, verify that sig is a valid signature over the binary
    #     concatenation of authData and hash."
    try:
        stored.public_key.verify(received.signature, data.raw + client_data.hash)
    except KeyDidNotSign as error:
        raise SignatureInvalid(str(error)) from None

    # 22. "If authData.signCount is nonzero or credentialRecord.signCount is nonzero, ... less than or
    #     equal to credentialRecord.signCount: This is a signal, but not proof". Policy's to weigh.
    count, before = data.sign_count, stored.sign_count
    regressed = count <= before and (count != 0 or before != 0)

    # 23. "Process the client extension outputs ... and the authenticator extension outputs ... as
    #     required by the RP." The flow's; ours are handed on.
    # 24. "Update credentialRecord with new state values ... the above state updates SHOULD be deferred
    #     to after those additional checks are completed successfully.": the flow's, after policy.
    # 25. "If all the above steps are successful, continue the authentication ceremony".
    return VerifiedAssertion(
        received.credential_id,
        count,
        regressed,
        bool(flags & FLAG_UP),
        bool(flags & FLAG_UV),
        backup_eligible,
        bool(flags & FLAG_BS),
        data.extensions,
    )
