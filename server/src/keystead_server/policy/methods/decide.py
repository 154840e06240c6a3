"""Whether somebody may use a method, or set it up: asked at set-up and again at every sign-in."""

from dataclasses import dataclass

from keystead_server.domain.sign_in import Method
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.people import Subject, any_covers

METHOD_NAMES = {
    Method.PASSKEY: "passkey",
    Method.WINDOWS_HELLO: "Windows Hello key",
    Method.TEMPORARY_ACCESS_PASS: "Temporary Access Pass",
    Method.SOFTWARE_OATH: "authenticator app",
    Method.RECOVERY_CODE: "recovery code",
    Method.PASSWORD: "password",
    Method.NONE: "method",
}
"""Methods as sentences name them."""

# Alone they are no sign-in: set up without a password, they would only look like a way back in.
_FOLLOWS_A_PASSWORD = frozenset({Method.SOFTWARE_OATH, Method.RECOVERY_CODE})
_ASK = "Ask an administrator of your organisation."


def a(method: Method) -> str:
    """The method with its article: "a password", "an authenticator app"."""
    name = METHOD_NAMES[method]
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


@dataclass(frozen=True, slots=True)
class NotAllowed:
    """Attributes:
    code: stable.
    says: what is against it; completes "… because …".
    remedy: what the person can do; a sentence.
    """

    code: str
    says: str
    remedy: str = _ASK


def with_article(method: Method) -> str:
    name = METHOD_NAMES[method]
    return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"


def may_use(policy: MethodsPolicy, method: Method, subject: Subject) -> NotAllowed | None:
    """Why *subject* cannot sign in with *method* as long as *policy* is in force, or None.

    Nothing is ever said against a passkey: its own policy judges it (policy.passkeys.decide).
    """
    if method is Method.PASSKEY:
        return None
    name = with_article(method)
    if method is Method.PASSWORD and policy.passwords_forbidden:
        return NotAllowed("passwords_forbidden", "this organisation has no passwords")
    configuration = policy.of(method)
    if configuration is None or not configuration.enabled:
        return NotAllowed("method_disabled", f"signing in with {name} is switched off")
    # Exclusion first, and for everyone: excluding all users is a way to switch the method off.
    if any_covers(configuration.exclude, subject):
        return NotAllowed("method_excluded", f"this account, or a group or role it has, is excluded from using {name}")
    if not any_covers(configuration.include, subject):
        return NotAllowed("method_not_meant", f"{name} is not meant for this account")
    return None


def may_set_up(
    policy: MethodsPolicy, method: Method, subject: Subject, *, self_service: bool = True
) -> NotAllowed | None:
    """Why *subject* cannot get *method* now, or None; *self_service* is false when an administrator gives it.

    What could not be used is not set up either, nor what only follows a password where there can be none.
    """
    refusal = may_use(policy, method, subject)
    if refusal is None and method in _FOLLOWS_A_PASSWORD and may_use(policy, Method.PASSWORD, subject) is not None:
        refusal = NotAllowed("nothing_to_follow", f"{a(method)} follows a password, and this account can have none")
    if refusal is not None or not self_service:
        return refusal
    configuration = policy.of(method)
    if configuration is not None and not configuration.self_service:
        return NotAllowed("self_service_off", f"people may not set up {with_article(method)} by themselves")
    return None
