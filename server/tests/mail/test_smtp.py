"""Letters over SMTP: what they say, to whom, and what is never sent in the clear."""

import ssl
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from keystead_server.domain.ids import LetterId, TenantId, UserId
from keystead_server.domain.letter import Letter, Occasion
from keystead_server.domain.tenant import Tenant
from keystead_server.mail.smtp import MailServer, SmtpMail, mail_server
from keystead_server.mail.words import words
from keystead_server.ports.mail import MailNotSent
from keystead_testkit.authority import Authority
from keystead_testkit.loop import run
from keystead_testkit.mail_server import running_mail_server

NOW = datetime(2026, 11, 22, 19, 30, tzinfo=UTC)
TENANT = Tenant(TenantId("t"), "contoso", "Contoso Ltd.", NOW)
PUBLIC_URL = "https://id.example.org"
TOLD = {
    "account": "glass-1",
    "address": "192.0.2.1",
    "troubles": "one\nanother",
    "name": "Work laptop",
    "method": "totp",
    "by": "admin@contoso.example",
    "link": "THE-SECRET",
    "expires_at": (NOW + timedelta(hours=1)).isoformat(),
}
ROOT = Authority.root()


def letter(occasion: Occasion = Occasion.PASS_DELIVERED) -> Letter:
    due = NOW + timedelta(days=1)
    return Letter(LetterId("l"), TENANT.id, UserId("u"), occasion, "ada@contoso.example", b"", NOW, NOW, due)


def send(server: MailServer, *, sender: str = "Keystead <no-reply@id.example.org>", tenant: Tenant = TENANT) -> None:
    context = ssl.create_default_context(cadata=ROOT.pem.decode())
    run(SmtpMail(server, sender, PUBLIC_URL, context).send(letter(), TOLD, tenant))


@pytest.fixture
def tls(tmp_path: Path) -> ssl.SSLContext:
    host = ROOT.host("localhost", extension=x509.SubjectAlternativeName([x509.DNSName("localhost")]))
    key = host.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "host.pem").write_bytes(host.pem + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "host.pem")
    return context


def test_a_letter_arrives_as_plain_text_with_its_link() -> None:
    with running_mail_server() as server:
        send(mail_server(server.url))

    (received,) = server.letters
    assert server.recipients == ["ada@contoso.example"]
    assert received["From"] == "Keystead <no-reply@id.example.org>"
    assert received["To"] == "ada@contoso.example"
    assert received["Subject"] == "Contoso Ltd.: your link to sign in"
    assert received["Auto-Submitted"] == "auto-generated"
    assert received["Message-ID"] == "<l@id.example.org>"
    assert received.get_content_type() == "text/plain"
    assert "https://id.example.org/contoso/sign-in/link/THE-SECRET" in received.get_content()


def test_starttls_is_used_and_a_user_signs_in_behind_it(tls: ssl.SSLContext) -> None:
    with running_mail_server(tls) as server:
        send(replace(mail_server(f"smtp://keystead:p%40ss@localhost:{server.port}"), in_the_clear=False))

    assert (server.encrypted, server.logins) == ([True], ["keystead:p@ss"])


def test_tls_from_the_first_byte(tls: ssl.SSLContext) -> None:
    with running_mail_server(tls, tls_first=True) as server:
        send(mail_server(f"smtps://localhost:{server.port}"))

    assert server.encrypted == [True]


def test_to_another_computer_nothing_goes_in_the_clear() -> None:
    with running_mail_server() as server, pytest.raises(MailNotSent) as refused:
        send(replace(mail_server(server.url), in_the_clear=False))

    assert server.letters == []
    assert not refused.value.for_good


def test_a_certificate_that_is_not_believed_gets_no_letter(tls: ssl.SSLContext) -> None:
    with running_mail_server(tls) as server:
        mail = SmtpMail(replace(mail_server(server.url), in_the_clear=False), "a@b.example", PUBLIC_URL)
        with pytest.raises(MailNotSent):
            run(mail.send(letter(), TOLD, TENANT))

    assert server.letters == []


@pytest.mark.parametrize(("answer", "for_good"), [("550 nobody here", True), ("451 later", False)])
def test_a_refusal_says_whether_trying_again_would_help(answer: str, for_good: bool) -> None:
    with running_mail_server() as server:
        server.refuse = answer
        with pytest.raises(MailNotSent) as refused:
            send(mail_server(server.url))

    assert (refused.value.code, refused.value.for_good) == ("mail_not_sent", for_good)
    assert answer in str(refused.value)
    assert "THE-SECRET" not in str(refused.value)


def test_a_server_that_is_not_there_is_tried_again() -> None:
    with running_mail_server() as server:
        pass

    with pytest.raises(MailNotSent) as refused:
        send(mail_server(server.url))

    assert not refused.value.for_good


def test_no_name_adds_a_header() -> None:
    """Attack class 8, for letters."""
    with pytest.raises(ValueError, match="line"), running_mail_server() as server:
        send(mail_server(server.url), tenant=replace(TENANT, display_name="Contoso\r\nBcc: eve@evil.test"))


@pytest.mark.parametrize("occasion", list(Occasion))
def test_every_occasion_has_words_and_leads_to_us_alone(occasion: Occasion) -> None:
    """Attack class 19: the address is that of the settings."""
    said = words(letter(occasion), TOLD, TENANT, PUBLIC_URL)

    assert said.subject.startswith("Contoso Ltd.: ")
    addresses = [word for word in said.text.split() if "://" in word]
    assert addresses
    assert all(address.startswith("https://id.example.org/contoso/") for address in addresses)
    assert ("THE-SECRET" in said.text) is (occasion is Occasion.PASS_DELIVERED)


@pytest.mark.parametrize(
    ("url", "server"),
    [
        ("smtps://mail.example.org", MailServer("mail.example.org", 465, True, False)),
        ("smtp://mail.example.org", MailServer("mail.example.org", 587, False, False)),
        ("smtp://u%3A:p%2F@mail.example.org:2525", MailServer("mail.example.org", 2525, False, False, "u:", "p/")),
        ("smtp://localhost:1025", MailServer("localhost", 1025, False, True)),
        ("smtps://localhost", MailServer("localhost", 465, True, False)),
    ],
)
def test_the_address_of_a_mail_server_is_read(url: str, server: MailServer) -> None:
    assert mail_server(url) == server


@pytest.mark.parametrize("url", ["mail.example.org", "http://mail.example.org", "smtp://", "smtp://a/b", "smtp://a:x"])
def test_what_is_no_mail_server_is_not_read(url: str) -> None:
    with pytest.raises(ValueError):
        mail_server(url)


def test_a_password_is_not_shown() -> None:
    assert "hush" not in repr(mail_server("smtps://keystead:hush@mail.example.org"))
