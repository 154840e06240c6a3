"""Stable codes in words for the person: what happened and what to do, never the operator's detail."""

from datetime import timedelta
from uuid import UUID

from keystead_core.webauthn import KEYSTEAD_SOFTWARE

from keystead_server.domain import user_agent as user_agents
from keystead_server.domain.device import DeviceState, EndorsementTrust
from keystead_server.domain.passkey import Passkey, PasskeyType, Proof
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.policy.passkeys.decide import NotAdmitted

# The rules of a passkey policy by their codes alone, as an old row of the log has them; each completes "… because".
_POLICY = {
    "passkey_method_disabled": "passkeys are switched off",
    "user_excluded": "the account may not use passkeys",
    "no_profile_in_scope": "no kind of passkey is meant for the account",
    "self_service_off": "only an administrator may add passkeys",
    "passkey_type_not_allowed": "its type, synced or device-bound, is not allowed",
    "aaguid_not_allowed": "its model is not on the list of allowed models",
    "authenticator_compromised": "its model is publicly reported as compromised or revoked",
    "aaguid_blocked": "its model is on the list of blocked models",
    "attestation_required": "it did not prove which model it is",
    "attestation_legacy": "the attestation of its security chip is signed with SHA-1",
    "proof_too_weak": "it does not show clearly enough that it cannot leave its device",
    "algorithm_not_allowed": "its kind of signature is not allowed",
}

_DID_NOT_WORK = "That passkey didn't work here. Try again, or use another one."

_SIGN_IN = {
    "passkey_unknown": "This passkey is not known here; it may have been removed. Use another one.",
    "passkey_of_another_user": "This passkey belongs to another account than the one you named.",
    "user_disabled": "This account is switched off. Ask an administrator of your organisation.",
    "challenge_expired": "This page was open for too long. Try again.",
    "challenge_spent": "This sign-in was already answered. Try again.",
    "challenge_not_ours": "This sign-in was started in another browser or on another page. Try again.",
    "user_verification_missing": (
        "Your passkey did not check that it is you. Set a PIN, fingerprint or face for it and try again."
    ),
    "device_disabled": "The computer of this passkey was disabled by an administrator of your organisation.",
    "device_removed": "The computer of this passkey is not enrolled any more. Ask an administrator of your organisation.",
    "attestation_key_withdrawn": "The computer of this passkey was withdrawn by an administrator of your organisation.",
    "endorsement_key_withdrawn": "The computer of this passkey was withdrawn by an administrator of your organisation.",
    "counter_regressed": (
        "This passkey looks as if it had been copied, so it is not accepted. Tell an administrator of your organisation."
    ),
}

_UNDER_POLICY = {
    "access_blocked": "Your organisation's rules do not let you do this with what you use, or from where you are.",
    "access_controls_required": "Your organisation asks for another sign-in before this. Sign in again with what you have.",
}
_REGISTRATION = {
    **_UNDER_POLICY,
    "sign_in_not_fresh": "To add a passkey you must have signed in within the last five minutes. Sign in again first.",
    "no_algorithm_left": "Your organisation allows no kind of signature for your passkeys. Ask an administrator.",
    "too_many_passkeys": "You have as many passkeys as an account can have. Remove one you no longer use first.",
    "passkey_already_registered": "This passkey is already registered.",
    "hello_key_on_this_device": (
        "This computer has a Windows Hello key of your account, and one of the two is all that it keeps for an account. "
        "A security key or another device can still get a passkey."
    ),
    "challenge_expired": "This page was open for too long. Try again.",
    "challenge_spent": "This passkey was already sent to us. Try again.",
    "challenge_not_ours": "This was started in another browser or by another account. Load the page again.",
    "user_verification_missing": _SIGN_IN["user_verification_missing"],
    "algorithm_not_offered": "This passkey uses a kind of signature that is not accepted here. Use another device.",
    "attestation_format_unknown": "This passkey proves its model in a way that is not known here. Use another device.",
    "attestation_not_ours": (
        "This says that it is a Keystead container, and the proof it brings is not your organisation's. "
        "Enrol the computer again."
    ),
    "attestation_replayed": "The proof that came with this passkey was made for another one. Try again.",
    "key_can_leave": "This says that it is a Keystead container, and its key could leave it. Use another device.",
    "device_disabled": "This computer was disabled by an administrator of your organisation.",
    "device_removed": "This computer is not enrolled any more. Enrol it again on the page of your account.",
    "attestation_key_withdrawn": "This computer was withdrawn by an administrator of your organisation.",
    "endorsement_key_withdrawn": "This computer was withdrawn by an administrator of your organisation.",
    "attestation_invalid": "What this passkey says about its model does not hold. Use another device.",
}

