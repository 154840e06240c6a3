"""Which passkeys can sign in now: those that a policy accepts, of computers whose word still counts.

One in quarantine is no way in, and neither is one whose computer was disabled, withdrawn or removed.
"""

from collections.abc import Iterable

from keystead_server.domain.device import refusal_of
from keystead_server.domain.passkey import Passkey
from keystead_server.flows.known_models import KnownModels
from keystead_server.policy.passkeys.decide import quarantined
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.policy.people import Subject
from keystead_server.ports.store import Store


async def usable_of(
    passkeys: Iterable[Passkey], store: Store, models: KnownModels, policy: PasskeyPolicy, subject: Subject
) -> list[Passkey]:
    """Those of *passkeys*, which are *subject*'s, that a sign-in would accept under *policy*."""
    accepted = [each for each in passkeys if quarantined(policy, subject, models.facts_of(each)) is None]
    return [each for each in accepted if await _stands(store, each)]


async def _stands(store: Store, passkey: Passkey) -> bool:
    if passkey.device_id is None:
        return True
    device = await store.devices.get(passkey.tenant_id, passkey.device_id)
    return refusal_of(None if device is None else device.state) is None
