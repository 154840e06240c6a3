"""The agent's wheel is small and stands alone: what runs on a person's computer brings no server with it."""

import re
import subprocess
import sys
from importlib.metadata import requires

from packaging.requirements import Requirement

# keystead-core, click, cryptography, cbor2 and jeepney, with what they bring.
MOST_PACKAGES = 9
NOT_FOR_THE_AGENT = ("keystead_server", "starlette", "sqlalchemy", "uvicorn", "jinja2", "asyncpg")


def closure(package: str, known: frozenset[str] = frozenset()) -> frozenset[str]:
    """*package* and everything it needs to run here, by normalised name; extras are not needed."""
    known = known | {package}
    for text in requires(package) or []:
        requirement = Requirement(text)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in known and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            known = closure(name, known)
    return known


def imported_by(module: str) -> set[str]:
    """The top-level packages that a fresh Python has after importing *module*."""
    program = f"import sys, {module}; print(*{{name.partition('.')[0] for name in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    return set(done.stdout.split())


def test_the_agent_brings_few_packages() -> None:
    packages = sorted(closure("keystead-agent"))

    assert len(packages) <= MOST_PACKAGES, f"keystead-agent brings {len(packages)} packages: {', '.join(packages)}"
    assert "keystead-server" not in packages


def test_core_brings_neither_agent_nor_server() -> None:
    ours = {name for name in closure("keystead-core") if name.startswith("keystead-")}

    assert ours == {"keystead-core"}


def test_the_agent_imports_nothing_of_the_servers() -> None:
    modules = imported_by("keystead_agent.main.entry") | imported_by("keystead_agent.main.daemon_process")

    assert "keystead_agent" in modules
    assert not modules.intersection(NOT_FOR_THE_AGENT)


def test_what_faces_the_browser_imports_no_cryptography() -> None:
    assert "cryptography" not in imported_by("keystead_agent.browser_host.__main__")
