"""One organisation with its server in memory, which browsers speak to."""

import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import uvicorn
from keystead_core.webauthn import KEYSTEAD_TPM
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.app import App
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.device import Device
from keystead_server.domain.device_unlock import PendingUnlock, person_of, spoken_code
from keystead_server.domain.ids import AppId, AttemptId, PasskeyId, TenantId
from keystead_server.domain.passkey import Passkey, PasskeyType, Proof
from keystead_server.domain.sign_in import Attempt, Method
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import Group, Role, User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows.found_tenant import FoundTenant
from keystead_server.flows.letters import open_letter
from keystead_server.flows.unlock_codes import unlock_digest
from keystead_server.http.call import Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.pages.routes import ROUTES
from keystead_server.http.services import Services
from keystead_server.keys import signer
from keystead_server.keys.password_hasher import Argon2Hasher
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.main.config import Config
from keystead_server.main.foundation import lay_foundation
from keystead_server.main.services import build_services
from keystead_server.main.system import SystemClock, SystemEntropy
from keystead_server.main.wiring import build_app
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration, MethodsPolicy
from keystead_server.policy.passkeys import document
from keystead_server.policy.passkeys.model import FIRST_POLICY, PasskeyPolicy
from keystead_server.ports.changes import Add, Remove, Replace
from keystead_server.ports.store import Secrets, StorageUnavailable
from keystead_testkit.clock import FixedClock, SeededEntropy
from keystead_testkit.device_desk import unlock_request
from keystead_testkit.memory_store import MemoryStore
from keystead_testkit.office import QUICK
from keystead_testkit.soft_passkey import SoftPasskey
from keystead_testkit.store_suite.world import World

from .asgi_browser import ORIGIN, Browser, form_token, run


