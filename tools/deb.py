"""`make deb`: the agent as a Debian package under dist/, with everything it needs but Python itself.

    /usr/bin/keystead-agent               the program
    /usr/lib/keystead-agent/              an environment of its own: bin/python3, site-packages, browser-host
    /usr/lib/systemd/system               the service of everybody; the security key of one person
    /usr/lib/systemd/user                 what asks a person for that service; an agent of their own instead
    /usr/lib/sysusers.d, …/polkit-1       the service's user, and its leave to ask fprintd
    /usr/lib/modules-load.d               uhid, for the security key
    /etc/chromium, /etc/opt/chrome, /usr/lib/mozilla: where browsers find the agent

What it needs is copied from the environment that this runs in, where the lock file's
hashes were checked; so it is built, and installs, without a network. The extension is
written for enrolled sites by `keystead-agent setup` for a person and by `keystead-agent
browser install --everybody` for all, and is not loaded by being installed; when the
package goes, what the latter wrote goes too.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from compileall import compile_dir
from importlib.metadata import Distribution, distribution, version
from pathlib import Path
from py_compile import PycInvalidationMode
from tempfile import TemporaryDirectory

from keystead_agent.browser_host.everybody import FOLDER, PLACES
from keystead_agent.browser_host.manifests import HOST_NAME, Browser, host_manifest
from keystead_agent.main.config import SERVICE_SOCKET
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = "keystead-agent"
HOME = f"usr/lib/{PACKAGE}"
HOST = f"/{HOME}/browser-host"
PYTHON = f"python{sys.version_info[0]}.{sys.version_info[1]}"
MANIFESTS: dict[str, Browser] = {
    "etc/chromium/native-messaging-hosts": "chromium",
    "etc/opt/chrome/native-messaging-hosts": "chromium",
    "usr/lib/mozilla/native-messaging-hosts": "firefox",
}
# From deploy/, as it is.
DEPLOYED = {
    "systemd/system/keystead-agent.service": "usr/lib/systemd/system",
    "systemd/system/keystead-hid@.service": "usr/lib/systemd/system",
    "systemd/user/keystead-agent.service": "usr/lib/systemd/user",
    "systemd/user/keystead-session.service": "usr/lib/systemd/user",
    "sysusers.d/keystead-agent.conf": "usr/lib/sysusers.d",
    "polkit/keystead-agent.rules": "usr/share/polkit-1/rules.d",
}

_CONTROL = """\
Package: {package}
Version: {version}
Architecture: {architecture}
Maintainer: Keystead <keystead@keystead.example>
Depends: python3 (>= {this}), python3 (<< {next})
Recommends: pinentry-gnome3 | pinentry-qt | pinentry-curses, tpm-udev, publicsuffix
Suggests: fprintd, tpm2-tools
Section: net
Priority: optional
Description: passkeys that are kept in this computer's security chip
 The agent keeps passkeys in the TPM, asks for a PIN or a finger at each use, and
 answers the browsers of this computer for the identity providers it is enrolled at.
 Each person runs "keystead-agent setup" once.
"""
_PROGRAM = f"""\
#!/{HOME}/bin/python3 -I
from keystead_agent.main.entry import main

main()
"""
_BROWSER_HOST = f"""\
#!/bin/sh
socket={SERVICE_SOCKET}
[ -S "$socket" ] || socket="$XDG_RUNTIME_DIR/keystead/agent.sock"
exec /{HOME}/bin/python3 -I -m keystead_agent.browser_host --socket "$socket" "$@"
"""
# The service starts now and with the computer; what asks a person starts with their next session. In another
# root there is nothing to start.
_INSTALLATION = """\
#!/bin/sh
set -e
if [ "$1" = configure ] && [ -z "$DPKG_ROOT" ] && command -v systemctl >/dev/null; then
  systemd-sysusers /usr/lib/sysusers.d/keystead-agent.conf
  systemctl enable --quiet keystead-agent.service
  systemctl --global enable --quiet keystead-session.service
  if [ -d /run/systemd/system ]; then
    systemctl daemon-reload
    systemctl restart keystead-agent.service || echo "keystead-agent.service did not start: keystead-agent doctor" >&2
  fi
fi
"""
# By the shell alone: the program is on its way out. Another root's, where dpkg says so. Containers stay where they
# are, in /var/lib/keystead-agent/people: a package that is installed again finds them.
_REMOVAL = f"""\
#!/bin/sh
set -e
# Bytecode: the package's own, and what another Python made beside it when root ran it, of which dpkg does not know.
if [ "$1" = remove ] && [ -z "$DPKG_ROOT" ] && command -v systemctl >/dev/null; then
  if [ -d /run/systemd/system ]; then systemctl stop keystead-agent.service || true; fi
  systemctl disable --quiet keystead-agent.service || true
  systemctl --global disable --quiet keystead-session.service || true
fi
find "$DPKG_ROOT/{HOME}" -name __pycache__ -type d -prune -exec rm -rf {{}} +
if [ "$1" = remove ]; then
  for place in {" ".join(PLACES)}; do rm -f "$DPKG_ROOT/$place"; done
  if [ -d "$DPKG_ROOT/{FOLDER}" ]; then rmdir -p --ignore-fail-on-non-empty "$DPKG_ROOT/{FOLDER}"; fi
