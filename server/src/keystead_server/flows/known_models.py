"""What policy asks about a passkey, with what is publicly reported of its model just now."""

from dataclasses import dataclass, replace

from keystead_server.domain.passkey import Passkey
from keystead_server.policy.passkeys.rules import PasskeyFacts, reported_of
from keystead_server.ports.clock import Clock
from keystead_server.ports.metadata import Metadata


@dataclass(frozen=True, slots=True)
class KnownModels:
    metadata: Metadata
    clock: Clock

    def facts_of(self, passkey: Passkey) -> PasskeyFacts:
        return PasskeyFacts.of(passkey, self.metadata.about(passkey.aaguid), self.clock.now())

    def supposed(self, facts: PasskeyFacts) -> PasskeyFacts:
        """The facts of a passkey that is not there, with what is reported of its model."""
        return replace(facts, statuses=reported_of(self.metadata.about(facts.aaguid), self.clock.now()))
