"""CTAP commands from whoever connects to the socket: limited as every ceremony is, answered with a status, logged.

CtapStart      what a session is made of
CtapService    one command of one session
AskingGesture  tells the client's keep-alive when a person is being asked
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from keystead_core.ctap import commands, replies
from keystead_core.ctap.commands import Command, command_from_bytes
from keystead_core.ctap.status import CtapError, Status
from keystead_core.link import messages as link
from keystead_core.wire.base64url import b64url_decode, b64url_encode
from keystead_core.wire.errors import BadBase64Url

from keystead_agent.authenticator.allow_list import ENROLLED_ALONE, CtapSites
from keystead_agent.authenticator.approval import Approval
from keystead_agent.authenticator.ctap.device import CtapDevice, is_quiet
from keystead_agent.authenticator.ctap.session import Session
from keystead_agent.authenticator.ctap.statuses import status_of
from keystead_agent.container.container import Container
from keystead_agent.daemon.ceremonies import LONGEST, Busy, Ceremonies, SessionLeft, TooManyPrompts
from keystead_agent.daemon.log import Log
from keystead_agent.daemon.offloading import OneThread
from keystead_agent.daemon.refusals import EXPECTED, Expected
from keystead_agent.gesture.interface import Cancelled, Gesture, Prompt, Verified
from keystead_agent.keystore.values import Entropy

T = TypeVar("T")
Told = Callable[[bool], None]

# The kernel does not say which program writes into a HID device, so the prompt does not pretend to know.
REQUESTER: Final = "a program that uses security keys"


@dataclass(frozen=True, slots=True)
class CtapStart:
    """Attributes:
    started_at: of the daemon, by *monotonic*.
    """

    entropy: Entropy
    monotonic: Callable[[], float]
    started_at: float
    sites: CtapSites = ENROLLED_ALONE

    def session(self) -> Session:
        return Session(self.entropy, self.monotonic, self.sites)

    @property
    def running_for(self) -> float:
        return self.monotonic() - self.started_at


@dataclass(frozen=True, slots=True)
class AskingGesture:
    """A Gesture that says when it begins and ends to ask."""

    asked: Gesture
    tell: Told

    @property
    def offers_more(self) -> bool:
        return self.asked.offers_more

    async def ask_pin(self, prompt: Prompt) -> str | Verified | Cancelled:
        return await self._told(self.asked.ask_pin(prompt))

    async def ask_new_pin(self, prompt: Prompt) -> str | Cancelled:
        return await self._told(self.asked.ask_new_pin(prompt))

    async def choose(self, prompt: Prompt, accounts: Sequence[str]) -> int | Cancelled:
        return await self._told(self.asked.choose(prompt, accounts))

    async def confirm(self, prompt: Prompt, question: str) -> bool:
        return await self._told(self.asked.confirm(prompt, question))

    async def _told(self, answer: Awaitable[T]) -> T:
        self.tell(True)
        try:
            return await answer
        finally:
            self.tell(False)


@dataclass(frozen=True, slots=True)
class CtapService:
    container: Callable[[], Awaitable[Container]]
    gesture: Gesture
    offload: OneThread
    ceremonies: Ceremonies
    log: Log
    start: CtapStart

    def new_session(self) -> Session:
        return self.start.session()

    async def answer(self, request: link.Ctap, session: Session, tell: Told, *, pid: int) -> dict[str, object]:
        """Return the answer as the link has it; a refusal is an answer too.

        Raises:
            CancelledError: its sender gave up.
        """
        command: Command | None = None
        try:
            command = command_from_bytes(_decoded(request.command))
            response = await self._run(command, request, session, tell)
        except (CtapError, *EXPECTED) as error:
            response = replies.refused(_status(error, command))
            self._log_refusal(error, command, Status(response[0]), pid)
        else:
            self._log_done(command)
        return {"response": b64url_encode(response)}

    async def _run(self, command: Command, request: link.Ctap, session: Session, tell: Told) -> bytes:
        approval = Approval(await self.container(), AskingGesture(self.gesture, tell), self.offload)
        device = CtapDevice(approval, session, request.channel, REQUESTER, self.start.running_for)
        if is_quiet(command):
            return await device.answer(command)
        async with self.ceremonies.one(LONGEST):
            return await device.answer(command)

    def _log_done(self, command: Command) -> None:
        match command:
            case commands.MakeCredential(rp_id=rp_id):
                self.log.event("passkey.created", rp_id=rp_id, requester="ctap")
            case commands.GetAssertion(rp_id=rp_id, user_present=True):
                self.log.event("passkey.used", rp_id=rp_id, requester="ctap")
            case commands.ClientPin(command=sub) if not is_quiet(command):
                self.log.event("ctap.answered", command="ClientPin", what=sub.name)
            case commands.CredentialManagement(command=sub):
                self.log.event("ctap.answered", command="CredentialManagement", what=sub.name)
            case commands.Reset():
                self.log.event("container.reset", requester="ctap")
            case _:
                pass

    def _log_refusal(self, error: CtapError | Expected, command: Command | None, status: Status, pid: int) -> None:
        name = type(command).__name__ if command else "-"
        rp_id = command.rp_id if isinstance(command, commands.MakeCredential | commands.GetAssertion) else None
        facts = {"command": name, "status": status.name, "because": str(error), "rp_id": rp_id}
        self.log.event("ctap.refused", code=error.code, pid=pid, **facts)


def _status(error: Exception, command: Command | None) -> Status:
    if isinstance(error, Busy):
        return Status.CHANNEL_BUSY
    if isinstance(error, SessionLeft):
        return Status.KEEPALIVE_CANCEL
    if isinstance(error, TooManyPrompts):
        return Status.OPERATION_DENIED
    return status_of(error, command)


def _decoded(message: str) -> bytes:
    try:
        return b64url_decode(message)
    except BadBase64Url as error:
        raise CtapError(Status.INVALID_PARAMETER, f"the command is no base64url: {error}") from error
