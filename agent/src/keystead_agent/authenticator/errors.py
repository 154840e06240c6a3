"""Why the authenticator refuses, and what the page's promise is rejected with (WebAuthn §5.1.3, §5.1.4, §6.3)."""

from keystead_core.link.messages import ErrorName


class AuthenticatorError(Exception):
    """A refusal. The message is for the person, the code for logs, the name for the page."""

    code = "authenticator_error"
    name: ErrorName = "NotAllowedError"


class RpNotEnrolled(AuthenticatorError):
    """A site that is no enrolled identity provider asked; no key was touched and nobody was bothered."""

    code = "rp_not_enrolled"
    name: ErrorName = "SecurityError"

    def __init__(self, rp_id: str) -> None:
        super().__init__(f"{rp_id} is not enrolled in this container.")
        self.rp_id = rp_id


class OriginNotEnrolled(AuthenticatorError):
    """The relying party is enrolled, the page that asks is not one of its own."""

    code = "origin_not_enrolled"
    name: ErrorName = "SecurityError"

    def __init__(self, origin: str) -> None:
        super().__init__(f"{origin} is not a page of an enrolled identity provider.")
        self.origin = origin


class OptionsInvalid(AuthenticatorError):
    """The page's options are not what WebAuthn §5.4 and §5.5 define."""

    code = "options_invalid"
    name: ErrorName = "NotSupportedError"


class AlgorithmNotSupported(AuthenticatorError):
    code = "algorithm_not_supported"
    name: ErrorName = "NotSupportedError"

    def __init__(self) -> None:
        super().__init__("The site accepts no ES256 key, and this container makes no other.")


class AttachmentNotOurs(AuthenticatorError):
    """A security key or a phone is wanted; this is a platform authenticator."""

    code = "attachment_not_ours"

    def __init__(self) -> None:
        super().__init__("The site asks for a security key or a phone.")


class CredentialExcluded(AuthenticatorError):
    code = "credential_excluded"
    name: ErrorName = "InvalidStateError"

    def __init__(self) -> None:
        super().__init__("This container has a passkey for this account already.")


class NoPasskey(AuthenticatorError):
    code = "no_passkey"

    def __init__(self, rp_id: str) -> None:
        super().__init__(f"There is no fitting passkey for {rp_id} in this container.")


class NotApproved(AuthenticatorError):
    code = "not_approved"

    def __init__(self) -> None:
        super().__init__("You did not approve it.")


class NobodyAnswered(AuthenticatorError):
    code = "nobody_answered"

    def __init__(self) -> None:
        super().__init__("Nobody answered the question in time.")
