"""The daemon as a process: one per container, until SIGTERM or SIGINT."""

import asyncio
import signal

from keystead_agent.daemon.server import Daemon, only_daemon
from keystead_agent.main import wiring
from keystead_agent.main.config import Settings


def run(settings: Settings) -> None:
    """Serve until told to stop.

    Raises:
        AlreadyRunning, FileNotPrivate
    """
    with only_daemon(settings.state_dir):
        asyncio.run(_serve(wiring.daemon(settings)))


async def _serve(daemon: Daemon) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await daemon.run(stop)
