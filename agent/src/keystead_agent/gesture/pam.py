"""Anything that PAM can do, a face for instance, as a gesture: a service that the administrator names.

    PamService     asks the service in a process of its own, which can be killed

Off unless the setting `pam_service` names one, and a convenience only: which
modules say yes, and how carefully, is their business and not ours. So it counts only
after a PIN was typed since the start, and after a button was pressed.

The modules run as the person and not as root, in `pam_check`. What needs root, as
reading a shadow password does, does not work here, and is not meant to.
"""

import asyncio
import re
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from keystead_agent.gesture.interface import Prompt

SERVICES: Final = Path("/etc/pam.d")
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def is_service_name(name: str) -> bool:
    return _NAME.fullmatch(name) is not None


@dataclass(frozen=True, slots=True)
class PamService:
    """The Protocol `Recogniser`.

    Attributes:
        service: the name of a file in *directory*.
        user: whom it is to recognise.
        directory: of services.
    """

    service: str
    user: str
    timeout: timedelta
    directory: Path = SERVICES

    @property
    def name(self) -> str:
        return "pam"

    @property
    def hint(self) -> str:
        return "Or wait to be recognised (a convenience: less sure than your PIN)."

    @property
    def question(self) -> str:
        return "You were recognised. Approve this?"

    async def is_ready(self) -> bool:
        # For a name without a file PAM takes the service "other", which the administrator did not mean.
        return is_service_name(self.service) and (self.directory / self.service).is_file()

    async def verify(self, prompt: Prompt) -> bool:
        if not await self.is_ready():
            return False
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-I",
            str(Path(__file__).with_name("pam_check.py")),
            self.service,
            self.user,
            str(self.directory),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        try:
            async with asyncio.timeout(self.timeout.total_seconds()):
                return await process.wait() == 0
        except TimeoutError:
            return False
        finally:
            with suppress(ProcessLookupError):
                process.kill()
            await asyncio.shield(process.wait())
