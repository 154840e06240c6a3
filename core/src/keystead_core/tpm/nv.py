"""Non-volatile indices of a TPM: their public area, and the commands about them.

    NvPublic    TPMS_NV_PUBLIC (part 2, 13.5); its Name says what it is, and whether it was ever written
    PinCount    TPMS_NV_PIN_COUNTER_PARAMETERS (13.3), what an index of type PIN_FAIL holds

A PIN_FAIL index counts wrong authValues itself. Part 1, 37.2.8: once pinCount has
reached pinLimit, its authValue is of no more use, right or wrong, until somebody writes it.
"""

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Self

from keystead_core.tpm.codes import OWNER, Algorithm, CommandCode, NvAttribute
from keystead_core.tpm.commands import Answer, Call
from keystead_core.tpm.errors import TpmStructureInvalid
from keystead_core.tpm.marshal import sized, u16, u32
from keystead_core.wire.errors import BadLength
from keystead_core.wire.reader import Reader


@dataclass(frozen=True, slots=True)
class NvPublic:
    index: int
    attributes: NvAttribute
    policy: bytes
    size: int

    def encoded(self) -> bytes:
        head = u32(self.index) + u16(Algorithm.SHA256) + u32(self.attributes)
        return head + sized(self.policy) + u16(self.size)

    @property
    def name(self) -> bytes:
        return u16(Algorithm.SHA256) + sha256(self.encoded()).digest()

    def written(self) -> Self:
        """The same index after its first write. Its Name is another one from then on."""
        return replace(self, attributes=self.attributes | NvAttribute.WRITTEN)

    def unwritten(self) -> Self:
        return replace(self, attributes=self.attributes & ~NvAttribute.WRITTEN)


def parse_nv_public(raw: bytes) -> NvPublic:
    """Read a TPMS_NV_PUBLIC with a SHA-256 Name to its last byte; raises TpmStructureInvalid."""
    try:
        reader = Reader(raw)
        index, name_alg, attributes = reader.u32(), reader.u16(), NvAttribute(reader.u32())
        policy, size = reader.sized(), reader.u16()
        reader.finish()
    except BadLength as error:
        raise TpmStructureInvalid(f"TPMS_NV_PUBLIC: {error}") from None
    if name_alg != Algorithm.SHA256:
        raise TpmStructureInvalid("TPMS_NV_PUBLIC: its Name is not by SHA-256")
    return NvPublic(index, attributes, policy, size)


@dataclass(frozen=True, slots=True)
class PinCount:
    failed: int
    limit: int

    def encoded(self) -> bytes:
        return u32(self.failed) + u32(self.limit)

    @property
    def left(self) -> int:
        return max(self.limit - self.failed, 0)


PIN_COUNT_BYTES = 8


def nv_define(public: NvPublic, auth: bytes) -> Call[None]:
    """Define an index. *auth* is the first parameter: use a session that encrypts it."""
    parameters = sized(auth) + sized(public.encoded())
    return Call(CommandCode.NV_DEFINE_SPACE, (OWNER,), parameters, _nothing, authorised=1)


def nv_undefine(index: int) -> Call[None]:
    return Call(CommandCode.NV_UNDEFINE_SPACE, (OWNER, index), b"", _nothing, authorised=1)


def nv_read_public(index: int) -> Call[NvPublic]:
    def read(answer: Answer) -> NvPublic:
        public = parse_nv_public(answer.parameters.sized())
        answer.parameters.sized()  # the Name: we compute it ourselves
        return public

    return Call(CommandCode.NV_READ_PUBLIC, (index,), b"", read)


def nv_write(index: int, data: bytes) -> Call[None]:
    """Write from the start, under the index's own policy."""
    return Call(CommandCode.NV_WRITE, (index, index), sized(data) + u16(0), _nothing, authorised=1)


def nv_read(index: int, size: int, offset: int = 0) -> Call[bytes]:
    parameters = u16(size) + u16(offset)
    return Call(CommandCode.NV_READ, (index, index), parameters, lambda answer: answer.parameters.sized(), authorised=1)


def nv_read_pin_count(index: int) -> Call[PinCount]:
    def read(answer: Answer) -> PinCount:
        counts = Reader(answer.parameters.sized())
        return PinCount(counts.u32(), counts.u32())

    return Call(CommandCode.NV_READ, (index, index), u16(PIN_COUNT_BYTES) + u16(0), read, authorised=1)


def nv_change_auth(index: int, auth: bytes) -> Call[None]:
    """Give an index another authValue: *auth* is the first parameter, and the key of the answer's HMAC."""
    return Call(CommandCode.NV_CHANGE_AUTH, (index,), sized(auth), _nothing, authorised=1)


def _nothing(answer: Answer) -> None:
    answer.parameters.finish()
