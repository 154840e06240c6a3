"""Every page: who may open it, how often, and how much may be sent to it."""

from keystead_server.http.pages import (
    account,
    assets,
    enrol_device,
    entrance,
    new_passkey,
    own_methods,
    pass_link,
    pass_sign_in,
    password_sign_in,
    set_up,
    sign_in,
    terms,
    this_device,
    unlock_device,
)
from keystead_server.http.pages.admin.routes import ROUTES as ADMIN_ROUTES
from keystead_server.http.route import (
    BROWSING,
    KIB,
    REGISTERING,
    SIGNING_IN,
    TYPING_A_CODE,
    UNLIMITED,
    Access,
    Body,
    Face,
    Handler,
    Limit,
    Reaches,
    Route,
)

_FORM = Body("application/x-www-form-urlencoded", 16 * KIB, form=True)
_USERNAME = Body(
    "application/json",
    2 * KIB,
    schema={"type": "object", "properties": {"username": {"type": "string", "description": "Empty for any passkey."}}},
)
_CONDITIONAL = Body(
    "application/json",
    KIB,
    schema={
        "type": "object",
        "properties": {"conditional": {"type": "boolean", "description": "For create() with conditional mediation."}},
    },
)
_ABANDONED = Body(
    "application/json",
    2 * KIB,
    schema={
        "type": "object",
        "required": ["challenge", "error"],
        "properties": {
            "challenge": {"type": "string", "description": "As it was in the options."},
            "error": {"type": "string", "description": "The name of the browser's DOMException."},
        },
    },
)
# An assertion holds some hundred bytes of everything but client data; a registration also certificates.
_ASSERTION = Body(
    "application/json", 16 * KIB, schema={"type": "object", "description": "AuthenticationResponseJSON (WebAuthn)."}
)
_REGISTRATION = Body(
    "application/json", 64 * KIB, schema={"type": "object", "description": "RegistrationResponseJSON (WebAuthn)."}
)


def _page(
    path: str,
    handler: Handler,
    summary: str,
    access: Access = Access.SIGNED_IN,
    *,
    session: bool = False,
    while_held: bool = False,
    reaches: Reaches | None = None,
) -> Route:
    return Route(
        "GET", path, handler, summary, access, BROWSING, Face.PAGE, session=session, while_held=while_held,
        reaches=reaches,
    )  # fmt: skip


def _form(
    path: str,
    handler: Handler,
    summary: str,
    access: Access = Access.SIGNED_IN,
    *,
    limit: Limit = BROWSING,
    while_held: bool = False,
    reaches: Reaches | None = None,
) -> Route:
    return Route(
        "POST", path, handler, summary, access, limit, Face.PAGE, body=_FORM, session=True, from_our_pages=True,
        while_held=while_held, reaches=reaches, answers={303: "Done; go on to the page that shows it"},
    )  # fmt: skip


def _script(
    path: str,
    handler: Handler,
    summary: str,
    access: Access,
    limit: Limit,
    body: Body,
    answers: dict[int, str],
    *,
    while_held: bool = False,
    reaches: Reaches | None = None,
) -> Route:
    return Route(
        "POST", path, handler, summary, access, limit, Face.JSON, body=body, from_our_pages=True,
        while_held=while_held, reaches=reaches, answers=answers,
    )  # fmt: skip


_ENTRANCE = (
    _page("/", entrance.root, "The way to an organisation's pages", Access.PUBLIC),
    _page("/{tenant}", entrance.tenant_root, "The way to one's account", Access.PUBLIC),
    Route(
        "GET", "/{tenant}/.well-known/keystead", entrance.well_known, "What a container must know to keep passkeys here",
        Access.PUBLIC, BROWSING, Face.JSON,
    ),
    Route("GET", "/assets/{name}", assets.asset, "Style sheets, scripts and pictures", Access.PUBLIC, UNLIMITED, Face.JSON),
)  # fmt: skip

