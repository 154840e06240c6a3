"""Text as the logs keep it."""


def storable(text: str) -> str:
    """*text* as every database can hold it: without NUL and lone surrogates.

    The log keeps what strangers typed, and must not fail on what they thought of: JSON can carry
    both, PostgreSQL refuses the first and neither driver can encode the second.
    """
    if text.isprintable():
        return text
    return text.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
