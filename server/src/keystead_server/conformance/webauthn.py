"""One ceremony, one verdict: the door for outside WebAuthn vectors.

A record has `kind`, `challenge`, `origin` (text or a list), `rpId`, `response`
and, for an authentication, `credentialPublicKey`. What else it may say has the
strict default: user verification and presence required, no cross-origin frames,
no top origins, the algorithms that we offer. Trust in certificate chains is not
judged here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from keystead_core.cose import CoseError
from keystead_core.webauthn import (
    DEFAULT_OFFERED_ALGORITHMS,
    AssertionExpectation,
    CeremonyError,
    ReceivedAssertion,
    RegistrationExpectation,
    StoredCredential,
    parse_assertion,
    parse_cose_key,
    parse_registration,
    verify_assertion,
    verify_registration,
)

from keystead_server.conformance.record import (
    RecordMalformed,
    flag,
    members,
    moment,
    number,
    numbers,
    octets,
    text,
    texts,
)


def judge(record: Mapping[str, object], clock: Callable[[], datetime]) -> tuple[str, str]:
    """Return the verdict and the reason; *clock* is asked only where `verifyAt` is absent."""
    try:
        match record.get("kind"):
            case "registration":
                _register(record, moment(record, "verifyAt") or clock())
            case "authentication":
                _authenticate(record)
            case _:
                raise RecordMalformed("kind is neither registration nor authentication")
    except (CeremonyError, CoseError, RecordMalformed) as refused:
        return "reject", f"{refused.code}: {refused}"
    return "accept", "ok"


def _register(record: Mapping[str, object], now: datetime) -> None:
    expected = RegistrationExpectation(
        algorithms=numbers(record, "allowedAlgs", DEFAULT_OFFERED_ALGORITHMS), **_expected(record)
    )
    verify_registration(parse_registration(members(record, "response")), expected, now=now)


def _authenticate(record: Mapping[str, object]) -> None:
    received = parse_assertion(members(record, "response"))
    verify_assertion(received, AssertionExpectation(**_expected(record)), _stored(record, received))


def _expected(record: Mapping[str, object]) -> dict[str, Any]:
    origins = texts(record, "origin")
    if not origins:
        raise RecordMalformed("origin is neither text nor a list of text")
    return {
        "challenge": octets(record, "challenge"),
        "origins": origins,
        "rp_id": text(record, "rpId"),
        "require_user_verification": flag(record, "requireUserVerification", True),
        "require_user_presence": flag(record, "requireUserPresence", True),
        "allow_cross_origin": flag(record, "allowCrossOrigin", False),
        "top_origins": texts(record, "expectedTopOrigins"),
    }


def _stored(record: Mapping[str, object], received: ReceivedAssertion) -> StoredCredential:
    return StoredCredential(
        credential_id=received.credential_id,
        public_key=parse_cose_key(octets(record, "credentialPublicKey")),
        sign_count=number(record, "storedSignCount", 0),
        # A record that does not know whether the credential was eligible has nothing to compare with.
        backup_eligible=flag(record, "storedBackupEligible", received.authenticator_data.backup_eligible),
    )
