"""A mail server that keeps what it is given, and refuses as it is told to.

with running_mail_server() as server:
    ...                             # send to server.url
    (letter,) = server.letters
"""

import asyncio
import ssl
import threading
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default


@dataclass
class MailServer:
    """Attributes:
    logins: what came by AUTH PLAIN, as `user:password`.
    refuse: the answer to RCPT, such as `550 nobody here`; None takes everything.
    encrypted: for each letter, whether it came over TLS.
    """

    port: int = 0
    context: ssl.SSLContext | None = None
    refuse: str | None = None
    letters: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    logins: list[str] = field(default_factory=list)
    encrypted: list[bool] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://localhost:{self.port}"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        try:
            while line := (await reader.readline()).decode("ascii").strip():
                writer.write((await self._answer(line, reader, writer) + "\r\n").encode())
                await writer.drain()
                if line.upper() == "STARTTLS" and self.context is not None:
                    await writer.start_tls(self.context)
                if line.upper() == "QUIT":
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _answer(self, line: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
        verb = line.partition(" ")[0].upper()
        match verb:
            case "EHLO":
                secure = writer.get_extra_info("ssl_object") is not None
                offers = ["localhost", "AUTH PLAIN", *(["STARTTLS"] if self.context and not secure else [])]
                return "\r\n".join(f"250{'-' if each != offers[-1] else ' '}{each}" for each in offers)
            case "STARTTLS":
                return "220 go on" if self.context else "502 no"
            case "AUTH":
                self.logins.append(":".join(b64decode(line.split()[-1]).decode().split("\0")[1:]))
                return "235 welcome"
            case "RCPT":
                if self.refuse:
                    return self.refuse
                self.recipients.append(line.partition("<")[2].rstrip(">"))
                return "250 ok"
            case "DATA":
                writer.write(b"354 go on\r\n")
                raw = await reader.readuntil(b"\r\n.\r\n")
                message = message_from_bytes(raw[:-5].replace(b"\r\n..", b"\r\n."), policy=default)
                assert isinstance(message, EmailMessage)
                self.letters.append(message)
                self.encrypted.append(writer.get_extra_info("ssl_object") is not None)
                return "250 kept"
            case "QUIT":
                return "221 bye"
            case _:
                return "250 ok"


@contextmanager
def running_mail_server(context: ssl.SSLContext | None = None, *, tls_first: bool = False) -> Iterator[MailServer]:
    """A mail server on a free port, in a thread of its own; *context* lets it speak TLS."""
    mail = MailServer(context=context)
    started, loop = threading.Event(), asyncio.new_event_loop()

    def run() -> None:
        asyncio.set_event_loop(loop)
        listening = asyncio.start_server(mail.serve, "127.0.0.1", 0, ssl=context if tls_first else None)
        server = loop.run_until_complete(listening)
        mail.port = server.sockets[0].getsockname()[1]
        started.set()
        loop.run_forever()
        server.close()
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert started.wait(10)
    try:
        yield mail
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10)
