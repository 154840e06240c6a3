"""Why a device was refused, for the person who reads the container's answer."""

_MESSAGES = {
    "enrolment_code_invalid": "This code is not one of this organisation's. Copy the whole code from your account page.",
    "enrolment_code_expired": "This code is over: it works for ten minutes. Get another one on your account page.",
    "enrolment_code_spent": "This code was used before. Get another one on your account page.",
    "endorsement_key_invalid": "The key that names this computer's security chip is not of a kind that is known here.",
    "attestation_key_invalid": "This computer's attestation key is not one that stays in its security chip.",
    "endorsement_certificate_invalid": "The certificate of this computer's security chip is not for this chip.",
    "endorsement_untrusted": (
        "Nobody whom your organisation trusts has certified this computer's security chip. Ask an administrator."
    ),
    "device_facts_invalid": "What this computer says of its security chip cannot be read.",
    "device_name_invalid": "This computer's name has 1 to 64 characters and no control characters.",
    "activation_failed": "This computer's security chip is not the one that it says it is.",
    "activation_not_ours": "This answer belongs to nothing that was asked here. Begin again.",
    "activation_expired": "The answer took too long. Begin again.",
    "attestation_key_copied": (
        "This attestation key is in another computer's security chip, and was copied here with that computer's files."
    ),
    "attestation_key_taken": "This attestation key belongs to somebody else's enrolment.",
    "device_changed_meanwhile": "This device was changed at the same moment. Begin again.",
    "device_disabled": "This device was disabled by an administrator of your organisation.",
    "device_removed": "This device is not enrolled here. Enrol it with a code from your account page.",
    "attestation_key_withdrawn": "This device was withdrawn by an administrator of your organisation. Enrol it anew.",
    "endorsement_key_withdrawn": "This computer's security chip was withdrawn by an administrator of your organisation.",
    "unlock_not_ours": (
        "The count of wrong PINs on this computer is not one that your organisation may reset for you. "
        "Wait until a try is given back, or begin anew."
    ),
    "unlock_over": "This unlock is over, or another one took its place. Begin again.",
    "user_disabled": "The account of whoever enrols or enrolled this device is switched off.",
    "user_unknown": "The account of whoever enrols or enrolled this device is gone.",
    "challenge_spent": "This answer was given before. Begin again.",
}


def refused(code: str) -> str:
    return _MESSAGES.get(code, "This device was refused.")
