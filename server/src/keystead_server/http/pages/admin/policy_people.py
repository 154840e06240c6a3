"""People whom an administrator typed into a policy's form: by username, kept by id."""

from collections.abc import Mapping, Sequence

from keystead_server.domain.user import fold
from keystead_server.http.call import Call
from keystead_server.http.pages.admin.asked import Errors
from keystead_server.http.pages.next_page import printable


async def ids_of(call: Call, typed: Mapping[str, Sequence[str]]) -> tuple[dict[str, str], Errors]:
    """The ids of the usernames that were typed, by field, and which of them nobody has."""
    ids: dict[str, str] = {}
    errors: dict[str, str] = {}
    for field, usernames in typed.items():
        for name in usernames:
            user = await call.services.store.users.by_username(call.tenant.id, printable(name))
            if user is None:
                errors.setdefault(field, f"There is nobody with the username “{printable(name)}”.")
            else:
                ids[fold(name)] = user.id
    return ids, Errors(errors)
