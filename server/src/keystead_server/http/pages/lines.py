"""Passkeys and sign-in attempts as lists show them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from keystead_core.webauthn import KEYSTEAD_SOFTWARE, NO_AAGUID

from keystead_server.domain.device import Device, DeviceState, maker_of, refusal_of
from keystead_server.domain.ids import AppId, GroupId
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.domain.sign_in import Attempt, Result
from keystead_server.domain.user import User
from keystead_server.flows.people import author_name
from keystead_server.http.call import Call
from keystead_server.http.pages import words
from keystead_server.http.pages.uses import NO_USES, Use, Uses, app_names
from keystead_server.policy.passkeys.decide import NotAdmitted, PasskeyFacts, quarantined
from keystead_server.policy.passkeys.model import Subject
from keystead_server.ports.metadata import Metadata, model_name


@dataclass(frozen=True, slots=True)
class PasskeyLine:
    """Attributes:
    quarantine: why the policy in force does not accept it, or None.
    use: where it was last used; with its app, when that is in the newest of the log.
    added_by: who registered it on its owner's behalf; None when it was its owner.
    device: the computer whose chip vouched for it, as far as it is still enrolled.
    out: why that computer's word counts no more, or None.
    """

    passkey: Passkey
    model: str
    type: str
    binding: str
    quarantine: NotAdmitted | None
    use: Use | None = None
    added_by: str | None = None
    device: Device | None = None
    out: str | None = None

    @property
    def in_a_file(self) -> bool:
        return self.passkey.aaguid == KEYSTEAD_SOFTWARE


@dataclass(frozen=True, slots=True)
class AttemptLine:
    attempt: Attempt
    granted: bool
    outcome: str
    reason: str | None
    method: str
    browser: str
    passkey: str | None
    model: str | None
    app: str | None
    binding: str | None


@dataclass(frozen=True, slots=True)
class DeviceLine:
    device: Device
    enabled: bool
    state: str
    trust: str
    maker: str


def device_line(device: Device) -> DeviceLine:
    enabled = device.state is DeviceState.ENABLED
    state, trust = words.DEVICE_STATES[device.state], words.ENDORSEMENTS[device.trust]
    return DeviceLine(device, enabled, state, trust, maker_of(device.tpm))


async def passkey_lines(
    call: Call, passkeys: Iterable[Passkey], owner: User, groups: frozenset[GroupId], used: Uses = NO_USES
) -> list[PasskeyLine]:
    """*owner* is whose they are; *groups* are theirs."""
    subject = Subject.of(owner, groups)
    policy = await call.services.policies.at(call.tenant.id, call.signed_in.policy_version)
    metadata, now = call.services.metadata, call.services.clock.now()
    lines = []
    for passkey in passkeys:
        facts = PasskeyFacts.of(passkey, metadata.about(passkey.aaguid), now)
        quarantine = quarantined(policy, subject, facts)
        device, out = await _device_of(call, passkey)
        lines.append(
            PasskeyLine(
                passkey,
                model(passkey, metadata),
                words.passkey_type(passkey),
                words.binding(passkey),
                quarantine,
                used.by_credential.get(passkey.credential_id) or _use_of(passkey),
                await _added_by(call, passkey),
                device,
                out,
            )
        )  # fmt: skip
    return lines


async def _added_by(call: Call, passkey: Passkey) -> str | None:
    if not passkey.on_behalf:
        return None
    registrar = await author_name(call.services.store, passkey.tenant_id, passkey.registered_by)
    return registrar or "an administrator"


def _use_of(passkey: Passkey) -> Use | None:
    """Its last use as the passkey itself has it: known however long ago it was."""
    if passkey.last_used_at is None or not passkey.last_used_address:
        return None
    return Use(passkey.last_used_at, words.browser(passkey.last_used_agent or ""), passkey.last_used_address, None)


async def _device_of(call: Call, passkey: Passkey) -> tuple[Device | None, str | None]:
    if passkey.device_id is None:
        return None, None
    device = await call.services.store.devices.get(call.tenant.id, passkey.device_id)
    code = refusal_of(None if device is None else device.state)
    return device, None if code is None else words.reason(code)


def model(passkey: Passkey, metadata: Metadata) -> str:
    if passkey.aaguid == NO_AAGUID:
        return "Model not given"
    return model_name(metadata, passkey.aaguid) or f"Model {passkey.aaguid}"


async def attempt_lines(call: Call, attempts: Sequence[Attempt], passkeys: Iterable[Passkey] = ()) -> list[AttemptLine]:
    """*passkeys* are those whose names the reader knows."""
    names = {p.credential_id: p.name for p in passkeys}
    apps = await app_names(call, attempts)
    return [_line(attempt, names, apps, call.services.metadata) for attempt in attempts]


def _line(attempt: Attempt, names: Mapping[bytes, str], apps: Mapping[AppId, str], metadata: Metadata) -> AttemptLine:
    is_refused = attempt.result is Result.REFUSED
    return AttemptLine(
        attempt=attempt,
        granted=not is_refused,
        outcome=words.outcome(attempt),
        reason=words.reason(attempt.reason) if is_refused else None,
        method=words.method(attempt.method),
        browser=words.browser(attempt.user_agent),
        passkey=None if attempt.credential_id is None else names.get(attempt.credential_id),
        model=None if attempt.aaguid is None else model_name(metadata, attempt.aaguid),
        app=None if attempt.app_id is None else apps.get(attempt.app_id, attempt.app_id),
        binding=words.bound(Proof(attempt.proof), attempt.aaguid) if attempt.proof else None,
    )
