"""A change of Conditional Access against the sign-ins of the last days: whom it would touch, by count and by name."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.access_names import names_for
from keystead_server.flows.replay_access import Foreseen
from keystead_server.http.call import Call
from keystead_server.http.pages import words
from keystead_server.http.pages.admin.asked import NO_ERRORS, PAGE_SIZE, Errors, place_in
from keystead_server.http.pages.admin.foresee_change import CHANGES, DAYS, ChangeForm, thought
from keystead_server.http.pages.admin.foresee_running import address, begun, stopping, went_on, working
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.runs import Run
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.differences import differences
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.replay import Affected, Change
from keystead_server.policy.access.words_asked import CONDITION_WORDS

KIND = "replay"
TITLES = {
    Change.BLOCKED: ("Newly kept out", "bad"),
    Change.PROMPTED: ("Newly asked for more", "warn"),
    Change.LET_IN: ("Newly let in", "good"),
}
DAY_CHOICES = tuple((str(days), "The last 24 hours" if days == 1 else f"The last {days} days") for days in DAYS)


@dataclass(frozen=True, slots=True)
class About:
    """Attributes:
    says: the change, in words; *changes* are its sentences.
    """

    form: ChangeForm
    says: str
    changes: Sequence[str]
    after: PolicySet


@dataclass(frozen=True, slots=True)
class Group:
    """People to whom the same would happen.

    Attributes:
        first, total: where the page of *people* begins in all of them.
    """

    change: Change
    title: str
    colour: str
    sign_ins: int
    people: Sequence[tuple[Affected, str, str]]
    first: int
    total: int


async def show(call: Call) -> Response:
    run = await went_on(call, KIND)
    if run is None:
        return await _form(call, ChangeForm.linked(call), gone=bool(call.query("run")))
    return await _result(call, run)


async def begin(call: Call) -> Response:
    form = ChangeForm.sent(call)
    services, tenant = call.services, call.tenant.id
    try:
        now = (await services.access_policies.now(tenant, services.clock.now())).rules
        change = await thought(call, form, replace(now, pending=None))
        names = await names_for(services.store, tenant, now.set, change.after.set)
        about = About(form, change.says, differences(now.set, change.after.set, names), change.after.set)
        replaying = await services.replay_access.begin(tenant, change.after.set, days=int(form.days))
        run = begun(call, KIND, replaying, about)
    except Invalid as invalid:
        return await _form(call, form, Errors.of(invalid))
    return see_other(address(call, KIND, run))


stop = stopping(KIND)


async def _form(call: Call, form: ChangeForm, errors: Errors = NO_ERRORS, *, gone: bool = False) -> Response:
    version = await call.services.access_policies.now(call.tenant.id, call.services.clock.now())
    return page(
        call,
        "admin/foresee-replay.html",
        status=422 if errors.by_field else 200,
        form=form,
        errors=errors,
        gone=gone,
        changes=CHANGES,
        days=DAY_CHOICES,
        policies=[("", "Choose one"), *((one.id, one.name) for one in version.rules.set.policies)],
    )


async def _result(call: Call, run: Run[Foreseen]) -> Response:
    foreseen, about = run.outcome, run.about
    if foreseen is None:
        return working(call, KIND, run, "Replay", about.says)
    names = await names_for(call.services.store, call.tenant.id, about.after)
    return page(
        call,
        "admin/foresee-replayed.html",
        run=run,
        about=about,
        foreseen=foreseen,
        groups=[_group(call, foreseen, change, names) for change in TITLES],
        size=PAGE_SIZE,
        lacking=[(count, CONDITION_WORDS.get(name, name).lower()) for name, count in foreseen.effect.lacking.items()],
        spent=words.spent(run.spent),
    )


def _group(call: Call, foreseen: Foreseen, change: Change, names: Names) -> Group:
    affected = foreseen.effect.affected[change]
    first = place_in(call.query(change.value), len(affected))
    people = [
        (one, foreseen.names.get(one.person, one.person), names.listed(one.policies))
        for one in affected[first : first + PAGE_SIZE]
    ]
    return Group(change, *TITLES[change], foreseen.effect.changed[change], people, first, len(affected))
