"""A policy that was previewed and waits for its author's yes.

It travels through the page sealed by us, so that what is saved is what was previewed, over the very
version that it was compared with, by the person who saw it.
"""

import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from keystead_core.wire import WireError, b64url_decode, b64url_encode

from keystead_server.http.call import Call
from keystead_server.policy.passkeys import document
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.ports.sealer import SealBroken

LIFETIME = timedelta(minutes=30)
_SEAL = "passkey-policy-draft"


@dataclass(frozen=True, slots=True)
class Draft:
    """Attributes:
    version: of the policy that it would replace; 0 before the first change.
    restores: the earlier version that it is, when somebody goes back.
    """

    policy: PasskeyPolicy
    version: int
    restores: int | None = None

    def seal(self, call: Call) -> str:
        until = (call.services.clock.now() + LIFETIME).timestamp()
        text = json.dumps([self.version, self.restores, until, document.to_json(self.policy)])
        # A policy with many models would not fit into a form otherwise.
        sealed = call.services.sealer.seal(_SEAL, zlib.compress(text.encode()), bound_to=_binding(call))
        return b64url_encode(sealed)


def opened(call: Call) -> Draft | None:
    """What we sealed for this session within the last half hour; None for anything else."""
    try:
        payload = call.services.sealer.open(_SEAL, b64url_decode(call.field("draft")), bound_to=_binding(call))
    except (WireError, SealBroken):
        return None
    version, restores, until, policy = json.loads(zlib.decompress(payload))
    if datetime.fromtimestamp(until, UTC) <= call.services.clock.now():
        return None
    return Draft(document.from_json(policy), version, restores)


def _binding(call: Call) -> bytes:
    return f"{call.tenant.id}\0{call.signed_in.session.id}".encode()
