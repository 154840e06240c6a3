"""Where each of somebody's methods was last used: found in the newest lines of their own sign-in log."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from keystead_server.domain.ids import AppId
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.http.call import Call
from keystead_server.http.pages import words

# One read of an index backwards. What was not used within so many sign-ins is shown without its place.
LOOKED_THROUGH = 100


@dataclass(frozen=True, slots=True)
class Use:
    """Attributes:
    app: the name of the app that it was for, when one asked.
    """

    at: datetime
    browser: str
    address: str
    app: str | None


@dataclass(frozen=True, slots=True)
class Uses:
    """Attributes:
    by_credential: of passkeys by credential id, of authenticator apps by their id's bytes.
    """

    by_credential: Mapping[bytes, Use] = field(default_factory=dict)
    by_method: Mapping[Method, Use] = field(default_factory=dict)

    def since(self, added_at: datetime, method: Method) -> Use | None:
        """The last use of what somebody has had of *method* since then; before, it was another one of the kind."""
        use = self.by_method.get(method)
        return None if use is None or use.at < added_at else use


NO_USES = Uses()


async def uses(call: Call, attempts: Sequence[Attempt]) -> Uses:
    """*attempts* are one person's, newest first."""
    right = [a for a in attempts if a.result is not Result.REFUSED and a.purpose is Purpose.SIGN_IN]
    names = await app_names(call, right)
    by_credential: dict[bytes, Use] = {}
    by_method: dict[Method, Use] = {}
    for attempt in right:
        app = None if attempt.app_id is None else names.get(attempt.app_id, attempt.app_id)
        use = Use(attempt.at, words.browser(attempt.user_agent), attempt.client_address, app)
        by_method.setdefault(attempt.method, use)
        if attempt.credential_id is not None:
            by_credential.setdefault(attempt.credential_id, use)
    return Uses(by_credential, by_method)


async def app_names(call: Call, attempts: Iterable[Attempt]) -> Mapping[AppId, str]:
    if all(a.app_id is None for a in attempts):
        return {}
    return {app.id: app.name for app in await call.services.store.apps.all(call.tenant.id)}
