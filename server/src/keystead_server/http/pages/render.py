"""Turns a template and what it needs into a page.

Templates are compiled once, escape everything, and refuse names they were not given.
"""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import urlsplit

from jinja2 import DictLoader, Environment, StrictUndefined
from keystead_core.wire import b64url_encode
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from keystead_server.domain.user import User
from keystead_server.http.call import FORM_FIELD, Call
from keystead_server.http.pages.assets import ADDRESSES
from keystead_server.policy.permissions import Permission

_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)

_ADMIN_PAGES = (
    ("", "Overview", Permission.READ_DIRECTORY),
    ("/users", "People", Permission.READ_DIRECTORY),
    ("/groups", "Groups", Permission.READ_DIRECTORY),
    ("/devices", "Computers", Permission.READ_DIRECTORY),
    ("/apps", "Apps", Permission.READ_DIRECTORY),
    ("/passkey-policy", "Passkey policy", Permission.READ_DIRECTORY),
    ("/methods-policy", "Methods policy", Permission.READ_DIRECTORY),
    ("/pin-rules", "PIN rules", Permission.READ_DIRECTORY),
    ("/access", "Conditional Access", Permission.READ_DIRECTORY),
    ("/sign-ins", "Sign-in log", Permission.READ_LOGS),
    ("/audit", "Audit log", Permission.READ_LOGS),
)


class Frame:
    """What stands around every page: whose organisation it is, who is signed in, and where they may go."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self.tenant = call.maybe_tenant
        self.base = "" if self.tenant is None else f"/{self.tenant.name}"
        self.number = call.number

    @property
    def organisation(self) -> str:
        return self._call.services.relying_party.name if self.tenant is None else self.tenant.display_name

    @property
    def user(self) -> User | None:
        return None if self._call.owner is None else self._call.owner.user

    def may(self, permission: str) -> bool:
        return self._call.may(Permission(permission))

    @cached_property
    def admin_pages(self) -> list[tuple[str, str, bool]]:
        """Address, name and "this is it" of each administrators' page that this person may open."""
        here = self._call.route.path.removeprefix("/{tenant}/admin")
        return [
            (f"{self.base}/admin{path}", name, here == path or (bool(path) and here.startswith(f"{path}/")))
            for path, name, permission in _ADMIN_PAGES
            if self._call.may(permission)
        ]

    @cached_property
    def form_token(self) -> Markup:
        """The hidden field that every form of ours carries."""
        return Markup('<input type="hidden" name="{}" value="{}">').format(FORM_FIELD, self._call.form_token())


def page(call: Call, template: str, *, status: int = 200, ends_at: Iterable[str] = (), **content: object) -> Response:
    """Answer with *template*.

    Args:
        ends_at: addresses of an app at which a form of this page may end.
    """
    # Compiled once and kept: the environment's cache has no end.
    html = _ENVIRONMENT.get_template(template).render(frame=Frame(call), **content)
    return Response(html, status, {"content-security-policy": _policy(ends_at)}, "text/html; charset=utf-8")


def see_other(address: str) -> Response:
    """Go on to another of our pages; a reload there sends nothing twice."""
    return RedirectResponse(address, 303)


def _policy(ends_at: Iterable[str]) -> str:
    # Chromium holds the redirects after a form to form-action too (W3C webappsec-csp issue 8).
    origins = sorted({origin for address in ends_at if (origin := _origin(address))})
    return " ".join([_CSP, *origins])


def _origin(address: str) -> str | None:
    """The origin, or for an app's own scheme the scheme, as a CSP source; None when it could end the directive."""
    parts = urlsplit(address)
    source = f"{parts.scheme}://{parts.netloc}" if parts.netloc else f"{parts.scheme}:"
    return None if any(c in source for c in " ;,'\"") else source


def moment(at: datetime) -> Markup:
    """A time as people read it, and as machines do."""
    utc = at.astimezone(UTC)
    words = f"{utc.day} {utc:%b %Y, %H:%M} UTC"
    return Markup('<time datetime="{}">{}</time>').format(utc.isoformat(timespec="seconds"), words)


def _sources(folder: Traversable, prefix: str = "") -> dict[str, str]:
    sources: dict[str, str] = {}
    for entry in folder.iterdir():
        if entry.is_dir():
            sources |= _sources(entry, f"{prefix}{entry.name}/")
        elif entry.name.endswith(".html"):
            sources[prefix + entry.name] = entry.read_text(encoding="utf-8")
    return sources


def _environment() -> Environment:
    environment = Environment(
        loader=DictLoader(_sources(files(__package__).joinpath("templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        cache_size=-1,
    )
    environment.globals["asset"] = ADDRESSES
    environment.filters["moment"] = moment
    environment.filters["b64url"] = b64url_encode
    return environment


_ENVIRONMENT = _environment()


def compile_pages() -> None:
    """Compile every template: before the first request, so that none waits for it, and not for a command's sake."""
    for name in _ENVIRONMENT.list_templates():
        _ENVIRONMENT.get_template(name)