@dataclass
class Office:
    """A tenant `example` with its administrator `ada`, under https://id.example.org."""

    KEYSTEAD_TPM = KEYSTEAD_TPM

    store: MemoryStore
    clock: FixedClock
    services: Services
    app: Any
    tenant: Tenant
    ada: User
    passkeys: dict[str, SoftPasskey] = field(default_factory=dict)
    world: World | None = None

    def browser(self) -> Browser:
        return Browser(self.app, self.clock)

    def person(self, username: str, *, display_name: str = "", roles: frozenset[Role] = frozenset()) -> User:
        return run(
            self.services.manage_user.create(
                self.tenant.id, username=username, display_name=display_name, roles=roles, by=OPERATOR
            )
        )

    def issue_pass(self, user: User, **how: Any) -> str:
        return run(self.services.issue_pass(user, by=OPERATOR, **how)).code

    def sign_in_with_pass(self, user: User, browser: Browser | None = None) -> Browser:
        browser = browser or self.browser()
        page = "/example/sign-in/pass"
        answer = browser.submit(page, page, {"user": user.username, "pass": self.issue_pass(user)})
        assert answer.status_code == 303, answer.text
        return browser

    def add_passkey(self, browser: Browser, username: str, **kind: Any) -> SoftPasskey:
        """Add a passkey for whoever is signed in; remembered under *username*."""
        passkey = self.new_passkey(**kind)
        options = browser.post_json("/example/account/passkeys/options", {})
        assert options.status_code == 200, options.text
        added = browser.post_json("/example/account/passkeys", passkey.register_with(options.json()))
        assert added.status_code == 201, added.text
        self.passkeys[username] = passkey
        return passkey

    def sign_in(self, username: str, browser: Browser | None = None, **lies: Any) -> httpx2.Response:
        """Sign in with the passkey remembered under *username*, as the page's script does."""
        browser = browser or self.browser()
        browser.get("/example/sign-in")
        options = browser.post_json("/example/sign-in/options", {}).json()
        return browser.post_json("/example/sign-in/assertion", self.passkeys[username].answer_to(options, **lies))

    def signed_in(self, user: User) -> Browser:
        """A browser in which *user* has just signed in with a passkey."""
        if user.username not in self.passkeys:
            self.add_passkey(self.sign_in_with_pass(user), user.username)
        browser = self.browser()
        assert self.sign_in(user.username, browser).status_code == 200
        return browser

    def new_passkey(self, **kind: Any) -> SoftPasskey:
        return SoftPasskey(rp_id="id.example.org", origin=ORIGIN, **kind)

    def passkeys_of(self, user: User) -> list[Passkey]:
        return list(run(self.store.passkeys.of_user(self.tenant.id, user.id)))

    def last_letter(self) -> dict[str, str]:
        """What the letter that was written last is worded from."""
        letters = run(self.store.letters.due(self.clock.now(), limit=1000))
        return dict(open_letter(self.services.sealer, max(letters, key=lambda letter: letter.id)))

    def keep_synced_passkey(self, user: User) -> None:
        """A passkey nobody signs in with: for lists, where the clock is the real one."""
        now, entropy = self.clock.now(), self.services.entropy
        passkey = Passkey(
            PasskeyId(entropy.new_id(now)), user.tenant_id, user.id, entropy.token(16), b"none", -7, UUID(int=0), 0,
            True, True, (), "none", "none", Proof.NONE, "Synced passkey", now, user.id,
        )  # fmt: skip
        run(self.store.write(Add(passkey)))

    def say_it_is_on_a_telephone(self, user: User) -> None:
        """What a browser says of their passkeys is what it says of one in a telephone."""
        for passkey in self.passkeys_of(user):
            run(self.store.write(Replace(replace(passkey, transports=("hybrid", "internal")))))

    def keep_device(self, user: User, **fields: Any) -> Device:
        """A computer that *user* enrolled, as the store has it."""
        self.world = self.world or World(self.store, run)
        device = self.world.device(user, **fields)
        run(self.store.write(Add(device)))
        return device

    def show_unlock_code(self, device: Device, *, minutes: int = 9) -> str:
        """The code that *device* of its person shows, and for how long it is good."""
        authorities, code = self.services.ask_unlock.authorities, "BCDF2345"
        run(self.services.rotate_authority(self.tenant.id, by=OPERATOR))
        person = person_of(device.tenant_id, device.id, device.enrolled_by)
        request = unlock_request(run(authorities.unlock_key(self.tenant.id)), person)
        now, sealer = self.clock.now(), self.services.sealer
        pending = PendingUnlock(
            AttemptId(self.services.entropy.new_id(now)), unlock_digest(sealer, device.id, code), request,
            now + timedelta(minutes=minutes),
        )  # fmt: skip
        run(self.store.write(Replace(device.asking(pending))))
        return spoken_code(code)

    def keep_hello_key_beside_passkey(self, user: User) -> None:
        """The computer whose chip vouched for *user*'s passkey has a Windows Hello key of theirs too."""
        device = self.keep_device(user)
        (passkey,) = self.passkeys_of(user)
        assert self.world is not None
        key = self.world.hello_key(user, device)
        run(self.store.write(Replace(replace(passkey, device_id=device.id)), Add(key)))

    def forget_passkeys(self, user: User) -> None:
        run(self.store.write(*(Remove(self.tenant.id, Passkey, p.id) for p in self.passkeys_of(user))))

    def disable(self, user: User) -> None:
        run(self.services.manage_user.disable(user, by=OPERATOR))

    def found_tenant(self, name: str) -> None:
        run(FoundTenant(self.store, self.clock, self.services.entropy)(name, administrator="root"))

    def lose_the_store(self) -> None:
        """From now on every read of a tenant fails as when the database is away."""

        async def away(_: str) -> None:
            raise StorageUnavailable("connection refused")

        self.store.tenants.by_name = away  # type: ignore[assignment]

    def refuse_nul(self) -> None:
        """From now on a read by an id with NUL in it fails, as PostgreSQL lets it."""
        for noun in (self.store.users, self.store.groups, self.store.apps, self.store.passkeys):
            noun.get = _refusing_nul(noun.get)

    def add_group(self, name: str) -> Group:
        return run(self.services.manage_group.create(self.tenant.id, name=name, by=OPERATOR))

    def apps(self) -> list[App]:
        return list(run(self.store.apps.all(self.tenant.id)))

    def reread(self, user: User) -> User:
        found = run(self.store.users.get(self.tenant.id, user.id))
        assert found is not None
        return found

    def form_token(self, page: httpx2.Response) -> str:
        return form_token(page)

    def call(self) -> Call:
        """A request of nobody, for what is tested without one."""
        route = next(route for route in ROUTES if route.path == "/{tenant}/signed-out")
        visitor = Visitor(bytes(16), "192.0.2.7")
        return Call(self.services, route, {}, "1", {}, {}, b"", visitor, maybe_tenant=self.tenant)

    def opened_continuation(self, sealed: str) -> Continuation | None:
        return Continuation.open(self.services, self.tenant, sealed)

    def attempts(self) -> list[Attempt]:
        """The sign-in log, newest first."""
        return list(run(self.store.logs.attempts(self.tenant.id, limit=100)))

    def audit(self) -> list[AuditEvent]:
        return list(run(self.store.logs.audit(self.tenant.id, limit=1000)))

    def policy(self) -> PasskeyPolicy:
        written = run(self.store.policies.current(self.tenant.id, "passkeys"))
        return FIRST_POLICY if written is None else document.from_text(written.body)

    def change_policy(self, **changes: Any) -> None:
        run(self.services.save_passkey_policy(self.tenant.id, replace(self.policy(), **changes), by=OPERATOR))

    def methods(self) -> MethodsPolicy:
        return run(self.services.methods.now(self.tenant.id))

    def change_methods(self, **changes: Any) -> None:
        self.save_methods(replace(self.methods(), **changes))

    def save_methods(self, policy: MethodsPolicy) -> None:
        run(self.services.save_methods_policy(self.tenant.id, policy, by=OPERATOR))

    def advance(self, **how_long: int) -> None:
        # Where the clock is the real one, time passes by itself.
        if isinstance(self.clock, FixedClock):
            self.clock.advance(timedelta(**how_long))

    def allow_only_device_bound(self) -> None:
        (profile,) = self.policy().profiles
        self.change_policy(profiles=(replace(profile, passkey_types=frozenset({PasskeyType.DEVICE_BOUND})),))

    def allow_passwords(self, **changes: Any) -> None:
        """The policy with passwords switched on, security defaults off, and *changes*."""
        allowed = FIRST_METHODS.having(MethodConfiguration(Method.PASSWORD))
        policy = replace(allowed, **{"security_defaults": False, **changes})
        run(self.services.save_methods_policy(self.tenant.id, policy, by=OPERATOR))

    def secrets_of(self, user: User) -> Secrets:
        return run(self.store.secrets.of_user(self.tenant.id, user.id))

    def register_app(
        self, *, name: str = "Wiki", redirect_uris: Sequence[str] = ("https://wiki.example.org/cb",)
    ) -> App:
        registering = self.services.manage_app.register(
            self.tenant.id, name=name, redirect_uris=redirect_uris, by=OPERATOR
        )
        return run(registering).app

    def sealed_continuation(self, to: str, *, app_id: AppId | None = None, tenant_id: TenantId | None = None) -> str:
        tenant = self.tenant if tenant_id is None else replace(self.tenant, id=tenant_id)
        return Continuation(to, self.clock.now(), app_id).seal(self.services, tenant)


