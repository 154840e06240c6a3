"""Named locations, authentication strengths and contexts: for each a list, an editor, and the way to remove one.

What differs between the three stands in an `ItemPages`; what they do is the same. A change is made on what
is there at the moment of writing, and refused where that is not what its author saw.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.responses import Response

from keystead_server.domain.invalid import Invalid
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.access_change import about, edit_of
from keystead_server.http.pages.admin.access_check import Checked
from keystead_server.http.pages.admin.access_desk import change, rules_of, standing
from keystead_server.http.pages.admin.access_item_change import DropItem, PutItem, digest_of
from keystead_server.http.pages.admin.access_preview import preview_page
from keystead_server.http.pages.admin.asked import NO_ERRORS, Errors, Typed, typed
from keystead_server.http.pages.admin.policy_draft import Draft
from keystead_server.http.pages.next_page import named
from keystead_server.http.pages.render import page, see_other
from keystead_server.http.problems import NOT_FOUND, Refuse
from keystead_server.policy.access.document import AccessRules, Context
from keystead_server.policy.access.items import ItemKind, looking_at
from keystead_server.policy.access.locations import NamedLocation
from keystead_server.policy.access.model import Policy
from keystead_server.policy.strengths.model import BUILT_IN, Strength

_Item = TypeVar("_Item", NamedLocation, Strength, Context)
_MAX_NAME_CHARACTERS = 256
_NOTICES = {"saved": "It is saved, and holds from the next request on.", "removed": "It is removed."}
# No digest of anything: a form that does not say what its author saw was not ours.
_UNSEEN = "-"
_TOP = re.compile(r"[.\[]")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a list.

    Attributes:
        about: what it is, in words.
        badges: with their colours.
        policies: that name it, so that it cannot be removed.
    """

    id: str
    name: str
    about: str
    badges: Sequence[tuple[str, str]]
    policies: tuple[Policy, ...]
    fixed: bool