_TERMS = (
    # Not itself behind a policy: it is the way to meet one.
    _page(
        "/{tenant}/terms", terms.show, "Terms of use to accept", Access.SIGNED_IN, while_held=True,
        reaches=Reaches.NOTHING,
    ),
    _form(
        "/{tenant}/terms", terms.decide, "Accept terms of use, or decline them", Access.SIGNED_IN, while_held=True,
        reaches=Reaches.NOTHING,
    ),
)  # fmt: skip

_SIGN_IN = (
    _page("/{tenant}/sign-in", sign_in.show, "Sign in with a passkey", Access.PUBLIC, session=True, while_held=True),
    _script(
        "/{tenant}/sign-in/options", sign_in.options, "A challenge to sign in with a passkey",
        Access.PUBLIC, SIGNING_IN, _USERNAME, {200: "PublicKeyCredentialRequestOptionsJSON"},
    ),
    _script(
        "/{tenant}/sign-in/assertion", sign_in.assertion, "Answer a challenge to sign in",
        Access.PUBLIC, SIGNING_IN, _ASSERTION, {200: "Signed in; where to go on", 401: "Refused, and why"},
    ),
    _page("/{tenant}/sign-in/pass", pass_sign_in.show, "Type a Temporary Access Pass", Access.PUBLIC),
    # Not for whoever is signed in: the token of its form belongs to the browser alone.
    Route(
        "POST", "/{tenant}/sign-in/pass", pass_sign_in.submit, "Sign in with a Temporary Access Pass",
        Access.PUBLIC, TYPING_A_CODE, Face.PAGE, body=_FORM, from_our_pages=True,
        answers={303: "Signed in; go on", 401: "Refused"},
    ),
    _page("/{tenant}/sign-in/link/{link}", pass_link.show, "What a link that was mailed is for", Access.PUBLIC),
    Route(
        "POST", "/{tenant}/sign-in/link/{link}", pass_link.sign_in, "Sign in with a link that was mailed",
        Access.PUBLIC, TYPING_A_CODE, Face.PAGE, body=_FORM, from_our_pages=True,
        answers={303: "Signed in; go on to add a passkey", 401: "Refused"},
    ),
    _page("/{tenant}/sign-in/password", password_sign_in.show, "Type a password", Access.PUBLIC),
    Route(
        "POST", "/{tenant}/sign-in/password", password_sign_in.submit_password, "The first of two factors: a password",
        Access.PUBLIC, TYPING_A_CODE, Face.PAGE, body=_FORM, from_our_pages=True,
        answers={200: "Right; the page for the second factor", 401: "Refused"},
    ),
    Route(
        "POST", "/{tenant}/sign-in/code", password_sign_in.submit_code, "The second: a code of an app, or a recovery code",
        Access.PUBLIC, TYPING_A_CODE, Face.PAGE, body=_FORM, from_our_pages=True,
        answers={303: "Signed in; go on", 401: "Refused"},
    ),
    _page("/{tenant}/signed-out", account.signed_out, "Signed out", Access.PUBLIC),
)  # fmt: skip

