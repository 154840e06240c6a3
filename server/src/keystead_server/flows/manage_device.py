"""Disable, enable, withdraw or remove a device, as an administrator; the caller has checked that they may."""

from dataclasses import dataclass

from keystead_server.domain.actor import Actor
from keystead_server.domain.device import Device, DeviceState
from keystead_server.domain.ids import DeviceId, TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.auditing import audited
from keystead_server.ports.changes import Add, Change, Remove, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store


@dataclass(frozen=True, slots=True)
class ManageDevice:
    """Every verb returns the device as it is then; None when there is no such device.

    Raises:
        Invalid: the device is in a state in which that cannot be, or somebody else changed it just now.
    """

    store: Store
    clock: Clock
    entropy: Entropy

    async def disable(self, tenant: TenantId, device_id: DeviceId, *, by: Actor) -> Device | None:
        """Its passkeys are refused from the next sign-in on, until it is enabled again."""
        return await self._change(tenant, device_id, DeviceState.DISABLED, "device.disabled", by)

    async def enable(self, tenant: TenantId, device_id: DeviceId, *, by: Actor) -> Device | None:
        return await self._change(tenant, device_id, DeviceState.ENABLED, "device.enabled", by)

    async def withdraw_attestation_key(self, tenant: TenantId, device_id: DeviceId, *, by: Actor) -> Device | None:
        """Never believe this attestation key again; its chip may enrol anew, with another one."""
        return await self._change(
            tenant, device_id, DeviceState.ATTESTATION_WITHDRAWN, "device.attestation_key_withdrawn", by
        )

    async def withdraw_endorsement_key(self, tenant: TenantId, device_id: DeviceId, *, by: Actor) -> Device | None:
        """Never believe this chip again: every device with it is withdrawn, and it enrols no more."""
        device = await self.store.devices.get(tenant, device_id)
        if device is None:
            return None
        withdrawn = DeviceState.ENDORSEMENT_WITHDRAWN
        same_chip = await self.store.devices.with_endorsement_key(tenant, device.endorsement_digest)
        changes: list[Change] = []
        for each in same_chip:
            if each.state is not withdrawn:
                changes += (
                    Replace(each.in_state(withdrawn), each),
                    self._line(each, "device.endorsement_key_withdrawn", by),
                )
        if changes:
            await self._write(*changes)
        return device.in_state(withdrawn)

    async def remove(self, tenant: TenantId, device_id: DeviceId, *, by: Actor) -> Device | None:
        """Forget the device; the passkeys it vouched for stay on record, and are refused."""
        device = await self.store.devices.get(tenant, device_id)
        if device is None:
            return None
        # Its record is what keeps the withdrawn key out.
        if device.state.is_withdrawn:
            raise Invalid("device_withdrawn", "a withdrawn device stays on record, so that its key stays out")
        await self._write(Remove(tenant, Device, device.id), self._line(device, "device.removed", by))
        return device

    async def _change(
        self, tenant: TenantId, device_id: DeviceId, state: DeviceState, event: str, by: Actor
    ) -> Device | None:
        device = await self.store.devices.get(tenant, device_id)
        if device is None or device.state is state:
            return device
        if device.state.is_withdrawn:
            raise Invalid("device_withdrawn", "what was withdrawn stays so; the computer can be enrolled anew")
        changed = device.in_state(state)
        await self._write(Replace(changed, device), self._line(device, event, by))
        return changed

    def _line(self, device: Device, event: str, by: Actor) -> Add:
        return audited(
            self.entropy, event, tenant=device.tenant_id, at=self.clock.now(), by=by, target=device.id,
            name=device.name,
        )  # fmt: skip

    async def _write(self, *changes: Change) -> None:
        if not isinstance(await self.store.write(*changes), Written):
            raise Invalid("device_changed_meanwhile", "somebody else changed this device just now; look again")
