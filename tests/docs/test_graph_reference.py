"""docs/reference/graph.md is what the routes and collections say."""

import importlib.util
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_routes_say() -> None:
    spec = importlib.util.spec_from_file_location("graph_reference", ROOT / "tools" / "graph_reference.py")
    assert spec is not None
    assert spec.loader is not None
    reference = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(reference)

    written = reference.PAGE.read_text(encoding="utf-8")

    assert written == reference.page(), "a route changed: run  python -m tools.graph_reference"
    paged = {route.path.removeprefix("/graph/v1.0") for route in reference.ROUTES}
    assert set(reference.COLLECTIONS) <= paged
