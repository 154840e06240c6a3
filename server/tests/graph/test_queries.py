"""Query options and pages: what is offered is taken, anything else is named and refused."""

import json
from datetime import timedelta
from urllib.parse import parse_qsl, quote, urlsplit

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.sign_in import Attempt, Method, Purpose, Result
from keystead_server.http.graph.odata import paging
from keystead_server.ports.changes import Add
from keystead_testkit.api_caller import ApiCaller, app_alone
from keystead_testkit.loop import run
from keystead_testkit.office import Office


def refusal(app: ApiCaller, path: str) -> tuple[int, str, str]:
    error = app.get(path).json()["error"]
    return error["innerError"]["code"], error["target"]


@pytest.mark.parametrize(
    ("query", "option"),
    [
        ("$top=0", "$top"),
        ("$top=1000", "$top"),
        ("$top=-1", "$top"),
        ("$top=x", "$top"),
        ("$top=１", "$top"),
        ("$top=1&$top=2", "$top"),
        ("$orderby=colour", "$orderby"),
        ("$orderby=displayName%20up", "$orderby"),
        ("$orderby=id%20up", "$orderby"),
        ("$select=passwordHash", "$select"),
        ("$select=", "$select"),
        ("$colour=red", "$colour"),
        ("$count=yes", "$count"),
        ("$skiptoken=abc", "$skiptoken"),
        ("$skiptoken=%C3%BC", "$skiptoken"),
    ],
)
def test_an_option_that_is_not_offered_is_named(app: ApiCaller, query: str, option: str) -> None:
    assert refusal(app, f"/users?{query}") == ("query_malformed", option)


@pytest.mark.parametrize(
    ("path", "option", "message"),
    [
        ("/users?$orderby=createdDateTime", "$orderby", "Unsupported sort property 'createdDateTime' for 'User'."),
        ("/groups?$orderby=createdDateTime", "$orderby", "Unsupported sort property 'createdDateTime' for 'Group'."),
        ("/groups?$orderby=groupTypes desc", "$orderby", "Unsupported sort property 'groupTypes' for 'Group'."),
        ("/users?$orderby=id desc", "$orderby", "Unsupported sort direction 'desc' for 'id'."),
        ("/users?$expand=memberOf", "$expand", "The query option '$expand' is not supported."),
        ("/users?$search=ada", "$search", "The query option '$search' is not supported."),
        ("/users?$skip=1", "$skip", "The query option '$skip' is not supported."),
        (
            "/auditLogs/signIns?$count=true",
            "$count",
            "The query option '$count' is not supported for this collection.",
        ),
    ],
)
def test_what_graph_has_elsewhere_is_refused_in_graphs_words(
    app: ApiCaller, path: str, option: str, message: str
) -> None:
    answer = app.get(path)

    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["target"]) == (400, "Request_UnsupportedQuery", option)
    assert error["message"] == message
    assert error["innerError"]["code"] == "query_unsupported"


def test_a_filter_that_cannot_be_read_says_where(app: ApiCaller) -> None:
    error = app.get("/users?$filter=" + quote("displayName eq Ada")).json()["error"]

    assert error["code"] == "BadRequest"
    assert error["message"] == "$filter: text in single quotes is missing at position 15"


def test_one_thing_takes_a_selection_and_nothing_else(office: Office, app: ApiCaller) -> None:
    chosen = app.get(f"/users/{office.ada.id}?$select=displayName").json()

    assert chosen.keys() == {"@odata.context", "id", "displayName"}
    assert refusal(app, f"/users/{office.ada.id}?$top=1") == ("query_malformed", "$top")


def test_options_without_a_dollar_are_nobodys(app: ApiCaller) -> None:
    assert app.get("/users?top=0&tenant=fabrikam&x").status_code == 200


# -- pages (class 22: a link of one's own) -------------------------------------------------------------


def next_of(app: ApiCaller, path: str) -> str:
    link: str = app.get(path).json()["@odata.nextLink"]
    parts = urlsplit(link)
    assert f"{parts.scheme}://{parts.netloc}" == app.office.config.public_url
    return f"{parts.path}?{parts.query}"


def token_in(link: str) -> str:
    return dict(parse_qsl(urlsplit(link).query))["$skiptoken"]


def test_a_link_goes_on_where_the_page_ended_with_the_same_options(app: ApiCaller) -> None:
    link = next_of(app, "/users?$top=1&$select=userPrincipalName")

    (second,) = app.get(link).json()["value"]

    assert second.keys() == {"id", "userPrincipalName"}
    assert "@odata.nextLink" not in app.get(link).json()


def test_a_link_is_good_for_its_own_question_and_organisation_alone(office: Office, app: ApiCaller) -> None:
    token = token_in(next_of(app, "/users?$top=1"))
    other, _ = office.found("fabrikam")
    stranger = app_alone(office, "User.Read.All", tenant=other)

    assert refusal(app, f"/groups?$skiptoken={token}") == ("query_malformed", "$skiptoken")
    assert refusal(app, f"/users?$filter=accountEnabled%20eq%20true&$skiptoken={token}")[1] == "$skiptoken"
    assert refusal(stranger, f"/users?$skiptoken={token}") == ("query_malformed", "$skiptoken")
    assert refusal(app, f"/users?$skiptoken={token[:-2]}AA") == ("query_malformed", "$skiptoken")
    assert app.get(f"/users?$skiptoken={token}").status_code == 200


