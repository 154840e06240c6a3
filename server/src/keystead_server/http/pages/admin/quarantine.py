"""Every passkey that the policy in force does not admit."""

from starlette.responses import Response

from keystead_server.domain.ids import PasskeyId
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import PAGE_SIZE
from keystead_server.http.pages.lines import model
from keystead_server.http.pages.next_page import printable
from keystead_server.http.pages.render import page


async def show(call: Call) -> Response:
    after = printable(call.query("after"))
    found, more = await call.services.list_quarantined.of_tenant(
        call.tenant.id, limit=PAGE_SIZE, after=PasskeyId(after) if after else None
    )
    return page(
        call,
        "admin/quarantine.html",
        found=[(each, model(each.passkey, call.services.metadata)) for each in found],
        first=not after,
        more=None if more is None else f"?after={more}",
    )
