"""What a change of Conditional Access would do, before it is saved; and the yes to it, for good or on trial."""

import asyncio
from dataclasses import dataclass, replace
from datetime import timedelta

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.access_facts import Place
from keystead_server.flows.access_names import names_for
from keystead_server.flows.manage_access import MAX_TRIAL, MIN_TRIAL
from keystead_server.flows.replay_access import Foreseen, switched_on
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_change import (
    CHANGES,
    Change,
    Drop,
    GoBack,
    Put,
    about,
    digest,
    edit_of,
    the_policy,
)
from keystead_server.http.pages.admin.access_desk import Standing, change, standing
from keystead_server.http.pages.admin.access_item_change import DropItem, PutItem
from keystead_server.http.pages.admin.asked import PAGE_SIZE, Errors, number_or_text
from keystead_server.http.pages.admin.policy_draft import Draft, still_open
from keystead_server.http.pages.admin.policy_preview import first_of
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.runs import ROWS_A_SLICE
from keystead_server.policy.access.compiled import PolicySet
from keystead_server.policy.access.differences import differences
from keystead_server.policy.access.items import LOCATIONS, STRENGTHS, looking_at
from keystead_server.policy.access.lint import remarks
from keystead_server.policy.access.names import Names
from keystead_server.policy.access.replay import Affected
from keystead_server.policy.access.replay import Change as Becomes
from keystead_server.policy.access.vocabulary import State

DAYS = 7
# This page is waited for, without a bar: so many take a second or two, and of more the newest are looked at. Who wants
# all of them replays the change on the page for that, which shows how far it is.
MAX_REPLAYED = 10_000
TRIAL_MINUTES = "10"
_LOCKED_OUT = ("locks_out_yourself", "locks_out_administrators")
# Where a change of something else than a policy was begun.
_LISTS = {LOCATIONS.noun: "/locations", STRENGTHS.noun: "/strengths"}
_BADGES = {
    Becomes.BLOCKED: ("bad", "Kept out"),
    Becomes.PROMPTED: ("warn", "Asked for more"),
    Becomes.LET_IN: ("good", "Let in"),
}


@dataclass(frozen=True, slots=True)
class Preview:
    """Attributes:
    supposed: as if the policy were on, though it will only report.
    changes: in sentences.
    warned: what the policy may not mean.
    looking: names of the policies that mean something else by it, though nobody changed them.
    """

    foreseen: Foreseen
    supposed: bool
    names: Names
    changes: tuple[str, ...]
    warned: tuple[str, ...]
    looking: tuple[str, ...]
    refusal: Invalid | None

    @property
    def is_whole(self) -> bool:
        """Whether all sign-ins of so many days were decided again."""
        return self.foreseen.until - self.foreseen.since >= timedelta(days=DAYS)

    @property
    def affected(self) -> list[tuple[str, str, Affected]]:
        """Colour, what becomes of their sign-ins, and whose they are."""
        people = self.foreseen.effect.affected
        return [(*badge, one) for becomes, badge in _BADGES.items() for one in people[becomes]]


async def switch(call: Call) -> Response:
    """On, off or report-only, from the list: as any other change, with a look at it before."""
    now = await standing(call)
    policy, typed = the_policy(call, now.rules), call.field("state")
    if typed not in list(State):
        return see_other(f"/{call.tenant.name}/admin/access")
    switched = Put(replace(policy, state=State(typed)), digest(policy))
    return await preview_page(call, Draft(switched, now.saved.version), now)


async def remove(call: Call) -> Response:
    now = await standing(call)
    return await preview_page(call, Draft(Drop(the_policy(call, now.rules).id), now.saved.version), now)


async def turn(call: Call) -> Response:
    """Another page of the list, foreseen anew: people go on signing in meanwhile."""
    return await preview_page(call, still_open(call, CHANGES), await standing(call))


