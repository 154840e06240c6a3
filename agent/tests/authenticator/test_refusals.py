"""Which pages, and which options of theirs, are refused, and when."""

from typing import Any

import pytest
from keystead_agent.authenticator import errors
from keystead_agent.authenticator.allow_list import Caller
from keystead_testkit.container_desk import (
    RP_ID,
    Desk,
)


@pytest.mark.parametrize(
    "origin", ["https://evil.test", "https://id.example.org.evil.test", "https://evil.example.org"]
)
def test_a_site_that_is_not_enrolled_is_refused_before_anything_happens(desk: Desk, origin: str) -> None:
    host = origin.removeprefix("https://")

    for work in (
        lambda: desk.create(caller=Caller(origin), rp={"id": host, "name": "x"}),
        lambda: desk.create(caller=Caller(origin), rp={"name": "x"}),
        lambda: desk.get(caller=Caller(origin), rpId=host),
        lambda: desk.get(caller=Caller(origin), rpId=None),
        lambda: desk.authenticator.accounts(Caller(origin), host),
    ):
        with pytest.raises(errors.RpNotEnrolled) as refused:
            work()
        assert (refused.value.code, refused.value.name) == ("rp_not_enrolled", "SecurityError")
    assert desk.person.prompts == []


@pytest.mark.parametrize(
    "origin",
    [
        "https://evil.test",
        "http://id.example.org",
        "https://id.example.org:8443",
        "https://sub.id.example.org",
        "https://id.example.org/",
        "https://ID.example.org",
        "",
    ],
)
def test_another_page_may_not_use_an_enrolled_rp_id(desk: Desk, origin: str) -> None:
    desk.create()
    asked = len(desk.person.prompts)

    for work in (
        lambda: desk.create(caller=Caller(origin)),
        lambda: desk.get(caller=Caller(origin)),
        lambda: desk.authenticator.accounts(Caller(origin), RP_ID),
    ):
        with pytest.raises(errors.OriginNotEnrolled) as refused:
            work()
        assert (refused.value.code, refused.value.name) == ("origin_not_enrolled", "SecurityError")
    assert len(desk.person.prompts) == asked


def test_an_enrolled_page_may_not_use_a_parent_domain(desk: Desk) -> None:
    with pytest.raises(errors.RpNotEnrolled):
        desk.create(rp={"id": "example.org", "name": "x"})


def test_the_default_rp_id_is_the_pages_host(desk: Desk) -> None:
    desk.create(rp={"name": "Contoso"})

    assert desk.get(rpId=None)


def test_an_excluded_credential_is_told_only_with_consent(desk: Desk) -> None:
    here = desk.create()["id"]
    exclude = [{"type": "public-key", "id": here}]

    with pytest.raises(errors.CredentialExcluded) as refused:
        desk.create(True, excludeCredentials=exclude)
    with pytest.raises(errors.NotApproved):
        desk.create(False, excludeCredentials=exclude)

    assert (refused.value.code, refused.value.name) == ("credential_excluded", "InvalidStateError")
    assert len(desk.container.passkeys) == 1


def test_excluding_others_changes_nothing(desk: Desk) -> None:
    desk.create(excludeCredentials=[{"type": "public-key", "id": "AAAA"}, {"type": "other", "id": 7}])

    assert len(desk.container.passkeys) == 1


@pytest.mark.parametrize(
    "parameters", [[{"type": "public-key", "alg": -257}], [{"type": "other", "alg": -7}], [{"alg": -7}], [7]]
)
def test_a_site_that_takes_no_es256_is_told_so(desk: Desk, parameters: list[Any]) -> None:
    with pytest.raises(errors.AlgorithmNotSupported) as refused:
        desk.create(pubKeyCredParams=parameters)

    assert refused.value.name == "NotSupportedError"


def test_a_site_that_names_no_algorithm_takes_es256(desk: Desk) -> None:
    assert desk.create(pubKeyCredParams=[])


def test_a_site_that_wants_a_security_key_does_not_get_a_platform_one(desk: Desk) -> None:
    with pytest.raises(errors.AttachmentNotOurs):
        desk.create(authenticatorSelection={"authenticatorAttachment": "cross-platform"})


@pytest.mark.parametrize(
    "changes",
    [
        {"challenge": None},
        {"challenge": ""},
        {"challenge": 7},
        {"challenge": "AAA="},
        {"challenge": "A" * 2000},
        {"rp": None},
        {"rp": {"id": 7, "name": "x"}},
        {"user": None},
        {"user": {"id": "", "name": "a", "displayName": "a"}},
        {"user": {"id": "A" * 88, "name": "a", "displayName": "a"}},
        {"user": {"id": "AQ", "displayName": "a"}},
        {"pubKeyCredParams": None},
        {"pubKeyCredParams": "ES256"},
        {"excludeCredentials": {}},
        {"excludeCredentials": [{"type": "public-key", "id": "A"}]},
        {"excludeCredentials": [{"type": "public-key", "id": "AAAA"}] * 513},
        {"authenticatorSelection": []},
        {"extensions": 7},
    ],
)
def test_malformed_options_are_refused_with_their_reason(desk: Desk, changes: dict[str, Any]) -> None:
    with pytest.raises(errors.OptionsInvalid) as refused:
        desk.create(**changes)

    assert refused.value.code == "options_invalid"
    assert desk.person.prompts == []
