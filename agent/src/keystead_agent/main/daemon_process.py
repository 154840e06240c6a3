"""The daemon, and a session's prompter, as processes: until SIGTERM or SIGINT."""

import asyncio
import signal
import sys

from keystead_agent.daemon.server import Daemon, only_daemon
from keystead_agent.main import wiring
from keystead_agent.main.config import Settings


def run(settings: Settings) -> None:
    """Serve the person that we run as.

    Raises:
        AlreadyRunning, FileNotPrivate
    """
    with only_daemon(settings.state_dir):
        asyncio.run(_serve(wiring.daemon(settings)))


def run_for_everybody(settings: Settings) -> None:
    """Serve everybody on this computer.

    Raises:
        AlreadyRunning, FileNotPrivate
    """
    with only_daemon(settings.state_dir):
        asyncio.run(_serve(wiring.service_for_everybody(settings)))


def run_prompter(settings: Settings) -> None:
    asyncio.run(_prompt(settings))


async def _prompt(settings: Settings) -> None:
    prompter = wiring.prompter(settings, lambda said: print(f"keystead-agent: {said}", file=sys.stderr, flush=True))
    asking = asyncio.create_task(prompter.run())
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, asking.cancel)
    # Its windows are closed by then.
    await asyncio.wait([asking])
    if not asking.cancelled():
        asking.result()


async def _serve(daemon: Daemon) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    await daemon.run(stop)
