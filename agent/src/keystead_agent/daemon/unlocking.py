"""Wrong PINs forgotten: the daemon between its person's TPM and the identity provider that has a say.

ask    → a code, which the person types where they have signed in in another way
wait   → whether they did, and then the TPM has taken the provider's signature

The TPM keeps its session between the two, so one question is open at a time; asking again forgets the one before.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Final

from keystead_core.tpm.pin_index import UnlockRequest

from keystead_agent.authenticator.approval import Approval
from keystead_agent.container.container import Container
from keystead_agent.container.records import Provider
from keystead_agent.daemon.ceremonies import LONGEST, Ceremonies
from keystead_agent.daemon.log import Log
from keystead_agent.daemon.offloading import OneThread
from keystead_agent.enrolment import unlocking
from keystead_agent.enrolment.unlocking import Shown
from keystead_agent.gesture.interface import Gesture, Prompt, Purpose
from keystead_agent.keystore.errors import PinIndexLost, UnlockRefused

Ok = Mapping[str, object]

# Shorter than a client waits for an answer.
_LONGEST_WAIT: Final = timedelta(minutes=1)
_POLL_SECONDS: Final = 3.0
_NO_QUESTION: Final = timedelta(seconds=60)


@dataclass(slots=True)
class Unlocking:
    gesture: Gesture
    ceremonies: Ceremonies
    offload: OneThread
    fetching: OneThread
    log: Log
    poll_seconds: float = _POLL_SECONDS
    _open: tuple[Provider, Shown] | None = None

    async def ask(self, container: Container, requester: str) -> Ok:
        """Raises UnlockRefused, PinNotSet, EnrolmentError, KeystoreError."""
        self._open = None
        provider, proof = container.enrolments.unlocker()
        request = await self._begin(container, requester)
        question = await self.fetching(partial(unlocking.begin, provider, proof, request))
        activate = partial(container.enrolments.activate, question.credential_blob, question.secret)
        opened = await self.offload(activate)
        shown = await self.fetching(partial(unlocking.finish, provider, question, opened))
        self._open = (provider, shown)
        self.log.event("pin.unlock_begun", requester=requester, issuer=provider.issuer)
        return {
            "provider": provider.name,
            "device": proof.device_name,
            "code": shown.code,
            "page": shown.page,
            "expires_at": shown.expires_at.isoformat(),
        }

    async def wait(self, container: Container) -> Ok:
        """Raises UnlockRefused, EnrolmentError, KeystoreError."""
        if self._open is None:
            raise UnlockRefused("No unlock is under way: begin again.")
        provider, shown = self._open
        signature = await self._collected(provider, shown)
        if signature is None:
            return {"unlocked": False}
        self._open = None
        async with self.ceremonies.one(_NO_QUESTION):
            await self.offload(partial(container.finish_unlock, signature))
        self.log.event("pin.unlocked", issuer=provider.issuer)
        return {"unlocked": True}

    async def _begin(self, container: Container, requester: str) -> UnlockRequest:
        async with self.ceremonies.one(LONGEST):
            try:
                return await self.offload(container.begin_unlock)
            except PinIndexLost:
                # The count is made anew, and it is the PIN that it counts.
                prompt = Prompt(Purpose.UNLOCK_PIN, requester=requester)
                pin = await Approval(container, self.gesture, self.offload).typed_pin(prompt)
                return await self.offload(partial(container.begin_unlock, pin))

    async def _collected(self, provider: Provider, shown: Shown) -> bytes | None:
        clock = asyncio.get_running_loop().time
        deadline = clock() + _LONGEST_WAIT.total_seconds()
        # Between two requests, never in one: what was collected is not given out again.
        while clock() < deadline:
            signature = await self.fetching(partial(unlocking.collect, provider, shown.ticket))
            if signature is not None:
                return signature
            await asyncio.sleep(self.poll_seconds)
        return None
