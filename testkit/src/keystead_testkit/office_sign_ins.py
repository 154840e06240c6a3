"""How people sign in at an Office: with passkeys, passes, passwords and codes."""

import json
from base64 import b32decode
from dataclasses import replace
from typing import Any

from keystead_server.domain.actor import OPERATOR, Actor
from keystead_server.domain.ids import AppId
from keystead_server.domain.session import Session
from keystead_server.domain.sign_in import Method
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.totp import code_at, step_at
from keystead_server.domain.user import User
from keystead_server.flows import (
    finish_sign_in,
    sign_in,
    sign_in_with_pass,
    sign_in_with_password,
)
from keystead_server.flows.issue_pass import IssuedPass
from keystead_server.flows.make_recovery_codes import RecoveryCodesMade
from keystead_server.flows.set_password import PasswordSet
from keystead_server.flows.set_up_totp import TotpKept, TotpOffered
from keystead_server.policy.methods.model import FIRST_METHODS, MethodConfiguration
from keystead_server.ports.store import SessionOwner

from keystead_testkit.loop import run
from keystead_testkit.office_server import BROWSER, PASSWORD, OfficeServer
from keystead_testkit.soft_passkey import Json, SoftPasskey


class SignIns(OfficeServer):
    passkey: SoftPasskey

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
