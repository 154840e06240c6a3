"""Why a COSE key or a signature was refused."""


class CoseError(Exception):
    """A COSE key we do not take, or a signature it did not make."""

    code = "cose_error"


class UnsupportedAlgorithm(CoseError):
    """An algorithm that we do not know; nothing is said about the key or the signature."""

    code = "algorithm_unsupported"

    def __init__(self, algorithm: int) -> None:
        super().__init__(f"COSE algorithm {algorithm} is not one we know")
        self.algorithm = algorithm


class KeyRefused(CoseError):
    """The key's parts contradict one another, or are weaker than we accept."""

    code = "public_key_invalid"


class SignatureInvalid(CoseError):
    """The key did not make this signature over these bytes."""

    code = "signature_invalid"
