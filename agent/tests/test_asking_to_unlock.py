"""What a provider answers to a computer whose PIN is locked is believed as far as its form goes, and shown no further."""

from datetime import timedelta
from typing import Any

import pytest
from keystead_agent.container.records import Proof
from keystead_agent.enrolment import unlocking
from keystead_agent.enrolment.errors import AnswerRefused, ProviderRefused, ProviderUnreachable
from keystead_agent.enrolment.proving import Asked
from keystead_core.tpm.pin_index import UnlockRequest
from keystead_core.wire import b64url_encode
from keystead_testkit.lying_provider import NOW, LyingProvider

REQUEST = UnlockRequest(b"index", b"lock", b"nonce")
QUESTION = Asked("unlock", "state", b"blob", b"seed")


def begin(liar: LyingProvider) -> Asked:
    return unlocking.begin(liar.provider, Proof(liar.provider.issuer, "0198", "laptop", (b"",), NOW), REQUEST)


def shown(liar: LyingProvider, **changes: Any) -> dict[str, Any]:
    honest = {
        "code": "BCDF-2345",
        "address": f"{liar.provider.url}/account/unlock",
        "ticket": "sealed",
        "expires_at": "2026-01-01T00:09:00+00:00",
    }
    return {name: value for name, value in (honest | changes).items() if value is not None}


def test_an_unlock_is_asked_for_shown_and_collected(liar: LyingProvider) -> None:
    liar.says({"state": "state", "credential_blob": b64url_encode(b"blob"), "secret": b64url_encode(b"seed")})
    assert begin(liar) == QUESTION
    liar.says(shown(liar))
    told = unlocking.finish(liar.provider, QUESTION, b"opened")
    liar.says({"signature": b64url_encode(b"DER")})
    signature = unlocking.collect(liar.provider, told.ticket)

    assert (told.code, told.page) == ("BCDF-2345", f"{liar.provider.url}/account/unlock")
    assert told.expires_at == NOW + timedelta(minutes=9)
    assert signature == b"DER"
    assert [path for path, _ in liar.asked] == [
        f"/contoso/devices/unlock/{verb}" for verb in ("begin", "finish", "collect")
    ]
    assert [said for _, said in liar.asked] == [
        {
            "device": "0198",
            "index_public": b64url_encode(b"index"),
            "lock": b64url_encode(b"lock"),
            "nonce_tpm": b64url_encode(b"nonce"),
        },
        {"state": "state", "secret": b64url_encode(b"opened")},
        {"ticket": "sealed"},
    ]


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", {"state": "s"}, {"state": "s", "credential_blob": "?", "secret": "AAAA"}]
)
def test_a_question_that_cannot_be_is_refused(liar: LyingProvider, body: object) -> None:
    liar.says(body)

    with pytest.raises(AnswerRefused) as refused:
        begin(liar)

    assert refused.value.code == "answer_refused"


@pytest.mark.parametrize(
    "changes",
    [
        {"code": None}, {"code": 12345678}, {"code": ""}, {"code": "BCD"}, {"code": "B" * 17}, {"code": "bcdf-2345"},
        {"code": "BCDF-2345\nCall +1 555 0100"}, {"code": "\x1b[2J"}, {"code": "BCDF 2345"},
        {"ticket": None}, {"ticket": ""}, {"ticket": 7}, {"ticket": "a\x00b"},
        {"expires_at": None}, {"expires_at": "soon"}, {"expires_at": "2026-01-01T00:09:00"}, {"expires_at": 9},
    ],
)  # fmt: skip
def test_a_code_that_is_none_is_shown_to_nobody(liar: LyingProvider, changes: dict[str, Any]) -> None:
    liar.says(shown(liar, **changes))

    with pytest.raises(AnswerRefused):
        unlocking.finish(liar.provider, QUESTION, b"opened")


@pytest.mark.parametrize(
    "address",
    [None, 7, "", "https://evil.test/account/unlock", "{url}.evil.test/unlock", "{url}evil/unlock", "{url}\n/unlock",
     "javascript:alert(1)//{url}/"],
)  # fmt: skip
def test_nobody_is_sent_to_a_page_that_is_not_the_providers_own(liar: LyingProvider, address: object) -> None:
    """A person who is locked out is told where to sign in, and would do so."""
    if isinstance(address, str):
        address = address.replace("{url}", liar.provider.url)
    liar.says(shown(liar, address=address))

    with pytest.raises(AnswerRefused):
        unlocking.finish(liar.provider, QUESTION, b"opened")


def test_while_the_person_has_not_answered_there_is_no_signature(liar: LyingProvider) -> None:
    liar.says({"signature": None})

    assert unlocking.collect(liar.provider, "ticket") is None


@pytest.mark.parametrize(
    "body", [b"", {}, {"signature": ""}, {"signature": 7}, {"signature": "?"}, {"signature": False}]
)
def test_what_is_no_signature_does_not_reach_the_chip(liar: LyingProvider, body: object) -> None:
    liar.says(body)

    with pytest.raises(AnswerRefused):
        unlocking.collect(liar.provider, "ticket")


def test_a_refusal_has_the_providers_code_and_words(liar: LyingProvider) -> None:
    liar.says({"code": "device_disabled", "message": "This computer was disabled."}, status=403)

    with pytest.raises(ProviderRefused, match=r"This computer was disabled\.") as refused:
        begin(liar)

    assert refused.value.code == "device_disabled"


def test_a_server_that_does_not_know_what_it_is_asked_is_unreachable(liar: LyingProvider) -> None:
    liar.says(b"<html>", status=404)

    with pytest.raises(ProviderUnreachable, match="404"):
        unlocking.collect(liar.provider, "ticket")
