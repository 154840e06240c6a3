"""The cookies: which browser this is, which session it holds in a tenant, which passkeys live in its device,
and whether the registration campaign has had its answer in that session.

Over https both carry the `__Host-` prefix, so that no neighbouring host can plant them.
On http://localhost, for development, browsers refuse that prefix and we leave it out.
"""

from binascii import Error as BinasciiError
from collections.abc import Iterable

from keystead_core.wire import WireError, b64url_decode, b64url_encode

from keystead_server.domain.ids import PasskeyId, SessionId, id_bytes, id_text
from keystead_server.domain.session import Session
from keystead_server.domain.tenant import Tenant
from keystead_server.http.services import Services
from keystead_server.ports.sealer import SealBroken

BROWSER_BYTES = 16
# A computer that many share would otherwise grow a header that no server takes.
DEVICE_PASSKEYS = 20
_SEAL = "session-cookie"
_DEVICE_SEAL = "device-cookie"
_LET_BY_SEAL = "let-by-cookie"
_YEAR_SECONDS = 365 * 24 * 3600


def browser_cookie(services: Services) -> str:
    return "__Host-keystead-browser" if services.secure_cookies else "keystead-browser"


def session_cookie(services: Services, tenant: Tenant) -> str:
    return f"__Host-keystead-{tenant.name}" if services.secure_cookies else f"keystead-{tenant.name}"


def parse(header: str) -> dict[str, str]:
    """The cookies of a Cookie header; of two with one name the first counts, as it has the longer path."""
    cookies: dict[str, str] = {}
    for part in header.split(";"):
        name, equals, value = part.strip().partition("=")
        if equals:
            cookies.setdefault(name, value)
    return cookies


def read_browser(services: Services, cookies: dict[str, str]) -> bytes | None:
    try:
        browser = b64url_decode(cookies.get(browser_cookie(services), ""))
    except (WireError, BinasciiError, ValueError):
        return None
    return browser if len(browser) == BROWSER_BYTES else None


def read_session(services: Services, tenant: Tenant, cookies: dict[str, str]) -> SessionId | None:
    value = cookies.get(session_cookie(services, tenant))
    if value is None:
        return None
    try:
        opened = services.sealer.open(_SEAL, b64url_decode(value), bound_to=tenant.id.encode())
    except (WireError, SealBroken):
        return None
    return SessionId(id_text(opened))


def set_browser(services: Services, browser: bytes) -> str:
    return _cookie(services, browser_cookie(services), b64url_encode(browser), max_age=_YEAR_SECONDS)


def set_session(services: Services, tenant: Tenant, session: Session) -> str:
    """A session cookie in the browser's sense too: it goes when the browser closes, unless a policy keeps it."""
    sealed = services.sealer.seal(_SEAL, id_bytes(session.id), bound_to=tenant.id.encode())
    kept_for = int((session.expires_at - session.signed_in_at).total_seconds()) if session.is_kept else None
    return _cookie(services, session_cookie(services, tenant), b64url_encode(sealed), max_age=kept_for)


def device_cookie(services: Services, tenant: Tenant) -> str:
    return f"{session_cookie(services, tenant)}-device"


def read_device(services: Services, tenant: Tenant, browser: bytes, cookies: dict[str, str]) -> tuple[PasskeyId, ...]:
    """The passkeys that were registered or used from this browser and live in its own device, newest first."""
    try:
        value = b64url_decode(cookies.get(device_cookie(services, tenant), ""))
        opened = services.sealer.open(_DEVICE_SEAL, value, bound_to=tenant.id.encode() + browser)
    except (WireError, SealBroken):
        return ()
    return tuple(PasskeyId(id_text(opened[i : i + 16])) for i in range(0, len(opened), 16))


def set_device(services: Services, tenant: Tenant, browser: bytes, passkeys: Iterable[PasskeyId]) -> str:
    """Long-lived, so that a device is known when its owner comes back after months. It opens nothing:
    whoever steals it learns nothing and is asked less often to add a passkey."""
    kept = list(dict.fromkeys(passkeys))[:DEVICE_PASSKEYS]
    sealed = services.sealer.seal(
        _DEVICE_SEAL, b"".join(id_bytes(each) for each in kept), bound_to=tenant.id.encode() + browser
    )
    return _cookie(services, device_cookie(services, tenant), b64url_encode(sealed), max_age=_YEAR_SECONDS)


def let_by_cookie(services: Services, tenant: Tenant) -> str:
    return f"{session_cookie(services, tenant)}-let-by"


def is_let_by(services: Services, tenant: Tenant, session: SessionId, cookies: dict[str, str]) -> bool:
    """Whether the campaign has had its answer in *session*, and in no other."""
    try:
        value = b64url_decode(cookies.get(let_by_cookie(services, tenant), ""))
        opened = services.sealer.open(_LET_BY_SEAL, value, bound_to=tenant.id.encode())
    except (WireError, SealBroken):
        return False
    return opened == id_bytes(session)


def set_let_by(services: Services, tenant: Tenant, session: SessionId) -> str:
    sealed = services.sealer.seal(_LET_BY_SEAL, id_bytes(session), bound_to=tenant.id.encode())
    return _cookie(services, let_by_cookie(services, tenant), b64url_encode(sealed))


def clear_session(services: Services, tenant: Tenant) -> str:
    return _cookie(services, session_cookie(services, tenant), "", max_age=0)


def _cookie(services: Services, name: str, value: str, *, max_age: int | None = None) -> str:
    parts = [f"{name}={value}", "Path=/", "HttpOnly", "SameSite=Lax"]
    if services.secure_cookies:
        parts.append("Secure")
    if max_age is not None:
        parts.append(f"Max-Age={max_age}")
    return "; ".join(parts)
