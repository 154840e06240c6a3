"""What the pages that wait for an answer share: their run, the page in between, and the way to stop."""

from typing import Any

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.route import Handler
from keystead_server.http.runs import Run, Work


async def went_on(call: Call, kind: str) -> Run[Any] | None:
    """The run that `?run=` names, a slice further; None when this session has none of that name."""
    run = call.services.runs.of(call.signed_in.session.id, kind, call.query("run"))
    if run is not None:
        await run.go_on(call.services.clock)
    return run


def begun(call: Call, kind: str, work: Work[Any], about: Any) -> Run[Any]:
    """Raises Invalid: there is no room for another one."""
    return call.services.runs.begin(call.signed_in.session.id, kind, work, about)


def address(call: Call, kind: str, run: Run[Any]) -> str:
    return f"/{call.tenant.name}/admin/access/{kind}?run={run.id}"


def working(call: Call, kind: str, run: Run[Any], title: str, says: str) -> Response:
    """The page while there is no answer yet. It asks again by itself, with and without a script."""
    return page(call, "admin/foresee-running.html", run=run, about=says, path=kind, title=title)


def stopping(kind: str) -> Handler:
    """A handler that ends this session's run of *kind*."""

    async def stop(call: Call) -> Response:
        call.services.runs.end(call.signed_in.session.id, kind)
        return see_other(f"/{call.tenant.name}/admin/access/{kind}")

    return stop
