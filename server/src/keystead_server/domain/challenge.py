"""A challenge: what it is for, until when, and for whom. It travels sealed, so nothing of it is stored.

Its id is the id of the attempt that answers it. Recording the attempt spends it.
"""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from keystead_core.fast_init import fast_init

from keystead_server.domain.ids import AttemptId, TenantId, UserId, id_bytes, id_text
from keystead_server.domain.sign_in import Purpose

CHALLENGE_LIFETIME = timedelta(minutes=5)
_LAYOUT = struct.Struct(">BBq16s16s16s")
_VERSION = 1
_PURPOSES = {Purpose.SIGN_IN: 1, Purpose.REGISTER: 2}
_PURPOSE_OF = {number: purpose for purpose, number in _PURPOSES.items()}
_NOBODY = bytes(16)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@fast_init
@dataclass(frozen=True, slots=True)
class Challenge:
    """What we asked a browser to have signed.

    Attributes:
        for_user: the user named beforehand; None when the passkey is to say whose it is.
    """

    id: AttemptId
    tenant_id: TenantId
    purpose: Purpose
    expires_at: datetime
    for_user: UserId | None

    def to_bytes(self) -> bytes:
        """Always the same length, so that a sealed challenge does not tell whether somebody was named."""
        return _LAYOUT.pack(
            _VERSION,
            _PURPOSES[self.purpose],
            (self.expires_at - _EPOCH) // timedelta(microseconds=1),
            id_bytes(self.id),
            id_bytes(self.tenant_id),
            _NOBODY if self.for_user is None else id_bytes(self.for_user),
        )

    @classmethod
    def from_bytes(cls, raw: bytes) -> "Challenge":
        """Read what `to_bytes` wrote; only ever called on what our own seal gave back."""
        _version, purpose, expires, attempt, tenant, user = _LAYOUT.unpack(raw)
        return cls(
            id=AttemptId(id_text(attempt)),
            tenant_id=TenantId(id_text(tenant)),
            purpose=_PURPOSE_OF[purpose],
            expires_at=_EPOCH + timedelta(microseconds=expires),
            for_user=None if user == _NOBODY else UserId(id_text(user)),
        )
