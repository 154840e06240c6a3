"""`$orderby` and `$count`, alone, together with `$filter`, and over pages."""

from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Group
from keystead_server.http.graph.odata import paging
from keystead_testkit.api_caller import ApiCaller
from keystead_testkit.loop import run
from keystead_testkit.office import Office
from kiota_abstractions.base_request_configuration import RequestConfiguration
from msgraph.generated.groups.groups_request_builder import GroupsRequestBuilder
from msgraph.generated.users.users_request_builder import UsersRequestBuilder

PEOPLE = {"zoe": "anna", "bob": "Carl", "mia": "Anna", "eve": "bert"}
ANNAS = "$filter=" + quote("startsWith(displayName,'an')")


@pytest.fixture
def people(office: Office) -> Office:
    """Four people besides the two of the office, two of whom are called the same."""
    for username, name in PEOPLE.items():
        user = office.add_person(f"{username}@contoso.example")
        run(office.services.manage_user.change(user, display_name=name, by=OPERATOR))
    return office


def made(office: Office, *names: str) -> list[Group]:
    return [run(office.services.manage_group.create(office.tenant.id, name=name, by=OPERATOR)) for name in names]


def pages(app: ApiCaller, path: str) -> list[dict[str, Any]]:
    """All pages from the one at *path* on."""
    found = [app.get(path).json()]
    while "@odata.nextLink" in found[-1]:
        link = urlsplit(found[-1]["@odata.nextLink"])
        found.append(app.get(f"{link.path}?{link.query}").json())
    return found


def names(found: list[dict[str, Any]], name: str) -> list[str]:
    return [row[name] for page in found for row in page["value"]]


# -- order -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("direction", ["", " asc", " desc"])
@pytest.mark.parametrize("by", ["displayName", "userPrincipalName"])
def test_people_come_in_order_of_a_name_over_all_pages(people: Office, app: ApiCaller, by: str, direction: str) -> None:
    found = pages(app, f"/users?$top=2&$orderby={by}{direction}")

    listed = names(found, by)
    assert len(found) == 3
    assert len(set(names(found, "id"))) == len(listed) == 6
    assert [name.casefold() for name in listed] == sorted(
        (name.casefold() for name in listed), reverse=direction == " desc"
    )


def test_an_order_holds_with_a_filter_and_over_its_pages(people: Office, app: ApiCaller) -> None:
    found = pages(app, f"/users?$top=1&$orderby=displayName desc&{ANNAS}")

    # The two are called the same; which of them came first decides.
    assert names(found, "userPrincipalName") == ["mia@contoso.example", "zoe@contoso.example"]


def test_somebody_new_moves_nobody_to_another_page(people: Office, app: ApiCaller) -> None:
    first = app.get("/users?$top=3&$orderby=userPrincipalName").json()
    people.add_person("aaron@contoso.example")

    link = urlsplit(first["@odata.nextLink"])
    rest = pages(app, f"{link.path}?{link.query}")

    listed = names([first, *rest], "userPrincipalName")
    assert len(listed) == len(set(listed)) == 6
    assert listed == sorted(listed)


def test_a_link_does_not_go_on_in_another_order(people: Office, app: ApiCaller) -> None:
    link = app.get("/users?$top=1&$orderby=displayName").json()["@odata.nextLink"]
    token = link.partition("$skiptoken=")[2]

    for order in ("displayName desc", "userPrincipalName", "id"):
        assert app.get(f"/users?$top=1&$orderby={order}&$skiptoken={token}").status_code == 400, order
    assert app.get(f"/users?$top=1&$orderby=displayName&$skiptoken={token}").status_code == 200


@pytest.mark.parametrize(
    ("direction", "expected"), [("asc", ["anna", "Bert", "carl"]), ("desc", ["carl", "Bert", "anna"])]
)
def test_groups_and_who_is_in_them_come_in_order(
    people: Office, app: ApiCaller, direction: str, expected: list[str]
) -> None:
    staff = made(people, "carl", "anna", "Bert")[0]
    for username in ("zoe", "bob", "eve"):
        user = run(people.store.users.by_username(people.tenant.id, f"{username}@contoso.example"))
        assert user is not None
        run(people.services.manage_group.add_member(staff, user, by=OPERATOR))

    groups = pages(app, f"/groups?$top=1&$orderby=displayName {direction}")
    members = pages(app, f"/groups/{staff.id}/members?$top=1&$orderby=displayName {direction}")

    assert names(groups, "displayName") == expected
    assert [name.casefold() for name in names(members, "displayName")] == [name.casefold() for name in expected]


# -- how many ----------------------------------------------------------------------------------------


def test_what_is_counted_is_counted_whole(people: Office, app: ApiCaller) -> None:
    made(people, "Staff")

    assert app.get("/users?$count=true&$top=1").json()["@odata.count"] == 6
    assert app.get("/users/$count").text == "6"
    assert app.get("/groups?$count=true").json()["@odata.count"] == 1
    assert app.get("/groups/$count").text == "1"


def test_what_a_filter_leaves_is_counted_over_all_pages_and_told_on_the_first(people: Office, app: ApiCaller) -> None:
    found = pages(app, f"/users?$count=true&$top=1&$orderby=displayName&{ANNAS}")

    assert [page.get("@odata.count") for page in found] == [2, None]
    assert app.get(f"/users/$count?{ANNAS}").text == "2"
    assert app.get("/users/$count?$filter=" + quote("userPrincipalName eq 'zoe@contoso.example'")).text == "1"
    assert app.get("/users/$count?$filter=" + quote("displayName eq 'nobody'")).text == "0"


def test_groups_members_and_memberships_are_counted_through_a_filter(people: Office, app: ApiCaller) -> None:
    staff, _ = made(people, "Staff", "Board")
    run(people.services.manage_group.add_member(staff, people.ada, by=OPERATOR))
    no_staff = "$count=true&$filter=" + quote("displayName ne 'Staff'")

    assert app.get(f"/groups?{no_staff}").json()["@odata.count"] == 1
    assert app.get("/groups/$count?$filter=" + quote("displayName eq 'staff'")).text == "1"
    assert app.get(f"/groups/{staff.id}/members?{no_staff}").json()["@odata.count"] == 1
    assert app.get(f"/users/{people.ada.id}/memberOf?{no_staff}").json()["@odata.count"] == 0


def test_more_than_a_request_looks_at_is_not_counted_in_part(
    people: Office, app: ApiCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "COUNTED_AT_MOST", 5)

    refused = app.get(f"/users?$count=true&{ANNAS}")

    assert (refused.status_code, refused.json()["error"]["target"]) == (400, "$count")
    assert app.get(f"/users?{ANNAS}").status_code == 200
    assert app.get("/users?$count=true").json()["@odata.count"] == 6


def test_microsofts_client_orders_filters_and_counts(people: Office, app: ApiCaller) -> None:
    made(people, "Staff", "Board")
    of_users = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters
    of_groups = GroupsRequestBuilder.GroupsRequestBuilderGetQueryParameters
    annas = of_users(count=True, orderby=["displayName desc"], filter="startsWith(displayName,'an')", top=1)
    by_name = of_groups(count=True, orderby=["displayName"])

    users = app.call(app.sdk.users.get(RequestConfiguration(query_parameters=annas)))
    groups = app.call(app.sdk.groups.get(RequestConfiguration(query_parameters=by_name)))

    assert (users.odata_count, len(users.value), users.odata_next_link is not None) == (2, 1, True)
    assert ([group.display_name for group in groups.value], groups.odata_count) == (["Board", "Staff"], 2)
