"""Send what waits in the outbox. Nobody's sign-in waits for it, and no letter is lost with a crash.

A letter is taken in hand before it is tried, by moving the moment at which it is due: of several
processes one sends it, and when that one dies the letter is tried again later. So a letter may go
out twice, and never not at all while it is good for something.
"""

from collections.abc import Callable
from dataclasses import dataclass

from keystead_server.domain.letter import Letter
from keystead_server.flows.letters import open_letter
from keystead_server.ports.changes import Conflict, PutOff, Remove
from keystead_server.ports.clock import Clock
from keystead_server.ports.mail import Mail, MailNotSent
from keystead_server.ports.sealer import SealBroken, Sealer
from keystead_server.ports.store import Store

AT_ONCE = 20


@dataclass(frozen=True, slots=True)
class NotDelivered:
    """Attributes:
    given_up: it will not be tried again.
    """

    letter: Letter
    code: str
    reason: str
    given_up: bool


@dataclass(frozen=True, slots=True)
class DeliverLetters:
    store: Store
    clock: Clock
    sealer: Sealer
    mail: Mail

    async def __call__(self, tell: Callable[[NotDelivered], None] = lambda _: None) -> int:
        """Try every letter that is due, and return how many were taken; *tell* hears of the others."""
        sent = 0
        while due := await self.store.letters.due(self.clock.now(), limit=AT_ONCE):
            for letter in due:
                outcome = await self._try(letter)
                if outcome is None:
                    sent += 1
                elif isinstance(outcome, NotDelivered):
                    tell(outcome)
        return sent

    async def _try(self, letter: Letter) -> NotDelivered | bool | None:
        """None when it was taken; False when somebody else has it in hand."""
        now = self.clock.now()
        taken = PutOff(letter.tenant_id, letter.id, letter.due_at, letter.next_try(now))
        if isinstance(await self.store.write(taken), Conflict):
            return False
        if letter.expires_at <= now:
            return await self._give_up(letter, code="mail_given_up", reason="it is of no use any more")
        tenant = await self.store.tenants.by_name(letter.tenant_id)
        if tenant is None:
            return await self._give_up(letter, code="mail_given_up", reason="its organisation is gone")
        try:
            told = open_letter(self.sealer, letter)
            await self.mail.send(letter, told, tenant)
        except SealBroken as error:
            return await self._give_up(letter, code="mail_given_up", reason=str(error))
        except MailNotSent as error:
            if error.for_good:
                return await self._give_up(letter, code=error.code, reason=str(error))
            return NotDelivered(letter, error.code, str(error), given_up=False)
        await self._remove(letter)
        return None

    async def _give_up(self, letter: Letter, *, code: str, reason: str) -> NotDelivered:
        await self._remove(letter)
        return NotDelivered(letter, code, reason, given_up=True)

    async def _remove(self, letter: Letter) -> None:
        await self.store.write(Remove(letter.tenant_id, Letter, letter.id))
