"""The Mail port over SMTP.

    smtps://user:password@mail.example.org         TLS from the first byte (465)
    smtp://user:password@mail.example.org          STARTTLS, which the server must offer (587)
    smtp://localhost:1025                          in the clear, on this computer only

The certificate is checked against the name. A server that does not offer STARTTLS gets no letter:
letters carry links that sign people in.
"""

import asyncio
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from urllib.parse import unquote, urlsplit

from keystead_server.domain.letter import Letter
from keystead_server.domain.tenant import Tenant
from keystead_server.mail.words import words
from keystead_server.ports.mail import MailNotSent

TIMEOUT_SECONDS = 20.0
_PORTS = {"smtp": 587, "smtps": 465}
HERE = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True, slots=True)
class MailServer:
    """Attributes:
    in_the_clear: no TLS; only ever for this computer itself.
    """

    host: str
    port: int
    tls_first: bool
    in_the_clear: bool
    user: str | None = None
    password: str | None = field(default=None, repr=False)


def mail_server(url: str) -> MailServer:
    """Read a `smtp_url`.

    Raises:
        ValueError: it is not one.
    """
    parts = urlsplit(url)
    host, port = parts.hostname, parts.port
    if parts.scheme not in _PORTS or not host or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError("not smtp://host or smtps://host")
    here = parts.scheme == "smtp" and host in HERE
    user, password = (None if part is None else unquote(part) for part in (parts.username, parts.password))
    return MailServer(host, port or _PORTS[parts.scheme], parts.scheme == "smtps", here, user, password)


@dataclass(frozen=True, slots=True)
class SmtpMail:
    """Attributes:
    sender: the From header: an address, or `Name <address>`.
    context: whom to believe; the system's certificate authorities.
    """

    server: MailServer
    sender: str
    public_url: str
    context: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    async def send(self, letter: Letter, told: Mapping[str, str], tenant: Tenant) -> None:
        message = self._message(letter, told, tenant)
        # smtplib waits for the network; a thread waits for it, and nobody's request.
        await asyncio.to_thread(self._hand_over, message, letter.address)

    def _message(self, letter: Letter, told: Mapping[str, str], tenant: Tenant) -> EmailMessage:
        said = words(letter, told, tenant, self.public_url)
        name, address = parseaddr(self.sender)
        message = EmailMessage(policy=SMTP)
        # This policy refuses line breaks in headers, so no name can add one.
        message["From"] = Address(name, addr_spec=address)
        message["To"] = letter.address
        message["Subject"] = said.subject
        message["Date"] = format_datetime(letter.created_at)
        # The same at every try, so that a letter that went out twice is shown once.
        message["Message-ID"] = f"<{letter.id}@{urlsplit(self.public_url).hostname}>"
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(said.text)
        return message

    def _hand_over(self, message: EmailMessage, address: str) -> None:
        try:
            with self._connected() as smtp:
                smtp.send_message(message, to_addrs=[address])
        except smtplib.SMTPRecipientsRefused as error:
            code, said = next(iter(error.recipients.values()), (0, b""))
            raise MailNotSent(f"{code} {_text(said)}", for_good=500 <= code < 600) from None
        except smtplib.SMTPResponseException as error:
            raise MailNotSent(f"{error.smtp_code} {_text(error.smtp_error)}") from None
        except (OSError, smtplib.SMTPException) as error:
            raise MailNotSent(f"{self.server.host}: {type(error).__name__}: {error}") from None

    def _connected(self) -> smtplib.SMTP:
        server = self.server
        if server.tls_first:
            smtp: smtplib.SMTP = smtplib.SMTP_SSL(
                server.host, server.port, timeout=TIMEOUT_SECONDS, context=self.context
            )
        else:
            smtp = smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_SECONDS)
        try:
            if not server.tls_first and not server.in_the_clear:
                smtp.starttls(context=self.context)
            if server.user is not None:
                smtp.login(server.user, server.password or "")
        except BaseException:
            smtp.close()
            raise
        return smtp


def _text(said: bytes | str) -> str:
    return said.decode("ascii", "replace") if isinstance(said, bytes) else said
