"""Every policy of Conditional Access: its state, its sentence, its effect in the last day, and what is on trial."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.responses import Response

from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_desk import Standing, standing
from keystead_server.http.pages.admin.access_trial import trial_of
from keystead_server.http.pages.render import page
from keystead_server.policy.access.impact import Impact, Kept, Outcome
from keystead_server.policy.access.lint import remarks
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.access.words import Sentence, sentence

STATES: Mapping[State, tuple[str, str]] = {
    State.ENABLED: ("On", "good"),
    State.REPORT_ONLY: ("Report-only", "warn"),
    State.DISABLED: ("Off", ""),
}
_OUTCOMES = {Outcome.KEPT_OUT: "kept out", Outcome.ASKED: "asked for more at", Outcome.LET_IN: "let in"}
_HOURS = 24
_ROWS, _STEPS = 1000, 20
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
    lately: what it did in the last day; None where so much happened that a page cannot count it.
    """

    policy: Policy
    state: str
    colour: str
    sentence: Sentence
    on_trial: bool
    warnings: int
    lately: str | None

    @property
    def switches(self) -> list[tuple[str, str]]:
        """The other states, with the words for going there."""
        words = {State.ENABLED: "Switch on", State.REPORT_ONLY: "Only report", State.DISABLED: "Switch off"}
        return [(state.value, said) for state, said in words.items() if state is not self.policy.state]


async def show(call: Call) -> Response:
    now, impact = await standing(call), await _lately(call)
    return page(
        call,
        "admin/access-list.html",
        lines=[_line(call, policy, now, impact) for policy in now.rules.set.policies],
        trial=await trial_of(call, now),
        break_glass=sorted(map(now.names.of, now.rules.set.break_glass)),
        security_defaults=(await call.services.methods.now(call.tenant.id)).security_defaults,
        notice=_NOTICES.get(call.query("done")),
    )


async def _lately(call: Call) -> Impact | None:
    counting = await call.services.access_impact.begin(call.tenant.id, hours=_HOURS)
    for _ in range(_STEPS):
        await counting.step(_ROWS)
        if counting.is_done:
            return counting.outcome()
    return None


def _line(call: Call, policy: Policy, now: Standing, impact: Impact | None) -> Line:
    before = now.now.fallback if now.rules.pending else now.now
    known = () if before is None else before.rules.set.policies
    warnings = len(remarks(policy, now.rules.set, call.services.clock.now()))
    lately = None if impact is None else _told(policy, impact.by_policy.get(policy.id))
    return Line(policy, *STATES[policy.state], sentence(policy, now.names), policy not in known, warnings, lately)


def _told(policy: Policy, kept: Kept | None) -> str:
    if kept is None:
        return "it applied to no sign-in"
    would = "would have " if policy.state is State.REPORT_ONLY else ""
    counts = ", ".join(
        f"{would}{words} {kept.counts[outcome]}" for outcome, words in _OUTCOMES.items() if kept.counts[outcome]
    )
    return f"it {counts} of {kept.total} sign-ins that it applied to"
