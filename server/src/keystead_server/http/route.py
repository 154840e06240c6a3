"""What every endpoint says of itself: who may call it, how often, and how much they may send.

Handlers hold no checks of this kind. `table.py` lists every route with these, and a test walks
routes × roles, so an endpoint without its limits cannot exist.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, TypeAlias

from starlette.responses import Response

from keystead_server.policy.api_permissions import ByToken
from keystead_server.policy.permissions import Permission

if TYPE_CHECKING:
    from keystead_server.http.call import Call

Handler: TypeAlias = Callable[["Call"], Awaitable[Response]]

KIB = 1024


class Access(Enum):
    """Who may call, besides those who hold a Permission, and apps that bring a token (`ByToken`)."""

    PUBLIC = "public"
    SIGNED_IN = "signed in"


class Reaches(Enum):
    """What of ours a page is, when Conditional Access is asked whether a session may go there."""

    NOTHING = "nothing that policies protect"
    ACCOUNT = "security info"
    REGISTRATION = "registering security info"
    NEW_PASSWORD = "changing one's password"
    DEVICES = "registering a device"
    ADMINISTRATION = "administration"


class Face(StrEnum):
    """How problems are told: as a page to people, as JSON to scripts, in OAuth's or Graph's shape to apps."""

    PAGE = "page"
    JSON = "json"
    OAUTH = "oauth"
    GRAPH = "graph"


@dataclass(frozen=True, slots=True)
class Limit:
    """A rate for each client address: *burst* at once, then *per_minute*."""

    name: str
    per_minute: int
    burst: int


# A person signs in a few times a minute; an office behind one address, some dozens.
BROWSING = Limit("browsing", 600, 200)
SIGNING_IN = Limit("signing_in", 120, 60)
TYPING_A_CODE = Limit("typing_a_code", 10, 10)
REGISTERING = Limit("registering", 30, 20)
TOKENS = Limit("tokens", 1200, 600)
# Programs read page after page; what changes something is rarer, and costs more.
API_READS = Limit("api_reads", 1800, 600)
API_WRITES = Limit("api_writes", 600, 200)
UNLIMITED = Limit("unlimited", 0, 0)


@dataclass(frozen=True, slots=True)
class Body:
    """What a request carries.

    Attributes:
        schema: a JSON schema for OpenAPI.
        form: an HTML form of ours: carries the page's token against cross-site requests.
    """

    content_type: str
    max_bytes: int
    schema: dict[str, object] = field(default_factory=lambda: {"type": "object"})
    form: bool = False


@dataclass(frozen=True, slots=True)
class Route:
    """One endpoint.

    Attributes:
        path: segments, `{name}` for a variable one; the first is `{tenant}` wherever a tenant is meant.
        session: whether the handler wants to know who is signed in, even when nobody must be.
        from_our_pages: refuse requests that another site's page made (Fetch Metadata, Origin).
            On for everything that changes something under a cookie.
        while_held: whether a session may come here that is for registering a passkey and for nothing
            else, because security defaults hold it (policy.methods.defaults). Off, so that a new
            route is closed to it unless somebody says otherwise.
        reaches: what policies are asked about, for whoever is signed in. None is what the access says:
            administration for a permission, else the account; so that no new page is outside.
        answers: status codes and what they mean, for OpenAPI.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    access: Access | Permission | ByToken
    limit: Limit
    face: Face
    body: Body | None = None
    session: bool = False
    from_our_pages: bool = False
    while_held: bool = False
    reaches: Reaches | None = None
    answers: dict[int, str] = field(default_factory=lambda: {200: "OK"})

    @property
    def protected_as(self) -> Reaches:
        if self.reaches is not None:
            return self.reaches
        if self.access is Access.PUBLIC or isinstance(self.access, ByToken):
            return Reaches.NOTHING
        return Reaches.ADMINISTRATION if isinstance(self.access, Permission) else Reaches.ACCOUNT

    @property
    def wants_session(self) -> bool:
        return self.session or isinstance(self.access, Permission) or self.access is Access.SIGNED_IN
