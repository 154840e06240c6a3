"""Passwords, apps and codes in words for the person: what happened and what to do."""

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.sign_in import Method
from keystead_server.flows.method_gate import NotDone
from keystead_server.policy.methods.decide import NotAllowed

_PASSWORD_REFUSED = (
    "That name and password don't go together. Check both and try again. "
    # Said to everybody: only to those locked out, it would tell which names are known.
    "After ten wrong tries, wait 15 minutes before the next."
)
_CODE_REFUSED = {
    "totp_wrong": "That code is not right. Type the one that your app shows now; check that its clock is right.",
    "totp_replayed": "That code was used already. Wait for the next one.",
    "recovery_code_wrong": "That is no code of yours, or it was used already.",
    "too_many_attempts": "There were too many wrong codes. Wait an hour, or sign in another way.",
    "user_disabled": "This account is switched off. Ask an administrator of your organisation.",
}
_TOO_OLD = "This took too long, or was started elsewhere. Start again with your password."

_NOT_DONE = {
    "sign_in_not_fresh": "To change how you sign in you must have signed in within the last five minutes.",
    "stronger_method_needed": (
        "You signed in with a Temporary Access Pass, and you have a way to sign in without one. Use that first."
    ),
    "another_method_needed": "You signed in with what you want to change. Sign in with your passkey first.",
    "too_many_totp": "You have as many authenticator apps as an account can have. Remove one you no longer use first.",
    "set_up_expired": "This took too long. Scan the new code below.",
}
_NAMES = {
    Method.PASSWORD: "Password",
    Method.SOFTWARE_OATH: "Authenticator app",
    Method.RECOVERY_CODE: "Recovery codes",
    Method.WINDOWS_HELLO: "Windows Hello key",
    Method.TEMPORARY_ACCESS_PASS: "Temporary Access Pass",
}

_EVENTS = {
    "passkey.registered": "A passkey was added",
    "passkey.registered_on_behalf": "Somebody else added a passkey for you",
    "passkey.renamed": "A passkey got another name",
    "passkey.removed": "A passkey was removed",
    "password.set": "A password was set",
    "password.changed": "The password was changed",
    "password.removed": "The password was removed",
    "password.retired": "The password was removed, because a passkey took its place",
    "totp.registered": "An authenticator app was added",
    "totp.renamed": "An authenticator app got another name",
    "totp.removed": "An authenticator app was removed",
    "totp.retired": "An authenticator app was removed, because a passkey took its place",
    "recovery_codes.made": "Recovery codes were made",
    "recovery_codes.removed": "The recovery codes were removed",
    "hello_key.removed": "A Windows Hello key was removed",
    "pass.issued": "A Temporary Access Pass was issued",
    "pass.retired": "A Temporary Access Pass was removed, because a passkey took its place",
    "device.unlock_allowed": "A computer was allowed to forget wrong PINs",
    "enrolment_code.issued": "A code to enrol a computer was made",
    "user.created": "The account was made",
    "user.renamed": "The names were changed",
    "user.roles_changed": "The roles were changed",
    "user.enabled": "The account was switched on",
    "user.disabled": "The account was switched off",
    "user.signed_out_everywhere": "Every session was ended",
}


def name(method: Method) -> str:
    return _NAMES[method]


def password_refused(against: NotAllowed | None) -> str:
    if against is None:
        return _PASSWORD_REFUSED
    return f"You cannot sign in with a password here because {against.says}. {against.remedy}"


def code_refused(code: str, against: NotAllowed | None = None) -> str:
    if against is not None:
        return f"You cannot sign in this way because {against.says}. {against.remedy}"
    return _CODE_REFUSED.get(code, _TOO_OLD)


def not_done(refusal: NotDone) -> str:
    """Why something cannot be set up, changed or removed."""
    if refusal.policy is not None:
        return f"Not possible because {refusal.policy.says}. {refusal.policy.remedy}"
    return _NOT_DONE.get(refusal.code, "That did not work. Load the page again.")


def event(happened: AuditEvent) -> str:
    said = _EVENTS.get(happened.name, happened.name.replace(".", " ").replace("_", " ").capitalize())
    named = happened.detail.get("name")
    return f"{said}: {named}" if named else said
