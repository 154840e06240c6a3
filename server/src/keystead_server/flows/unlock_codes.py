"""What is kept of the code that a locked device shows: keyed, so that the database alone does not tell it."""

from keystead_server.domain.ids import DeviceId
from keystead_server.ports.sealer import Sealer


def unlock_digest(sealer: Sealer, device: DeviceId, code: str) -> bytes:
    return sealer.digest("device-unlock-code", f"{device}\0{code}".encode())
