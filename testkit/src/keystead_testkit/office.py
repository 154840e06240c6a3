"""One server in memory, for tests that read like sentences.

    office = Office()                       # one tenant, an administrator, ada and her passkey

    assert reason_of(office.sign_in(spoil_signature=True)) == "signature_invalid"
    assert office.log == ["signature_invalid"]

Only the clock, the dice and the store are the testkit's; seals, signatures and flows are the
server's own, put together by its own wiring. Time moves a millisecond with each act, so that
the log has an order.
"""

import json
from datetime import datetime
from typing import Any

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.tenant import Tenant
from keystead_server.domain.user import User
from keystead_server.flows import (
    authorize,
    redeem_code,
    register_passkey,
)
from keystead_server.flows.manage_app import RegisteredApp
from keystead_server.ports.geo_ip import GeoIp
from keystead_server.ports.store import SessionOwner, Store

from keystead_testkit.clock import FixedClock
from keystead_testkit.loop import run
from keystead_testkit.office_server import ADDRESS, BROWSER, MASTER_KEY, OTHER_BROWSER, PASSWORD, QUICK
from keystead_testkit.office_sign_ins import SignIns
from keystead_testkit.relying_party import AFTER_LOGOUT, CALLBACK, authorization_parameters, token_parameters
from keystead_testkit.soft_passkey import SoftPasskey

__all__ = ["ADDRESS", "BROWSER", "MASTER_KEY", "OTHER_BROWSER", "PASSWORD", "QUICK", "Office", "reason_of"]


def reason_of(outcome: object) -> str:
    """The code of an outcome that refuses; "granted" for any other."""
    return getattr(outcome, "code", "granted") if not isinstance(outcome, redeem_code.Tokens) else "granted"


class Office(SignIns):
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
        super().__init__(store=store, clock=clock, seed=seed, places=places, **settings)
        self.tenant, self.administrator = self.found("contoso")
        self.ada = self.add_person("ada@contoso.example")
        self.passkey = self.new_passkey()
        registered = self.register(self.passkey)
        assert isinstance(registered, register_passkey.Registered), registered
        self._before = {row.id for row in self.rows}

    # -- passkeys ------------------------------------------------------------------------------

    def with_passkey(self, user: User, **how: Any) -> SoftPasskey:
        """A passkey that *user* has registered."""
        passkey = self.new_passkey(**how)
        registered = self.register(passkey, owner=self.session_by_pass(user))
        assert isinstance(registered, register_passkey.Registered), registered
        return passkey

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
