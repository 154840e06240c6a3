"""The endpoints for containers.

Public, because what speaks for the caller is in the request: a person's code, and a TPM's answer. No
cookie is read, so another site's page has nothing to abuse.
"""

from keystead_server.http.devices import handlers
from keystead_server.http.route import KIB, Access, Body, Face, Handler, Limit, Route

ENROLLING = Limit("enrolling", 30, 20)
# A device that waits for its person comes back every few seconds; an office behind one address has several.
COLLECTING = Limit("collecting", 120, 60)
_OCTETS = {"type": "string", "description": "base64url"}
_TEXT = {"type": "string"}


def _body(**members: dict[str, str]) -> Body:
    schema: dict[str, object] = {
        "type": "object",
        "properties": members,
        "required": [m for m in members if m not in _OPTIONAL],
    }
    return Body("application/json", 16 * KIB, schema=schema)


_OPTIONAL = ("endorsement_certificate",)
_ANSWER = _body(state=_TEXT, secret=_OCTETS)


def _post(path: str, handler: Handler, summary: str, body: Body, answer: str, limit: Limit = ENROLLING) -> Route:
    return Route(
        "POST", f"/{{tenant}}/devices/{path}", handler, summary, Access.PUBLIC, limit, Face.JSON, body=body,
        answers={200: answer, 400: "It cannot be read", 403: "Refused, and why"},
    )  # fmt: skip


_TO_OPEN = "What the TPM is to open"
_CERTIFICATE = "The certificate of the attestation key, and the authority's"

ROUTES = (
    _post(
        "enrol/begin", handlers.begin_enrolment, "Introduce a device with a code from the account page",
        _body(
            code=_TEXT, name=_TEXT, endorsement_key=_OCTETS, attestation_key=_OCTETS,
            endorsement_certificate=_OCTETS, manufacturer=_TEXT, model=_TEXT, version=_TEXT, firmware=_TEXT,
        ), _TO_OPEN,
    ),
    _post("enrol/finish", handlers.finish_enrolment, "Show that the TPM could open it", _ANSWER, _CERTIFICATE),
    _post("renew/begin", handlers.begin_renewal, "Ask for a new certificate", _body(device=_TEXT), _TO_OPEN),
    _post("renew/finish", handlers.finish_renewal, "Show that the TPM could open it", _ANSWER, _CERTIFICATE),
    _post(
        "unlock/begin", handlers.begin_unlock, "Ask that a person's wrong PINs be forgotten",
        _body(device=_TEXT, index_public=_OCTETS, lock=_OCTETS, nonce_tpm=_OCTETS), _TO_OPEN,
    ),
    _post(
        "unlock/finish", handlers.finish_unlock, "Show that the TPM could open it", _ANSWER,
        "A code for the person to type on their account page, and a ticket",
    ),
    _post(
        "unlock/collect", handlers.collect_unlock, "Ask whether the person has allowed it", _body(ticket=_TEXT),
        "The signature, or null while the person has not answered", COLLECTING,
    ),
)  # fmt: skip