def _refusing_nul(get: Any) -> Any:
    async def strictly(tenant: str, identifier: str) -> Any:
        if "\0" in identifier:
            raise StorageUnavailable("invalid byte sequence")
        return await get(tenant, identifier)

    return strictly


def found_office(
    *, public_url: str = ORIGIN, clock: Any = None, entropy: Any = None, scale: float = 0, tenant: bool = True,
    **settings: Any,
) -> Office:  # fmt: skip
    async def found() -> Office:
        store, config = (
            MemoryStore(),
            Config(public_url=public_url, name="Keystead", rate_limit_scale=scale, **settings),
        )
        when, dice = clock or FixedClock(), entropy or SeededEntropy()
        sealer = MasterKeySealer(bytes(range(32)), dice)
        token_signer = await signer.load(store, sealer, when.now())
        hasher = Argon2Hasher(dice, QUICK)
        on = lay_foundation(config, store, when, dice, sealer, token_signer, hasher=hasher)
        services = build_services(on, config)
        # Without a tenant there is an office all the same: one that was founded elsewhere.
        founding = FoundTenant(store if tenant else MemoryStore(), when, dice)
        example, ada = await founding("example", display_name="Example Works", administrator="ada@example.org")
        return Office(store, when, services, build_app(services, config), example, ada)

    return run(found())


@contextmanager
def office_on_a_port(**settings: Any) -> Iterator[Office]:
    """The office with its server on a free port of this computer, in real time."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        office = found_office(
            public_url=f"http://localhost:{port}", clock=SystemClock(), entropy=SystemEntropy(), **settings
        )
        server = uvicorn.Server(uvicorn.Config(office.app, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield office
        server.should_exit = True
        thread.join()