def test_a_search_that_finds_little_answers_in_parts(
    office: Office, app: ApiCaller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "SCANNED_AT_MOST", 4)
    for n in range(9):
        office.add_person(f"person{n}@contoso.example")
    page = app.get("/users?$filter=" + quote("endsWith(userPrincipalName,'n8@contoso.example')")).json()
    found, pages = list(page["value"]), 1

    while "@odata.nextLink" in page:
        page = app.get(urlsplit(page["@odata.nextLink"]).path + "?" + urlsplit(page["@odata.nextLink"]).query).json()
        found += page["value"]
        pages += 1

    assert [user["userPrincipalName"] for user in found] == ["person8@contoso.example"]


# -- the logs ----------------------------------------------------------------------------------------


def attempts(office: Office, count: int) -> list[Attempt]:
    """One each minute before now, every third refused."""
    made = []
    for n in range(count):
        at = office.clock.now() - timedelta(minutes=n + 1)
        result = Result.REFUSED if n % 3 == 0 else Result.GRANTED
        reason = "signature_invalid" if n % 3 == 0 else "granted"
        made.append(
            Attempt(
                office.entropy.new_id(at), office.tenant.id, at, Purpose.SIGN_IN, Method.PASSKEY, result, reason,  # type: ignore[arg-type]
                "192.0.2.7", user_id=office.ada.id, username=office.ada.username,
            )
        )  # fmt: skip
    run(office.store.write(*map(Add, made)))
    return made


@pytest.mark.parametrize("order", ["desc", "asc"])
def test_the_pages_of_a_log_hold_each_row_once_and_in_order(office: Office, app: ApiCaller, order: str) -> None:
    made = attempts(office, 25)
    since = quote(
        f"createdDateTime ge {made[-1].at.isoformat().replace('+00:00', 'Z')} and userId eq '{office.ada.id}'"
    )
    page = app.get(f"/auditLogs/signIns?$top=7&$orderby=createdDateTime {order}&$filter={since}").json()
    times = [row["createdDateTime"] for row in page["value"]]

    while "@odata.nextLink" in page:
        link = urlsplit(page["@odata.nextLink"])
        page = app.get(f"{link.path}?{link.query}").json()
        times += [row["createdDateTime"] for row in page["value"]]

    assert len(times) == len(set(times)) >= 25
    assert times == sorted(times, reverse=order == "desc")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("createdDateTime ge {5}", {0, 1, 2, 3, 4, 5}),
        ("createdDateTime gt {5}", {0, 1, 2, 3, 4}),
        ("createdDateTime le {5}", {5, 6, 7, 8, 9}),
        ("createdDateTime lt {5}", {6, 7, 8, 9}),
        ("createdDateTime eq {5}", {5}),
        ("createdDateTime ne {5}", {0, 1, 2, 3, 4, 6, 7, 8, 9}),
        ("createdDateTime ge {8} and createdDateTime le {2} and createdDateTime ge {6}", {2, 3, 4, 5, 6}),
        ("status/errorCode eq 0", {1, 2, 4, 5, 7, 8}),
        ("status/errorCode ne 0 and createdDateTime lt {3}", {6, 9}),
        ("status/errorCode eq 0 and status/errorCode ne 0", set()),
        ("not (status/errorCode eq 0)", {0, 3, 6, 9}),
        ("createdDateTime lt {8} or createdDateTime gt {1}", {0, 9}),
        ("userId eq 'nobody'", set()),
        ("userId eq 'nobody' and userId eq '{ada}'", set()),
        ("userPrincipalName eq 'ADA@contoso.example' and status/errorCode eq 130005", {0, 3, 6, 9}),
    ],
)
def test_the_store_and_the_filter_agree(office: Office, app: ApiCaller, text: str, expected: set[int]) -> None:
    made = attempts(office, 10)
    written = text.replace("{ada}", office.ada.id)
    for n, attempt in enumerate(made):
        written = written.replace(f"{{{n}}}", attempt.at.isoformat().replace("+00:00", "Z"))

    found = app.get("/auditLogs/signIns?$filter=" + quote(written)).json()["value"]

    places = {attempt.id: n for n, attempt in enumerate(made)}
    assert {places[row["id"]] for row in found if row["id"] in places} == expected


def test_the_audit_log_is_filtered_by_time_and_target(office: Office, app: ApiCaller) -> None:
    office.advance(minutes=1)
    since = office.clock.now()
    office.advance(minutes=1)
    run(office.services.manage_user.disable(office.ada, by=OPERATOR))

    def found(text: str) -> list[str]:
        page = app.get("/auditLogs/directoryAudits?$filter=" + quote(text)).json()
        return [row["activityDisplayName"] for row in page["value"]]

    after = f"activityDateTime ge {since.isoformat().replace('+00:00', 'Z')}"
    assert found(after) == ["user.disabled"]
    assert "user.disabled" not in found(f"not ({after})")
    assert found(f"targetResources/any(t: t/id eq '{office.ada.id}') and {after}") == ["user.disabled"]
    assert found("category eq 'Policy'") == []
    assert json.dumps(app.get("/auditLogs/directoryAudits?$orderby=activityDateTime").json()["value"][0]).count(
        "tenant.founded"
    )


def test_what_an_app_did_is_told_by_its_name_on_the_pages_too(office: Office, app: ApiCaller) -> None:
    issued = app.send("POST", f"/users/{office.ada.id}/authentication/temporaryAccessPassMethods", json={})
    assert issued.status_code == 201, issued.text
    adas, administrators = office.http(), office.http()
    adas.sign_in("contoso", office.passkey)
    administrators.sign_in("contoso", office.with_passkey(office.administrator))

    assert "the app Timesheets" in adas.get("/contoso/account").text
    assert "Timesheets" in administrators.get("/contoso/admin/audit").text
