"""The sign-in log and the audit log."""

from collections.abc import Iterable
from urllib.parse import urlencode

from starlette.responses import Response

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.ids import AppId, AttemptId, EventId, UserId
from keystead_server.domain.sign_in import Attempt, Result
from keystead_server.flows.people import author_name
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import PAGE_SIZE
from keystead_server.http.pages.admin.audit_words import details
from keystead_server.http.pages.admin.ruled import ruled
from keystead_server.http.pages.lines import attempt_lines
from keystead_server.http.pages.next_page import printable
from keystead_server.http.pages.render import page

_RESULTS = {"granted": Result.GRANTED, "refused": Result.REFUSED}


async def sign_ins(call: Call) -> Response:
    typed, result = printable(call.query("user")).strip(), call.query("result")
    number = printable(call.query("number")).strip()
    user = await call.services.store.users.by_username(call.tenant.id, typed) if typed else None
    unknown = bool(typed) and user is None
    found: list[Attempt] = []
    if number:
        one = await call.services.store.logs.attempt(call.tenant.id, AttemptId(number))
        found = [] if one is None else [one]
    elif not unknown:
        found = await _attempts(call, None if user is None else user.id, _RESULTS.get(result))
    shown = found[:PAGE_SIZE]
    older = None
    if len(found) > PAGE_SIZE:
        older = "?" + urlencode({"user": typed, "result": result, "before": shown[-1].id})
    return page(
        call,
        "admin/sign-ins.html",
        attempts=await attempt_lines(call, shown),
        ruled=await ruled(call, shown),
        user=typed,
        result=result,
        number=number,
        unknown=unknown,
        newest=not call.query("before"),
        older=older,
    )


async def _attempts(call: Call, user: UserId | None, result: Result | None) -> list[Attempt]:
    before = printable(call.query("before"))
    return list(
        await call.services.store.logs.attempts(
            call.tenant.id,
            limit=PAGE_SIZE + 1,
            before=AttemptId(before) if before else None,
            user=user,
            result=result,
        )
    )


async def audit(call: Call) -> Response:
    before = printable(call.query("before"))
    found = await call.services.store.logs.audit(
        call.tenant.id, limit=PAGE_SIZE + 1, before=EventId(before) if before else None
    )
    shown = found[:PAGE_SIZE]
    return page(
        call,
        "admin/audit.html",
        events=shown,
        details=details,
        actors=await _names(call, shown),
        newest=not before,
        older=f"?before={shown[-1].id}" if len(found) > PAGE_SIZE else None,
    )


async def _names(call: Call, events: Iterable[AuditEvent]) -> dict[UserId | AppId, str]:
    """Names of those who are still there."""
    names: dict[UserId | AppId, str] = {}
    for actor in {event.actor_id for event in events if event.actor_id is not None}:
        name = await author_name(call.services.store, call.tenant.id, actor)
        if name is not None:
            names[actor] = name
    return names