PASS_REFUSED = (
    "That pass didn't work. Check the name and the pass, or ask for a new one. "
    # Said to everybody: only to those locked out, it would tell which names are known.
    "After ten wrong tries, wait 15 minutes before the next."
)

LINK_REFUSED = "That link does not work any more: it was used, has ended or was replaced. Ask for a new one."

_REASONS = {
    "access_blocked": "a policy of the organisation blocks it",
    "access_controls_required": "a policy of the organisation asks for more",
    "passkey_unknown": "the passkey was not known here",
    "passkey_of_another_user": "the passkey belongs to another account than the one named",
    "user_handle_mismatch": "the passkey did not name this account",
    "user_disabled": "the account was switched off",
    "counter_regressed": "the passkey looked as if it had been copied",
    "challenge_expired": "the page was open for too long",
    "challenge_spent": "the same answer came twice",
    "challenge_not_ours": "it was started in another browser",
    "signature_invalid": "the signature was wrong",
    "user_verification_missing": "the passkey did not check who used it",
    "origin_not_allowed": "it came from a page that is not ours",
    "cross_origin_not_allowed": "it came from a page inside another page",
    "passkey_already_registered": "the passkey was registered before",
    "hello_key_on_this_device": "the computer had a Windows Hello key of the account",
    "device_disabled": "the computer of the passkey is disabled",
    "device_removed": "the computer of the passkey is not enrolled any more",
    "attestation_key_withdrawn": "the computer of the passkey was withdrawn",
    "endorsement_key_withdrawn": "the security chip of the computer was withdrawn",
    "attestation_not_ours": "the proof it brought was not from here",
    "attestation_replayed": "the proof it brought was made for another passkey",
    "key_can_leave": "the key could leave its container",
    "container_unproven": "it said that it is a Keystead container on a TPM, and proved nothing",
    "enrolment_code_invalid": "the code was none of ours",
    "enrolment_code_expired": "the code was over",
    "enrolment_code_spent": "the code was used before",
    "activation_failed": "the security chip was not the one it was said to be",
    "activation_not_ours": "the answer belonged to nothing that was asked",
    "activation_expired": "the answer took too long",
    "endorsement_untrusted": "nobody who is trusted has certified the security chip",
    "endorsement_certificate_invalid": "the certificate of the security chip did not hold",
    "endorsement_key_invalid": "the endorsement key was not of a known kind",
    "attestation_key_invalid": "the attestation key was not one that stays in its chip",
    "attestation_key_copied": "the files of another computer were brought beside another security chip",
    "attestation_key_taken": "the attestation key belongs to another enrolment",
    "device_changed_meanwhile": "the device was changed at the same moment",
    "attestation_invalid": "what the passkey said about its model did not hold",
    "conditional_not_offered": "a passkey was made without a gesture where one was asked for",
    "passkey_on_this_device": "the device already had a passkey for the account",
    "browser_not_allowed": "it was cancelled or took too long",
    "browser_not_supported": "the device cannot make a passkey that is accepted here",
    "browser_cannot_verify": "the device cannot check who uses it",
    "browser_address_refused": "the browser does not allow passkeys at the address",
    "browser_aborted": "the page was left",
    "browser_error": "the browser could not make a passkey",
    "user_unknown": "there is no such account",
    "no_pass": "the account had no Temporary Access Pass",
    "pass_wrong": "the pass was wrong",
    "pass_expired": "the pass had expired",
    "pass_not_yet_valid": "the pass was not valid yet",
    "pass_already_used": "the pass had been used",
    "pass_link_not_ours": "the link was not one of ours",
    "too_many_attempts": "there were too many wrong tries",
    "no_password": "the account had no password",
    "password_wrong": "the password was wrong",
    "second_factor_missing": "the account had nothing that could follow a password",
    "weaker_method_retired": "the account has a passkey, and nothing weaker may stand beside it",
    "unlock_code_unknown": "no computer of the account showed the code that was typed",
    "unlock_not_ours": "the computer's count of wrong PINs is not one that may be reset here",
    "unlock_over": "the question was over, or another one had taken its place",
    "signed_in_by_this_device": "the sign-in was by a passkey of the computer that is locked",
    "totp_wrong": "the code of the authenticator app was wrong",
    "totp_replayed": "the code had been used",
    "recovery_code_wrong": "the recovery code was wrong or had been used",
    "partial_expired": "too long after the password, or the password had changed",
    "partial_not_ours": "the password was typed in another browser",
}

