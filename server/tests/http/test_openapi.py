"""The OpenAPI document: valid, and of every endpoint."""

from typing import Any

import pytest
from keystead_server.http.route import Access
from keystead_server.http.table import routes
from keystead_server.policy.api_permissions import ByToken
from keystead_testkit.office import Office
from openapi_spec_validator import validate


@pytest.fixture
def document(office: Office) -> dict[str, Any]:
    answer = office.http().get("/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    found: dict[str, Any] = answer.json()
    return found


def test_is_valid_openapi_3_1(document: dict[str, Any]) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_knows_every_endpoint_and_no_other(document: dict[str, Any]) -> None:
    described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}

    assert described == {(route.method, route.path) for route in routes()} - {("GET", "/openapi.json")}


def test_names_each_operation_once(document: dict[str, Any]) -> None:
    names = [operation["operationId"] for methods in document["paths"].values() for operation in methods.values()]

    assert len(set(names)) == len(names)


def test_says_who_may_call_how_often_and_that_problems_have_codes(document: dict[str, Any]) -> None:
    for route in routes():
        if route.path == "/openapi.json":
            continue
        operation = document["paths"][route.path][route.method.lower()]
        assert ("security" in operation) is (route.access is not Access.PUBLIC)
        assert operation["x-rate-limit"]["perMinute"] == route.limit.per_minute
        assert operation["responses"]["default"]["content"]["application/json"]["schema"]["$ref"].endswith("Problem")
        if isinstance(route.access, ByToken):
            assert operation["x-permissions"] == list(route.access.names)
        elif not isinstance(route.access, Access):
            assert operation["x-permission"] == route.access.value


def test_is_for_the_address_in_the_settings(document: dict[str, Any]) -> None:
    assert document["servers"] == [{"url": "https://id.example.org"}]
