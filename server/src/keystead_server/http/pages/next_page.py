"""Where somebody goes once they have signed in."""

from dataclasses import replace

from keystead_server.domain.app import App
from keystead_server.domain.visitor import Visitor
from keystead_server.http.call import Call
from keystead_server.http.continuation import Continuation
from keystead_server.http.problems import NOT_FOUND, Refuse


def continuation(call: Call) -> Continuation | None:
    """What `?continue=` holds, when we sealed it for this tenant and lately."""
    return Continuation.open(call.services, call.tenant, call.query("continue"))


def after_sign_in(call: Call, going: Continuation | None) -> str:
    """The address to go on to. It is ours whatever the query says: a broken seal leads to the account."""
    if going is None:
        return f"/{call.tenant.name}/account"
    if going.app_id is not None:
        return f"/{call.tenant.name}/oauth2/v2.0/resume?continue={call.query('continue')}"
    return going.to


def sign_in_address(call: Call, to: str) -> str:
    """The sign-in page, from which one comes back to *to*, a path of ours."""
    return _and_back(call, "sign-in", to)


def register_address(call: Call, to: str) -> str:
    """The page to add a passkey, from which one comes back to *to*, a path of ours."""
    return _and_back(call, "account/passkeys/new", to)


def terms_address(call: Call, to: str) -> str:
    """The page with terms to accept, from which one comes back to *to*, a path of ours."""
    return _and_back(call, "terms", to)


def password_address(call: Call, to: str) -> str:
    """The page to change one's password, from which one comes back to *to*, a path of ours."""
    return _and_back(call, "account/password", to)


def _and_back(call: Call, page: str, to: str) -> str:
    # A second slash in front would make it another host's address.
    going = Continuation("/" + to.lstrip("/"), call.services.clock.now())
    return f"/{call.tenant.name}/{page}?continue={going.seal(call.services, call.tenant)}"


def with_continue(call: Call, address: str, going: Continuation | None) -> str:
    return address if going is None else f"{address}?continue={call.query('continue')}"


def visitor(call: Call, going: Continuation | None) -> Visitor:
    """The visitor, with the app that sent them, for the log."""
    return call.visitor if going is None else replace(call.visitor, app_id=going.app_id)


async def asking_app(call: Call, going: Continuation | None) -> App | None:
    if going is None or going.app_id is None:
        return None
    return await call.services.store.apps.get(call.tenant.id, going.app_id)


def printable(typed: str) -> str:
    """What somebody typed, without control characters: no name holds them, and PostgreSQL refuses NUL."""
    return typed if typed.isprintable() else "".join(c for c in typed if c.isprintable())


def named(call: Call, variable: str) -> str:
    """An id from the address. None of ours holds a control character, and PostgreSQL refuses NUL."""
    value = call.path[variable]
    if not value.isprintable():
        raise Refuse(NOT_FOUND)
    return value
