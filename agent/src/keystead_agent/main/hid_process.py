"""The security key as a process: until SIGTERM or SIGINT, or until the kernel puts the device away."""

import asyncio
import os
import signal
import sys
from pathlib import Path

from keystead_agent.client.stream import AgentStream
from keystead_agent.hid.front import Front
from keystead_agent.hid.uhid import UhidReports


def run(socket_path: Path, device: int) -> None:
    asyncio.run(_serve(socket_path, device))


async def _serve(socket_path: Path, device: int) -> None:
    reports = UhidReports(device)
    front = Front(reports, AgentStream(socket_path), lambda said: print(f"keystead-agent: {said}", file=sys.stderr))
    # One serial number for each person, so that programs can tell two keys apart.
    with reports.plugged_in(f"keystead-{os.getuid()}"):
        serving = asyncio.create_task(front.run())
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, serving.cancel)
        await asyncio.wait([serving])
    if not serving.cancelled():
        serving.result()
