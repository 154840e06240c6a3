"""Finds the route for a path: one dictionary look-up for each of its segments."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from urllib.parse import unquote

from keystead_server.http.route import Route


@dataclass(slots=True)
class _Node:
    """A segment of the route tree."""

    literal: "dict[str, _Node]" = field(default_factory=dict)
    variable: "_Node | None" = None
    name: str = ""
    functions: "dict[str, _Node]" = field(default_factory=dict)
    methods: dict[str, Route] = field(default_factory=dict)


class RouteTree:
    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.path.strip("/").split("/"):
            if segment.startswith("{"):
                node.variable = node.variable or _Node(name=segment[1:-1])
                if node.variable.name != segment[1:-1]:
                    raise ValueError(f"{route.path}: {segment} is called {{{node.variable.name}}} by another route")
                node = node.variable
            elif "({" in segment:
                node = node.functions.setdefault(segment.partition("(")[0], _Node(name=segment[:-2].partition("({")[2]))
            else:
                node = node.literal.setdefault(segment, _Node())
        if route.method in node.methods:
            raise ValueError(f"two routes for {route.method} {route.path}")
        node.methods[route.method] = route

    def find(self, raw_path: str) -> tuple[dict[str, Route], dict[str, str]]:
        """The routes at a path by method, and the path's variables. A literal segment wins over a variable.

        `name({arguments})` is OData's call of a function: what stands between the parentheses is the variable.
        """
        node, values = self._root, {}
        for segment in raw_path.strip("/").split("/"):
            following = node.literal.get(segment)
            called = node.functions.get(segment.partition("(")[0]) if segment.endswith(")") else None
            if called is not None:
                following = called
                values[called.name] = unquote(segment.partition("(")[2][:-1])
            elif following is None:
                if node.variable is None or not segment:
                    return {}, {}
                following = node.variable
                values[following.name] = unquote(segment) if "%" in segment else segment
            node = following
        return node.methods, values
