"""The server of an Office: its own wiring over a store, a clock and dice of the testkit, and what it wrote."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from functools import lru_cache
from typing import Any

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.ids import AppId
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.letter import Letter
from keystead_server.domain.sign_in import Attempt
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Role, User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.found_tenant import FoundTenant
from keystead_server.flows.letters import open_letter
from keystead_server.http.dispatch import Dispatch
from keystead_server.http.services import Services
from keystead_server.keys import signer
from keystead_server.keys.password_hasher import Argon2Hasher, Argon2Parameters
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.main.config import Config
from keystead_server.main.foundation import lay_foundation
from keystead_server.main.services import build_services
from keystead_server.main.wiring import build_app
from keystead_server.policy.methods.model import MethodsPolicy
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.ports.changes import Add
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.store import Store

from keystead_testkit.clock import FixedClock, SeededEntropy
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.loop import run
from keystead_testkit.memory_store import MemoryStore
from keystead_testkit.soft_passkey import SoftPasskey

BROWSER = b"ada's own laptop"
OTHER_BROWSER = b"somebody's phone"
ADDRESS = "192.0.2.7"
MASTER_KEY = bytes(range(32))
_TICK = timedelta(milliseconds=1)
PASSWORD = "correct horse battery"
# A password is hashed as it is in earnest, only not for as long.
QUICK = Argon2Parameters(memory_kib=64, iterations=1)


class OfficeServer:
    """A server over a store, with one tenant once somebody founded it. Time moves a millisecond with each act."""

    tenant: Tenant
    ada: User

    def __init__(
        self,
        *,
        store: Store | None = None,
        clock: FixedClock | None = None,
        seed: int = 0,
        places: GeoIp | None = None,
        **settings: Any,
    ) -> None:
        self.store: Store = store or MemoryStore()
        self.places = places
        self.clock = clock or FixedClock()
        self.entropy = SeededEntropy(seed)
        self.config = replace(Config(public_url="https://id.example.org", rate_limit_scale=0.0), **settings)
        self.sealer = MasterKeySealer(MASTER_KEY, self.entropy)
        self.services = self.started()
        self._application: Dispatch | None = None
        self._before: set[str] = set()

    def started(self) -> Services:
        """A server over this store, as after a (re)start: nothing is remembered but what is stored."""

        keys = _signing_keys()

        async def start() -> Services:
            if not await self.store.signing_keys.all():
                await self.store.write(*map(Add, keys))
            token_signer = await signer.load(self.store, self.sealer, self.clock.now())
            hasher = Argon2Hasher(self.entropy, QUICK)
            on = lay_foundation(
                self.config, self.store, self.clock, self.entropy, self.sealer, token_signer,
                hasher=hasher, geo_ip=self.places,
            )  # fmt: skip
            return build_services(on, self.config)

        return run(start())

    def http(self, *, address: str = ADDRESS) -> HttpBrowser:
        """A browser in front of this server; all of one office's share its rate limits."""
        self._application = self._application or build_app(self.services, self.config)
        return HttpBrowser(self._application, self.config.public_url, address=address)

    def advance(self, **by: float) -> None:
        """Let time pass: `office.advance(minutes=5)`."""
        self.clock.advance(timedelta(**by))

    def _tick(self) -> None:
        self.clock.advance(_TICK)

    @property
    def rows(self) -> list[Attempt]:
        """The attempts since the office stood, oldest first."""
        found = run(self.store.logs.attempts(self.tenant.id, limit=10_000))
        return sorted((row for row in found if row.id not in self._before), key=lambda row: row.at)

    @property
    def log(self) -> list[str]:
        return [row.reason for row in self.rows]

    @property
    def audit(self) -> list[str]:
        """The names of all changes, oldest first."""
        found = run(self.store.logs.audit(self.tenant.id, limit=10_000))
        return [event.name for event in sorted(found, key=lambda event: event.at)]

    @property
    def letters(self) -> list[tuple[Letter, Mapping[str, str]]]:
        """What waits in the outbox, opened, oldest first."""
        due = run(self.store.letters.due(self.clock.now() + timedelta(days=30), limit=1000))
        return [(letter, open_letter(self.sealer, letter)) for letter in sorted(due, key=lambda each: each.id)]

    def with_mail(self, user: User, address: str | None = None) -> User:
        """*user*, told what happens at *address*: their username unless given."""
        self._tick()
        return run(self.services.manage_user.set_mail(user, address or user.username, by=OPERATOR))

    # -- people --------------------------------------------------------------------------------

    def found(self, name: str) -> tuple[Tenant, User]:
        self._tick()
        flow = FoundTenant(self.store, self.clock, self.entropy)
        return run(flow(name, administrator=f"admin@{name}.example"))

    def add_person(self, username: str, *roles: Role, tenant: Tenant | None = None) -> User:
        self._tick()
        create = self.services.manage_user.create
        return run(create((tenant or self.tenant).id, username=username, roles=frozenset(roles), by=OPERATOR))

    def new_passkey(self, **how: Any) -> SoftPasskey:
        return SoftPasskey(rp_id=self.services.relying_party.rp_id, origin=self.config.public_url, **how)

    def now_of(self, user: User) -> User:
        found = run(self.store.users.get(user.tenant_id, user.id))
        assert found is not None
        return found

    def visitor(self, browser: bytes = BROWSER, app: AppId | None = None) -> Visitor:
        return Visitor(browser, ADDRESS, "A test's browser", app)

    # -- policies ------------------------------------------------------------------------------

    def save_policy(self, policy: PasskeyPolicy, *, tenant: Tenant | None = None) -> None:
        self._tick()
        run(self.services.save_passkey_policy((tenant or self.tenant).id, policy, by=OPERATOR))

    def save_methods(self, policy: MethodsPolicy, *, tenant: Tenant | None = None) -> None:
        self._tick()
        run(self.services.save_methods_policy((tenant or self.tenant).id, policy, by=OPERATOR))


@lru_cache(maxsize=1)
def _signing_keys() -> tuple[SigningKey, ...]:
    """One pair for all offices: they share a master key, and making an RSA key takes longer than most tests."""

    async def make() -> tuple[SigningKey, ...]:
        store, clock = MemoryStore(), FixedClock()
        await signer.load(store, MasterKeySealer(MASTER_KEY, SeededEntropy()), clock.now())
        return tuple(await store.signing_keys.all())

    return run(make())
