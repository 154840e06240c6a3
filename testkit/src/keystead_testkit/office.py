"""One server in memory, for tests that read like sentences.

    office = Office()                       # one tenant, an administrator, ada and her passkey

    assert reason_of(office.sign_in(spoil_signature=True)) == "signature_invalid"
    assert office.log == ["signature_invalid"]

Only the clock, the dice and the store are the testkit's; seals, signatures and flows are the
server's own, put together by its own wiring. Time moves a millisecond with each act, so that
the log has an order.
"""

import json
from base64 import b32decode
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.ids import AppId
from keystead_server.domain.keys import SigningKey
from keystead_server.domain.letter import Letter
from keystead_server.domain.session import Session
from keystead_server.domain.sign_in import Attempt, Method
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import code_at, step_at
from keystead_server.domain.user import Role, User
from keystead_server.domain.visitor import Visitor
from keystead_server.flows import (
    authorize,
    finish_sign_in,
    redeem_code,
    register_passkey,
    sign_in,
    sign_in_with_pass,
    sign_in_with_password,
)
from keystead_server.flows.found_tenant import FoundTenant
from keystead_server.flows.issue_pass import IssuedPass
from keystead_server.flows.letters import open_letter
from keystead_server.flows.make_recovery_codes import RecoveryCodesMade
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.flows.set_password import PasswordSet
from keystead_server.flows.set_up_totp import TotpKept, TotpOffered
from keystead_server.http.dispatch import Dispatch
from keystead_server.http.services import Services
from keystead_server.keys import signer
from keystead_server.keys.password_hasher import Argon2Hasher, Argon2Parameters
from keystead_server.keys.sealer import MasterKeySealer
from keystead_server.main.config import Config
from keystead_server.main.foundation import lay_foundation
from keystead_server.main.services import build_services
from keystead_server.main.wiring import build_app
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration, MethodsPolicy
from keystead_server.policy.passkeys.model import PasskeyPolicy
from keystead_server.ports.changes import Add
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.store import SessionOwner, Store

from keystead_testkit.clock import FixedClock, SeededEntropy
from keystead_testkit.http_browser import HttpBrowser
from keystead_testkit.loop import run
from keystead_testkit.memory_store import MemoryStore
from keystead_testkit.relying_party import AFTER_LOGOUT, CALLBACK, authorization_parameters, token_parameters
from keystead_testkit.soft_passkey import Json, SoftPasskey

BROWSER = b"ada's own laptop"
OTHER_BROWSER = b"somebody's phone"
ADDRESS = "192.0.2.7"
MASTER_KEY = bytes(range(32))
_TICK = timedelta(milliseconds=1)
PASSWORD = "correct horse battery"
# A password is hashed as it is in earnest, only not for as long.
QUICK = Argon2Parameters(memory_kib=64, iterations=1)


def reason_of(outcome: object) -> str:
    """The code of an outcome that refuses; "granted" for any other."""
    return getattr(outcome, "code", "granted") if not isinstance(outcome, redeem_code.Tokens) else "granted"


