"""The OpenAPI 3.1 document, written from the route table."""

import re
from collections.abc import Iterable
from typing import Any

from keystead_server.http.route import Access, Face, Route
from keystead_server.policy.api_permissions import ByToken

_FACES = {
    Face.PAGE: "text/html",
    Face.JSON: "application/json",
    Face.OAUTH: "application/json",
    Face.GRAPH: "application/json",
}


def document(routes: Iterable[Route], *, public_url: str, version: str) -> dict[str, Any]:
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Keystead",
            "version": version,
            "description": "Passwordless sign-in that people run themselves.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": public_url}],
        "paths": paths,
        "components": {
            "schemas": {"Problem": _PROBLEM, "GraphProblem": _GRAPH_PROBLEM},
            "securitySchemes": {
                "session": {
                    "type": "apiKey",
                    "in": "cookie",
                    "name": "__Host-keystead-{tenant}",
                    "description": "The session cookie that a sign-in sets.",
                },
                "token": {
                    "type": "http",
                    "scheme": "bearer",
                    "bearerFormat": "JWT",
                    "description": "An access token for this API; docs/reference/graph.md.",
                },
            },
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    operation: dict[str, Any] = {
        "operationId": _operation_id(route),
        "summary": route.summary,
        "tags": [route.face.value],
        "responses": {str(status): _response(route, status, words) for status, words in sorted(route.answers.items())},
    }
    operation["responses"]["default"] = {
        "description": "A problem, with a stable code.",
        "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{_problem(route)}"}}},
    }
    names = re.findall(r"\{(\w+)\}", route.path)
    if names:
        operation["parameters"] = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names
        ]
    if route.body is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {route.body.content_type: {"schema": route.body.schema}},
        }
    if isinstance(route.access, ByToken):
        operation["security"] = [{"token": []}]
        operation["x-permissions"] = list(route.access.names)
    elif route.access is not Access.PUBLIC:
        operation["security"] = [{"session": []}]
        if not isinstance(route.access, Access):
            operation["x-permission"] = route.access.value
    operation["x-rate-limit"] = {"perMinute": route.limit.per_minute, "burst": route.limit.burst}
    return operation


def _response(route: Route, status: int, words: str) -> dict[str, Any]:
    response: dict[str, Any] = {"description": words}
    if 200 <= status < 300 and status != 204:
        response["content"] = {_FACES[route.face]: {}}
    return response


def _problem(route: Route) -> str:
    return "GraphProblem" if route.face is Face.GRAPH else "Problem"


def _operation_id(route: Route) -> str:
    words = [
        word
        for segment in route.path.split("/")
        for word in segment.partition("(")[0].strip("{}$").replace("-", "_").split(".")
    ]
    return "_".join([route.method.lower(), *(word for word in words if word)])


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["code", "message", "correlationId"],
    "properties": {
        "code": {"type": "string", "description": "Stable; see the error list."},
        "message": {"type": "string", "description": "For a person."},
        "target": {"type": "string", "description": "The property or field it is about."},
        "correlationId": {"type": "string", "description": "Names this request in the log."},
    },
}

_GRAPH_PROBLEM: dict[str, Any] = {
    "type": "object",
    "required": ["error"],
    "properties": {
        "error": {
            "type": "object",
            "required": ["code", "message", "innerError"],
            "properties": {
                "code": {"type": "string", "description": "Graph's."},
                "message": {"type": "string", "description": "For a person."},
                "target": {"type": "string", "description": "The property it is about."},
                "innerError": {
                    "type": "object",
                    "properties": {
                        "code": {"type": "string", "description": "Ours; see the error list."},
                        "date": {"type": "string"},
                        "request-id": {"type": "string"},
                        "client-request-id": {"type": "string"},
                    },
                },
            },
        }
    },
}
