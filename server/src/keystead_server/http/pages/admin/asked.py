"""What an administrator's address or form asks for: found in their own tenant, or not there."""

from dataclasses import dataclass

from keystead_server.domain.app import App
from keystead_server.domain.ids import AppId, GroupId, UserId
from keystead_server.domain.invalid import Invalid
from keystead_server.domain.user import Group, User
from keystead_server.http.call import Call
from keystead_server.http.pages.next_page import named
from keystead_server.http.problems import NOT_FOUND, Refuse

PAGE_SIZE = 50


@dataclass(frozen=True, slots=True)
class Errors:
    """What is wrong with a form, by field; under "" what concerns no single one."""

    by_field: dict[str, str]

    @classmethod
    def of(cls, invalid: Invalid) -> "Errors":
        message = invalid.message[:1].upper() + invalid.message[1:] + "."
        return cls({invalid.target or "": message})

    def at(self, field: str) -> str | None:
        return self.by_field.get(field)


NO_ERRORS = Errors({})


async def the_user(call: Call) -> User:
    user = await call.services.store.users.get(call.tenant.id, UserId(named(call, "user")))
    if user is None:
        raise Refuse(NOT_FOUND)
    return user


async def the_group(call: Call) -> Group:
    group = await call.services.store.groups.get(call.tenant.id, GroupId(named(call, "group")))
    if group is None:
        raise Refuse(NOT_FOUND)
    return group


async def the_app(call: Call) -> App:
    app = await call.services.store.apps.get(call.tenant.id, AppId(named(call, "app")))
    if app is None:
        raise Refuse(NOT_FOUND)
    return app


def lines_of(call: Call, field: str) -> list[str]:
    """A field that holds one value a line."""
    return call.field(field).split()


def number_or_text(typed: str) -> int | str:
    """What was typed where a number is wanted; the document says what is wrong with anything else."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else typed


def place_in(typed: str, total: int) -> int:
    """Where the asked page of a list begins; what is no such place is the beginning."""
    first = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 10 else 0
    return first if first < total else 0
