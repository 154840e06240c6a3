"""The sign-in log: one row for each attempt, granted or refused."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from keystead_core.fast_init import fast_init

from keystead_server.domain.access_ruling import AccessRuling
from keystead_server.domain.ids import AppId, AttemptId, TenantId, UserId


class Method(StrEnum):
    """How somebody proved who they are.

    NONE stands where nobody did: an app brought a code, or only its own secret; a device answered for itself.
    """

    PASSKEY = "passkey"
    WINDOWS_HELLO = "windowsHelloForBusiness"
    TEMPORARY_ACCESS_PASS = "temporaryAccessPass"
    PASSWORD = "password"
    SOFTWARE_OATH = "softwareOath"
    RECOVERY_CODE = "recoveryCode"
    NONE = "none"

    @property
    def amr(self) -> tuple[str, ...]:
        """Authentication methods as tokens name them: a passkey with user verification is two factors in one."""
        return _AMR[self]

    @property
    def resists_phishing(self) -> bool:
        """Whether it signs for one site only, so that a look-alike page gets nothing it could use."""
        return self in (Method.PASSKEY, Method.WINDOWS_HELLO)


# RFC 8176 where it has a value; `fido`, `tap` and `recovery` are not in its registry.
_AMR: dict[Method, tuple[str, ...]] = {
    Method.PASSKEY: ("fido", "mfa"),
    Method.WINDOWS_HELLO: ("hwk", "mfa"),
    Method.TEMPORARY_ACCESS_PASS: ("tap", "mfa"),
    Method.PASSWORD: ("pwd",),
    Method.SOFTWARE_OATH: ("otp",),
    Method.RECOVERY_CODE: ("recovery",),
    Method.NONE: (),
}


class Result(StrEnum):
    """INTERRUPTED: the first of two factors was right, and the second is still to come."""

    GRANTED = "granted"
    INTERRUPTED = "interrupted"
    REFUSED = "refused"


class Purpose(StrEnum):
    """What the ceremony was for."""

    SIGN_IN = "signIn"
    REGISTER = "registerPasskey"
    TOKEN = "redeemCode"
    AUTHORIZE = "authorize"
    USE = "useSession"
    APP = "clientCredentials"
    ENROL_DEVICE = "enrolDevice"
    RENEW_DEVICE = "renewDevice"
    UNLOCK_DEVICE = "unlockDevice"


@fast_init
@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt: its id is the challenge's, so recording it spends the challenge.

    Attributes:
        reason: stable code; `granted`, or why not (docs/reference/errors.md).
        detail: for the operator: the message of the check that failed. Never shown to the person.
        username: as typed, when somebody was named; it may name nobody.
        method: what was judged; of a sign-in with two factors each has its own row.
        credential_id: the passkey's; for an authenticator app the 16 bytes of its id here.
        challenge_id: the challenge that was answered a second time, on a `challenge_spent` row.
        profile: the passkey profile that admitted the passkey.
        access: what Conditional Access said of it; None where no policy applied.
    """

    id: AttemptId
    tenant_id: TenantId
    at: datetime
    purpose: Purpose
    method: Method
    result: Result
    reason: str
    client_address: str
    user_agent: str = ""
    detail: str = ""
    user_id: UserId | None = None
    username: str | None = None
    app_id: AppId | None = None
    credential_id: bytes | None = None
    aaguid: UUID | None = None
    proof: str | None = None
    profile: str | None = None
    challenge_id: AttemptId | None = None
    access: AccessRuling | None = None
