"""The command line over a folder of its own."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from keystead_testkit.command_line import invoke


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return tmp_path / "data"


@pytest.fixture
def keystead(data: Path) -> Callable[..., Any]:
    """Run a verb with --json over a folder where `init` ran; its parsed output, with *fails* its error's code."""
    assert invoke(data, "init").exit_code == 0

    def call(*arguments: str, fails: bool = False) -> Any:
        result = invoke(data, *arguments, "--json")
        assert result.exit_code == (1 if fails else 0), result.output + repr(result.exception)
        told = json.loads(result.stdout)
        return told["error"]["code"] if fails else told

    return call
