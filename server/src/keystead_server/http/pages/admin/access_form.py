"""A Conditional Access policy as a form: every field as text, so that nothing typed is lost when one is wrong.

Graph's JSON → AccessForm → page → what was typed → AccessForm → Graph's JSON → policy

People are typed by username and kept by id: the caller looks them up, both ways.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from keystead_server.domain.user import fold
from keystead_server.http.call import Call
from keystead_server.http.pages.admin import access_session
from keystead_server.http.pages.admin.access_fields import (
    FIELDS,
    FILTERS,
    GUEST_PATHS,
    LINES,
    SIDES,
    TICKS,
    USER_WORDS,
)
from keystead_server.policy.access.controls import ControlKind
from keystead_server.policy.access.model import Excluded
from keystead_server.policy.access.names import Names

MAX_EXCLUSIONS = 50
BLANK_ROWS = 2


@dataclass(frozen=True, slots=True)
class Until:
    """Somebody who is spared for a time.

    Attributes:
        who: a username, or the name of a group.
        until: as the browser writes a local time; it is meant in UTC.
    """

    who: str = ""
    until: str = ""
    why: str = ""

    @property
    def is_blank(self) -> bool:
        return not (self.who or self.until or self.why)


@dataclass(frozen=True, slots=True)
class Principals:
    """Who was typed, by id.

    Attributes:
        users: ids of folded usernames.
        groups: ids of the groups that expiring exclusions name, by name.
    """

    users: Mapping[str, str]
    groups: Mapping[str, str]

    def of(self, who: str) -> tuple[Excluded, str]:
        if fold(who) in self.users:
            return Excluded.USER, self.users[fold(who)]
        return Excluded.GROUP, self.groups.get(who, who)


@dataclass(frozen=True, slots=True)
class AccessForm:
    """Attributes:
    values: by field; of boxes those that are ticked.
    seen: the policy as it was when the form was opened; empty for a new one.
    """

    values: Mapping[str, tuple[str, ...]]
    until: tuple[Until, ...] = ()
    seen: str = ""

    @classmethod
    def typed(cls, call: Call) -> "AccessForm":
        rows = (
            Until(*(call.field(f"until-{row}-{part}") for part in ("who", "moment", "why")))
            for row in range(MAX_EXCLUSIONS)
        )
        values = {field: tuple(call.fields(field)) for field in FIELDS}
        return cls(values, tuple(row for row in rows if not row.is_blank), call.field("seen"))

    @classmethod
    def of(cls, body: Mapping[str, Any], names: Names, seen: str = "") -> "AccessForm":
        """*body* as `policy_to_json` writes it."""
        values: dict[str, tuple[str, ...]] = {
            field: _words(_at(body, path)) for field, path in {**TICKS, "factors": LINES["factors"]}.items()
        }
        values["factors"] = ("\n".join(values["factors"]),)
        for side in SIDES:
            values |= _people(body, side, names)
        for field, path in FILTERS.items():
            values |= {f"{field}-{part}": _one(_at(body, f"{path}.{part}")) for part in ("mode", "rule")}
        values |= _grant(body) | access_session.fields_of(body.get("sessionControls"))
        for field, name in (("name", "displayName"), ("description",) * 2, ("state",) * 2, ("template", "templateId")):
            values[field] = _one(body.get(name))
        expiring = _at(body, "conditions.users.expiringExclusions") or ()
        return cls(values, tuple(_until(one, names) for one in expiring), seen)

    def all(self, field: str) -> tuple[str, ...]:
        return self.values.get(field, ())

    def text(self, field: str) -> str:
        return next(iter(self.all(field)), "")

    def has(self, field: str, value: str) -> bool:
        return value in self.all(field)

    @property
    def rows(self) -> tuple[Until, ...]:
        """The expiring exclusions, and room for more."""
        return (*self.until, *(Until() for _ in range(BLANK_ROWS)))

    @property
    def usernames(self) -> dict[str, list[str]]:
        """Usernames that were typed, by the field in which they stand; of expiring exclusions nothing is known yet."""
        return {field: self.text(field).split() for field in ("include-users", "exclude-users")}

    def with_user(self, side: str, username: str) -> "AccessForm":
        field = f"{side}-users"
        if field not in self.usernames:
            return self
        listed = dict.fromkeys([*self.usernames[field], username])
        return replace(self, values={**self.values, field: ("\n".join(listed),)})

    def to_json(self, who: Principals) -> dict[str, Any]:
        """As `read_policy` reads it, wrong where what was typed is."""
        body: dict[str, Any] = {
            "displayName": self.text("name"),
            "description": self.text("description"),
            "templateId": self.text("template") or None,
            "state": self.text("state"),
        }
        for field, path in TICKS.items():
            _put(body, path, [*self.all(field), *_lines(self, f"{field}-others")])
        _put(body, LINES["factors"], self.text("factors").split())
        for side in SIDES:
            named = [who.users[fold(name)] for name in self.usernames[f"{side}-users"] if fold(name) in who.users]
            _at(body, "conditions.users")[f"{side}Users"] += dict.fromkeys(named)
            _put(body, GUEST_PATHS[side], self._guests(side))
        for field, path in FILTERS.items():
            _put(body, path, {part: self.text(f"{field}-{part}") for part in ("mode", "rule")})
        _put(body, "conditions.users.expiringExclusions", [_expiring(row, who) for row in self.until])
        self._ask(body["grantControls"])
        return {**body, "sessionControls": access_session.to_json(self.text)}

    def _guests(self, side: str) -> dict[str, Any]:
        tenants = self.text(f"{side}-guest-tenants").split()
        listed = {"membershipKind": "enumerated", "members": tenants} if tenants else None
        return {"guestOrExternalUserTypes": list(self.all(f"{side}-guests")), "externalTenants": listed}

    def _ask(self, grant: dict[str, Any]) -> None:
        grant["operator"] = self.text("operator")
        if self.text("effect") == ControlKind.BLOCK:
            grant["builtInControls"] = [ControlKind.BLOCK.value, *grant["builtInControls"]]
        if self.text("strength"):
            grant["authenticationStrength"] = {"id": self.text("strength")}


def _people(body: Mapping[str, Any], side: str, names: Names) -> dict[str, tuple[str, ...]]:
    path = f"conditions.users.{side}Users"
    listed = _words(_at(body, path))
    guests = _at(body, GUEST_PATHS[side]) or {}
    tenants = (guests.get("externalTenants") or {}).get("members", ())
    return {
        f"{side}-words": tuple(one for one in listed if one in USER_WORDS),
        f"{side}-users": ("\n".join(sorted(names.of(one) for one in listed if one not in USER_WORDS)),),
        f"{side}-guests": _words(guests.get("guestOrExternalUserTypes")),
        f"{side}-guest-tenants": ("\n".join(tenants),),
    }


def _grant(body: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    grant = body.get("grantControls") or {}
    controls = _words(grant.get("builtInControls"))
    block = ControlKind.BLOCK.value
    return {
        "effect": (block if block in controls else "grant",),
        "controls": tuple(one for one in controls if one != block),
        "operator": (str(grant.get("operator") or "AND"),),
        "strength": _one((grant.get("authenticationStrength") or {}).get("id")),
    }


def _until(one: Mapping[str, Any], names: Names) -> Until:
    return Until(names.of(one["id"]), str(one["until"]).removesuffix("+00:00"), one["reason"])


def _expiring(row: Until, who: Principals) -> dict[str, Any]:
    kind, one = who.of(row.who)
    until = f"{row.until}+00:00" if row.until else ""
    return {"type": kind.value, "id": one, "until": until, "reason": row.why}


def _lines(form: AccessForm, field: str) -> Iterable[str]:
    return form.text(field).split() if field in LINES else ()


def _words(value: object) -> tuple[str, ...]:
    """A list of words, or Graph's flags: one text with commas."""
    if isinstance(value, str):
        return tuple(value.split(","))
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _one(value: object) -> tuple[str, ...]:
    return () if value is None else (str(value),)


def _at(body: Mapping[str, Any], path: str) -> Any:
    found: Any = body
    for name in path.split("."):
        found = found.get(name) if isinstance(found, Mapping) else None
    return found


def _put(body: dict[str, Any], path: str, value: object) -> None:
    *parents, last = path.split(".")
    for name in parents:
        body = body.setdefault(name, {})
    body[last] = value
