"""The endpoints for apps."""

from keystead_server.http.oidc import authorize, logout, metadata, token
from keystead_server.http.route import BROWSING, KIB, TOKENS, Access, Body, Face, Route

_FORM = "application/x-www-form-urlencoded"
_PUBLIC = Access.PUBLIC

ROUTES = (
    Route(
        "GET", "/{tenant}/v2.0/.well-known/openid-configuration", metadata.discovery,
        "OpenID Connect discovery", _PUBLIC, BROWSING, Face.JSON,
    ),
    Route(
        "GET", "/{tenant}/discovery/v2.0/keys", metadata.keys, "The keys tokens are signed with",
        _PUBLIC, BROWSING, Face.JSON,
    ),
    Route(
        "GET", "/{tenant}/oauth2/v2.0/authorize", authorize.authorize,
        "Authorization request (RFC 6749 §4.1.1, PKCE S256 required)", _PUBLIC, BROWSING, Face.PAGE,
        session=True, while_held=True, answers={303: "To the app, or to the sign-in page", 400: "Nobody may be sent anywhere"},
    ),
    Route(
        "POST", "/{tenant}/oauth2/v2.0/authorize", authorize.authorize_by_form,
        "Authorization request by form", _PUBLIC, BROWSING, Face.PAGE, body=Body(_FORM, 32 * KIB),
        session=True, while_held=True, answers={303: "To the app, or to the sign-in page", 400: "Nobody may be sent anywhere"},
    ),
    Route(
        "GET", "/{tenant}/oauth2/v2.0/resume", authorize.resume, "Back from the sign-in page", _PUBLIC, BROWSING,
        Face.PAGE, session=True, while_held=True, answers={303: "To the app", 400: "The sign-in took too long"},
    ),
    Route(
        "GET", "/{tenant}/oauth2/v2.0/form-post.js", authorize.form_post_script,
        "Sends the form_post page on its way", _PUBLIC, BROWSING, Face.PAGE,
    ),
    Route(
        "POST", "/{tenant}/oauth2/v2.0/token", token.token, "Exchange a code for tokens, or get one as an app by itself", _PUBLIC, TOKENS, Face.OAUTH,
        body=Body(_FORM, 16 * KIB), answers={200: "Tokens", 400: "The code is not valid", 401: "The app is not known"},
    ),
    Route(
        "GET", "/{tenant}/oidc/userinfo", token.userinfo, "Claims about the person", _PUBLIC, TOKENS, Face.OAUTH,
        answers={200: "Claims", 401: "The token is not valid"},
    ),
    # OpenID Connect Core §5.3: it "MUST support the use of the HTTP GET and HTTP POST methods".
    Route(
        "POST", "/{tenant}/oidc/userinfo", token.userinfo, "Claims about the person, the token in the header",
        _PUBLIC, TOKENS, Face.OAUTH, answers={200: "Claims", 401: "The token is not valid"},
    ),
    Route(
        "OPTIONS", "/{tenant}/oidc/userinfo", token.userinfo_preflight, "Whether an app in a browser may ask",
        _PUBLIC, TOKENS, Face.OAUTH, answers={204: "It may"},
    ),
    Route(
        "GET", "/{tenant}/oauth2/v2.0/logout", logout.logout, "RP-initiated logout", _PUBLIC, BROWSING, Face.PAGE,
        session=True, while_held=True, answers={200: "The person is asked", 303: "Signed out", 400: "The request is not valid"},
    ),
    Route(
        "POST", "/{tenant}/oauth2/v2.0/logout", logout.logout, "RP-initiated logout by form", _PUBLIC, BROWSING,
        Face.PAGE, body=Body(_FORM, 32 * KIB), session=True, while_held=True,
        answers={200: "The person is asked", 303: "Signed out", 400: "The request is not valid"},
    ),
    Route(
        "POST", "/{tenant}/oauth2/v2.0/logout/confirm", logout.confirm_logout, "The person agrees to be signed out",
        Access.SIGNED_IN, BROWSING, Face.PAGE, body=Body(_FORM, 32 * KIB, form=True), from_our_pages=True,
        while_held=True,
        answers={303: "Signed out"},
    ),
)  # fmt: skip
