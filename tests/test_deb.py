"""The agent's Debian package: built, looked into, installed into a folder of its own, and run from there."""

import json
import os
import subprocess
import sys
from importlib.util import cache_from_source
from pathlib import Path
from shutil import which

import pytest
from keystead_agent.browser_host.manifests import chromium_id
from keystead_agent.main.config import SERVICE_SOCKET

from tools.deb import DEPLOYED, HOME, PACKAGE, PYTHON, ROOT, build

pytestmark = pytest.mark.skipif(which("dpkg-deb") is None, reason="dpkg-deb is needed: this is no Debian")


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(tmp_path_factory.mktemp("dist"))


@pytest.fixture(scope="module")
def computer(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The root of a computer on which nothing but the package is installed."""
    root = tmp_path_factory.mktemp("computer")
    subprocess.run(["dpkg-deb", "--extract", package, root], check=True)
    return root


def run(computer: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    system = Path("/usr/bin/python3")
    if not system.exists() or f"python{_minor(system)}" != PYTHON:
        pytest.skip(f"the package is for {PYTHON}, and this system has another")
    python = computer / HOME / "bin" / "python3"
    return subprocess.run(
        [python, "-I", "-m", "keystead_agent.main", *arguments], capture_output=True, text=True, timeout=60
    )


def _minor(python: Path) -> str:
    program = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run([python, "-c", program], capture_output=True, text=True, check=True).stdout.strip()


def test_the_program_runs_with_nothing_but_the_package_and_python(computer: Path) -> None:
    done = run(computer, "--version")

    assert done.returncode == 0, done.stderr
    assert "0.1.0" in done.stdout


def test_the_daemon_and_all_it_loads_is_there(computer: Path) -> None:
    python = computer / HOME / "bin" / "python3"
    assert run(computer, "--help").returncode == 0
    program = (
        "import keystead_agent.main.daemon_process, keystead_agent.browser_host.host; print(keystead_agent.__path__)"
    )

    done = subprocess.run([python, "-I", "-c", program], capture_output=True, text=True, timeout=60)

    assert str(computer) in done.stdout, done.stderr


def test_browsers_find_the_host_and_it_lets_in_our_extension_alone(computer: Path) -> None:
    chromium = json.loads((computer / "etc/chromium/native-messaging-hosts/keystead.agent.json").read_text())
    firefox = json.loads((computer / "usr/lib/mozilla/native-messaging-hosts/keystead.agent.json").read_text())

    assert chromium["allowed_origins"] == [f"chrome-extension://{chromium_id()}/"]
    assert chromium["path"] == firefox["path"] == f"/{HOME}/browser-host"
    assert os.access(computer / HOME / "browser-host", os.X_OK)
    assert (computer / HOME / "lib" / PYTHON / "site-packages/keystead_agent/browser_host/extension/page.js").exists()


@pytest.mark.parametrize(("source", "folder"), DEPLOYED.items())
def test_what_is_deployed_is_that_of_the_sources(computer: Path, source: str, folder: str) -> None:
    file = ROOT / "deploy" / source

    installed = (computer / folder / file.name).read_text()

    assert installed == file.read_text()
    if file.suffix == ".service":
        assert "ExecStart=/usr/bin/keystead-agent " in installed
        assert os.access(computer / "usr/bin/keystead-agent", os.X_OK)


def test_a_browser_finds_the_service_before_a_persons_own_agent(computer: Path) -> None:
    host = (computer / HOME / "browser-host").read_text()

    assert host.index(str(SERVICE_SOCKET)) < host.index("$XDG_RUNTIME_DIR")


def test_the_package_says_which_python_and_nothing_of_the_builder(package: Path, computer: Path) -> None:
    fields = subprocess.run(["dpkg-deb", "--field", package], capture_output=True, text=True, check=True).stdout
    listed = subprocess.run(["dpkg-deb", "--contents", package], capture_output=True, text=True, check=True).stdout

    major, minor = sys.version_info[:2]
    assert f"python3 (>= {major}.{minor}), python3 (<< {major}.{minor + 1})" in fields
    assert {line.split()[1] for line in listed.splitlines()} == {"root/root"}
    ours = (computer / HOME).rglob("*")
    assert not [path for path in ours if path.suffix == ".pth" or path.name == "direct_url.json"]
    assert "keystead_server" not in listed


def test_nobody_who_starts_it_has_to_compile_it_first(computer: Path) -> None:
    """A person may not write under /usr, so each start would compile all of it anew."""
    ours = computer / HOME / "lib" / PYTHON / "site-packages" / "keystead_agent"
    sources = list(ours.rglob("*.py"))

    assert sources
    for source in sources:
        compiled = Path(cache_from_source(str(source)))
        assert compiled.exists(), source
        assert str(computer).encode() not in compiled.read_bytes()
        assert b"keystead-deb-" not in compiled.read_bytes()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may install packages")
def test_dpkg_installs_it_and_takes_all_of_it_away(package: Path, tmp_path: Path) -> None:
    for folder in ("info", "updates", "triggers"):
        (tmp_path / "var/lib/dpkg" / folder).mkdir(parents=True)
    (tmp_path / "var/lib/dpkg/status").touch()
    dpkg = ["dpkg", f"--root={tmp_path}", "--force-depends", "--force-script-chrootless", "--log=/dev/null"]

    subprocess.run([*dpkg, "--install", package], check=True, capture_output=True)
    assert (tmp_path / "usr/bin/keystead-agent").exists()
    everybody = ["browser", "install", "--everybody", "--origin", "https://id.example.org", "--root", str(tmp_path)]
    installed = run(tmp_path, *everybody)
    assert installed.returncode == 0, installed.stderr
    assert (tmp_path / "etc/chromium/policies/managed/keystead.json").exists()
    subprocess.run([*dpkg, "--purge", PACKAGE], check=True, capture_output=True)

    assert not [path for path in tmp_path.rglob("*") if path.is_file() and "var/lib/dpkg" not in str(path)]
