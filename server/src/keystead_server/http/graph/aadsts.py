"""Our codes as the numbers of Entra's sign-in log, so that what watches one log can watch the other.

Where Entra has no number for what happened, the nearest that it uses for "the method failed" stands;
our own code is always beside it (`keystead.reason`).
"""

METHOD_FAILED = 500121
_BY_POLICY = 530032
_CHALLENGE = 135018
_DEVICE = 135011

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
    "passkey_method_disabled": _BY_POLICY,
    "user_excluded": _BY_POLICY,
    "no_profile_in_scope": _BY_POLICY,
    "self_service_off": 53010,
    "passkey_type_not_allowed": _BY_POLICY,
    "aaguid_not_allowed": _BY_POLICY,
    "aaguid_blocked": _BY_POLICY,
    "attestation_required": _BY_POLICY,
    "authenticator_compromised": _BY_POLICY,
    "attestation_legacy": _BY_POLICY,
    "proof_too_weak": _BY_POLICY,
    "algorithm_not_allowed": _BY_POLICY,
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
    "unmet_authentication_requirements": 50076,
    "phishing_resistant_required": 530035,
    "registration_required": 50072,
    # computers that vouch
    "attestation_replayed": METHOD_FAILED,
    "attestation_not_ours": METHOD_FAILED,
    "key_can_leave": METHOD_FAILED,
    "container_unproven": _BY_POLICY,
    "device_disabled": _DEVICE,
    "device_removed": _DEVICE,
    "attestation_key_withdrawn": _DEVICE,
    "endorsement_key_withdrawn": _DEVICE,
    "device_changed_meanwhile": METHOD_FAILED,
    "enrolment_code_invalid": METHOD_FAILED,
    "enrolment_code_expired": METHOD_FAILED,
    "enrolment_code_spent": METHOD_FAILED,
    "endorsement_key_invalid": METHOD_FAILED,
    "endorsement_certificate_invalid": METHOD_FAILED,
    "endorsement_untrusted": METHOD_FAILED,
    "attestation_key_invalid": METHOD_FAILED,
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
    "invalid_request": 90014,
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
