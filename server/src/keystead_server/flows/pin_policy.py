"""What an organisation asks of the PINs of its people's containers: one document, with versions as every policy.

Devices are told when they enrol and with each renewal; this server never sees a PIN.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from keystead_core.link.pin_policy import PinPolicy, PinPolicyImpossible
from keystead_core.wire import BadJson, json_decode_object

from keystead_server.domain import policy_document
from keystead_server.domain.ids import TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.policy.people import Principal
from keystead_server.ports.store import Store

FIRST_PIN_POLICY = PinPolicy()


def checked(said: Mapping[str, object]) -> PinPolicy:
    """Raises Invalid: it is none, or no PIN could meet it."""
    try:
        return PinPolicy.from_json(said)
    except PinPolicyImpossible as error:
        raise Invalid("pin_rules_invalid", str(error), target=error.member or None) from None


@dataclass(frozen=True, slots=True)
class PinKind:
    """The rules for PINs, as `SavePolicy` asks: they name nobody, and lock nobody out."""

    kind: str = policy_document.PIN
    called: str = "PIN rules"
    event: str = "pin_rules.changed"
    first: PinPolicy = FIRST_PIN_POLICY

    def read(self, text: str) -> PinPolicy:
        try:
            return checked(json_decode_object(text.encode()))
        except BadJson as error:
            raise Invalid("pin_rules_invalid", str(error)) from None

    def write(self, policy: PinPolicy) -> str:
        return json.dumps(policy.to_json())

    def principals(self, policy: PinPolicy) -> frozenset[Principal]:
        return frozenset()

    def place(self, policy: PinPolicy, principal: Principal) -> str:
        return ""

    def without(self, policy: PinPolicy, gone: frozenset[Principal]) -> PinPolicy:
        return policy

    def told(self, policy: PinPolicy) -> Mapping[str, str]:
        return {name: str(value) for name, value in policy.to_json().items()}

    async def against(self, tenant: TenantId, policy: PinPolicy) -> Invalid | None:
        return None

    async def locks_out(self, tenant: TenantId, policy: PinPolicy) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class PinPolicies:
    store: Store

    async def now(self, tenant: TenantId) -> PinPolicy | None:
        """None where nobody has said anything: then only the computer's own rules hold."""
        written = await self.store.policies.current(tenant, policy_document.PIN)
        return None if written is None else PinKind().read(written.body)
