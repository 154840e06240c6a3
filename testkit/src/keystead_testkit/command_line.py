"""The `keystead` command, called without a process of its own: a start costs more than most tests."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from click.testing import CliRunner, Result
from keystead_server.main.cli import main


def invoke(data: Path, *arguments: str) -> Result:
    """Run a verb over the folder *data*."""
    # In a thread, because a browser that an earlier test drove leaves a running loop in this one.
    with ThreadPoolExecutor(1) as elsewhere:
        return elsewhere.submit(CliRunner().invoke, main, ["--data", str(data), *arguments]).result()
