"""Devices, and the authorities that certify their keys."""

from dataclasses import replace

import pytest
from keystead_server.domain.device import Device, DeviceState
from keystead_server.ports.changes import Add, Conflict, Remove, Replace, Written
from keystead_server.ports.store import PasskeyOwner

from keystead_testkit.store_suite.world import World


class DeviceTests:
    def test_a_device_is_found_by_its_id_its_keys_and_whoever_enrolled_it(self, world: World) -> None:
        ada = world.add_user(tenant := world.add_tenant(), "ada")
        bob = world.add_user(tenant, "bob")
        shared = world.entropy.token(32)
        first, second = world.device(ada, endorsement_digest=shared), world.device(bob, endorsement_digest=shared)
        world.add(first, second, another := world.device(ada))
        devices = world.store.devices

        assert world.run(devices.get(tenant.id, first.id)) == first
        assert world.run(devices.by_attestation_key(tenant.id, second.attestation_digest)) == second
        assert world.run(devices.by_attestation_key(tenant.id, shared)) is None
        assert list(world.run(devices.with_endorsement_key(tenant.id, shared))) == [first, second]
        assert list(world.run(devices.of_user(tenant.id, ada.id))) == [first, another]
        assert world.run(devices.count(tenant.id)) == 3

    def test_devices_come_page_by_page(self, world: World) -> None:
        ada = world.add_user(tenant := world.add_tenant())
        world.add(*(made := [world.device(ada) for _ in range(3)]))
        page = world.store.devices.page

        first = world.run(page(tenant.id, limit=2))

        assert list(first) == made[:2]
        assert list(world.run(page(tenant.id, limit=2, after=first[-1].id))) == made[2:]

    def test_an_attestation_key_is_enrolled_once_in_a_tenant(self, world: World) -> None:
        ada = world.add_user(world.add_tenant())
        elsewhere = world.add_user(world.add_tenant("fabrikam"))
        world.add(device := world.device(ada))
        again = Add(world.device(ada, attestation_digest=device.attestation_digest))

        assert world.write(again) == Conflict(again)
        assert world.write(Add(world.device(elsewhere, attestation_digest=device.attestation_digest))) == Written()

    @pytest.mark.parametrize("state", DeviceState)
    def test_whose_passkey_it_is_says_the_state_of_the_device_too(self, world: World, state: DeviceState) -> None:
        ada = world.add_user(tenant := world.add_tenant())
        world.add(device := world.device(ada))
        world.add(passkey := world.passkey(ada, device_id=device.id), without := world.passkey(ada))
        owner_of = world.store.passkeys.owner_of
        changed = device.in_state(state)

        assert world.write(Replace(changed, device)) == Written()

        assert world.run(owner_of(tenant.id, passkey.credential_id)) == PasskeyOwner(
            passkey, ada, frozenset(), 1, state
        )
        assert world.run(owner_of(tenant.id, without.credential_id)) == PasskeyOwner(without, ada, frozenset(), 1)

    def test_a_device_that_changed_since_it_was_read_is_not_replaced(self, world: World) -> None:
        ada = world.add_user(world.add_tenant())
        world.add(device := world.device(ada))
        world.write(Replace(device.in_state(DeviceState.DISABLED), device))
        late = Replace(replace(device, name="Late"), device)

        assert world.write(late) == Conflict(late)

    def test_a_passkey_stays_when_its_device_is_removed(self, world: World) -> None:
        ada = world.add_user(tenant := world.add_tenant())
        world.add(device := world.device(ada))
        world.add(passkey := world.passkey(ada, device_id=device.id))
        remove = Remove(tenant.id, Device, device.id)

        assert world.write(remove) == Written()
        assert world.write(remove) == Conflict(remove)

        owner = world.run(world.store.passkeys.owner_of(tenant.id, passkey.credential_id))
        assert owner == PasskeyOwner(passkey, ada, frozenset(), 1, None)

    def test_a_device_is_of_a_tenant_that_there_is(self, world: World) -> None:
        ada = world.add_user(world.add_tenant())
        nowhere = Add(replace(world.device(ada), tenant_id=world.new_id()))

        assert world.write(nowhere) == Conflict(nowhere)


class AuthorityTests:
    def test_authorities_come_newest_first_and_can_be_retired(self, world: World) -> None:
        tenant = world.add_tenant()
        world.add(old := world.authority(tenant), new := world.authority(tenant))
        retired = old.retired(at=world.clock.now())

        assert world.write(Replace(retired, old)) == Written()

        assert list(world.run(world.store.authorities.all(tenant.id))) == [new, retired]
