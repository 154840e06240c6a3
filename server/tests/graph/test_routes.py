"""Every route of the API against every permission, every role, every size."""

import re
from dataclasses import dataclass, replace
from typing import Any

import pytest
from keystead_server.domain.actor import OPERATOR
from keystead_server.domain.user import Role, User
from keystead_server.http.graph.routes import ROUTES
from keystead_server.http.route import UNLIMITED, Face, Route
from keystead_server.policy.access.document import AccessRules, Context
from keystead_server.policy.access.location_document import read_location
from keystead_server.policy.access.reading import read_policy
from keystead_server.policy.access.templates import TEMPLATES
from keystead_server.policy.api_permissions import API_PERMISSIONS, ByToken, opens
from keystead_server.policy.strengths.document import read_strength
from keystead_testkit.access_policies import policy_body
from keystead_testkit.api_caller import ApiCaller, app_alone, for_person
from keystead_testkit.loop import run
from keystead_testkit.office import Office

ROLES = [None, *Role]
WRITES = [route for route in ROUTES if route.method != "GET"]
ASKS = "/identity/conditionalAccess/evaluate"
FOR_PEOPLE = tuple(API_PERMISSIONS)
ALONE = tuple(name for name, permission in API_PERMISSIONS.items() if permission.application)


def name(value: Any) -> str:
    if isinstance(value, Route):
        return f"{value.method} {value.path.removeprefix('/graph/v1.0')}"
    return "nobody's" if value is None else str(value)


@dataclass(frozen=True, slots=True)
class House:
    office: Office
    people: dict[Role | None, User]
    callers: dict[Role | None, ApiCaller]
    alone: dict[str, ApiCaller]
    ids: dict[str, str]


@pytest.fixture(scope="module")
def house() -> House:
    """A person for each role whose app was granted everything, and an app by itself for each permission."""
    office = Office()
    people = {
        role: office.add_person(
            f"{name(role)}@example.org".replace(" ", "-").replace("'", ""), *([role] if role else [])
        )
        for role in ROLES
    }
    callers = {
        role: for_person(office, office.session(office.with_passkey(person)), *FOR_PEOPLE)
        for role, person in people.items()
    }
    group = run(office.services.manage_group.create(office.tenant.id, name="Staff", by=OPERATOR))
    (event, *_) = run(office.store.logs.audit(office.tenant.id, limit=1))
    ids = {
        "user": office.ada.id, "group": group.id, "member": office.ada.id, "organization": office.tenant.id,
        "configuration": "fido2", "directoryAudit": event.id, "signIn": "x", "method": "x", "item": "c1", "mode": "fido2", "template": TEMPLATES[0].id, "arguments": "challengeTimeoutInMinutes=5",
    }  # fmt: skip
    access_items(office, "c1")
    alone = {permission: app_alone(office, permission) for permission in ALONE}
    return House(office, people, callers, alone, ids)


def access_items(office: Office, one: str) -> None:
    """A policy, a location, a strength and a context of this id."""
    policy = policy_body("Kept", "mfa", state="disabled")
    place = {"displayName": "Here", "ipRanges": [{"cidrAddress": "192.0.2.0/24"}]}
    strength = {"displayName": "Keys", "allowedCombinations": ["fido2"]}

    def edit(rules: AccessRules) -> AccessRules:
        kept = replace(
            rules.set,
            policies=(read_policy(policy, new_id=one).policy,),
            locations=(read_location(place, new_id=one).location,),
            strengths={one: read_strength(strength, new_id=one).strength},
        )
        return replace(rules, set=kept, contexts=(Context(one, "Payments"),))

    run(office.services.manage_access.change(office.tenant.id, edit, by=OPERATOR, about="a test"))


def ask(house: House, route: Route, caller: ApiCaller) -> Any:
    """A request that gets as far as the handler, which finds that there is nothing to do."""
    path = re.sub(r"\{(\w+)\}", lambda found: house.ids[found[1]], route.path)
    body = {} if route.body is None else {"json": {"nothing": "of ours"}}
    if route.method == "DELETE":
        # Nobody is to be removed by a test of permissions.
        path = re.sub(
            r"/(users|groups|members|authenticationMethodConfigurations|conditionalAccess/.+|policies/.+)/[^/]+",
            r"/\1/nobody",
            path,
        )
    return caller.send(route.method, path, **body)


def test_every_route_is_of_the_api_and_says_what_opens_it() -> None:
    for route in ROUTES:
        assert route.path.startswith("/graph/v1.0/"), route.path
        assert route.face is Face.GRAPH
        assert isinstance(route.access, ByToken)
        assert set(route.access.names) <= set(API_PERMISSIONS), route.path
        assert route.limit is not UNLIMITED
        assert (route.body is None) is (route.method in ("GET", "DELETE")), route.path
        assert not route.wants_session


def test_every_permission_opens_something() -> None:
    opened = {permission for route in ROUTES for permission in getattr(route.access, "names", ())}

    assert opened == set(API_PERMISSIONS)


def test_what_changes_something_is_not_opened_by_what_reads() -> None:
    for route in WRITES:
        assert isinstance(route.access, ByToken)
        # Asked by POST, for the size of what is asked; it changes nothing.
        if route.path.endswith(ASKS):
            continue
        assert all("ReadWrite" in permission for permission in route.access.names), route.path
        assert route.access.role is not None, route.path


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_a_persons_token_opens_what_their_role_may(house: House, route: Route) -> None:
    assert isinstance(route.access, ByToken)
    for role in ROLES:
        answer = ask(house, route, house.callers[role])

        if opens(route.access, FOR_PEOPLE, house.people[role]):
            assert answer.status_code in (200, 400, 404), (role, answer.text)
        else:
            assert answer.status_code == 403, (role, answer.text)
            assert answer.json()["error"]["innerError"]["code"] == "permission_missing"


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_an_apps_own_token_opens_what_its_permission_says(house: House, route: Route) -> None:
    assert isinstance(route.access, ByToken)
    for permission in ALONE:
        answer = ask(house, route, house.alone[permission])

        if permission in route.access.names:
            assert answer.status_code in (200, 400, 404), (permission, answer.text)
        else:
            assert answer.status_code == 403, (permission, answer.text)