@dataclass(frozen=True, slots=True)
class ItemPages(Generic[_Item]):
    """The pages of one collection.

    Attributes:
        path: behind `/admin/access/`; the template of the form's fields is called after it.
        title, intro, none_yet: words of the list.
        ways_in: what one may begin with, as the address's query and the words of the link.
        fields: of the form, besides `name` and `description`.
        places: which field a property of Graph's is typed in.
        blank: a new form, from the address's query.
        filled: the form of one that is there.
        against: what is wrong with what was typed and the reader would say less plainly, by field.
        body: in Graph's form, from what was typed and the one that is there.
        offered: what lists and boxes offer.
    """

    kind: ItemKind[_Item]
    path: str
    title: str
    intro: str
    none_yet: str
    ways_in: Sequence[tuple[str, str]]
    fields: Sequence[str]
    places: Mapping[str, str]
    blank: Callable[[str], Mapping[str, tuple[str, ...]]]
    filled: Callable[[_Item], Mapping[str, tuple[str, ...]]]
    against: Callable[[Typed], dict[str, str]]
    body: Callable[[Typed, _Item | None], dict[str, Any]]
    offered: Callable[[Typed, AccessRules], Mapping[str, Any]]
    about: Callable[[_Item], str]
    badges: Callable[[_Item], Sequence[tuple[str, str]]]
    warning: Callable[[Call], str | None] = lambda _: None

    async def show_all(self, call: Call) -> Response:
        return await self._list(call)

    async def show_new(self, call: Call) -> Response:
        return await self._editor(call, Typed(self.blank(call.query("of"))), None)

    async def show(self, call: Call) -> Response:
        rules = await rules_of(call)
        item = self._the_item(call, rules)
        seen = digest_of(self.kind.shown(item, rules))
        form = Typed({**self.filled(item), "name": (item.name,), "seen": (seen,)})
        return await self._editor(call, form, item)

    async def create(self, call: Call) -> Response:
        return await self._submit(call, None)

    async def save(self, call: Call) -> Response:
        return await self._submit(call, self._the_item(call, await rules_of(call)))

    async def reopened(self, call: Call, change: PutItem) -> Response:
        """From the preview to the editor, with everything as it was typed."""
        rules = await rules_of(call)
        typed_one, _ = self.kind.read(change.body, change.id)
        known, seen = self.kind.find(rules, change.id), change.seen
        if call.field("over") == "yes":
            # Its author was told that somebody else changed it, and goes on all the same.
            seen = "" if known is None else digest_of(self.kind.shown(known, rules))
        form = Typed({**self.filled(typed_one), "name": (typed_one.name,), "seen": (seen,)})
        return await self._editor(call, form, known)

    async def remove(self, call: Call) -> Response:
        item = self._the_item(call, await rules_of(call))
        try:
            return await self._look_or_save(call, DropItem(self.kind.noun, item.id), "removed")
        except Invalid as invalid:
            (message,) = Errors.of(invalid).by_field.values()
            return await self._list(call, f"“{item.name}” was not removed: {message}")

    async def _submit(self, call: Call, item: _Item | None) -> Response:
        form = typed(call, ("name", "description", "seen", *self.fields))
        wrong = _against_name(form) | self.against(form)
        if wrong:
            return await self._editor(call, form, item, Errors(wrong))
        body = _named(form, self.body(form, item))
        if item is None:
            new_id = str(body.get("id") or call.services.entropy.new_id(call.services.clock.now()))
            put = PutItem(self.kind.noun, new_id, body)
        else:
            # What the form has no field for stays as it is; of what its author did not see, nothing is saved.
            shown = self.kind.shown(item, await rules_of(call))
            put = PutItem(self.kind.noun, item.id, {**shown, **body}, form.text("seen") or _UNSEEN)
        try:
            return await self._look_or_save(call, put, "saved")
        except Invalid as invalid:
            return await self._editor(call, form, item, self._errors(invalid))

    async def _look_or_save(self, call: Call, what: PutItem | DropItem, done: str) -> Response:
        """Save it; or, where policies mean something else by it, show first whom that touches.

        Raises:
            Invalid: it cannot be.
        """
        now = await standing(call)
        edit = await edit_of(call, what, over=now.rules)
        if looking_at(now.rules, edit(now.rules)):
            return await preview_page(call, Draft(what, now.saved.version), now)
        await change(call, edit, about(what))
        return self._done(call, done)

    def _errors(self, invalid: Invalid) -> Errors:
        place = self.places.get(_TOP.split(invalid.target or "", maxsplit=1)[0], "")
        (message,) = Errors.of(invalid).by_field.values()
        return Errors({place: message})

    def _the_item(self, call: Call, rules: AccessRules) -> _Item:
        found = self.kind.find(rules, named(call, "item"))
        if found is None:
            raise Refuse(NOT_FOUND)
        return found

    def _line(self, item: _Item, rules: AccessRules) -> Line:
        policies = self.kind.naming(rules, item.id)
        return Line(item.id, item.name, self.about(item), self.badges(item), policies, item.id in BUILT_IN)

    def _done(self, call: Call, done: str) -> Response:
        return see_other(f"/{call.tenant.name}/admin/access/{self.path}?done={done}")

    async def _list(self, call: Call, refused: str | None = None) -> Response:
        rules = await rules_of(call)
        lines = [self._line(item, rules) for item in self.kind.all(rules)]
        return page(
            call,
            "admin/access-items.html",
            status=422 if refused else 200,
            pages=self,
            lines=sorted(lines, key=lambda line: (not line.fixed, line.name.casefold(), line.id)),
            refused=refused,
            warning=self.warning(call),
            notice=_NOTICES.get(call.query("done")),
        )

    async def _editor(self, call: Call, form: Typed, item: _Item | None, errors: Errors = NO_ERRORS) -> Response:
        rules = await rules_of(call)
        return page(
            call,
            f"admin/access-{self.path}.html",
            status=422 if errors.by_field else 200,
            pages=self,
            line=None if item is None else self._line(item, rules),
            form=form,
            errors=errors,
            checked=Checked(None, errors),
            offered=self.offered(form, rules),
            warning=self.warning(call),
        )


def _named(form: Typed, body: dict[str, Any]) -> dict[str, Any]:
    return {"displayName": form.text("name").strip(), **body}


def _against_name(form: Typed) -> dict[str, str]:
    name = form.text("name").strip()
    if not name:
        return {"name": "Give it a name."}
    if len(name) > _MAX_NAME_CHARACTERS or not name.isprintable():
        return {"name": f"A name has at most {_MAX_NAME_CHARACTERS} characters, all of which can be seen."}
    return {}
