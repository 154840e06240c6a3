"""An enrolment whose pages are another domain's: both domains are asked, over real TLS, and nothing else is believed."""

import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from keystead_agent.container.records import Provider
from keystead_agent.enrolment.errors import DescriptionRefused, EnrolmentError, ProviderUnreachable
from keystead_agent.enrolment.fetch import fetch_provider
from keystead_agent.enrolment.public_suffixes import read_list
from keystead_testkit.authority import Authority
from keystead_testkit.tls_web import Host, Page, Send, TlsWeb, answer

RP_ID, LOGIN = "contoso.org", "login.contoso.co.uk"
SUFFIXES = read_list(["org", "com", "uk", "co.uk"])
DESCRIPTION = {
    "issuer": f"https://{LOGIN}/contoso/v2.0",
    "tenant": {"id": "t1", "name": "Contoso"},
    "rp_id": RP_ID,
    "origins": [f"https://{LOGIN}"],
    "name": "Contoso",
}
GOOD = json.dumps({"origins": [f"https://{LOGIN}"]}).encode()


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TlsWeb]:
    """Where the provider's own address answers as it should."""
    with TlsWeb(tmp_path) as web:
        for name, value in web.environment.items():
            monkeypatch.setenv(name, value)
        web.hosts[LOGIN] = web.host(LOGIN, answer(json.dumps(DESCRIPTION).encode()))
        yield web


def enrol(total_seconds: float = 10.0) -> Provider:
    return fetch_provider(
        f"https://{LOGIN}/contoso",
        now=datetime(2026, 1, 1, tzinfo=UTC),
        suffixes=SUFFIXES,
        total_seconds=total_seconds,
    )


def test_a_relying_party_that_names_the_page_is_believed(web: TlsWeb) -> None:
    web.hosts[RP_ID] = web.host(RP_ID, answer(GOOD))

    provider = enrol()

    assert (provider.rp_id, provider.origins) == (RP_ID, (f"https://{LOGIN}",))
    assert web.asked == [LOGIN, RP_ID]


def test_of_more_than_five_names_the_sixth_is_not_counted(web: TlsWeb) -> None:
    others = [f"https://www.shop{number}.com" for number in range(5)]
    document = json.dumps({"origins": [*others, f"https://{LOGIN}"]}).encode()
    web.hosts[RP_ID] = web.host(RP_ID, answer(document))

    with pytest.raises(DescriptionRefused, match="may not use the relying-party id"):
        enrol()


def moved(to: str) -> Page:
    return answer(b"", status="302 Found", headers=(f"Location: {to}",))


@pytest.mark.parametrize("to", [f"https://{LOGIN}/webauthn", f"http://{RP_ID}/.well-known/webauthn"])
def test_a_redirect_is_not_followed(web: TlsWeb, to: str) -> None:
    web.hosts[RP_ID] = web.host(RP_ID, moved(to))

    with pytest.raises(DescriptionRefused, match="answers 302"):
        enrol()

    assert web.asked == [LOGIN, RP_ID], "and nobody else"


Makes = Callable[[TlsWeb], Host]


def shows(certificate: Callable[[TlsWeb], Authority]) -> Makes:
    return lambda web: web.host(RP_ID, answer(GOOD), certificate(web))


@pytest.mark.parametrize(
    ("host", "says"),
    [
        pytest.param(lambda web: Host(answer(GOOD), None), "cannot be reached", id="plain http"),
        pytest.param(shows(lambda web: web.root.host(LOGIN)), "CERTIFICATE_VERIFY_FAILED", id="another name's"),
        pytest.param(
            shows(lambda web: Authority.root("Nobody's").host(RP_ID)), "CERTIFICATE_VERIFY_FAILED", id="nobody's"
        ),
        pytest.param(
            shows(lambda web: web.root.host(RP_ID, not_after=datetime(2025, 1, 1, tzinfo=UTC))),
            "CERTIFICATE_VERIFY_FAILED",
            id="over",
        ),
    ],
)
def test_without_a_certificate_for_it_nobody_speaks_for_a_domain(web: TlsWeb, host: Makes, says: str) -> None:
    web.hosts[RP_ID] = host(web)

    with pytest.raises(DescriptionRefused, match=says) as refused:
        enrol()

    assert f"{RP_ID} does not say which pages may use it" in str(refused.value)


def test_the_providers_own_address_needs_its_certificate_too(web: TlsWeb) -> None:
    web.hosts[LOGIN] = web.host(LOGIN, answer(b"{}"), web.root.host(RP_ID))

    with pytest.raises(ProviderUnreachable, match="CERTIFICATE_VERIFY_FAILED"):
        enrol()


def test_a_domain_that_is_not_there_says_nothing(web: TlsWeb) -> None:
    with pytest.raises(DescriptionRefused, match="does not say"):
        enrol()


def slowly(send: Send) -> None:
    send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n")
    # A little at a time, so that no single silence is long; it ends when the other side hangs up.
    for _ in range(200):
        send(b" ")
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("page", "says"),
    [
        pytest.param(answer(GOOD + b" " * 17_000), "longer than", id="oversize"),
        pytest.param(slowly, "takes longer than", id="slow"),
        pytest.param(answer(GOOD, headers=("Content-Type: text/plain",)), "is not application/json", id="a text"),
        pytest.param(answer(b"", status="404 Not Found"), "answers 404", id="missing"),
        pytest.param(lambda send: send(b"SSH-2.0-OpenSSH\r\n"), "cannot be reached", id="no http"),
    ],
)
def test_neither_too_much_nor_too_slow_nor_anything_else_is_taken(web: TlsWeb, page: Page, says: str) -> None:
    web.hosts[RP_ID] = web.host(RP_ID, page)
    begun = time.monotonic()

    with pytest.raises(EnrolmentError, match=says):
        enrol(total_seconds=0.3)

    assert time.monotonic() - begun < 3
