"""The security key as a process: until SIGTERM or SIGINT, or until the kernel puts the device away."""

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Literal

from keystead_agent.client.stream import AgentStream
from keystead_agent.hid.front import Front
from keystead_agent.hid.uhid import NAME, UhidReports


def name_of(keystore: Literal["tpm", "software"]) -> str:
    """What the device is called, which programs may show: whoever is to touch it knows where its keys are."""
    return f"{NAME} (SOFTWARE: keys in a file)" if keystore == "software" else NAME


def run(socket_path: Path, device: int, name: str) -> None:
    asyncio.run(_serve(socket_path, device, name))


async def _serve(socket_path: Path, device: int, name: str) -> None:
    reports = UhidReports(device)
    front = Front(reports, AgentStream(socket_path), lambda said: print(f"keystead-agent: {said}", file=sys.stderr))
    serving = asyncio.create_task(front.run())
    # Before anybody can see the key: whoever waits for it may stop it at once.
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
    # One serial number for each person, so that programs can tell two keys apart.
    with reports.plugged_in(f"keystead-{os.getuid()}", name):
        await asyncio.wait([serving])
    if not serving.cancelled():
        serving.result()
