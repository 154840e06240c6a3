"""Every policy of Conditional Access: its state, its sentence, its effect in the last day, and what is on trial."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_desk import Standing, standing
from keystead_server.http.pages.admin.access_trial import trial_of
from keystead_server.http.pages.render import page
from keystead_server.policy.access.lint import remarks
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.access.words import Sentence, sentence

STATES: Mapping[State, tuple[str, str]] = {
    State.ENABLED: ("On", "good"),
    State.REPORT_ONLY: ("Report-only", "warn"),
    State.DISABLED: ("Off", ""),
}
_NOTICES = {
    "saved": "It is in force.",
    "tried": "It is in force, on trial.",
    "confirmed": "What was on trial is kept.",
    "taken_back": "It was taken back: what was before is in force again.",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Attributes:
    state, colour: the badge.
    on_trial: it is new or otherwise than before, as long as the trial lasts.
    warnings: how many remarks there are about it.
    """

    policy: Policy
    state: str
    colour: str
    sentence: Sentence
    on_trial: bool
    warnings: int

    @property
    def switches(self) -> list[tuple[str, str]]:
        """The other states, with the words for going there."""
        words = {State.ENABLED: "Switch on", State.REPORT_ONLY: "Only report", State.DISABLED: "Switch off"}
        return [(state.value, said) for state, said in words.items() if state is not self.policy.state]


async def show(call: Call) -> Response:
    now = await standing(call)
    return page(
        call,
        "admin/access-list.html",
        lines=[_line(call, policy, now) for policy in now.rules.set.policies],
        trial=await trial_of(call, now),
        break_glass=sorted(map(now.names.of, now.rules.set.break_glass)),
        security_defaults=(await call.services.methods.now(call.tenant.id)).security_defaults,
        notice=_NOTICES.get(call.query("done")),
    )


def _line(call: Call, policy: Policy, now: Standing) -> Line:
    before = now.now.fallback if now.rules.pending else now.now
    known = () if before is None else before.rules.set.policies
    warnings = len(remarks(policy, now.rules.set, call.services.clock.now()))
    return Line(policy, *STATES[policy.state], sentence(policy, now.names), policy not in known, warnings)
