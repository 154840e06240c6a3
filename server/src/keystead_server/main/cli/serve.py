"""keystead serve"""

import contextlib
import signal
from errno import EADDRINUSE
from socket import AI_PASSIVE, SOCK_STREAM, create_server, getaddrinfo, socket

import click
import uvicorn

from keystead_server.main.asgi import Application
from keystead_server.main.cli.first_start import Opening, announce, found_if_new
from keystead_server.main.cli.frame import Failed, Frame
from keystead_server.main.config import Config
from keystead_server.main.whole_answers import WholeAnswersProtocol
from keystead_server.main.wiring import System

GRACE_SECONDS = 10
BACKLOG = 2048


@click.command(epilog="Example:  keystead --data /var/lib/keystead serve --port 8400")
@click.option("--host", help="Address to listen on (127.0.0.1).")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on (8400).")
@click.option(
    "--init", "init_first", is_flag=True, help="Make the first organisation and administrator if there is none."
)
@click.pass_obj
def serve(frame: Frame, host: str | None, port: int | None, init_first: bool) -> None:
    """Run the identity provider until it is stopped (Ctrl-C)."""
    config = frame.config(listen_host=host, listen_port=port)
    if port is not None and "public_url" not in {k for k, v in frame.given.items() if v} and _is_default_url(config):
        # Somebody who only chose another port means that address.
        config = frame.config(listen_host=host, listen_port=port, public_url=f"http://localhost:{port}")
    opening = Opening()

    async def ready(system: System) -> None:
        if init_first:
            opening.founded = await found_if_new(system)
        opening.invitations = await announce(system)
        config.address_path.write_text(f"{config.public_url}\n")

    # Listening comes first: where the port is taken, the server that has it keeps the pass it announced.
    listening = _listen(config)
    application = Application(config, on_ready=ready)
    server = _Server(config, opening, uvicorn.Config(
        application,
        loop="uvloop",
        http=WholeAnswersProtocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        # Forwarded headers are ours to judge, by the proxies in the settings.
        proxy_headers=False,
        timeout_keep_alive=30,
        timeout_graceful_shutdown=GRACE_SECONDS,
        backlog=BACKLOG,
    ))  # fmt: skip
    # When it has stopped, uvicorn raises the signal that stopped it once more; by then all is done.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    with contextlib.suppress(SystemExit):
        server.run(sockets=listening)
    if not server.started:
        raise Failed("not_started", f"the server could not start: {application.failure}")


def _is_default_url(config: Config) -> bool:
    return config.public_url == Config().public_url


def _listen(config: Config) -> list[socket]:
    host, port = config.listen_host, config.listen_port
    try:
        found = getaddrinfo(host, port, type=SOCK_STREAM, flags=AI_PASSIVE)
        return [create_server(address, family=family, backlog=BACKLOG) for family, _, _, _, address in found]
    except OSError as error:
        if error.errno == EADDRINUSE:
            raise Failed(
                "port_in_use",
                f"Port {port} is in use. Choose another:  "
                f"make run PORT={port + 1}   or   keystead serve --port {port + 1}",
            ) from None
        raise Failed("not_listening", f"cannot listen at {host}:{port}: {error.strerror}") from None


class _Server(uvicorn.Server):
    """Says that it is ready once it really answers."""

    def __init__(self, config: Config, opening: Opening, served: uvicorn.Config) -> None:
        super().__init__(served)
        self._settings = config
        self._opening = opening

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            click.echo(self._opening.text(self._settings))
