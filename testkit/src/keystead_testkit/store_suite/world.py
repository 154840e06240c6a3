"""A store, a stopped clock, repeating dice, and values that differ only where a test says so."""

from collections.abc import Coroutine
from datetime import timedelta
from typing import Any, Protocol, TypeVar
from uuid import UUID

from keystead_server.domain.access_pass import TemporaryAccessPass
from keystead_server.domain.app import App
from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.authority import Authority
from keystead_server.domain.device import Device, DeviceState, EndorsementTrust, TpmFacts
from keystead_server.domain.hello_key import HelloKey
from keystead_server.domain.letter import Letter, Occasion
from keystead_server.domain.passkey import Passkey, Proof
from keystead_server.domain.password import Password
from keystead_server.domain.recovery_codes import RecoveryCodes
from keystead_server.domain.session import Grant, Session
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import TotpAuthenticator
from keystead_server.domain.user import Group, User
from keystead_server.ports.changes import Add, Change, Conflict, Written
from keystead_server.ports.store import Store

from keystead_testkit.clock import FixedClock, SeededEntropy

T = TypeVar("T")


class Run(Protocol):
    def __call__(self, work: Coroutine[Any, Any, T], /) -> T: ...


class World:
    """What a test of the store plays in. What it makes is only written where it says `add`."""

    def __init__(self, store: Store, run: Run) -> None:
        self.store = store
        self.run = run
        self.clock = FixedClock()
        self.entropy = SeededEntropy()

    def new_id(self) -> Any:
        """An id of whatever kind is wanted."""
        # A millisecond apart, so that ids come in the order in which they were made.
        return self.entropy.new_id(self.clock.advance(timedelta(milliseconds=1)))

    def write(self, *changes: Change) -> Written | Conflict:
        return self.run(self.store.write(*changes))

    def add(self, *values: Any) -> None:
        for value in values:
            assert self.write(Add(value)) == Written(), value

    def add_tenant(self, name: str = "contoso") -> Tenant:
        tenant = Tenant(self.new_id(), name, name.title(), self.clock.now())
        self.add(tenant)
        return tenant

    def add_user(self, tenant: Tenant, username: str = "ada@contoso.example", **fields: Any) -> User:
        user = self.user(tenant, username, **fields)
        self.add(user)
        return user

    def user(self, tenant: Tenant, username: str = "ada@contoso.example", **fields: Any) -> User:
        now = self.clock.now()
        defaults: dict[str, Any] = {"display_name": username.title(), "created_at": now, "sessions_valid_from": now}
        return User(self.new_id(), tenant.id, username, handle=self.entropy.token(32), **(defaults | fields))

    def group(self, tenant: Tenant, name: str = "Staff") -> Group:
        return Group(self.new_id(), tenant.id, name, self.clock.now())

    def app(self, tenant: Tenant, name: str = "Timesheets", **fields: Any) -> App:
        uris = ("https://rp.example/callback", "https://rp.example/ü?a=1")
        return App(self.new_id(), tenant.id, name, uris, (), (b"\0" * 32, b"\xff" * 32), self.clock.now(), **fields)

    def passkey(self, user: User, **fields: Any) -> Passkey:
        defaults: dict[str, Any] = {
            "credential_id": self.entropy.token(32),
            "public_key": self.entropy.token(77),
            "algorithm": -7,
            "aaguid": UUID("08987058-cadc-4b81-b6e1-30de50dcbe96"),
            "sign_count": 0,
            "backup_eligible": False,
            "backed_up": False,
            "transports": ("internal", "hybrid"),
            "attestation_format": "tpm",
            "attestation_kind": "attca",
            "proof": Proof.ATTESTED,
            "name": "Laptop",
            "registered_by": user.id,
        }
        id_ = self.new_id()
        return Passkey(id_, user.tenant_id, user.id, created_at=self.clock.now(), **(defaults | fields))

    def device(self, user: User, **fields: Any) -> Device:
        now = self.clock.now()
        defaults: dict[str, Any] = {
            "name": "ada's laptop",
            "endorsement_digest": self.entropy.token(32),
            "endorsement_public": self.entropy.token(122),
            "trust": EndorsementTrust.CERTIFIED,
            "tpm": TpmFacts("id:494E5443", "ADL", "id:00020258"),
            "firmware": "600.18.0.0",
            "attestation_digest": self.entropy.token(32),
            "attestation_name": self.entropy.token(34),
            "attestation_public": self.entropy.token(90),
            "certificate_serial": "01ab",
            "certificate_expires_at": now + timedelta(days=30),
            "state": DeviceState.ENABLED,
            "enrolled_by": user.id,
        }
        return Device(self.new_id(), user.tenant_id, enrolled_at=now, **(defaults | fields))

    def authority(self, tenant: Tenant, **fields: Any) -> Authority:
        sealed, certificate = self.entropy.token(150), self.entropy.token(400)
        return Authority(self.new_id(), tenant.id, sealed, certificate, self.clock.now(), **fields)

    def access_pass(self, user: User, **fields: Any) -> TemporaryAccessPass:
        now = self.clock.now()
        defaults: dict[str, Any] = {
            "digest": self.entropy.token(32),
            "starts_at": now,
            "expires_at": now + timedelta(hours=1),
            "usable_once": True,
            "created_at": now,
            "created_by": None,
        }
        return TemporaryAccessPass(self.new_id(), user.tenant_id, user.id, **(defaults | fields))

    def password(self, user: User) -> Password:
        return Password(self.new_id(), user.tenant_id, user.id, "$argon2id$v=19$m=8,t=1,p=1$ä$b", self.clock.now())

    def totp(self, user: User, **fields: Any) -> TotpAuthenticator:
        defaults: dict[str, Any] = {
            "name": "Phone",
            "sealed_secret": self.entropy.token(48),
            "registered_by": user.id,
            "last_step": 2**40,
        }
        id_ = self.new_id()
        return TotpAuthenticator(id_, user.tenant_id, user.id, created_at=self.clock.now(), **(defaults | fields))

    def recovery_codes(self, user: User) -> RecoveryCodes:
        digests = tuple(self.entropy.token(32) for _ in range(3))
        return RecoveryCodes(self.new_id(), user.tenant_id, user.id, digests, self.clock.now())

    def hello_key(self, user: User, device: Device, **fields: Any) -> HelloKey:
        defaults: dict[str, Any] = {"public_key": self.entropy.token(77), "name": device.name}
        id_, now = self.new_id(), self.clock.now()
        return HelloKey(id_, user.tenant_id, user.id, device.id, created_at=now, **(defaults | fields))

    def letter(self, user: User, **fields: Any) -> Letter:
        now = self.clock.now()
        defaults: dict[str, Any] = {
            "occasion": Occasion.PASSKEY_REGISTERED,
            "address": "ada@contoso.example",
            "sealed": self.entropy.token(40),
            "created_at": now,
            "due_at": now,
            "expires_at": now + timedelta(days=3),
        }
        return Letter(self.new_id(), user.tenant_id, user.id, **(defaults | fields))

    def session(self, user: User, **fields: Any) -> Session:
        now = self.clock.now()
        defaults: dict[str, Any] = {
            "id": self.new_id(),
            "methods": (Method.PASSKEY,),
            "acr": "phrh",
            "signed_in_at": now,
            "expires_at": now + timedelta(hours=24),
        }
        return Session(tenant_id=user.tenant_id, user_id=user.id, **(defaults | fields))

    def grant(self, session: Session, app: App, **fields: Any) -> Grant:
        now = self.clock.now()
        defaults: dict[str, Any] = {
            "id": self.new_id(),
            "scope": "openid profile",
            "issued_at": now,
            "expires_at": now + timedelta(hours=1),
        }
        return Grant(
            tenant_id=session.tenant_id,
            session_id=session.id,
            app_id=app.id,
            user_id=session.user_id,
            **(defaults | fields),
        )

    def attempt(self, tenant: Tenant, **fields: Any) -> Attempt:
        defaults: dict[str, Any] = {
            "id": self.new_id(),
            "at": self.clock.now(),
            "purpose": Purpose.SIGN_IN,
            "method": Method.PASSKEY,
            "result": Result.GRANTED,
            "reason": "granted",
            "client_address": "192.0.2.7",
        }
        return Attempt(tenant_id=tenant.id, **(defaults | fields))

    def event(self, tenant: Tenant, name: str = "user.created", actor: Any = None) -> AuditEvent:
        detail = {"username": 'ädä "quoted"'}
        return AuditEvent(self.new_id(), tenant.id, self.clock.now(), name, actor, self.new_id(), detail)
