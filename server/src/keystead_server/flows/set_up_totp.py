"""Set up an authenticator app: a secret to scan, kept only once the app has shown a right code of it."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeAlias

from keystead_core.wire import b64url_decode, b64url_encode

from keystead_server.domain.actor import Actor
from keystead_server.domain.ids import SessionId, TotpId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.letter import Occasion
from keystead_server.domain.sign_in import Method
from keystead_server.domain.totp import (
    MAX_TOTP,
    SECRET_BYTES,
    TotpAuthenticator,
    key_uri,
    normalise_totp,
    readable_secret,
    steps_of,
)
from keystead_server.domain.user import check_display_name
from keystead_server.flows.auditing import audited
from keystead_server.flows.letters import Letters
from keystead_server.flows.method_gate import MethodGate, NotDone
from keystead_server.flows.secret_digests import seal_totp
from keystead_server.ports.changes import Add, Conflict
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.store import SessionOwner, Store

SET_UP_LIFETIME = timedelta(minutes=10)
_SEAL = "totp-set-up"
FIRST_NAME = "Authenticator app"


@dataclass(frozen=True, slots=True)
class TotpOffered:
    """A secret for an app. Nothing is stored.

    Attributes:
        sealed: the same secret, to come back with the app's first code.
        uri: what the QR code holds.
        text: for typing.
    """

    sealed: bytes
    uri: str
    text: str


@dataclass(frozen=True, slots=True)
class TotpKept:
    totp: TotpAuthenticator


Offer: TypeAlias = TotpOffered | NotDone
Outcome: TypeAlias = TotpKept | NotDone


@dataclass(frozen=True, slots=True)
class _SetUp:
    id: TotpId
    secret: bytes
    session: SessionId
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class SetUpTotp:
    store: Store
    clock: Clock
    entropy: Entropy
    sealer: Sealer
    gate: MethodGate
    letters: Letters

    async def begin(self, owner: SessionOwner, *, organisation: str) -> Offer:
        against = await self._against(owner)
        if against is not None:
            return against
        now = self.clock.now()
        set_up = _SetUp(TotpId(self.entropy.new_id(now)), self.entropy.token(SECRET_BYTES), owner.session.id, now)
        return self._offered(owner, set_up, organisation)

    def again(self, owner: SessionOwner, sealed: bytes, *, organisation: str) -> TotpOffered | None:
        """The same secret once more, after a wrong code: the app has it already. None when it is too old."""
        set_up = self._open(owner, sealed)
        return None if set_up is None else self._offered(owner, set_up, organisation)

    async def finish(self, owner: SessionOwner, sealed: bytes, code: str, name: str) -> Outcome:
        """Keep the app, when *code* is one of its codes now.

        Raises:
            Invalid: the code is wrong, or the name cannot be one.
        """
        set_up = self._open(owner, sealed)
        if set_up is None:
            return NotDone("set_up_expired")
        against = await self._against(owner)
        if against is not None:
            return against
        now = self.clock.now()
        steps = steps_of(set_up.secret, normalise_totp(code), now)
        if not steps:
            raise Invalid(
                "totp_wrong", "this is not the code that the app shows now; check its clock too", target="code"
            )
        user = owner.user
        totp = TotpAuthenticator(
            id=set_up.id,
            tenant_id=user.tenant_id,
            user_id=user.id,
            name=check_display_name(name or FIRST_NAME, target="name")[:64],
            sealed_secret=seal_totp(self.sealer, user.id, set_up.id, set_up.secret),
            created_at=now,
            registered_by=user.id,
            # The code that was shown here must not sign in anywhere.
            last_step=steps[-1],
        )
        written = await self.store.write(
            Add(totp),
            audited(
                self.entropy, "totp.registered", tenant=user.tenant_id, at=now, by=Actor(user), target=user.id,
                method=totp.id, name=totp.name,
            ),
            *self.letters.to(user, Occasion.METHOD_ADDED, at=now, method="totp", name=totp.name),
        )  # fmt: skip
        # The page was sent twice: the app is there.
        return NotDone("set_up_expired") if isinstance(written, Conflict) else TotpKept(totp)

    async def _against(self, owner: SessionOwner) -> NotDone | None:
        against, held = await self.gate.against_setting_up(owner, Method.SOFTWARE_OATH)
        if against is None and len(held.secrets.totp) >= MAX_TOTP:
            return NotDone("too_many_totp")
        return against

    def _offered(self, owner: SessionOwner, set_up: _SetUp, organisation: str) -> TotpOffered:
        fields = [set_up.id, b64url_encode(set_up.secret), set_up.session, set_up.begun_at.timestamp()]
        sealed = self.sealer.seal(_SEAL, json.dumps(fields).encode(), bound_to=owner.user.id.encode())
        uri = key_uri(set_up.secret, issuer=organisation, account=owner.user.username)
        return TotpOffered(sealed, uri, readable_secret(set_up.secret))

    def _open(self, owner: SessionOwner, sealed: bytes) -> _SetUp | None:
        """What was offered to this person in this session lately; None for anything else."""
        try:
            fields = json.loads(self.sealer.open(_SEAL, sealed, bound_to=owner.user.id.encode()))
        except SealBroken:
            return None
        totp, secret, session, begun_at = fields
        set_up = _SetUp(TotpId(totp), b64url_decode(secret), SessionId(session), datetime.fromtimestamp(begun_at, UTC))
        ours = set_up.session == owner.session.id and self.clock.now() - set_up.begun_at < SET_UP_LIFETIME
        return set_up if ours else None
