"""Our codes as the numbers of Entra's sign-in log, so that what watches one log can watch the other.

The numbers and what they mean are those of Microsoft's page "Microsoft Entra authentication and
authorization error codes" (entra/identity-platform/reference-error-codes), compared one by one. Four are
not on it and known from what people report of their sign-in logs: 500121, and for refused passkeys
135016, 135017 and 135018.

Where Entra has no number for what happened, the nearest that it uses for "the method failed" stands;
our own code is always beside it (`keystead.reason`).
"""

# "Authentication failed during strong authentication request."
METHOD_FAILED = 500121
# BlockedByConditionalAccessOnSecurityPolicy: a security policy of the tenant blocks the request.
_BY_POLICY = 530032
# "FIDO sign-in is disabled via policy": seen for models that the passkey policy does not list, too.
_PASSKEY_BY_POLICY = 135016
# "Invalid challenge" in a FIDO assertion.
_CHALLENGE = 135018
# NgcDeviceIsNotFound: the device that the key names is not there.
_DEVICE_GONE = 130008
# DeviceAuthenticationFailed.
_DEVICE_FAILED = 50155

ERROR_NUMBERS: dict[str, int] = {
    "granted": 0,
    # challenges
    "challenge_not_ours": _CHALLENGE,
    "challenge_expired": _CHALLENGE,
    "challenge_spent": _CHALLENGE,
    "challenge_mismatch": _CHALLENGE,
    # who it is
    "passkey_unknown": 135010,
    "passkey_of_another_user": METHOD_FAILED,
    "user_handle_mismatch": METHOD_FAILED,
    "user_unknown": 50034,
    "user_disabled": 50057,
    # what the authenticator made
    "counter_regressed": 135017,
    "signature_invalid": 130005,
    "malformed_response": METHOD_FAILED,
    "backup_state_impossible": METHOD_FAILED,
    "backup_eligibility_changed": METHOD_FAILED,
    "ceremony_type_wrong": METHOD_FAILED,
    "origin_not_allowed": METHOD_FAILED,
    "cross_origin_not_allowed": METHOD_FAILED,
    "top_origin_not_allowed": METHOD_FAILED,
    "rp_id_mismatch": METHOD_FAILED,
    "user_presence_missing": METHOD_FAILED,
    "user_verification_missing": METHOD_FAILED,
    # new passkeys
    "algorithm_not_offered": METHOD_FAILED,
    "public_key_invalid": METHOD_FAILED,
    "credential_id_too_long": METHOD_FAILED,
    "credential_id_mismatch": METHOD_FAILED,
    "attestation_format_unknown": METHOD_FAILED,
    "attestation_invalid": METHOD_FAILED,
    "passkey_already_registered": METHOD_FAILED,
    "too_many_passkeys": METHOD_FAILED,
    "hello_key_on_this_device": METHOD_FAILED,
    # what the browser said
    "conditional_not_offered": METHOD_FAILED,
    "passkey_on_this_device": METHOD_FAILED,
    "browser_not_allowed": METHOD_FAILED,
    "browser_not_supported": METHOD_FAILED,
    "browser_cannot_verify": METHOD_FAILED,
    "browser_address_refused": METHOD_FAILED,
    "browser_aborted": METHOD_FAILED,
    "browser_error": METHOD_FAILED,
    "pass_link_not_ours": METHOD_FAILED,
    # policy
    "passkey_method_disabled": _PASSKEY_BY_POLICY,
    "user_excluded": _PASSKEY_BY_POLICY,
    "no_profile_in_scope": _PASSKEY_BY_POLICY,
    # 53010 would send people to another place or device, from where it is no different.
    "self_service_off": _BY_POLICY,
    "passkey_type_not_allowed": _PASSKEY_BY_POLICY,
    "aaguid_not_allowed": _PASSKEY_BY_POLICY,
    "aaguid_blocked": _PASSKEY_BY_POLICY,
    "attestation_required": _PASSKEY_BY_POLICY,
    "authenticator_compromised": _PASSKEY_BY_POLICY,
    "attestation_legacy": _PASSKEY_BY_POLICY,
    "proof_too_weak": _PASSKEY_BY_POLICY,
    "algorithm_not_allowed": _PASSKEY_BY_POLICY,
    "method_disabled": _BY_POLICY,
    "method_excluded": _BY_POLICY,
    "method_not_meant": _BY_POLICY,
    "passwords_forbidden": _BY_POLICY,
    "access_blocked": 53003,
    "access_controls_required": 50076,
    "terms_declined": _BY_POLICY,
    # wrong PINs forgotten
    "unlock_not_ours": METHOD_FAILED,
    "unlock_over": METHOD_FAILED,
    "unlock_code_unknown": METHOD_FAILED,
    "signed_in_by_this_device": METHOD_FAILED,
    # NoMatchedAuthnContextInOutputClaims: the app asked for a kind of sign-in that this one was not. No
    # administrator's policy asked for it, as 50076 would say.
    "unmet_authentication_requirements": 75011,
    "phishing_resistant_required": 530035,
    "registration_required": 50072,
    # computers that vouch
    "attestation_replayed": METHOD_FAILED,
    "attestation_not_ours": METHOD_FAILED,
    "key_can_leave": METHOD_FAILED,
    "container_unproven": _BY_POLICY,
    "device_disabled": 135011,
    "device_removed": _DEVICE_GONE,
    "attestation_key_withdrawn": _DEVICE_FAILED,
    "endorsement_key_withdrawn": _DEVICE_FAILED,
    "device_changed_meanwhile": METHOD_FAILED,
    "enrolment_code_invalid": METHOD_FAILED,
    "enrolment_code_expired": METHOD_FAILED,
    "enrolment_code_spent": METHOD_FAILED,
    "endorsement_key_invalid": METHOD_FAILED,
    "endorsement_certificate_invalid": METHOD_FAILED,
    "endorsement_untrusted": METHOD_FAILED,
    "attestation_key_invalid": METHOD_FAILED,
    "attestation_key_copied": METHOD_FAILED,
    "attestation_key_taken": METHOD_FAILED,
    "device_facts_invalid": METHOD_FAILED,
    "device_name_invalid": METHOD_FAILED,
    "activation_failed": METHOD_FAILED,
    "activation_not_ours": METHOD_FAILED,
    "activation_expired": METHOD_FAILED,
    # passes
    "no_pass": METHOD_FAILED,
    "pass_wrong": 50126,
    "pass_not_yet_valid": METHOD_FAILED,
    "pass_expired": METHOD_FAILED,
    "pass_already_used": METHOD_FAILED,
    "too_many_attempts": 50053,
    # passwords and second factors
    "no_password": 50056,
    "password_wrong": 50126,
    "second_factor_needed": 50074,
    "second_factor_missing": 50072,
    "weaker_method_retired": _BY_POLICY,
    "totp_wrong": METHOD_FAILED,
    "totp_replayed": METHOD_FAILED,
    "recovery_code_wrong": METHOD_FAILED,
    "partial_expired": METHOD_FAILED,
    "partial_not_ours": METHOD_FAILED,
    # apps
    "invalid_request": 9002313,
    "invalid_client": 7000215,
    "invalid_scope": 70011,
    "unauthorized_client": 70001,
    "unsupported_grant_type": 70003,
    "invalid_grant": 70000,
    "code_not_ours": 70000,
    "code_of_another_app": 70000,
    "code_expired": 70008,
    "code_spent": 54005,
    "redirect_uri_differs": 50011,
    "session_over": 50173,
}


def error_number(reason: str) -> int:
    return ERROR_NUMBERS.get(reason, METHOD_FAILED)