@pytest.mark.parametrize("route", ROUTES, ids=name)
def test_nobody_gets_in_without_a_token(house: House, route: Route) -> None:
    answer = house.office.http().send(
        route.method, route.path, headers={} if route.body is None else {"content-type": "application/json"}
    )

    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == "InvalidAuthenticationToken"


@pytest.mark.parametrize("route", [route for route in WRITES if route.body], ids=name)
def test_more_than_a_route_takes_and_another_type_are_refused(house: House, route: Route) -> None:
    assert route.body is not None
    caller = house.callers[Role.GLOBAL_ADMINISTRATOR]
    json = {"content-type": "application/json"}

    large = caller.send(route.method, route.path, content=b" " * (route.body.max_bytes + 1), headers=json)
    typed = caller.send(route.method, route.path, content=b"{}", headers={"content-type": "text/plain"})

    assert [(a.status_code, a.json()["error"]["code"]) for a in (large, typed)] == [
        (413, "RequestEntityTooLarge"),
        (415, "UnsupportedMediaType"),
    ]


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"a":1,"a":2}', b"{", b"\xff", b'{"displayName": 1}'])
@pytest.mark.parametrize("route", [route for route in WRITES if route.body], ids=name)
def test_a_body_that_is_none_is_told_so_and_changes_nothing(house: House, route: Route, body: bytes) -> None:
    path = re.sub(r"\{(\w+)\}", lambda found: house.ids[found[1]], route.path)
    before = len(house.office.audit)

    answer = house.callers[Role.GLOBAL_ADMINISTRATOR].send(
        route.method, path, content=body, headers={"content-type": "application/json"}
    )

    assert answer.status_code == 400, answer.text
    assert len(house.office.audit) == before


@pytest.mark.parametrize("word", ["%00", "%0d%0a", "%C0%80", "x" * 5000, "%2e%2e", "'", "%27%20or%201"])
def test_an_odd_name_in_an_address_is_not_there(house: House, word: str) -> None:
    for route in ROUTES:
        if "{" in route.path and route.method == "GET":
            path = re.sub(r"\{\w+\}", lambda _: word, route.path)

            answer = house.callers[Role.GLOBAL_ADMINISTRATOR].get(path)

            assert answer.status_code in (400, 404), f"{path}: {answer.text}"
            assert answer.json()["error"]["code"] in ("Request_ResourceNotFound", "BadRequest")


# -- manners -----------------------------------------------------------------------------------------


def test_a_refusal_has_graphs_shape_and_both_numbers(house: House) -> None:
    answer = house.callers[None].get("/users", **{"client-request-id": "8f6d2c1e-0000-4000-8000-000000000001"})

    error = answer.json()["error"]
    assert error.keys() == {"code", "message", "innerError"}
    assert error["innerError"] == {
        "code": "permission_missing",
        "date": house.office.clock.now().strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": answer.headers["x-request-id"],
        "client-request-id": "8f6d2c1e-0000-4000-8000-000000000001",
    }


def test_a_callers_number_that_is_none_is_not_repeated(house: House) -> None:
    sent = "<script>alert(1)</script>"

    answer = house.callers[None].get("/users", **{"client-request-id": sent})

    assert sent not in answer.text
    assert answer.json()["error"]["innerError"]["client-request-id"] == answer.headers["x-request-id"]


@pytest.mark.parametrize("path", ["/graph/v1.0/nothing", "/graph/v1.0", "/graph/beta/users", "/graph/v1.0/users/x/y/z"])
def test_an_address_that_is_not_there_is_told_in_graphs_shape(house: House, path: str) -> None:
    answer = house.callers[None].get(path)

    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "Request_ResourceNotFound")


def test_another_method_is_told_which_there_are(house: House) -> None:
    answer = house.callers[None].send("PUT", "/users")

    assert (answer.status_code, answer.json()["error"]["code"]) == (405, "BadRequest")
    assert answer.headers["allow"] == "GET, POST"


def test_too_many_requests_are_told_when_to_come_back() -> None:
    office = Office(rate_limit_scale=0.01)
    caller = app_alone(office, "User.Read.All")

    answers = [caller.get("/users") for _ in range(7)]

    assert [answer.status_code for answer in answers] == [200] * 6 + [429]
    assert answers[-1].json()["error"]["code"] == "TooManyRequests"
    assert int(answers[-1].headers["retry-after"]) > 0


def test_no_answer_holds_a_secret(house: House) -> None:
    """Class 21: nothing secret is ever serialised."""
    office = house.office
    issued, registered = office.issue_pass(), office.app()
    assert registered.secret is not None
    secrets = [issued.code, issued.access_pass.digest.hex(), registered.secret, registered.app.secret_digests[0].hex()]
    secrets += [key.sealed.hex() for key in run(office.store.signing_keys.all())]
    secrets += [office.ada.handle.hex(), "public_key", "secret_digests"]

    for route in ROUTES:
        if route.method == "GET":
            answer = ask(house, route, house.callers[Role.GLOBAL_ADMINISTRATOR])
            for secret in secrets:
                assert secret not in answer.text, route.path