fi
"""


def build(directory: Path) -> Path:
    """Build the package into *directory*, and return its path."""
    directory.mkdir(parents=True, exist_ok=True)
    architecture = _said("dpkg", "--print-architecture")
    with TemporaryDirectory(prefix="keystead-deb-") as temporary:
        stage = Path(temporary) / "package"
        _fill(stage)
        _write(stage / "DEBIAN" / "control", _control(architecture))
        conffiles = [f"/{file.relative_to(stage)}" for file in sorted((stage / "etc").rglob("*")) if file.is_file()]
        _write(stage / "DEBIAN" / "conffiles", "".join(f"{file}\n" for file in conffiles))
        _write(stage / "DEBIAN" / "postinst", _INSTALLATION, mode=0o755)
        _write(stage / "DEBIAN" / "prerm", _REMOVAL, mode=0o755)
        made = directory / f"{PACKAGE}_{version(PACKAGE)}_{architecture}.deb"
        _said("dpkg-deb", "--root-owner-group", "-Zgzip", "--build", str(stage), str(made))
    return made


def _control(architecture: str) -> str:
    major, minor = sys.version_info[:2]
    return _CONTROL.format(
        package=PACKAGE,
        version=version(PACKAGE),
        architecture=architecture,
        this=f"{major}.{minor}",
        next=f"{major}.{minor + 1}",
    )


def _fill(stage: Path) -> None:
    stage.mkdir(mode=0o755)
    site = stage / HOME / "lib" / PYTHON / "site-packages"
    site.mkdir(parents=True)
    for needed in _needed():
        _copy(needed, site)
    _add_own_wheels(site)
    _compile(site, stage)
    _write(stage / HOME / "pyvenv.cfg", "home = /usr/bin\ninclude-system-site-packages = false\n")
    (stage / HOME / "bin").mkdir()
    (stage / HOME / "bin" / "python3").symlink_to("/usr/bin/python3")
    _write(stage / "usr/bin" / PACKAGE, _PROGRAM, mode=0o755)
    _write(stage / HOST.lstrip("/"), _BROWSER_HOST, mode=0o755)
    for folder, browser in MANIFESTS.items():
        text = json.dumps(host_manifest(browser, HOST), indent=2) + "\n"
        _write(stage / folder / f"{HOST_NAME}.json", text)
    for source, folder in DEPLOYED.items():
        file = ROOT / "deploy" / source
        _write(stage / folder / file.name, file.read_text(encoding="utf-8"))
    _write(stage / "usr/lib/modules-load.d/keystead.conf", "uhid\n")
    documents = stage / "usr/share/doc" / PACKAGE
    _write(documents / "copyright", (ROOT / "LICENSE").read_text(encoding="utf-8"))
    _write(documents / "container.md", (ROOT / "docs/guides/container.md").read_text(encoding="utf-8"))


def _needed(package: str = PACKAGE) -> Iterator[Distribution]:
    """What others have made, in alphabetical order."""
    names: set[str] = set()
    _gather(package, names)
    for name in sorted(names):
        if not name.startswith("keystead-"):
            yield distribution(name)


def _gather(package: str, names: set[str]) -> None:
    for text in distribution(package).requires or []:
        requirement = Requirement(text)
        name = re.sub(r"[-_.]+", "-", requirement.name).lower()
        if name not in names and (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            names.add(name)
            _gather(name, names)


def _copy(needed: Distribution, site: Path) -> None:
    for file in needed.files or []:
        # Scripts lie outside, and are nobody's here; caches are made where they are used.
        if ".." in file.parts or "__pycache__" in file.parts:
            continue
        (site / file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(str(file.locate()), site / file)


def _add_own_wheels(site: Path) -> None:
    with TemporaryDirectory(prefix="keystead-wheels-") as wheels:
        _said(
            sys.executable, "-m", "pip", "wheel", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps",
            "--no-build-isolation", "--wheel-dir", wheels, str(ROOT / "core"), str(ROOT / "agent"),
        )  # fmt: skip
        for wheel in sorted(Path(wheels).glob("*.whl")):
            with zipfile.ZipFile(wheel) as packed:
                packed.extractall(site)


def _compile(site: Path, stage: Path) -> None:
    """Bytecode for the one Python that the package is for: whoever starts the agent may not write it there."""
    # Unchecked: what dpkg unpacks has times of its own, and is changed by no one but dpkg.
    mode = PycInvalidationMode.UNCHECKED_HASH
    if not compile_dir(site, quiet=1, stripdir=str(stage), prependdir="/", invalidation_mode=mode):
        raise SystemExit("some of it is no Python")


def _write(path: Path, text: str, *, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def _said(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}\n{done.stderr.strip()}")
    return done.stdout.strip()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.deb", description=__doc__)
    parser.add_argument("--directory", type=Path, default=ROOT / "dist")
    options = parser.parse_args()
    # Folders that everybody may enter, whatever the umask of who builds it.
    os.umask(0o022)
    print(build(options.directory))


if __name__ == "__main__":
    main()