class Office:
    """The tenant `contoso` with its administrator `admin@…`, and `ada@…`, who has a passkey.

    Attributes:
        ada, passkey: the person whom acts are about when nobody else is named.
    """

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
        self.tenant, self.administrator = self.found("contoso")
        self._before: set[str] = set()
        self.ada = self.add_person("ada@contoso.example")
        self.passkey = self.new_passkey()
        registered = self.register(self.passkey)
        assert isinstance(registered, register_passkey.Registered), registered
        self._before = {row.id for row in self.rows}

    # -- the server ----------------------------------------------------------------------------

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

    def with_passkey(self, user: User, **how: Any) -> SoftPasskey:
        """A passkey that *user* has registered."""
        passkey = self.new_passkey(**how)
        registered = self.register(passkey, owner=self.session_by_pass(user))
        assert isinstance(registered, register_passkey.Registered), registered
        return passkey

    def now_of(self, user: User) -> User:
        found = run(self.store.users.get(user.tenant_id, user.id))
        assert found is not None
        return found

    def visitor(self, browser: bytes = BROWSER, app: AppId | None = None) -> Visitor:
        return Visitor(browser, ADDRESS, "A test's browser", app)

    # -- signing in ----------------------------------------------------------------------------

    def begin(self, username: str | None = None, *, browser: bytes = BROWSER, tenant: Tenant | None = None) -> Json:
        return run(self.services.sign_in.begin(tenant or self.tenant, self.visitor(browser), username))

    def finish(
        self, answer: object, *, browser: bytes = BROWSER, tenant: Tenant | None = None, app: AppId | None = None
    ) -> sign_in.Outcome:
        self._tick()
        payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return run(self.services.sign_in.finish(tenant or self.tenant, self.visitor(browser, app), payload))

    def sign_in(
        self, passkey: SoftPasskey | None = None, *, username: str | None = None, tenant: Tenant | None = None,
        browser: bytes = BROWSER, app: AppId | None = None, **lies: Any,
    ) -> sign_in.Outcome:  # fmt: skip
        options = self.begin(username, browser=browser, tenant=tenant)
        answer = (passkey or self.passkey).answer_to(options, **lies)
        return self.finish(answer, browser=browser, tenant=tenant, app=app)

    def issue_pass(self, user: User | None = None, *, by: Actor = OPERATOR, **how: Any) -> IssuedPass:
        self._tick()
        return run(self.services.issue_pass(user or self.ada, by=by, **how))

    def sign_in_with_pass(
        self, code: str, *, username: str | None = None, tenant: Tenant | None = None
    ) -> sign_in_with_pass.Outcome:
        self._tick()
        flow = self.services.sign_in_with_pass
        return run(flow(tenant or self.tenant, self.visitor(), username or self.ada.username, code))

    def session_by_pass(self, user: User) -> SessionOwner:
        """A session that *user* has just opened with a pass."""
        tenant = run(self.store.tenants.by_name(user.tenant_id))
        granted = self.sign_in_with_pass(self.issue_pass(user).code, username=user.username, tenant=tenant)
        assert isinstance(granted, sign_in_with_pass.SignedInWithPass), granted
        return self.owner(granted.session)

    def session(self, passkey: SoftPasskey | None = None, **how: Any) -> SessionOwner:
        """A session that somebody (ada) has just opened with their passkey."""
        granted = self.sign_in(passkey, **how)
        assert isinstance(granted, sign_in.SignedIn), granted
        return self.owner(granted.session)

    def owner(self, session: Session) -> SessionOwner:
        """The session and its user, as the next request reads them."""
        owner = run(self.store.sessions.owner_of(session.tenant_id, session.id))
        assert owner is not None
        return owner

    # -- passwords and codes -------------------------------------------------------------------

    def allow_passwords(self, **changes: Any) -> None:
        """The policy with passwords switched on, security defaults off, and *changes*."""
        self._tick()
        allowed = FIRST_METHODS.having(MethodConfiguration(Method.PASSWORD))
        self.save_methods(replace(allowed, **{"security_defaults": False, **changes}))

    def with_password(self, user: User | None = None, password: str = PASSWORD) -> bytes:
        """Give *user* (ada) a password and an authenticator app; returns the app's secret."""
        owner = self.session_of(user or self.ada)
        assert isinstance(run(self.services.set_password(owner, password)), PasswordSet)
        return self.with_totp(owner)

    def with_totp(self, owner: SessionOwner, name: str = "") -> bytes:
        offer = run(self.services.set_up_totp.begin(owner, organisation="Contoso"))
        assert isinstance(offer, TotpOffered), offer
        secret = b32decode(offer.text.replace(" ", ""))
        # One step ahead, so that the code of now is not spent by it.
        kept = run(self.services.set_up_totp.finish(owner, offer.sealed, self.totp(secret, -1), name))
        assert isinstance(kept, TotpKept), kept
        return secret

    def with_recovery_codes(self, owner: SessionOwner) -> tuple[str, ...]:
        made = run(self.services.make_recovery_codes(owner))
        assert isinstance(made, RecoveryCodesMade), made
        return made.codes

    def session_of(self, user: User) -> SessionOwner:
        """A session that *user* has just opened: ada with her passkey, others with a pass."""
        return self.session() if user.id == self.ada.id else self.session_by_pass(user)

    def totp(self, secret: bytes, steps: int = 0) -> str:
        """The code of now, or of so many steps later."""
        return code_at(secret, step_at(self.clock.now()) + steps)

    def type_password(
        self, password: str = PASSWORD, *, username: str | None = None, browser: bytes = BROWSER,
        tenant: Tenant | None = None,
    ) -> sign_in_with_password.Outcome:  # fmt: skip
        self._tick()
        flow = self.services.sign_in_with_password
        name = self.ada.username if username is None else username
        return run(flow(tenant or self.tenant, self.visitor(browser), name, password))

    def type_code(
        self, half: sign_in_with_password.Outcome | bytes, code: str, *, browser: bytes = BROWSER,
        tenant: Tenant | None = None,
    ) -> finish_sign_in.Outcome:  # fmt: skip
        self._tick()
        sealed = half if isinstance(half, bytes) else getattr(half, "sealed", b"")
        return run(self.services.finish_sign_in(tenant or self.tenant, self.visitor(browser), sealed, code))

    def session_by_password(self, code: str, **how: Any) -> SessionOwner:
        """A session opened with PASSWORD and *code*."""
        granted = self.type_code(self.type_password(**how), code)
        assert isinstance(granted, finish_sign_in.SignedInWithTwo), granted
        return self.owner(granted.session)

    # -- passkeys ------------------------------------------------------------------------------

    def begin_registration(self, owner: SessionOwner, *, browser: bytes = BROWSER) -> register_passkey.Offer:
        tenant = run(self.store.tenants.by_name(owner.user.tenant_id))
        assert tenant is not None
        return run(self.services.register_passkey.begin(tenant, self.visitor(browser), owner))

    def finish_registration(
        self, answer: object, owner: SessionOwner, *, browser: bytes = BROWSER, name: str = "",
        tenant: Tenant | None = None,
    ) -> register_passkey.Outcome:  # fmt: skip
        self._tick()
        at = tenant or run(self.store.tenants.by_name(owner.user.tenant_id))
        assert at is not None
        payload = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        return run(self.services.register_passkey.finish(at, self.visitor(browser), owner, payload, name))

    def register(
        self, passkey: SoftPasskey | None = None, *, owner: SessionOwner | None = None, name: str = "", **lies: Any
    ) -> register_passkey.NotOffered | register_passkey.Outcome:
        """Register *passkey* (a new one) for *owner* (ada, who has just signed in with a pass)."""
        owner = owner or self.session_by_pass(self.ada)
        offer = self.begin_registration(owner)
        if isinstance(offer, register_passkey.NotOffered):
            return offer
        answer = (passkey or self.new_passkey()).register_with(offer.options, **lies)
        return self.finish_registration(answer, owner, name=name)

    def save_policy(self, policy: PasskeyPolicy, *, tenant: Tenant | None = None) -> None:
        self._tick()
        run(self.services.save_passkey_policy((tenant or self.tenant).id, policy, by=OPERATOR))

    def save_methods(self, policy: MethodsPolicy, *, tenant: Tenant | None = None) -> None:
        self._tick()
        run(self.services.save_methods_policy((tenant or self.tenant).id, policy, by=OPERATOR))

    # -- apps ----------------------------------------------------------------------------------

    def app(self, *, public: bool = False, tenant: Tenant | None = None, **how: Any) -> RegisteredApp:
        """Register an app that is answered at CALLBACK, and may send people to AFTER_LOGOUT."""
        self._tick()
        given = {"name": "Timesheets", "redirect_uris": [CALLBACK], "post_logout_redirect_uris": [AFTER_LOGOUT]} | how
        return run(self.services.manage_app.register((tenant or self.tenant).id, public=public, by=OPERATOR, **given))

    def issuer(self, tenant: Tenant | None = None) -> str:
        return self.services.relying_party.issuer((tenant or self.tenant).name)

    def authorize(
        self,
        app: RegisteredApp,
        owner: SessionOwner | None,
        tenant: Tenant | None = None,
        asked_at: datetime | None = None,
        **changes: Any,
    ) -> authorize.Outcome:
        """Ask as *app* would; *changes* replace parameters, or leave them out (None)."""
        self._tick()
        pairs = authorization_parameters(app.app.id, **changes)
        flow, at = self.services.authorize, tenant or self.tenant
        return run(flow(at, pairs, owner, issuer=self.issuer(at), visitor=self.visitor(), asked_at=asked_at))

    def code(self, app: RegisteredApp, owner: SessionOwner | None = None, **changes: Any) -> str:
        """A code for *app* under *owner*'s session (ada's, opened now)."""
        outcome = self.authorize(app, owner or self.session(), **changes)
        assert isinstance(outcome, authorize.Reply), outcome
        assert outcome.error is None, outcome
        return dict(outcome.parameters)["code"]

    def redeem(
        self, app: RegisteredApp, code: str, /, *, tenant: Tenant | None = None, **changes: Any
    ) -> redeem_code.Outcome:
        """Exchange *code* as *app* would; *changes* replace parameters, or leave them out (None)."""
        self._tick()
        body = token_parameters(app, code, **changes)
        flow, at = self.services.redeem_code, tenant or self.tenant
        return run(flow(at, self.visitor(b""), [], body, issuer=self.issuer(at)))

    def tokens(self, app: RegisteredApp, owner: SessionOwner | None = None, **changes: Any) -> redeem_code.Tokens:
        redeemed = self.redeem(app, self.code(app, owner, **changes))
        assert isinstance(redeemed, redeem_code.Tokens), redeemed
        return redeemed


@lru_cache(maxsize=1)
def _signing_keys() -> tuple[SigningKey, ...]:
    """One pair for all offices: they share a master key, and making an RSA key takes longer than most tests."""

    async def make() -> tuple[SigningKey, ...]:
        store, clock = MemoryStore(), FixedClock()
        await signer.load(store, MasterKeySealer(MASTER_KEY, SeededEntropy()), clock.now())
        return tuple(await store.signing_keys.all())

    return run(make())
