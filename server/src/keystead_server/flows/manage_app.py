"""Register and change OpenID Connect apps."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from keystead_core.oidc import RedirectUriError, check_redirect_uri
from keystead_core.wire import b64url_encode

from keystead_server.domain.actor import Actor
from keystead_server.domain.app import ID_TOKEN_ALGORITHMS, App, secret_digest
from keystead_server.domain.ids import AppId, TenantId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import check_display_name
from keystead_server.flows.auditing import audited
from keystead_server.policy.api_permissions import check_permissions
from keystead_server.ports.changes import Add, Change, Remove, Replace, Written
from keystead_server.ports.clock import Clock, Entropy
from keystead_server.ports.store import Store

MAX_REDIRECT_URIS = 100
SECRET_BYTES = 32
SECRET_PREFIX = "ks_"


@dataclass(frozen=True, slots=True)
class RegisteredApp:
    """Attributes:
    secret: the client secret, shown once; None for a public app.
    """

    app: App
    secret: str | None


@dataclass(frozen=True, slots=True)
class ManageApp:
    store: Store
    clock: Clock
    entropy: Entropy

    async def register(
        self,
        tenant: TenantId,
        *,
        name: str,
        redirect_uris: Sequence[str],
        post_logout_redirect_uris: Sequence[str] = (),
        public: bool = False,
        id_token_alg: str = "ES256",
        signs_in: bool = True,
        by: Actor,
    ) -> RegisteredApp:
        """Add an app; one that signs nobody in, and only uses our API by itself, needs no address.

        Raises:
            Invalid: the name, an address or the algorithm cannot be one.
        """
        now = self.clock.now()
        if id_token_alg not in ID_TOKEN_ALGORITHMS:
            raise Invalid("algorithm_unknown", f"id_token_alg is one of: {', '.join(ID_TOKEN_ALGORITHMS)}")
        secret = None if public else self._new_secret()
        app = App(
            id=AppId(self.entropy.new_id(now)),
            tenant_id=tenant,
            name=check_display_name(name, target="name"),
            redirect_uris=_checked(redirect_uris, "redirect_uris", required=signs_in or public),
            post_logout_redirect_uris=_checked(post_logout_redirect_uris, "post_logout_redirect_uris"),
            secret_digests=() if secret is None else (secret_digest(secret),),
            created_at=now,
            id_token_alg=id_token_alg,
        )
        await self._write(app, "app.registered", by, Add(app))
        return RegisteredApp(app, secret)

    async def set_redirect_uris(
        self, app: App, *, redirect_uris: Sequence[str], post_logout_redirect_uris: Sequence[str], by: Actor
    ) -> App:
        """Replace the addresses an app may be answered at.

        Raises:
            Invalid: one of them cannot be one.
        """
        changed = replace(
            app,
            redirect_uris=_checked(redirect_uris, "redirect_uris", required=True),
            post_logout_redirect_uris=_checked(post_logout_redirect_uris, "post_logout_redirect_uris"),
        )
        await self._write(changed, "app.redirect_uris_changed", by, Replace(changed, app))
        return changed

    async def add_secret(self, app: App, *, by: Actor) -> RegisteredApp:
        """Give an app a new secret; the one before stays good until the next is added, so that it can be exchanged."""
        secret = self._new_secret()
        changed = replace(app, secret_digests=(secret_digest(secret), *app.secret_digests)[:2])
        await self._write(changed, "app.secret_added", by, Replace(changed, app))
        return RegisteredApp(changed, secret)

    async def set_permissions(
        self, app: App, *, delegated: Collection[str], application: Collection[str], by: Actor
    ) -> App:
        """Let an app do exactly this with our API; a token loses at its next use what is taken away.

        Raises:
            Invalid: a name is none of ours, or the app cannot act by itself.
        """
        check_permissions(app, delegated, application)
        changed = replace(
            app,
            delegated_permissions=tuple(sorted(set(delegated))),
            application_permissions=tuple(sorted(set(application))),
        )
        await self._write(
            changed, "app.permissions_changed", by, Replace(changed, app),
            delegated=" ".join(changed.delegated_permissions), application=" ".join(changed.application_permissions),
        )  # fmt: skip
        return changed

    async def remove(self, app: App, *, by: Actor) -> None:
        await self._write(app, "app.removed", by, Remove(app.tenant_id, App, app.id))

    def _new_secret(self) -> str:
        # The prefix lets scanners find a secret that was published, and keeps it from looking like an option.
        return SECRET_PREFIX + b64url_encode(self.entropy.token(SECRET_BYTES))

    async def _write(self, app: App, name: str, by: Actor, change: Change, **more: str) -> None:
        line = audited(
            self.entropy, name, tenant=app.tenant_id, at=self.clock.now(), by=by, target=app.id,
            name=app.name, redirect_uris=" ".join(app.redirect_uris), **more,
        )  # fmt: skip
        written = await self.store.write(change, line)
        # Of two who exchange the secret at once, one would be shown a secret that is not kept.
        if isinstance(change, Replace) and not isinstance(written, Written):
            raise Invalid("app_changed_meanwhile", "somebody else changed this app; look at it again and try again")


def _checked(uris: Sequence[str], target: str, *, required: bool = False) -> tuple[str, ...]:
    if required and not uris:
        raise Invalid("redirect_uri_missing", "an app needs at least one redirect URI", target=target)
    if len(uris) > MAX_REDIRECT_URIS:
        raise Invalid("too_many_redirect_uris", f"an app has at most {MAX_REDIRECT_URIS}", target=target)
    for uri in uris:
        try:
            check_redirect_uri(uri)
        except RedirectUriError as error:
            raise Invalid("redirect_uri_invalid", str(error), target=target) from None
    return tuple(dict.fromkeys(uris))
