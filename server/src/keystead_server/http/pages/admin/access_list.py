"""Every policy of Conditional Access: its state, its sentence, and what is on trial."""

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_desk import Standing, standing
from keystead_server.http.pages.render import page
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.access.words import Sentence, sentence

STATES = {State.ENABLED: ("On", "good"), State.REPORT_ONLY: ("Report-only", "warn"), State.DISABLED: ("Off", "")}


@dataclass(frozen=True, slots=True)
class Line:
    """Attributes:
    state, colour: the badge.
    on_trial: it is new or otherwise than before, as long as the trial lasts.
    """

    policy: Policy
    state: str
    colour: str
    sentence: Sentence
    on_trial: bool


async def show(call: Call) -> Response:
    now = await standing(call)
    return page(
        call,
        "admin/access-list.html",
        lines=[_line(policy, now) for policy in now.rules.set.policies],
        until=_until(now),
        break_glass=sorted(map(now.names.of, now.rules.set.break_glass)),
        security_defaults=(await call.services.methods.now(call.tenant.id)).security_defaults,
    )


def _line(policy: Policy, now: Standing) -> Line:
    before = now.now.fallback if now.rules.pending else now.now
    known = () if before is None else before.rules.set.policies
    return Line(policy, *STATES[policy.state], sentence(policy, now.names), policy not in known)


def _until(now: Standing) -> datetime | None:
    pending = now.rules.pending
    return None if pending is None else pending.until
