"""Proof for identity providers, between their servers and our chip: each on the thread that waits for it."""

from dataclasses import dataclass
from functools import partial

from keystead_agent.authenticator.allow_list import Caller
from keystead_agent.container.container import Container
from keystead_agent.container.errors import ContainerError
from keystead_agent.container.records import Proof, Provider
from keystead_agent.daemon.log import Log
from keystead_agent.daemon.offloading import OneThread
from keystead_agent.enrolment import proving
from keystead_agent.enrolment.errors import EnrolmentError, ProviderRefused
from keystead_agent.enrolment.proving import Asked
from keystead_agent.keystore.errors import KeystoreError
from keystead_agent.keystore.values import Clock


@dataclass(frozen=True, slots=True)
class Proving:
    """Attributes:
    device_name: what this computer is called.
    """

    clock: Clock
    device_name: str
    offload: OneThread
    fetching: OneThread
    log: Log

    async def enrol(self, container: Container, provider: Provider, code: str) -> Proof:
        """Raises EnrolmentError, KeystoreError: NoChip where keys are in a file."""
        try:
            asked = await self._introduce(container, provider, code)
        except ProviderRefused as refused:
            if refused.code != "attestation_key_withdrawn":
                raise
            # The key is believed no more, and the chip still is. At a beginning no code is spent.
            await self.offload(container.enrolments.forget_attestation_key)
            self.log.event("attestation_key.replaced", issuer=provider.issuer)
            asked = await self._introduce(container, provider, code)
        return await self._answer(container, provider, asked)

    async def renew_for(self, container: Container, caller: Caller) -> None:
        """Renew what is due for the providers of this page. A failure is logged and ends nothing else."""
        for provider in container.providers:
            proof = container.enrolments.proof_of(provider.issuer)
            if caller.origin not in provider.origins or proof is None or not proving.is_due(proof, self.clock()):
                continue
            try:
                await self.renew(container, provider, proof)
            except (ContainerError, EnrolmentError, KeystoreError) as error:
                self.log.event("proof.unrenewed", issuer=provider.issuer, code=error.code, because=str(error))

    async def renew(self, container: Container, provider: Provider, proof: Proof) -> Proof:
        """Raises EnrolmentError, KeystoreError."""
        asked = await self.fetching(partial(proving.begin_renewal, provider, proof))
        return await self._answer(container, provider, asked)

    async def _introduce(self, container: Container, provider: Provider, code: str) -> Asked:
        identity = await self.offload(container.enrolments.identity)
        described = await self.offload(container.keystore.describe)
        name = self.device_name
        return await self.fetching(partial(proving.begin_enrolment, provider, code, name, identity, described))

    async def _answer(self, container: Container, provider: Provider, asked: Asked) -> Proof:
        opened = await self.offload(partial(container.enrolments.activate, asked.credential_blob, asked.secret))
        identity = await self.offload(container.enrolments.identity)
        proof = await self.fetching(partial(proving.finish, provider, asked, opened, identity))
        await self.offload(partial(container.enrolments.keep_proof, proof))
        self.log.event("proof.kept", issuer=provider.issuer, device=proof.device_id)
        return proof
