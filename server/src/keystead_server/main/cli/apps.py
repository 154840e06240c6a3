"""keystead app …"""

import click

from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.app import ID_TOKEN_ALGORITHMS, App
from keystead_server.domain.ids import AppId
from keystead_server.domain.tenant import Tenant
from keystead_server.main.cli.frame import Failed, Frame, as_json, table, tell
from keystead_server.main.wiring import System


@click.group()
def app() -> None:
    """Apps that sign people in by OpenID Connect, or use our API: register, list, permit, remove."""


def _described(system: System, tenant: Tenant, one: App) -> dict[str, object]:
    return {
        "client_id": one.id,
        "name": one.name,
        "issuer": f"{system.config.public_url}/{tenant.name}/v2.0",
        "public": one.is_public,
        "id_token_alg": one.id_token_alg,
        "redirect_uris": list(one.redirect_uris),
        "post_logout_redirect_uris": list(one.post_logout_redirect_uris),
        "delegated_permissions": list(one.delegated_permissions),
        "application_permissions": list(one.application_permissions),
    }


@app.command(epilog='Example:  keystead app register "Wiki" --redirect-uri https://wiki.example.org/callback')
@click.argument("name")
@click.option("--redirect-uri", "redirect_uris", multiple=True, help="Where answers go; compared exactly.")
@click.option("--by-itself", is_flag=True, help="The app signs nobody in and needs no address: it only uses our API.")
@click.option("--post-logout-redirect-uri", "post_logout", multiple=True, help="Where people may go after signing out.")
@click.option("--public", is_flag=True, help="The app cannot keep a secret (a page or a phone); it uses PKCE alone.")
@click.option(
    "--id-token-alg",
    type=click.Choice(ID_TOKEN_ALGORITHMS),
    default="ES256",
    show_default=True,
    help="What ID tokens are signed with.",
)
@as_json
@click.pass_obj
def register(
    frame: Frame,
    name: str,
    redirect_uris: tuple[str, ...],
    by_itself: bool,
    post_logout: tuple[str, ...],
    public: bool,
    id_token_alg: str,
    json_output: bool,
) -> None:
    """Register an app and show its client id, and its secret this once."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        made = await system.services.manage_app.register(
            tenant.id,
            name=name,
            redirect_uris=redirect_uris,
            post_logout_redirect_uris=post_logout,
            public=public,
            id_token_alg=id_token_alg,
            signs_in=not by_itself,
            by=OPERATOR,
        )
        described = _described(system, tenant, made.app) | {"client_secret": made.secret}
        text = f"Registered {name}.\n  issuer         {described['issuer']}\n  client id      {made.app.id}"
        if made.secret is not None:
            text += f"\n  client secret  {made.secret}   (shown only now)"
        tell(described, text, json_output=json_output)

    frame.run(work, json_output=json_output)


@app.command("list")
@as_json
@click.pass_obj
def list_(frame: Frame, json_output: bool) -> None:
    """List the apps."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        rows = [_described(system, tenant, one) for one in await system.store.apps.all(tenant.id)]
        columns = ("name", "client_id", "public", "id_token_alg", "redirect_uris")
        tell(rows, table(rows, columns, empty="No apps."), json_output=json_output)

    frame.run(work, json_output=json_output)


@app.command(epilog="Example:  keystead app permit 0198c2a4-5f0e-7d3a-9b1c-2f6e8a4d7c10 AuditLog.Read.All --by-itself")
@click.argument("client_id")
@click.argument("permissions", nargs=-1, required=True, metavar="PERMISSION…")
@click.option("--by-itself", is_flag=True, help="The app may do it with nobody signed in; otherwise only for people.")
@click.option("--revoke", is_flag=True, help="Take the permissions away instead; tokens lose them at their next use.")
@as_json
@click.pass_obj
def permit(
    frame: Frame, client_id: str, permissions: tuple[str, ...], by_itself: bool, revoke: bool, json_output: bool
) -> None:
    """Let an app use our API (docs/reference/graph.md has the permissions)."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        one = await _the_app(system, tenant, client_id)
        before = {"delegated": set(one.delegated_permissions), "application": set(one.application_permissions)}
        kind = "application" if by_itself else "delegated"
        if revoke:
            missing = sorted(set(permissions) - before[kind])
            if missing:
                raise Failed("permission_unknown", f"{one.name} does not have {', '.join(missing)} in this way")
        after = before | {kind: before[kind] - set(permissions) if revoke else before[kind] | set(permissions)}
        changed = await system.services.manage_app.set_permissions(
            one, delegated=after["delegated"], application=after["application"], by=OPERATOR
        )
        text = (
            f"{changed.name} may now\n  for people  {' '.join(changed.delegated_permissions) or 'nothing'}"
            f"\n  by itself   {' '.join(changed.application_permissions) or 'nothing'}"
        )
        tell(_described(system, tenant, changed), text, json_output=json_output)

    frame.run(work, json_output=json_output)


async def _the_app(system: System, tenant: Tenant, client_id: str) -> App:
    one = await system.store.apps.get(tenant.id, AppId(client_id))
    if one is None:
        raise Failed("client_unknown", f"there is no app {client_id!r} in {tenant.name}")
    return one


@app.command()
@click.argument("client_id")
@as_json
@click.pass_obj
def remove(frame: Frame, client_id: str, json_output: bool) -> None:
    """Delete an app; its people are no longer signed in to it."""

    async def work(system: System) -> None:
        tenant = await frame.tenant_of(system)
        one = await _the_app(system, tenant, client_id)
        await system.services.manage_app.remove(one, by=OPERATOR)
        tell({"removed": one.id}, f"Removed {one.name}.", json_output=json_output)

    frame.run(work, json_output=json_output)
