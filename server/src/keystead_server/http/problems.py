"""A request that is not answered as asked, said in a way that helps whoever made it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """Attributes:
    code: stable; docs/reference/errors.md.
    message: for a person, in plain words.
    number: of the row of the sign-in log that has more; empty where the request's own number is all there is.
    what_to_do: where it hangs on more than the code.
    """

    status: int
    code: str
    message: str
    target: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    number: str = ""
    what_to_do: str = ""


class Refuse(Exception):
    """Raised by handlers and checks to answer with a problem; nothing was written."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


NOT_FOUND = Problem(404, "not_found", "There is nothing at this address.")
TENANT_UNKNOWN = Problem(
    404, "tenant_unknown", "There is no organisation at this address. Check the link you were given."
)
NOT_SIGNED_IN = Problem(401, "not_signed_in", "Sign in first.")
REGISTER_FIRST = Problem(
    403,
    "registration_required",
    "Your organisation asks for a passkey. Add one, or sign in with the one you have, before you go on.",
)
TOKEN_MISSING = Problem(401, "token_missing", "This address takes a bearer token in the Authorization header.")
TOKEN_INVALID = Problem(401, "invalid_token", "The token is not good, or not good any more.")
PERMISSION_MISSING = Problem(
    403, "permission_missing", "The token lacks a permission for this, or the person it stands for may not do it."
)
NOT_ALLOWED = Problem(403, "not_allowed", "Your account may not do this. Ask an administrator of your organisation.")
CROSS_SITE = Problem(
    403, "cross_site_request", "This request did not come from one of our pages. Open the page and try again."
)
FORM_STALE = Problem(
    403, "form_stale", "This form was open for too long or in another browser. Load the page again and repeat."
)
TOO_LARGE = Problem(413, "too_large", "This request is larger than it may be.")
WRONG_TYPE = Problem(415, "content_type_unsupported", "This request's content type is not the one this address takes.")
MALFORMED = Problem(400, "malformed_request", "This request cannot be read.")
UNAVAILABLE = Problem(
    503,
    "storage_unavailable",
    "We cannot reach our storage just now. Try again in a moment.",
    headers=(("Retry-After", "5"),),
)
BROKEN = Problem(500, "internal_error", "Something broke on our side. It is in our log under the number below.")


def too_often(seconds: int) -> Problem:
    return Problem(
        429,
        "too_many_requests",
        f"Too many requests from your network. Try again in {seconds} seconds.",
        headers=(("Retry-After", str(seconds)),),
    )
