"""What is wrong with bytes before anybody asks what they mean."""


class WireError(Exception):
    """The bytes do not have the form they claim."""

    code = "malformed"


class BadBase64Url(WireError):
    """Not unpadded base64url in its one canonical spelling."""


class BadCbor(WireError):
    """Not one CBOR item in the form we accept."""


class BadJson(WireError):
    """Not one JSON text in the form we accept."""


class BadDer(WireError):
    """Not one DER element in the form we accept."""


class BadLength(WireError):
    """A structure ended too early, or went on after its end."""