_GRANTED = {
    Purpose.SIGN_IN: "Signed in",
    Purpose.REGISTER: "Passkey added",
    Purpose.TOKEN: "App signed in",
    Purpose.APP: "App signed in by itself",
    Purpose.AUTHORIZE: "App let in",
    Purpose.USE: "Page opened",
    Purpose.ENROL_DEVICE: "Computer enrolled",
    Purpose.RENEW_DEVICE: "Computer renewed",
    Purpose.UNLOCK_DEVICE: "Computer unlocked",
}
_REFUSED = {
    Purpose.SIGN_IN: "Not signed in",
    Purpose.REGISTER: "Passkey not added",
    Purpose.TOKEN: "App not signed in",
    Purpose.APP: "App not signed in by itself",
    Purpose.AUTHORIZE: "App not let in",
    Purpose.USE: "Page not opened",
    Purpose.ENROL_DEVICE: "Computer not enrolled",
    Purpose.RENEW_DEVICE: "Computer not renewed",
    Purpose.UNLOCK_DEVICE: "Computer not unlocked",
}
_METHODS = {
    Method.PASSKEY: "Passkey",
    Method.WINDOWS_HELLO: "Windows Hello key",
    Method.TEMPORARY_ACCESS_PASS: "Temporary Access Pass",
    Method.PASSWORD: "Password",
    Method.SOFTWARE_OATH: "Authenticator app (TOTP)",
    Method.RECOVERY_CODE: "Recovery code",
    Method.NONE: "None: the app brought a code, or its secret",
}
_TYPES = {PasskeyType.DEVICE_BOUND: "Device-bound", PasskeyType.SYNCED: "Synced"}
_BINDINGS = {
    Proof.NONE: "Nothing shows that this key stays on one device.",
    Proof.CLAIMED: "The device says that this key cannot leave it; nothing proves it.",
    Proof.ATTESTED: "The maker of the device vouches that this key cannot leave it.",
    Proof.PROVEN: "The device's security chip proved to us that this key cannot leave it.",
}
_IN_A_FILE = (
    "Its key is in a file, not in a security chip: whoever copies the file can guess its PIN as often as they like."
)


