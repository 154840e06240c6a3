"""Which passkeys can sign in now: those that a policy accepts, of computers whose word still counts.

One in quarantine is no way in, and neither is one whose computer was disabled, withdrawn or removed.
"""

from collections.abc import Iterable

from keystead_server.domain.device import DeviceState, refusal_of
from keystead_server.domain.passkey import Passkey
from keystead_server.flows.known_models import KnownModels
from keystead_server.policy.passkeys.decide import NotAdmitted, quarantined
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.policy.passkeys.rules import Broken
from keystead_server.policy.people import Subject
from keystead_server.ports.store import Store

_CHANGE = {
    None: "It stays refused; the person adds another passkey.",
    DeviceState.DISABLED: "Enable the computer.",
    DeviceState.ATTESTATION_WITHDRAWN: "It stays refused; the computer enrols anew, and the person adds another passkey.",
    DeviceState.ENDORSEMENT_WITHDRAWN: "It stays refused; the person adds a passkey on another computer.",
}
_SAYS = {
    None: "its computer is not enrolled any more",
    DeviceState.DISABLED: "its computer is disabled",
    DeviceState.ATTESTATION_WITHDRAWN: "its computer was withdrawn",
    DeviceState.ENDORSEMENT_WITHDRAWN: "the security chip of its computer was withdrawn",
}


async def against_using(
    passkey: Passkey, store: Store, models: KnownModels, policy: PasskeyPolicy, subject: Subject
) -> NotAdmitted | None:
    """Why a sign-in with *passkey*, which is *subject*'s, would be refused under *policy*, or None."""
    refusal = quarantined(policy, subject, models.facts_of(passkey))
    if refusal is not None or passkey.device_id is None:
        return refusal
    device = await store.devices.get(passkey.tenant_id, passkey.device_id)
    state = None if device is None else device.state
    code = refusal_of(state)
    if code is None:
        return None
    rule = Broken(code, _SAYS[state], "Ask an administrator of your organisation.", _CHANGE[state])
    return NotAdmitted(code, (rule.says,), (rule,))


async def usable_of(
    passkeys: Iterable[Passkey], store: Store, models: KnownModels, policy: PasskeyPolicy, subject: Subject
) -> list[Passkey]:
    """Those of *passkeys*, which are *subject*'s, that a sign-in would accept under *policy*."""
    return [each for each in passkeys if await against_using(each, store, models, policy, subject) is None]
