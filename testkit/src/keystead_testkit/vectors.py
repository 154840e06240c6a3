"""Published vectors, read from the folder that stands beside the checkout."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

_BESIDE_THE_CHECKOUT = Path(__file__).resolve().parents[4] / "shared" / "vectors"


@cache
def vectors(name: str) -> Any:
    """Return the JSON file *name*; skips the test that asks where the folder is absent."""
    path = _BESIDE_THE_CHECKOUT / name
    if not path.is_file():
        pytest.skip(f"the published vectors are not there: ../shared/vectors/{name}")
    return json.loads(path.read_bytes())


def names_in(name: str) -> list[str]:
    """Return the names in a file of vectors, for parametrising; none where the folder is absent."""
    path = _BESIDE_THE_CHECKOUT / name
    return [vector["name"] for vector in json.loads(path.read_bytes())] if path.is_file() else []
