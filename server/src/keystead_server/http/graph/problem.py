"""Refusals in Graph's shape: `{"error": {"code", "message", "innerError"}}`.

Graph's code says what kind of refusal it is; ours, which says exactly which, stands in `innerError`.
"""

import re

from msgspec.json import encode
from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.problems import Problem, Refuse

_CODES_OF_GRAPH = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    405: "BadRequest",
    409: "Request_MultipleObjectsWithSameKeyValue",
    413: "RequestEntityTooLarge",
    415: "UnsupportedMediaType",
    429: "TooManyRequests",
    500: "InternalServerError",
    503: "ServiceUnavailable",
}
# Where Graph has a word of its own for one of ours.
_CODES_OF_OURS = {"query_unsupported": "Request_UnsupportedQuery"}
_CLIENT_REQUEST_ID = re.compile(r"[0-9A-Za-z-]{1,64}")

NOT_THERE = Problem(404, "resource_not_found", "There is no such resource, or not in this organisation.")
BODY_MALFORMED = Problem(400, "body_malformed", "The body is not a JSON object.")


def graph_problem(call: Call, problem: Problem) -> Response:
    code = _CODES_OF_OURS.get(problem.code, _CODES_OF_GRAPH[problem.status])
    error: dict[str, object] = {"code": code, "message": problem.message}
    if problem.target is not None:
        error["target"] = problem.target
    inner = {
        "code": problem.code,
        "date": call.services.clock.now().strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": call.number,
        "client-request-id": client_request_id(call),
    }
    response = Response(encode({"error": error | {"innerError": inner}}), problem.status, media_type="application/json")
    if problem.status == 401:
        # RFC 6750 §3.1: without a token no error code is given.
        reason = "" if problem.code == "token_missing" else ', error="invalid_token"'
        response.headers["www-authenticate"] = f'Bearer realm="graph"{reason}'
    return response


def client_request_id(call: Call) -> str:
    """What the caller calls this request, or our number: anything else would be somebody's text in our answer."""
    sent = call.header("client-request-id")
    return sent if _CLIENT_REQUEST_ID.fullmatch(sent) else call.number


# What `Invalid` says of a name that is taken, or of a change that somebody else made first.
_CONFLICTS = ("_taken", "_changed_meanwhile", "_already_registered", "_on_trial")
# What it says of something that the caller is not allowed.
_DENIED = frozenset(
    {
        "app_beyond_its_reach", "own_method", "method_of_administrator", "own_passkey", "passkey_of_administrator", "pass_for_oneself", "pass_for_administrator",
        "last_administrator", "own_risk",
    }
)  # fmt: skip


def refused(invalid: Invalid, *, names: dict[str, str] | None = None) -> Refuse:
    """*invalid* as an answer; *names* gives Graph's names of what the domain calls otherwise."""
    status = 403 if invalid.code in _DENIED else 409 if invalid.code.endswith(_CONFLICTS) else 400
    target = None if invalid.target is None else (names or {}).get(invalid.target, invalid.target)
    message = invalid.message + "."
    # A sentence that begins with a property's name leaves it as Graph writes it.
    if not (invalid.target or "").endswith(message.split()[0].rstrip(":")):
        message = message[:1].upper() + message[1:]
    return Refuse(Problem(status, invalid.code, message, target=target))
