"""Identifiers. Each is the text of a UUIDv7, made by the one function `new_id` of the Entropy port.

They are distinct types so that a user's id cannot be passed where a session's is wanted.
"""

from typing import NewType

TenantId = NewType("TenantId", str)
UserId = NewType("UserId", str)
GroupId = NewType("GroupId", str)
AppId = NewType("AppId", str)
PasskeyId = NewType("PasskeyId", str)
PassId = NewType("PassId", str)
PasswordId = NewType("PasswordId", str)
TotpId = NewType("TotpId", str)
RecoveryCodesId = NewType("RecoveryCodesId", str)
HelloKeyId = NewType("HelloKeyId", str)
LetterId = NewType("LetterId", str)
DeviceId = NewType("DeviceId", str)
AuthorityId = NewType("AuthorityId", str)

# A challenge, the attempt that answers it and the session that attempt opens share one id:
# "one attempt, one row" needs no second key (docs/decisions/0003).
AttemptId = NewType("AttemptId", str)
SessionId = NewType("SessionId", str)
GrantId = NewType("GrantId", str)
EventId = NewType("EventId", str)

# Nobody's id: looked up where nobody was found, so that the same work is done.
NOBODY = UserId("00000000-0000-0000-0000-000000000000")


def id_bytes(id_: str) -> bytes:
    """The sixteen bytes that *id_* is the text of. Every sealed value holds ids, and `uuid` takes four times as long."""
    return bytes.fromhex(id_.replace("-", ""))


def id_text(raw: bytes) -> str:
    digits = raw.hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
