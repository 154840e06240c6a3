"""Writes docs/reference/graph.md from the routes and collections themselves: `python -m tools.graph_reference`."""

from pathlib import Path

from keystead_server.http.graph import (
    authentication_methods,
    combination_configurations,
    directory_audits,
    groups,
    method_modes,
    methods_policy,
    organization,
    registration_details,
    sign_ins,
    users,
)
from keystead_server.http.graph.answers import BASE
from keystead_server.http.graph.odata.filter import MAX_DEPTH, MAX_TERMS, Each, Fields
from keystead_server.http.graph.odata.lexer import MAX_FILTER_CHARACTERS
from keystead_server.http.graph.odata.options import MAX_TOP, Collection
from keystead_server.http.graph.odata.paging import SCANNED_AT_MOST
from keystead_server.http.graph.routes import ROUTES
from keystead_server.policy.api_permissions import API_PERMISSIONS, ByToken

PAGE = Path(__file__).resolve().parents[1] / "docs" / "reference" / "graph.md"

_OPENING = f"""\
# The API

Written by `python -m tools.graph_reference` from the routes themselves; a test compares the two.
[Administer by program](../guides/api.md) shows it at work.

Names, types and values are Microsoft Graph's, so that its clients and scripts work; where we differ stands in [divergences.md](../divergences.md).
What Graph does not have is inside an object called `keystead`.

## Addresses and tokens

Everything is under `https://id.example.org{BASE}`, for every organisation: which one is meant is what the token says, and no address can say another.
A token comes from the organisation's token endpoint, is good for an hour, and is checked at each use: an app that was switched off or lost a permission, a person who was switched off or signed out, is out at once.

| | asks for | gets | can do |
| --- | --- | --- | --- |
| for a person | `authorization_code` with scopes such as `openid User.Read.All`, or `openid` and `https://id.example.org/graph/.default` | `scp` | what the app was granted *for people* and the person's roles allow |
| by itself | `client_credentials` with `https://id.example.org/graph/.default` | `roles` | what the app was granted *by itself* |

An app by itself changes nothing about an account that has a role.

## Queries

`$select`, `$top` (1 to {MAX_TOP}), `$orderby`, `$filter`, `$count` and `$skiptoken`; any other option with a dollar is refused, and so is a property that is not there.
`@odata.nextLink` is the whole address of the next page. A page can have less than `$top`, even nothing, and yet a next one: a request looks at {SCANNED_AT_MOST:,} rows at most.
The same `$orderby` and `$filter` hold on every page. With `$count=true` the first page says in `@odata.count` how many the filter leaves on all of them; `/users/$count` and `/groups/$count` say it alone. What is there and cannot be asked for here is refused with Graph's `Request_UnsupportedQuery`.
A filter has at most {MAX_FILTER_CHARACTERS:,} characters, {MAX_TERMS} conditions and {MAX_DEPTH} levels. It knows `eq`, `ne`, `gt`, `ge`, `lt`, `le`, `in`, `and`, `or`, `not`, `startsWith`, `endsWith`, `contains` and `any`; text is compared without regard to capitals.

## Refusals

`error.code` is Graph's, by the status. `error.innerError` has our [code](errors.md), which says exactly what happened, and the numbers of the request: `request-id` is in the server's log, `client-request-id` is yours if you sent one.
With 429 comes `Retry-After`; the rates `api_reads` and `api_writes` are in [settings.md](settings.md).
"""

COLLECTIONS: dict[str, Collection] = {
    "/users": users.COLLECTION,
    "/groups": groups.COLLECTION,
    "/organization": organization.COLLECTION,
    "/users/{user}/authentication/methods": authentication_methods.COLLECTION,
    "/policies/authenticationMethodsPolicy/authenticationMethodConfigurations": methods_policy.COLLECTION,
    "/identity/conditionalAccess/authenticationStrength/policies/{item}/combinationConfigurations": combination_configurations.COLLECTION,
    "/identity/conditionalAccess/authenticationStrength/authenticationMethodModes": method_modes.COLLECTION,
    "/reports/authenticationMethods/userRegistrationDetails": registration_details.COLLECTION,
    "/auditLogs/signIns": sign_ins.COLLECTION,
    "/auditLogs/directoryAudits": directory_audits.COLLECTION,
}


def page() -> str:
    return "\n".join([_OPENING, *_permissions(), *_routes(), *_collections()])


def _permissions() -> list[str]:
    lines = ["## Permissions", "", "| Permission | The app may … | by itself |", "| --- | --- | --- |"]
    for name, permission in API_PERMISSIONS.items():
        lines.append(f"| `{name}` | {permission.meaning} | {'yes' if permission.application else 'no'} |")
    return [*lines, ""]


def _routes() -> list[str]:
    lines = ["## Addresses", "", "One of the permissions is enough; the first is the least.", ""]
    lines += ["| | | Permissions | A person needs |", "| --- | --- | --- | --- |"]
    for route in ROUTES:
        assert isinstance(route.access, ByToken)
        names = ", ".join(f"`{name}`" for name in route.access.names)
        role = f"`{route.access.role.value}`" if route.access.role else "nothing"
        lines.append(f"| `{route.method} {route.path.removeprefix(BASE)}` | {route.summary} | {names} | {role} |")
    return [*lines, ""]


def _collections() -> list[str]:
    lines = ["## What can be filtered by", "", "| Collection | Properties | Ordered by | Counted |"]
    lines.append("| --- | --- | --- | --- |")
    for path, collection in COLLECTIONS.items():
        order = ", ".join(f"`{name.lstrip('-')}`" for name in collection.order)
        counted = "yes" if collection.countable else "no"
        lines.append(f"| `{path}` | {_fields(collection.fields)} | {order} | {counted} |")
    return [*lines, ""]


def _fields(fields: Fields) -> str:
    names = []
    for name, kind in fields.items():
        if isinstance(kind, Each) and not isinstance(kind.of, str) and hasattr(kind.of, "keys"):
            names.append(f"`{name}/any(x: x/{' or x/'.join(kind.of)} …)`")
        else:
            names.append(f"`{name}/any(x: x …)`" if isinstance(kind, Each) else f"`{name}`")
    return ", ".join(names) or "nothing"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
