"""A provider's answers are believed as far as they fit: the server here is real, and lies."""

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from keystead_agent.container.records import Proof
from keystead_agent.enrolment import proving
from keystead_agent.enrolment.errors import AnswerRefused, ProviderRefused, ProviderUnreachable
from keystead_agent.keystore.values import AttestationIdentity, Description
from keystead_core.wire import b64url_encode
from keystead_testkit.attesters import certificate
from keystead_testkit.lying_provider import NOW, LyingProvider
from keystead_testkit.soft_tpm import SoftTpm

DESCRIBED = Description("tpm", "TPM 2.0 (STM\u2122 chip)", "STM", "1.258.0.4", ())


@pytest.fixture
def tpm() -> SoftTpm:
    return SoftTpm.new()


def identity(tpm: SoftTpm, ek_certificate: bytes | None = None) -> AttestationIdentity:
    return AttestationIdentity(ek_certificate, tpm.endorsement_public, tpm.attestation_public)


def answer(tpm: SoftTpm, **changes: Any) -> dict[str, Any]:
    honest = {
        "device": "0198",
        "name": "ada's laptop",
        "certificates": [b64url_encode(certificate(tpm.ak.public_key()))],
        "expires_at": "2026-02-01T00:00:00+00:00",
    }
    return {name: value for name, value in (honest | changes).items() if value is not None}


ASKED = proving.Asked("enrol", "state", b"blob", b"seed")


def test_what_a_device_says_is_what_it_is_and_the_code(liar: LyingProvider, tpm: SoftTpm) -> None:
    liar.says({"state": "s", "credential_blob": "AAAA", "secret": "AAAA"})

    asked = proving.begin_enrolment(liar.provider, "the code", "laptop", identity(tpm, b"certificate"), DESCRIBED)

    assert asked == proving.Asked("enrol", "s", bytes(3), bytes(3))
    ((path, said),) = liar.asked
    assert path == "/contoso/devices/enrol/begin"
    assert (said["code"], said["name"], said["firmware"]) == ("the code", "laptop", "1.258.0.4")
    assert (said["manufacturer"], said["version"]) == ("id:53544D00", "id:0001010200000004")
    assert said["model"] == "TPM 2.0 (STM? chip)"
    assert said["endorsement_certificate"] == b64url_encode(b"certificate")


def test_a_certificate_for_our_key_is_kept(liar: LyingProvider, tpm: SoftTpm) -> None:
    liar.says(answer(tpm))

    proof = proving.finish(liar.provider, ASKED, b"opened", identity(tpm))

    assert (proof.issuer, proof.device_id, proof.device_name) == (liar.provider.issuer, "0198", "ada's laptop")
    assert liar.asked == [("/contoso/devices/enrol/finish", {"state": "state", "secret": b64url_encode(b"opened")})]


def test_a_certificate_for_another_key_is_refused(liar: LyingProvider, tpm: SoftTpm) -> None:
    other = certificate(ec.generate_private_key(ec.SECP256R1()).public_key())
    liar.says(answer(tpm, certificates=[b64url_encode(other)]))

    with pytest.raises(AnswerRefused, match="another key than ours"):
        proving.finish(liar.provider, ASKED, b"opened", identity(tpm))


@pytest.mark.parametrize(
    "changes",
    [
        {"certificates": None}, {"certificates": []}, {"certificates": ["AAAA"]}, {"certificates": ["?"]},
        {"certificates": ["AAAA"] * 9}, {"device": 1}, {"name": "a\nb"}, {"expires_at": "soon"},
        {"expires_at": "2026-02-01T00:00:00"},
    ],
)  # fmt: skip
def test_an_answer_that_cannot_be_is_refused(liar: LyingProvider, tpm: SoftTpm, changes: dict[str, Any]) -> None:
    liar.says(answer(tpm, **changes))

    with pytest.raises(AnswerRefused):
        proving.finish(liar.provider, ASKED, b"opened", identity(tpm))


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"\xff", {"state": "s"}, {"state": "", "credential_blob": "", "secret": ""}]
)
def test_a_question_that_cannot_be_is_refused(liar: LyingProvider, body: object) -> None:
    liar.says(body)
    proof = Proof(liar.provider.issuer, "0198", "laptop", (b"",), NOW)

    with pytest.raises(AnswerRefused):
        proving.begin_renewal(liar.provider, proof)


def test_a_refusal_has_the_providers_code_and_words(liar: LyingProvider) -> None:
    liar.says({"code": "device_disabled", "message": "It was disabled."}, status=403)

    with pytest.raises(ProviderRefused, match=r"It was disabled\.") as refused:
        proving.begin_renewal(liar.provider, Proof(liar.provider.issuer, "0198", "laptop", (b"",), NOW))

    assert refused.value.code == "device_disabled"
    assert liar.asked == [("/contoso/devices/renew/begin", {"device": "0198"})]


@pytest.mark.parametrize(
    "body",
    [b"<html>", {}, {"code": "Bad Code", "message": "x"}, {"code": "fine", "message": "\x1b[2J"}, {"code": "a" * 65, "message": "x"}],
)  # fmt: skip
def test_a_refusal_that_is_no_word_of_a_tenant_is_none(liar: LyingProvider, body: object) -> None:
    liar.says(body, status=404)

    with pytest.raises(ProviderUnreachable, match="404"):
        proving.begin_renewal(liar.provider, Proof(liar.provider.issuer, "0198", "laptop", (b"",), NOW))


def test_a_redirect_is_not_followed(liar: LyingProvider) -> None:
    liar.says({}, status=302)

    with pytest.raises(ProviderUnreachable):
        proving.begin_renewal(liar.provider, Proof(liar.provider.issuer, "0198", "laptop", (b"",), NOW))


def test_a_certificate_is_renewed_in_its_second_half() -> None:
    proof = Proof("issuer", "0198", "laptop", (b"",), NOW + timedelta(days=30))

    assert not proving.is_due(proof, NOW + timedelta(days=15))
    assert proving.is_due(proof, NOW + timedelta(days=15, seconds=1))
    assert proving.is_due(proof, NOW + timedelta(days=31))
