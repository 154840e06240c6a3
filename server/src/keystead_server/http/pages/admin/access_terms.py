"""Terms of use: the texts, how many accepted them, and the form in which one is written or written anew."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.flows.acceptances import HowMany, how_many_accepted
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_desk import change, standing
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors
from keystead_server.http.pages.next_page import named
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.problems import NOT_FOUND, Refuse
from keystead_server.policy.access.document import AccessRules
from keystead_server.policy.access.model import Policy
from keystead_server.policy.access.terms import Terms, check_terms, tidied

_NOTICES = {
    "written": "The terms were written. Nobody is asked to accept them until a policy names them.",
    "saved": "The terms were saved. Where the text is another one, whoever a policy asks is asked again.",
    "removed": "The terms were removed.",
}


@dataclass(frozen=True, slots=True)
class Form:
    """What stands in the fields, as it was typed."""

    name: str = ""
    text: str = ""
    days: str = ""

    @classmethod
    def typed(cls, call: Call) -> "Form":
        return cls(call.field("displayName"), tidied(call.field("text")), call.field("goodForDays"))

    @classmethod
    def of(cls, terms: Terms) -> "Form":
        return cls(terms.name, terms.text, "" if terms.good_for is None else str(terms.good_for.days))

    def read(self) -> timedelta | None:
        """How long an acceptance is good for, once all of it is right.

        Raises:
            Invalid: something is not; `target` names the field.
        """
        days = _days(self.days)
        check_terms(self.name, self.text, days)
        return None if days is None else timedelta(days=days)


def _days(typed: str) -> int | None:
    if not typed:
        return None
    if not typed.isascii() or not typed.isdecimal() or len(typed) > 9:
        raise Invalid("terms_malformed", "this must be a number of days, or empty", target="goodForDays")
    return int(typed)


@dataclass(frozen=True, slots=True)
class Line:
    """Attributes:
    policies: those that ask for the terms.
    """

    terms: Terms
    accepted: int
    policies: tuple[Policy, ...]


async def show_all(call: Call) -> Response:
    return await _list(call)


async def write(call: Call) -> Response:
    form = Form.typed(call)
    services = call.services
    new_id = services.entropy.new_id(services.clock.now())
    try:
        made = Terms(new_id, form.name, form.text, good_for=form.read())
        await change(call, lambda rules: rules.with_text(made), f"terms {form.name}")
    except Invalid as invalid:
        return await _list(call, form, Errors.of(invalid), status=422)
    return _done(call, f"/{new_id}", "written")


async def show(call: Call) -> Response:
    found = await _found(call)
    return await _one(call, found, Form.of(found), found.digest)


async def save(call: Call) -> Response:
    found, form, read = await _found(call), Form.typed(call), call.field("read")
    try:
        good_for = form.read()

        def edit(rules: AccessRules) -> AccessRules:
            before = next((one for one in rules.terms if one.id == found.id), None)
            if before is None or before.digest != read:
                raise Invalid("policy_changed_meanwhile", "somebody else changed the text; open the page again")
            return rules.with_text(before.called(form.name).saved(form.text, good_for))

        await change(call, edit, f"terms {form.name}")
    except Invalid as invalid:
        return await _one(call, found, form, read, Errors.of(invalid), status=422)
    return _done(call, f"/{found.id}", "saved")


async def remove(call: Call) -> Response:
    found = await _found(call)
    try:
        await change(call, lambda rules: rules.without_text(found.id), f"terms {found.name} removed")
    except Invalid as invalid:
        problem = Errors({"": Errors.of(invalid).at(invalid.target or "") or ""})
        return await _one(call, found, Form.of(found), found.digest, problem, status=422)
    return _done(call, "", "removed")


def _done(call: Call, path: str, what: str) -> Response:
    return see_other(f"/{call.tenant.name}/admin/access/terms{path}?done={what}")


async def _found(call: Call) -> Terms:
    wanted = named(call, "terms")
    found = next((one for one in (await standing(call)).rules.terms if one.id == wanted), None)
    if found is None:
        raise Refuse(NOT_FOUND)
    return found


async def _list(call: Call, form: Form | None = None, errors: Errors = NO_ERRORS, *, status: int = 200) -> Response:
    rules = (await standing(call)).rules
    counted = await _how_many(call, rules.terms)
    return page(
        call,
        "admin/access-terms.html",
        status=status,
        lines=[Line(one, counted.by_terms[one.id], _asking(rules, one)) for one in rules.terms],
        is_all=counted.is_all,
        form=form or Form(),
        errors=errors,
        notice=_NOTICES.get(call.query("done")),
    )


async def _one(
    call: Call, found: Terms, form: Form, read: str, errors: Errors = NO_ERRORS, *, status: int = 200
) -> Response:
    rules = (await standing(call)).rules
    counted = await _how_many(call, (found,))
    return page(
        call,
        "admin/access-terms-text.html",
        status=status,
        line=Line(found, counted.by_terms[found.id], _asking(rules, found)),
        is_all=counted.is_all,
        form=form,
        read=read,
        errors=errors,
        notice=_NOTICES.get(call.query("done")),
    )


async def _how_many(call: Call, terms: Sequence[Terms]) -> HowMany:
    services = call.services
    return await how_many_accepted(services.store, call.tenant.id, terms, services.clock.now())


def _asking(rules: AccessRules, terms: Terms) -> tuple[Policy, ...]:
    return tuple(one for one in rules.set.policies if terms.id in one.terms_ids)
