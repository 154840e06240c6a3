"""The members of a provider's answer, believed as far as their form goes; each raises AnswerRefused."""

from collections.abc import Mapping
from datetime import datetime

from keystead_core.wire.base64url import b64url_decode
from keystead_core.wire.errors import BadBase64Url

from keystead_agent.enrolment.errors import AnswerRefused


def text(answer: Mapping[str, object], member: str) -> str:
    value = answer.get(member)
    if not isinstance(value, str) or not value.isprintable() or not value:
        raise AnswerRefused(f"the answer has no {member}")
    return value


def octets(answer: Mapping[str, object], member: str, *, length: int | None = None) -> bytes:
    try:
        value = b64url_decode(text(answer, member))
    except BadBase64Url:
        raise AnswerRefused(f"the answer's {member} is not base64url") from None
    if length is not None and len(value) != length:
        raise AnswerRefused(f"the answer's {member} is not of {length} bytes")
    return value


def moment(answer: Mapping[str, object], member: str) -> datetime:
    try:
        said = datetime.fromisoformat(text(answer, member))
    except ValueError:
        raise AnswerRefused(f"the answer's {member} is no moment") from None
    if said.tzinfo is None:
        raise AnswerRefused(f"the answer's {member} is no moment")
    return said
