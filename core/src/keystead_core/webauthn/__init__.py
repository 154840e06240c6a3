"""WebAuthn Level 3, the relying party's half: bytes and an expectation in, a verified value out.

options              what we ask of the browser
received             what it sends back, shaped: `parse_registration`, `parse_assertion`
client_data          the page's part        authenticator_data   the authenticator's part
registration         §7.1, `verify_registration`
assertion            §7.2, `verify_assertion`
attestation/         §8, one module a format
aaguids              names of authenticator models
errors               why a ceremony was refused
"""

from keystead_core.cose import DEFAULT_OFFERED_ALGORITHMS, CosePublicKey, parse_cose_key
from keystead_core.webauthn.aaguids import KEYSTEAD_SOFTWARE, KEYSTEAD_TPM, NO_AAGUID, authenticator_name
from keystead_core.webauthn.assertion import (
    AssertionExpectation,
    StoredCredential,
    VerifiedAssertion,
    verify_assertion,
)
from keystead_core.webauthn.attestation import VerifiedAttestation
from keystead_core.webauthn.authenticator_data import AuthenticatorData
from keystead_core.webauthn.client_data import ClientData
from keystead_core.webauthn.errors import CeremonyError, MalformedResponse
from keystead_core.webauthn.options import (
    CredentialDescriptor,
    UserEntity,
    creation_options,
    request_options,
)
from keystead_core.webauthn.received import (
    ReceivedAssertion,
    ReceivedRegistration,
    parse_assertion,
    parse_registration,
)
from keystead_core.webauthn.registration import (
    RegistrationExpectation,
    VerifiedRegistration,
    verify_registration,
)

__all__ = [
    "DEFAULT_OFFERED_ALGORITHMS",
    "KEYSTEAD_SOFTWARE",
    "KEYSTEAD_TPM",
    "NO_AAGUID",
    "AssertionExpectation",
    "AuthenticatorData",
    "CeremonyError",
    "ClientData",
    "CosePublicKey",
    "CredentialDescriptor",
    "MalformedResponse",
    "ReceivedAssertion",
    "ReceivedRegistration",
    "RegistrationExpectation",
    "StoredCredential",
    "UserEntity",
    "VerifiedAssertion",
    "VerifiedAttestation",
    "VerifiedRegistration",
    "authenticator_name",
    "creation_options",
    "parse_assertion",
    "parse_cose_key",
    "parse_registration",
    "request_options",
    "verify_assertion",
    "verify_registration",
]