_ACCOUNT = (
    _page("/{tenant}/account", account.show, "One's own passkeys and sign-ins", while_held=True),
    _page("/{tenant}/account/passkeys/new", new_passkey.show, "Add a passkey", while_held=True, reaches=Reaches.REGISTRATION),
    _script(
        "/{tenant}/account/passkeys/options", new_passkey.options, "A challenge to add a passkey",
        Access.SIGNED_IN, REGISTERING, _CONDITIONAL,
        {200: "PublicKeyCredentialCreationOptionsJSON", 403: "No passkey can be added now, and why"}, while_held=True,
        reaches=Reaches.REGISTRATION,
    ),
    _script(
        "/{tenant}/account/passkeys", new_passkey.register, "Answer a challenge to add a passkey",
        Access.SIGNED_IN, REGISTERING, _REGISTRATION, {201: "Added; where to go on", 422: "Refused, and why"}, while_held=True,
        reaches=Reaches.REGISTRATION,
    ),
    _script(
        "/{tenant}/account/passkeys/abandoned", new_passkey.abandon, "Say why the browser made no passkey",
        Access.SIGNED_IN, REGISTERING, _ABANDONED, {204: "Noted"}, while_held=True, reaches=Reaches.REGISTRATION,
    ),
    _page("/{tenant}/account/passkeys/suggested", this_device.suggest, "Whether to add a passkey on this device", reaches=Reaches.REGISTRATION),
    _form(
        "/{tenant}/account/passkeys/suggested/failed", this_device.failed, "A passkey could not be added on this device",
        reaches=Reaches.REGISTRATION,
    ),
    _form("/{tenant}/account/passkeys/{passkey}/rename", account.rename, "Give a passkey another name", while_held=True),
    _form(
        "/{tenant}/account/passkeys/{passkey}/acknowledge", account.acknowledge,
        "Know of a passkey that was added for one",
    ),
    _page("/{tenant}/account/passkeys/{passkey}/remove", account.ask_to_remove, "What follows from removing a passkey", while_held=True),
    _form("/{tenant}/account/passkeys/{passkey}/remove", account.remove, "Remove a passkey", while_held=True),
    _page("/{tenant}/account/password", set_up.ask_password, "Set or change one's password", reaches=Reaches.NEW_PASSWORD),
    _form("/{tenant}/account/password", set_up.set_password, "Set or change one's password", limit=REGISTERING,
        reaches=Reaches.NEW_PASSWORD,
    ),
    _page("/{tenant}/account/authenticator-apps/new", set_up.ask_totp, "Add an authenticator app", reaches=Reaches.REGISTRATION),
    _form(
        "/{tenant}/account/authenticator-apps", set_up.set_up_totp, "Show that the app has the secret, and keep it",
        limit=REGISTERING, reaches=Reaches.REGISTRATION,
    ),
    _page("/{tenant}/account/recovery-codes", set_up.ask_recovery_codes, "What recovery codes are for", reaches=Reaches.REGISTRATION),
    _form("/{tenant}/account/recovery-codes", set_up.make_recovery_codes, "Make recovery codes", limit=REGISTERING,
        reaches=Reaches.REGISTRATION,
    ),
    _form("/{tenant}/account/methods/{method}/rename", own_methods.rename, "Give an authenticator app another name"),
    _page("/{tenant}/account/methods/{method}/remove", own_methods.ask_to_remove, "What follows from removing a method"),
    _form("/{tenant}/account/methods/{method}/remove", own_methods.remove, "Remove a password, an app or recovery codes"),
    _page("/{tenant}/account/devices/new", enrol_device.show, "Enrol a computer", while_held=True, reaches=Reaches.DEVICES),
    Route(
        "POST", "/{tenant}/account/devices/new", enrol_device.issue, "A code to enrol a computer with",
        Access.SIGNED_IN, REGISTERING, Face.PAGE, body=_FORM, session=True, from_our_pages=True,
        while_held=True, reaches=Reaches.DEVICES, answers={200: "The code", 422: "No code can be given now, and why"},
    ),
    # Whose only passkey is in the locked computer comes here with a pass, and could add no other before.
    _page("/{tenant}/account/unlock", unlock_device.show, "Unlock a computer", while_held=True),
    Route(
        "POST", "/{tenant}/account/unlock", unlock_device.allow, "Allow a computer to forget wrong PINs",
        Access.SIGNED_IN, TYPING_A_CODE, Face.PAGE, body=_FORM, session=True, from_our_pages=True,
        while_held=True, answers={200: "Allowed", 422: "Refused, and why"},
    ),
    _form("/{tenant}/account/sign-out", account.sign_out, "Sign out in this browser", while_held=True, reaches=Reaches.NOTHING),
    _page("/{tenant}/sign-out", account.ask_to_sign_out, "An app asks that the person be signed out", while_held=True, reaches=Reaches.NOTHING),
    _form("/{tenant}/account/sign-out-everywhere", account.sign_out_everywhere, "End every session", while_held=True, reaches=Reaches.NOTHING),
)  # fmt: skip

ROUTES: tuple[Route, ...] = (*_ENTRANCE, *_TERMS, *_SIGN_IN, *_ACCOUNT, *ADMIN_ROUTES)
