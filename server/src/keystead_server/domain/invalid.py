"""What somebody typed cannot be: said with a code, a sentence, and the name of the field."""


class Invalid(ValueError):
    """A value that the domain does not allow.

    Attributes:
        code: stable; in the API's answers and docs/reference/errors.md.
        target: the property or form field it is about, when there is one.
    """

    def __init__(self, code: str, message: str, *, target: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.target = target
