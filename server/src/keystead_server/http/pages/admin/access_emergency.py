"""Who is spared by policies: break-glass accounts by all of them, others for a time by some."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_desk import change, standing
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors
from keystead_server.http.pages.next_page import named, printable
from keystead_server.http.pages.render import page, see_other
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.emergency import trouble_words
from keystead_server.policy.access.model import ExpiringExclusion, Policy

_NOTICES = {"added": "No policy is for this account any more.", "removed": "Policies apply to this account again."}
_MAX_WHY = 256
_Ids = frozenset[str]


@dataclass(frozen=True, slots=True)
class Spared:
    """An exclusion that ends by itself.

    Attributes:
        who: the name of a person or a group.
    """

    policy: Policy
    who: str
    exclusion: ExpiringExclusion
    over: bool


async def show(call: Call) -> Response:
    return await _show(call)


async def add(call: Call) -> Response:
    username, why = printable(call.field("username")), printable(call.field("why"))[:_MAX_WHY]
    user = await call.services.store.users.by_username(call.tenant.id, username)
    if user is None:
        return await _show(call, Errors({"username": "There is nobody with this username."}))
    if not why:
        return await _show(call, Errors({"why": "Say why, for whoever reads the audit log."}))
    return await _change(call, lambda kept: kept | {user.id}, f"break-glass account added: {why}", "added")


async def remove(call: Call) -> Response:
    gone = named(call, "user")
    return await _change(call, lambda kept: kept - {gone}, f"break-glass account removed: {gone}", "removed")


async def _change(call: Call, edit: Callable[[_Ids], _Ids], about: str, done: str) -> Response:
    def edited(rules: AccessRules) -> AccessRules:
        return replace(rules, set=replace(rules.set, break_glass=edit(rules.set.break_glass)))

    try:
        await change(call, edited, about)
    except Invalid as invalid:
        (message,) = Errors.of(invalid).by_field.values()
        return await _show(call, Errors({"": message}))
    return see_other(f"/{call.tenant.name}/admin/access/emergency?done={done}")


async def _show(call: Call, errors: Errors = NO_ERRORS) -> Response:
    now = await standing(call)
    report = await call.services.check_emergency.report(call.tenant.id)
    at = call.services.clock.now()
    spared = [
        Spared(policy, now.names.of(one.id), one, one.until <= at)
        for policy in now.rules.set.policies
        for one in policy.conditions.users.until
    ]
    return page(
        call,
        "admin/access-emergency.html",
        status=422 if errors.by_field else 200,
        accounts=sorted((now.names.of(one), one) for one in now.rules.set.break_glass),
        warnings=[_sentence(trouble_words(name, trouble)) for name, trouble in report.troubles],
        spared=sorted(spared, key=lambda one: one.exclusion.until),
        username=call.field("username"),
        why=call.field("why"),
        errors=errors,
        notice=_NOTICES.get(call.query("done")),
    )


def _sentence(words: str) -> str:
    return f"{words[:1].upper()}{words[1:]}."
