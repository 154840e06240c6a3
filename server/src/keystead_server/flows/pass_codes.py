"""The code of a Temporary Access Pass: how it is made, and what is kept of it."""

from keystead_server.domain.access_pass import ALPHABET
from keystead_server.ports.clock import Entropy
from keystead_server.ports.sealer import Sealer


def pass_digest(sealer: Sealer, user_id: str, code: str) -> bytes:
    """What is kept of a code: keyed, so that the database alone does not let anybody guess it."""
    return sealer.digest("temporary-access-pass", f"{user_id}\0{code}".encode())


def random_code(entropy: Entropy, length: int) -> str:
    """*length* letters, each equally likely."""
    letters: list[str] = []
    fair = 256 - 256 % len(ALPHABET)
    while len(letters) < length:
        # Bytes at or above the last full multiple would favour the first letters.
        letters.extend(ALPHABET[byte % len(ALPHABET)] for byte in entropy.token(length) if byte < fair)
    return "".join(letters[:length])
