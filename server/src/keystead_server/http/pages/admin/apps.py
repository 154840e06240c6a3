"""Apps: registered, shown, changed. A client secret is on one page, once."""

from keystead_core.oidc.discovery import Endpoints
from starlette.responses import Response

from keystead_server.domain.app import App
from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors, lines_of, the_app
from keystead_server.http.pages.render import page, see_other
from keystead_server.policy.api_permissions import API_PERMISSIONS


async def show_all(call: Call) -> Response:
    return await _list(call)


async def register(call: Call) -> Response:
    try:
        registered = await call.services.manage_app.register(
            call.tenant.id,
            name=call.field("name"),
            redirect_uris=lines_of(call, "redirect_uris"),
            post_logout_redirect_uris=lines_of(call, "post_logout_redirect_uris"),
            public=call.field("public") == "yes",
            id_token_alg="RS256" if call.field("rs256") == "yes" else "ES256",
            by=call.actor,
        )
    except Invalid as invalid:
        return await _list(call, Errors.of(invalid), status=422)
    return await _app(call, registered.app, secret=registered.secret, notice="The app was registered.")


async def show(call: Call) -> Response:
    return await _app(call, await the_app(call), notice=_DONE.get(call.query("done")))


async def set_redirect_uris(call: Call) -> Response:
    app = await the_app(call)
    try:
        await call.services.manage_app.set_redirect_uris(
            app,
            redirect_uris=lines_of(call, "redirect_uris"),
            post_logout_redirect_uris=lines_of(call, "post_logout_redirect_uris"),
            by=call.actor,
        )
    except Invalid as invalid:
        return await _app(call, app, errors=Errors.of(invalid), status=422)
    return see_other(f"/{call.tenant.name}/admin/apps/{app.id}?done=changed")


async def set_permissions(call: Call) -> Response:
    app = await the_app(call)
    try:
        await call.services.manage_app.set_permissions(
            app, delegated=call.fields("delegated"), application=call.fields("application"), by=call.actor
        )
    except Invalid as invalid:
        return await _app(call, app, errors=Errors.of(invalid), status=422)
    return see_other(f"/{call.tenant.name}/admin/apps/{app.id}?done=permitted")


async def add_secret(call: Call) -> Response:
    registered = await call.services.manage_app.add_secret(await the_app(call), by=call.actor)
    return await _app(call, registered.app, secret=registered.secret, notice="The app has a new secret.")


async def remove(call: Call) -> Response:
    await call.services.manage_app.remove(await the_app(call), by=call.actor)
    return see_other(f"/{call.tenant.name}/admin/apps?done=removed")


async def _list(call: Call, errors: Errors = NO_ERRORS, *, status: int = 200) -> Response:
    return page(
        call,
        "admin/apps.html",
        status=status,
        apps=await call.services.store.apps.all(call.tenant.id),
        errors=errors,
        typed={name: call.field(name) for name in _FIELDS},
        removed=call.query("done") == "removed",
    )


_DONE = {
    "changed": "The addresses were changed.",
    "permitted": "What the app may do with the API was changed.",
}
_FIELDS = ("name", "redirect_uris", "post_logout_redirect_uris", "public", "rs256")


async def _app(
    call: Call,
    app: App,
    *,
    secret: str | None = None,
    notice: str | None = None,
    errors: Errors = NO_ERRORS,
    status: int = 200,
) -> Response:
    typed = bool(errors.by_field.keys() - {"permissions"})
    return page(
        call,
        "admin/app.html",
        status=status,
        app=app,
        endpoints=Endpoints(call.services.relying_party.public_url, call.tenant.name),
        secret=secret,
        notice=notice,
        errors=errors,
        permissions=API_PERMISSIONS,
        redirect_uris=call.field("redirect_uris") if typed else "\n".join(app.redirect_uris),
        post_logout_redirect_uris=(
            call.field("post_logout_redirect_uris") if typed else "\n".join(app.post_logout_redirect_uris)
        ),
    )
