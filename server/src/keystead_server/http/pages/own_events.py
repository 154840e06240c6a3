"""What changed on somebody's own account lately, and who did it: the audit log's lines about them."""

from dataclasses import dataclass
from datetime import datetime

from keystead_server.domain.ids import AppId, UserId
from keystead_server.http.call import Call
from keystead_server.http.pages import method_words

SHOWN = 10


@dataclass(frozen=True, slots=True)
class EventLine:
    at: datetime
    says: str
    by: str
    by_oneself: bool


async def own_events(call: Call) -> list[EventLine]:
    found = await call.services.store.logs.audit_of(call.tenant.id, call.user.id, limit=SHOWN)
    names = {actor: await _name(call, actor) for actor in {event.actor_id for event in found}}
    return [
        EventLine(event.at, method_words.event(event), names[event.actor_id], event.actor_id == call.user.id)
        for event in found
    ]


async def _name(call: Call, actor: UserId | AppId | None) -> str:
    if actor is None:
        return "the operator of this server"
    if actor == call.user.id:
        return "you"
    user = await call.services.store.users.get(call.tenant.id, UserId(actor))
    if user is not None:
        return user.display_name
    app = await call.services.store.apps.get(call.tenant.id, AppId(actor))
    return "an account that is gone" if app is None else f"the app {app.name}"
