"""A tenant with many people, one passkey each, and one app: made through the store, as registration makes them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import AppId, PasskeyId, UserId
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.main.config import Config
from keystead_server.main.wiring import System, open_system
from keystead_server.ports.changes import Add, Change
from keystead_testkit.soft_passkey import SoftPasskey

CALLBACK = "http://localhost:8500/callback"
_PEOPLE_A_WRITE = 250


@dataclass(frozen=True, slots=True)
class Person:
    passkey: SoftPasskey
    handle: bytes


@dataclass(frozen=True, slots=True)
class Population:
    tenant: Tenant
    client_id: AppId
    client_secret: str
    people: Sequence[Person]


async def populate(config: Config, count: int) -> Population:
    system = await open_system(config)
    try:
        tenant, _ = await system.found_tenant("bench", administrator="admin")
        registered = await system.services.manage_app.register(
            tenant.id, name="App", redirect_uris=[CALLBACK], by=OPERATOR
        )
        people = []
        for start in range(0, count, _PEOPLE_A_WRITE):
            people += await _add(system, tenant, start, min(_PEOPLE_A_WRITE, count - start), config.public_url)
        assert registered.secret is not None
        return Population(tenant, registered.app.id, registered.secret, people)
    finally:
        await system.close()


async def _add(system: System, tenant: Tenant, start: int, count: int, origin: str) -> list[Person]:
    entropy, now = system.services.entropy, system.services.clock.now()
    people: list[Person] = []
    changes: list[Change] = []
    for number in range(start, start + count):
        handle = entropy.token(32)
        soft = SoftPasskey(origin=origin, rp_id="localhost", user_handle=handle)
        user = UserId(entropy.new_id(now))
        changes += [
            Add(_user(tenant, user, number, handle, now)),
            Add(_passkey(tenant, user, soft, now, entropy.new_id(now))),
        ]
        people.append(Person(soft, handle))
    await system.store.write(*changes)
    return people


def _user(tenant: Tenant, user: UserId, number: int, handle: bytes, now: datetime) -> User:
    return User(user, tenant.id, f"user{number}@bench.example", f"User {number}", handle, now, now)


def _passkey(tenant: Tenant, user: UserId, soft: SoftPasskey, now: datetime, passkey_id: str) -> Passkey:
    stored = soft.stored()
    return Passkey(
        id=PasskeyId(passkey_id),
        tenant_id=tenant.id,
        user_id=user,
        credential_id=stored.credential_id,
        public_key=stored.public_key.raw,
        algorithm=stored.public_key.algorithm,
        aaguid=soft.aaguid,
        sign_count=stored.sign_count,
        backup_eligible=stored.backup_eligible,
        backed_up=False,
        transports=("internal",),
        attestation_format="none",
        attestation_kind="none",
        proof=Proof.CLAIMED,
        name="Passkey",
        created_at=now,
        registered_by=user,
    )


def populate_now(config: Config, count: int) -> Population:
    return asyncio.run(populate(config, count))
