"""A policy that was previewed and waits for its author's yes.

It travels through the page sealed by us, so that what is saved is what was previewed, over the very
version that it was compared with, by the person who saw it.
"""

import json
import zlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Generic, Protocol, TypeVar

from keystead_core.wire import WireError, b64url_decode, b64url_encode

from keystead_server.http.call import Call
from keystead_server.http.problems import FORM_STALE, Refuse
from keystead_server.ports.sealer import SealBroken

LIFETIME = timedelta(minutes=30)
Policy = TypeVar("Policy")


class Sealable(Protocol[Policy]):
    """What is drafted, as text: a policy, or a change of one.

    Attributes:
        kind: drafts of one kind are not taken for those of another.
    """

    @property
    def kind(self) -> str: ...
    def read(self, text: str) -> Policy: ...
    def write(self, policy: Policy, /) -> str: ...


@dataclass(frozen=True, slots=True)
class Draft(Generic[Policy]):
    """Attributes:
    version: of the policy that it would replace; 0 before the first change.
    restores: the earlier version that it is, when somebody goes back.
    """

    policy: Policy
    version: int
    restores: int | None = None

    def seal(self, call: Call, kind: Sealable[Policy]) -> str:
        until = (call.services.clock.now() + LIFETIME).timestamp()
        text = json.dumps([self.version, self.restores, until, kind.write(self.policy)])
        # A policy with many models would not fit into a form otherwise.
        sealed = call.services.sealer.seal(_seal(kind), zlib.compress(text.encode()), bound_to=_binding(call))
        return b64url_encode(sealed)


def opened(call: Call, kind: Sealable[Policy]) -> Draft[Policy] | None:
    """What we sealed for this session and kind within the last half hour; None for anything else."""
    try:
        payload = call.services.sealer.open(_seal(kind), b64url_decode(call.field("draft")), bound_to=_binding(call))
    except (WireError, SealBroken):
        return None
    version, restores, until, policy = json.loads(zlib.decompress(payload))
    if datetime.fromtimestamp(until, UTC) <= call.services.clock.now():
        return None
    return Draft(kind.read(policy), version, restores)


def still_open(call: Call, kind: Sealable[Policy]) -> Draft[Policy]:
    """As `opened`, where there is nothing to do without a draft. Raises Refuse."""
    draft = opened(call, kind)
    if draft is None:
        raise Refuse(FORM_STALE)
    return draft


def _seal(kind: Sealable[Policy]) -> str:
    return f"{kind.kind}-policy-draft"


def _binding(call: Call) -> bytes:
    return f"{call.tenant.id}\0{call.signed_in.session.id}".encode()
