"""What somebody signs in with besides passkeys, as their own page and administrators' show it."""

from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.access_pass import PassState, TemporaryAccessPass
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import HOW_MANY, RecoveryCodes
from keystead_server.domain.sign_in import Method
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.flows.held_methods import Held
from keystead_server.flows.manage_methods import Secret, method_of
from keystead_server.http.call import Call
from keystead_server.http.pages import method_words
from keystead_server.http.pages.uses import Use, Uses
from keystead_server.policy.methods.decide import NotAllowed


@dataclass(frozen=True, slots=True)
class MethodLine:
    """Attributes:
    id: of what can be removed; None for a pass, which ends by itself.
    about: what it is, in a sentence.
    against: what the policy in force has against using it.
    renames: whether it has a name of its own.
    ends_at: when it ends by itself, if it does.
    """

    id: str | None
    method: Method
    name: str
    about: str
    added_at: datetime
    last_used_at: datetime | None
    use: Use | None
    against: NotAllowed | None
    renames: bool = False
    ends_at: datetime | None = None


def method_lines(held: Held, uses: Uses) -> list[MethodLine]:
    return [_line(secret, held, uses) for secret in held.secrets.all]


def _line(secret: Secret, held: Held, uses: Uses) -> MethodLine:
    method = method_of(secret)
    against = held.against_using(method)
    match secret:
        case Password():
            use = uses.since(secret.set_at, method)
            return MethodLine(
                secret.id, method, method_words.name(method), "The first of two: a code follows it.",
                secret.set_at, None if use is None else use.at, use, against,
            )  # fmt: skip
        case TotpAuthenticator():
            return MethodLine(
                secret.id, method, secret.name, "Shows a code that follows your password. On one device, unless its app keeps copies.",
                secret.created_at, secret.last_used_at, uses.by_credential.get(bytes.fromhex(secret.id.replace("-", ""))),
                against, renames=True,
            )  # fmt: skip
        case RecoveryCodes():
            return MethodLine(
                secret.id, method, method_words.name(method),
                f"{secret.left} of {HOW_MANY} are left. Each stands in for your authenticator app once.",
                secret.made_at, secret.last_used_at, uses.since(secret.made_at, method), against,
            )  # fmt: skip
        case HelloKey():
            return MethodLine(
                secret.id, method, secret.name, "For signing in to this one computer, which keeps it.",
                secret.created_at, secret.last_used_at, None, against,
            )  # fmt: skip


def pass_line(call: Call, access_pass: TemporaryAccessPass | None, held: Held, uses: Uses) -> MethodLine | None:
    """A pass that can be used now or later; what is over is no way in and not shown."""
    now = call.services.clock.now()
    if access_pass is None or access_pass.state(now) not in (PassState.USABLE, PassState.NOT_YET_VALID):
        return None
    method = Method.TEMPORARY_ACCESS_PASS
    use = uses.since(access_pass.created_at, method)
    about = "An administrator issued it. It works once." if access_pass.usable_once else "An administrator issued it."
    return MethodLine(
        None, method, method_words.name(method), about, access_pass.created_at, None if use is None else use.at, use,
        held.against_using(method), ends_at=access_pass.expires_at,
    )  # fmt: skip
