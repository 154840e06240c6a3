"""Authentication contexts as pages: what apps may ask for beyond signing in, and policies protect."""

from collections.abc import Mapping, Sequence
from typing import Any

from keystead_server.http.pages.admin.access_items import ItemPages
from keystead_server.http.pages.admin.asked import Typed
from keystead_server.policy.access import items
from keystead_server.policy.access.document import AccessRules, Context

_IDS = tuple(f"c{number}" for number in range(1, 100))


def _filled(context: Context) -> dict[str, tuple[str, ...]]:
    published = ("yes",) if context.available else ()
    return {"id": (context.id,), "description": (context.description,), "published": published}


def _body(form: Typed, before: Context | None) -> dict[str, Any]:
    return {
        "id": form.text("id") if before is None else before.id,
        "description": form.text("description"),
        "isAvailable": form.has("published", "yes"),
    }


def _offered(form: Typed, rules: AccessRules) -> Mapping[str, Sequence[tuple[str, str]]]:
    """The ids that nothing has; what was typed stays there, be it wrong."""
    taken = {one.id for one in rules.contexts}
    free = [one for one in _IDS if one not in taken]
    chosen = form.text("id")
    return {"ids": [(one, one) for one in (*free, *([chosen] if chosen and chosen not in free else []))]}


def _badges(context: Context) -> Sequence[tuple[str, str]]:
    return ((context.id, ""), ("Published", "good") if context.available else ("Not published", ""))


CONTEXTS: ItemPages[Context] = ItemPages(
    items.CONTEXTS,
    path="contexts",
    title="Authentication contexts",
    intro="What an app can ask for when somebody is about to do more than usual. A policy that has a context as its target says what is then asked for.",
    none_yet="No authentication contexts yet: apps cannot ask for more than a sign-in.",
    ways_in=(("", "Add a context"),),
    fields=("id", "published"),
    places={"displayName": "name", "id": "id"},
    blank=lambda _: {"published": ("yes",)},
    filled=_filled,
    against=lambda form: {} if form.text("id") in ("", *_IDS) else {"id": "Contexts are called c1 to c99."},
    body=_body,
    offered=_offered,
    about=lambda context: context.description,
    badges=_badges,
)
