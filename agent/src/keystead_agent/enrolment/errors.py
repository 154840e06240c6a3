"""Why an identity provider cannot be enrolled."""


class EnrolmentError(Exception):
    code = "enrolment_error"


class AddressRefused(EnrolmentError):
    """Not https, or not an address at all."""

    code = "address_refused"


class ProviderUnreachable(EnrolmentError):
    code = "provider_unreachable"


class DescriptionRefused(EnrolmentError):
    """What the address describes is not what may be there."""

    code = "description_refused"