_CODE_NOT_OFFERED = {
    "sign_in_not_fresh": "To enrol a computer you must have signed in within the last five minutes.",
    "too_many_devices": "You have enrolled as many computers as an account can have. Ask an administrator to remove one.",
}
_UNLOCK_REFUSED = {
    "unlock_code_unknown": (
        "No computer of yours shows this code. Compare it letter by letter; after a few minutes the computer needs another."
    ),
    "unlock_over": "This code is over. Run keystead-agent unlock again, and type the new one.",
    "sign_in_not_fresh": "To unlock a computer you must have signed in within the last five minutes.",
    "stronger_method_needed": (
        "You signed in with a Temporary Access Pass. To unlock a computer, sign in with what you have besides."
    ),
    "signed_in_by_this_device": (
        "You signed in with a passkey that is, or may be, of the computer that is locked. "
        "Sign in with another one, or in another way."
    ),
    "device_disabled": "This computer was disabled by an administrator of your organisation.",
    "attestation_key_withdrawn": "This computer was withdrawn by an administrator of your organisation.",
    "endorsement_key_withdrawn": "This computer's security chip was withdrawn by an administrator of your organisation.",
}
DEVICE_STATES = {
    DeviceState.ENABLED: "Enabled",
    DeviceState.DISABLED: "Disabled",
    DeviceState.ATTESTATION_WITHDRAWN: "Withdrawn",
    DeviceState.ENDORSEMENT_WITHDRAWN: "Chip withdrawn",
}
ENDORSEMENTS = {
    EndorsementTrust.CERTIFIED: "Its maker, whom your organisation trusts, has certified its security chip.",
    EndorsementTrust.FIRST_USE: "Nobody whom your organisation trusts has certified its security chip.",
}


def code_not_offered(code: str) -> str:
    return _CODE_NOT_OFFERED[code]


def unlock_refused(code: str) -> str:
    return _UNLOCK_REFUSED.get(code, "That did not work. Run keystead-agent unlock again, and type the new code.")


def sign_in_refused(code: str, policy: NotAdmitted | None = None) -> str:
    return _refused_by(policy) if policy is not None else _SIGN_IN.get(code, _DID_NOT_WORK)


def registration_refused(code: str, policy: NotAdmitted | None = None) -> str:
    if policy is not None:
        return _refused_by(policy)
    return _REGISTRATION.get(code, "That passkey could not be added. Try again.")


def _refused_by(policy: NotAdmitted) -> str:
    return f"Your organisation does not accept this passkey: {policy.says}. {policy.remedy}"


def not_offered(code: str, policy: NotAdmitted | None = None) -> str:
    """Why no passkey can be added now, said before the browser asks for anything."""
    if policy is None:
        return registration_refused(code)
    return f"You cannot add a passkey in your organisation because {policy.says}. {policy.remedy}"


def outcome(attempt: Attempt) -> str:
    match attempt.result:
        case Result.GRANTED:
            return _GRANTED[attempt.purpose]
        case Result.INTERRUPTED:
            return "Password right"
        case Result.REFUSED:
            return _REFUSED[attempt.purpose]


def reason(code: str) -> str:
    return _REASONS.get(code) or _POLICY.get(code) or "the check that is named here failed"


def method(value: Method) -> str:
    return _METHODS[value]


def passkey_type(passkey: Passkey) -> str:
    return _TYPES[passkey.type]


def binding(passkey: Passkey) -> str:
    if passkey.type is PasskeyType.SYNCED:
        return "Its provider keeps copies, on your other devices too."
    return bound(passkey.proof, passkey.aaguid)


def bound(proof: Proof, model: UUID | None = None) -> str:
    """How far it is shown that a key of this *model* cannot leave its device."""
    return _IN_A_FILE if model == KEYSTEAD_SOFTWARE else _BINDINGS[proof]


def spent(time: timedelta) -> str:
    """How long something took, as far as anybody cares."""
    seconds = time.total_seconds()
    return "less than a second" if seconds < 1 else f"{seconds:.1f} seconds"


def browser(user_agent: str) -> str:
    """A browser as its owner would call it."""
    return user_agents.called(user_agent)
