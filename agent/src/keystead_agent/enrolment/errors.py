"""Why an identity provider cannot be enrolled."""


class EnrolmentError(Exception):
    code = "enrolment_error"


class AddressRefused(EnrolmentError):
    """Not https, or not an address at all."""

    code = "address_refused"


class ProviderUnreachable(EnrolmentError):
    code = "provider_unreachable"


class ProviderRefused(EnrolmentError):
    """The provider does not take this computer; code and message are the provider's."""

    code = "provider_refused"

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class AnswerRefused(EnrolmentError):
    """The provider answered something that cannot be."""

    code = "answer_refused"


class DescriptionRefused(EnrolmentError):
    """What the address describes is not what may be there."""

    code = "description_refused"
