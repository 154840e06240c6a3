"""One CTAP command in, one answer out."""

from dataclasses import dataclass
from typing import Final

from keystead_core.ctap import commands
from keystead_core.ctap.commands import Command, PinCommand
from keystead_core.ctap.replies import Info, done
from keystead_core.ctap.status import CtapError, Status

from keystead_agent.authenticator.approval import Approval
from keystead_agent.authenticator.ctap.client_pin import ClientPins
from keystead_agent.authenticator.ctap.consent import touch
from keystead_agent.authenticator.ctap.credentials import MOST_PASSKEYS, Credentials
from keystead_agent.authenticator.ctap.management import Management
from keystead_agent.authenticator.ctap.session import Session
from keystead_agent.authenticator.errors import NotApproved
from keystead_agent.container.container import CREDENTIAL_ID_BYTES, Container
from keystead_agent.gesture.interface import Prompt, Purpose

# §6.6: "the authenticator MUST … only … within 10 seconds of … powering up".
RESET_SECONDS: Final = 10.0
_QUIET: Final = (PinCommand.GET_PIN_RETRIES, PinCommand.GET_UV_RETRIES, PinCommand.GET_KEY_AGREEMENT)


class ResetTooLate(CtapError):
    """More than ten seconds after the start: what asks now was not started by somebody who wants that."""

    code = "reset_too_late"

    def __init__(self) -> None:
        super().__init__(Status.NOT_ALLOWED, "reset is possible within ten seconds of the daemon's start")


def is_quiet(command: Command) -> bool:
    """Whether *command* asks nobody and changes nothing, so that it may be answered beside a ceremony."""
    return isinstance(command, commands.GetInfo) or (
        isinstance(command, commands.ClientPin) and command.command in _QUIET
    )


@dataclass(frozen=True, slots=True)
class CtapDevice:
    """Answers for one container.

    Attributes:
        session: of the connection that the command came on.
        channel: on which of that connection's channels.
        running_for: seconds since the daemon was started.
    """

    approval: Approval
    session: Session
    channel: int
    requester: str
    running_for: float

    async def answer(self, command: Command) -> bytes:
        """Return the whole answer, status byte first.

        Raises:
            CtapError, AuthenticatorError, ContainerError, KeystoreError, GestureUnavailable
        """
        if not isinstance(command, commands.CredentialManagement):
            # §6.8: a list is read without other commands in between.
            self.session.end_listing()
        credentials = Credentials(self.approval, self.session, self.requester)
        match command:
            case commands.GetInfo():
                return self._info()
            case commands.MakeCredential():
                return await credentials.make(command)
            case commands.GetAssertion():
                return await credentials.get(command)
            case commands.GetNextAssertion():
                # The account is chosen on our own screen, so there is never a next one.
                raise CtapError(Status.NOT_ALLOWED, "no next assertion")
            case commands.ClientPin():
                return await ClientPins(self.approval, self.session, self.requester).answer(command)
            case commands.CredentialManagement():
                return await Management(self.approval, self.session, self.channel).answer(command)
            case commands.Reset():
                return await self._reset()
            case commands.Selection():
                await touch(self.approval, self.requester)
                return done()

    def _info(self) -> bytes:
        container = self._container
        remaining = max(MOST_PASSKEYS - len(container.passkeys), 0)
        aaguid = container.keystore.aaguid
        return Info(aaguid, container.has_pin, container.pin_minimum, CREDENTIAL_ID_BYTES, remaining).encoded()

    async def _reset(self) -> bytes:
        if self.running_for > RESET_SECONDS:
            raise ResetTooLate
        container = self._container
        sites = ", ".join(dict.fromkeys(passkey.rp_id for passkey in container.passkeys)) or "no site yet"
        lost = f"Delete all {len(container.passkeys)} passkeys on this computer ({sites}) and the PIN, for good?"
        if not await self.approval.gesture.confirm(Prompt(Purpose.RESET, requester=self.requester), lost):
            raise NotApproved
        await self.approval.offload(container.reset)
        self.session.spend()
        return done()

    @property
    def _container(self) -> Container:
        return self.approval.container
