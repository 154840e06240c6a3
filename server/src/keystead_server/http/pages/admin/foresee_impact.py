"""What each policy did lately, and what report-only ones would have done: by count, and for one policy by name."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from keystead_server.domain.ids import UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.flows.access_names import names_for
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import PAGE_SIZE, Errors, place_in
from keystead_server.http.pages.admin.foresee_running import address, begun, stopping, went_on, working
from keystead_server.http.pages.next_page import printable
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.runs import Run
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.impact import Impact, Kept, Outcome
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.vocabulary import State
from keystead_server.policy.access.words import Sentence, sentence

KIND = "impact"
SPANS = (("24", "24 hours"), ("168", "7 days"), ("720", "30 days"))
_DONE = {
    Outcome.KEPT_OUT: ("Kept out", "bad"),
    Outcome.ASKED: ("Asked for more", "warn"),
    Outcome.LET_IN: ("Met", "good"),
}
_WOULD = {
    Outcome.KEPT_OUT: ("Would keep out", "bad"),
    Outcome.ASKED: ("Would ask for more", "warn"),
    Outcome.LET_IN: ("Would be met", "good"),
}
_GONE = ("Gone", "")
_STATES = {State.ENABLED: ("On", "good"), State.REPORT_ONLY: ("Report-only", "warn"), State.DISABLED: ("Off", "")}


@dataclass(frozen=True, slots=True)
class About:
    hours: str
    policy: str

    @classmethod
    def asked(cls, call: Call) -> "About":
        hours = call.query("hours")
        return cls(hours if hours in dict(SPANS) else "24", printable(call.query("policy")))


@dataclass(frozen=True, slots=True)
class Share:
    """One of the counts of a policy.

    Attributes:
        start, width: of its bar, in hundredths of all sign-ins.
        people: username, id and how often, of those to whom it happened; most often first.
    """

    outcome: str
    words: str
    colour: str
    count: int
    start: float
    width: float
    people: Sequence[tuple[str, str, int]] = ()
    first: int = 0
    total: int = 0


@dataclass(frozen=True, slots=True)
class Line:
    id: str
    name: str
    state: str
    colour: str
    sentence: Sentence | None
    shares: Sequence[Share]
    not_applied: int


async def show(call: Call) -> Response:
    """Counting changes nothing and is soon done, so it begins by itself; a long log shows a bar first."""
    run = await went_on(call, KIND)
    if run is None:
        about = About.asked(call)
        counting = await call.services.access_impact.begin(
            call.tenant.id, hours=int(about.hours), policy=about.policy or None
        )
        try:
            run = begun(call, KIND, counting, about)
        except Invalid as invalid:
            return await _page(call, about, None, Errors.of(invalid).at(""))
        await run.go_on(call.services.clock)
        if run.outcome is None:
            return see_other(address(call, KIND, run))
    return await _shown(call, run)


stop = stopping(KIND)


async def _shown(call: Call, run: Run[Impact]) -> Response:
    if run.outcome is None:
        return working(
            call, KIND, run, "Impact", f"The sign-ins of the last {dict(SPANS)[run.about.hours]} are counted"
        )
    return await _page(call, run.about, run, None)


async def _page(call: Call, about: About, run: Run[Impact] | None, busy: str | None) -> Response:
    version = await call.services.access_policies.now(call.tenant.id, call.services.clock.now())
    impact = None if run is None else run.outcome
    lines = [] if impact is None else await _lines(call, version.rules.set, impact, about)
    return page(
        call,
        "admin/foresee-impact.html",
        status=200 if busy is None else 503,
        about=about,
        spans=SPANS,
        impact=impact,
        lines=lines,
        busy=busy,
        size=PAGE_SIZE,
        run=run,
    )


async def _lines(call: Call, kept: PolicySet, impact: Impact, about: About) -> list[Line]:
    """Policies that are live or were; one alone when it is looked at closely."""
    names = await names_for(call.services.store, call.tenant.id, kept)
    known: dict[str, Policy] = {policy.id: policy for policy in kept.policies}
    live = [one.id for one in kept.policies if one.state is not State.DISABLED]
    lines = []
    for policy_id in dict.fromkeys([*live, *impact.by_policy]):
        if about.policy and policy_id != about.policy:
            continue
        policy = known.get(policy_id)
        told = impact.by_policy.get(policy_id) or Kept("" if policy is None else policy.name)
        lines.append(
            Line(
                policy_id,
                told.name if policy is None else policy.name,
                *(_GONE if policy is None else _STATES[policy.state]),
                None if policy is None else sentence(policy, names),
                await _shares(call, told, impact, would=policy is not None and policy.state is State.REPORT_ONLY),
                impact.sign_ins - told.total,
            )
        )
    return lines


async def _shares(call: Call, told: Kept, impact: Impact, *, would: bool) -> list[Share]:
    shares, start = [], 0.0
    for outcome, (words, colour) in (_WOULD if would else _DONE).items():
        width = 100 * told.counts[outcome] / max(impact.sign_ins, told.total, 1)
        people: dict[str, int] = told.people.get(outcome, Counter())
        first = place_in(call.query(outcome.value), len(people))
        shown = [await _person(call, one) for one in _most_often(people)[first : first + PAGE_SIZE]]
        counts = (told.counts[outcome], round(start, 2), round(width, 2))
        shares.append(Share(outcome.value, words, colour, *counts, shown, first, len(people)))
        start += width
    return shares


def _most_often(people: Mapping[str, int]) -> list[tuple[str, int]]:
    return sorted(people.items(), key=lambda pair: (-pair[1], pair[0]))


async def _person(call: Call, counted: tuple[str, int]) -> tuple[str, str, int]:
    person, times = counted
    user = await call.services.store.users.get(call.tenant.id, UserId(person))
    return person if user is None else user.username, person, times
