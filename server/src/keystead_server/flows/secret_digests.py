"""What is kept of what people type, and of what they share with an app: each under a key of ours."""

from keystead_server.domain.ids import TotpId, UserId
from keystead_server.ports.sealer import Sealer

_TOTP_SEAL = "totp-secret"


def password_secret(sealer: Sealer, user: UserId, prepared: str) -> bytes:
    """What the slow hash is made of: keyed and the person's own, so that neither a copied database nor a
    row moved to another account is of use to anybody."""
    return sealer.digest("password", f"{user}\0{prepared}".encode("utf-8", "surrogatepass"))


def recovery_digest(sealer: Sealer, user: UserId, code: str) -> bytes:
    return sealer.digest("recovery-code", f"{user}\0{code}".encode("utf-8", "surrogatepass"))


def seal_totp(sealer: Sealer, user: UserId, totp: TotpId, secret: bytes) -> bytes:
    return sealer.seal(_TOTP_SEAL, secret, bound_to=f"{user}\0{totp}".encode())


def open_totp(sealer: Sealer, user: UserId, totp: TotpId, sealed: bytes) -> bytes:
    """Raises SealBroken: the row was another's, or the master key is another."""
    return sealer.open(_TOTP_SEAL, sealed, bound_to=f"{user}\0{totp}".encode())
