"""Telling people by mail what happened to their account."""

from collections.abc import Mapping
from typing import Protocol

from keystead_server.domain.letter import Letter
from keystead_server.domain.tenant import Tenant


class MailNotSent(Exception):
    """The letter was not taken; the message says why, and holds nothing of what it says.

    Attributes:
        for_good: trying again would not help, such as an address that nobody has.
    """

    code = "mail_not_sent"

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


class Mail(Protocol):
    async def send(self, letter: Letter, told: Mapping[str, str], tenant: Tenant) -> None:
        """Hand *letter* of *tenant* over, worded from what is *told*.

        Raises:
            MailNotSent: it was not taken.
        """
        ...