async def confirm(call: Call) -> Response:
    """Save the draft, or say on its preview why that can no longer be."""
    draft, now = still_open(call, CHANGES), await standing(call)
    trial = call.field("how") == "trial"
    try:
        how_long = _minutes(call.field("minutes")) if trial else None
        if isinstance(draft.policy, GoBack) and now.saved.version != draft.version:
            raise Invalid("policy_changed_meanwhile", "somebody else changed the policies; look at them again")
        edit = await edit_of(call, draft.policy, over=now.rules)
        await change(call, edit, about(draft.policy), trial=how_long)
    except Invalid as invalid:
        return await preview_page(call, draft, now, invalid)
    lists, done = _LISTS.get(getattr(draft.policy, "noun", ""), ""), "saved"
    if isinstance(draft.policy, DropItem):
        done = "removed"
    return see_other(f"/{call.tenant.name}/admin/access{'?done=tried' if trial else f'{lists}?done={done}'}")


def _minutes(typed: str) -> timedelta:
    minutes = number_or_text(typed)
    if isinstance(minutes, str) or not MIN_TRIAL <= timedelta(minutes=minutes) <= MAX_TRIAL:
        raise Invalid("trial_out_of_range", "a trial takes 1 to 1440 minutes", target="trial")
    return timedelta(minutes=minutes)


async def preview_page(call: Call, draft: Draft[Change], now: Standing, invalid: Invalid | None = None) -> Response:
    try:
        preview = await _preview(call, draft.policy, now)
    except Invalid as gone:
        # There is nothing to foresee: what was to be changed is not there as its author saw it.
        return page(
            call, "admin/access-gone.html", status=422, refusal=_said(gone), draft=draft.seal(call, CHANGES),
            is_put=isinstance(draft.policy, Put | PutItem),
        )  # fmt: skip
    refusal = invalid or preview.refusal
    first = first_of(call, len(preview.affected))
    return page(
        call,
        "admin/access-preview.html",
        status=200 if refusal is None else 422,
        preview=preview,
        effect=preview.foreseen.effect,
        is_put=isinstance(draft.policy, Put | PutItem),
        draft=draft.seal(call, CHANGES),
        refusal=None if refusal is None else _said(refusal),
        locked_out=refusal is not None and refusal.code in _LOCKED_OUT,
        may_be_tried=refusal is None or refusal.code in (*_LOCKED_OUT, "trial_out_of_range"),
        minutes=call.field("minutes") or TRIAL_MINUTES,
        affected=preview.affected[first : first + PAGE_SIZE],
        total=len(preview.affected),
        first=first,
        size=PAGE_SIZE,
    )


async def _preview(call: Call, change: Change, now: Standing) -> Preview:
    """Raises Invalid: the change is of what is not there any more."""
    services, tenant, before = call.services, call.tenant.id, now.rules
    after = replace((await edit_of(call, change, over=before))(before), pending=None)
    policy = change.policy if isinstance(change, Put) else None
    supposed = policy is not None and policy.state is State.REPORT_ONLY
    replayed = switched_on(after.set, [policy.id]) if policy is not None and supposed else after.set
    names = await names_for(services.store, tenant, before.set, after.set, terms=(*before.terms, *after.terms))
    seen = Place.of(call.visitor)
    return Preview(
        foreseen=await _foreseen(call, replayed),
        supposed=supposed,
        names=names,
        changes=differences(before.set, after.set, names),
        warned=() if policy is None else tuple(one.says for one in remarks(policy, after.set, services.clock.now())),
        looking=tuple(one.name for one in looking_at(before, after)),
        refusal=await services.manage_access.against(tenant, after, by=call.actor, seen=seen),
    )


async def _foreseen(call: Call, after: PolicySet) -> Foreseen:
    replaying = await call.services.replay_access.begin(call.tenant.id, after, days=DAYS, at_most=MAX_REPLAYED)
    while not replaying.is_done:
        await replaying.step(ROWS_A_SLICE)
        # Others first: a slice is computing, and nobody is answered meanwhile.
        await asyncio.sleep(0)
    return replaying.outcome()


def _said(refusal: Invalid) -> str:
    (message,) = Errors.of(refusal).by_field.values()
    return message
