"""Ask the identity provider to have a person's wrong PINs forgotten.

    begin     what the TPM waits with → what it is to open, so that the provider knows who asks
    finish    what the TPM gave back → Shown: a code for the person to type where they sign in
    collect   the provider's signature, or None while the person has not answered

Between the first two the container asks the TPM, as at an enrolment.
"""

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from keystead_core.tpm.pin_index import UnlockRequest
from keystead_core.wire.base64url import b64url_encode

from keystead_agent.container.records import Proof, Provider
from keystead_agent.enrolment.answers import moment, octets, text
from keystead_agent.enrolment.errors import AnswerRefused
from keystead_agent.enrolment.fetch import post_json
from keystead_agent.enrolment.proving import Asked, address, asked

_CODE: Final = re.compile(r"[0-9A-Z-]{4,16}")


@dataclass(frozen=True, slots=True)
class Shown:
    """Attributes:
    code: for the person.
    page: where they type it.
    ticket: to collect with.
    """

    code: str
    page: str
    ticket: str = field(repr=False)
    expires_at: datetime


def begin(provider: Provider, proof: Proof, request: UnlockRequest) -> Asked:
    """Raises ProviderUnreachable, ProviderRefused, AnswerRefused."""
    said = {
        "device": proof.device_id,
        "index_public": b64url_encode(request.index_public),
        "lock": b64url_encode(request.lock),
        "nonce_tpm": b64url_encode(request.nonce_tpm),
    }
    return asked("unlock", post_json(address(provider, "unlock/begin"), said))


def finish(provider: Provider, question: Asked, opened: bytes) -> Shown:
    """Raises ProviderUnreachable, ProviderRefused, AnswerRefused."""
    said = {"state": question.state, "secret": b64url_encode(opened)}
    answer = post_json(address(provider, "unlock/finish"), said)
    code, page = text(answer, "code"), text(answer, "address")
    # Both are shown to a person who is told to sign in there.
    if not _CODE.fullmatch(code):
        raise AnswerRefused("the answer's code is none")
    if not page.startswith(provider.url + "/"):
        raise AnswerRefused(f"{provider.name} names a page that is not its own")
    return Shown(code, page, text(answer, "ticket"), moment(answer, "expires_at"))


def collect(provider: Provider, ticket: str) -> bytes | None:
    """Raises ProviderUnreachable, ProviderRefused, AnswerRefused."""
    answer = post_json(address(provider, "unlock/collect"), {"ticket": ticket})
    if "signature" in answer and answer["signature"] is None:
        return None
    return octets(answer, "signature")
