"""The first page for administrators: how much there is, and what happened lately."""

from datetime import timedelta

from starlette.responses import Response

from keystead_server.domain.sign_in import Result
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.ruled import ruled
from keystead_server.http.pages.lines import attempt_lines
from keystead_server.http.pages.render import page
from keystead_server.policy.access.emergency import trouble_words
from keystead_server.policy.permissions import Permission

_LATELY = timedelta(hours=24)
_LATEST = 8
# Beyond this the exact number says no more.
_COUNTED = 100


async def show(call: Call) -> Response:
    store, tenant = call.services.store, call.tenant.id
    may_read_logs = call.may(Permission.READ_LOGS)
    emergency = await call.services.check_emergency.report(tenant)
    latest = await store.logs.attempts(tenant, limit=_LATEST) if may_read_logs else ()
    return page(
        call,
        "admin/overview.html",
        figures=[
            ("People", await store.users.count(tenant), "users"),
            ("Passkeys", await store.passkeys.count(tenant), None),
            ("Of these added by administrators", await store.passkeys.count_on_behalf(tenant), None),
            ("Groups", len(await store.groups.all(tenant)), "groups"),
            ("Apps", len(await store.apps.all(tenant)), "apps"),
        ],
        warnings=[trouble_words(name, trouble) for name, trouble in emergency.troubles],
        refused=await _refused_lately(call) if may_read_logs else None,
        attempts=await attempt_lines(call, latest),
        ruled=await ruled(call, latest),
    )


async def _refused_lately(call: Call) -> str:
    since = call.services.clock.now() - _LATELY
    refused = await call.services.store.logs.attempts(call.tenant.id, limit=_COUNTED, result=Result.REFUSED)
    lately = sum(attempt.at >= since for attempt in refused)
    return f"{lately} or more" if lately == _COUNTED else str(lately)
