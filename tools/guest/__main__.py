"""`make guest`, `make guest-browsers`, `make guest-systemd`"""

import argparse
import shlex
import signal
import sys
import time

from tools import deb
from tools.guest.desk import PASSED
from tools.guest.machine import BUILD, ROOT, Size, boot, prepare, python
from tools.guest.provider import somebody_is_invited

_PLAYS = {
    "clients": Size(),
    "browsers": Size(memory_mib=4096, seconds=1200),
    "systemd": Size(memory_mib=2048, seconds=1200),
}
_BROWSERS = ("chromium", "firefox")
# Nothing of this computer's own services but what these need.
_UNIT = """[Unit]
Description=What the guest is for
Requires=basic.target dbus.socket systemd-logind.service
After=basic.target dbus.socket systemd-logind.service systemd-user-sessions.service
Wants=systemd-user-sessions.service
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
WorkingDirectory={root}
ExecStart={command}
StandardOutput=tty
StandardError=tty
TTYPath=/dev/ttyS0
"""
_UNITS = "/root/etc/systemd/system"
_BE_A_MACHINE = "$B rm -f /root/.dockerenv"
_MASKED = ("systemd-tmpfiles-setup", "systemd-firstboot", "systemd-sysusers", "systemd-timesyncd")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.guest", description=__doc__)
    parser.add_argument("play", nargs="?", choices=list(_PLAYS), default="clients")
    parser.add_argument("--only", choices=_BROWSERS, help="of the browsers")
    arguments = parser.parse_args()
    # As Ctrl-C does: the machine is switched off, and its chip's folder taken away.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if arguments.play == "browsers":
        browsers = [arguments.only] if arguments.only else _BROWSERS
        return 0 if all(_browser(each) for each in browsers) else 1
    if arguments.play == "systemd":
        return 0 if _newcomer() else 1
    _prepare_module("clients")
    return 0 if _watch(_PLAYS["clients"]) else 1


def _newcomer() -> bool:
    deb.build(BUILD)
    with somebody_is_invited() as link:
        # Without the rest of the link: systemd would take its percent signs for words of its own.
        provider = link.split("/sign-in/")[0]
        unit = _UNIT.format(root=ROOT, command=shlex.join([python(), "-m", "tools.guest.systemd", provider]))
        write = f"$B cat > {_UNITS}/keystead-guest.service <<'END'\n{unit}END\n"
        # They would go through all of this computer's /tmp, emulated.
        masked = "".join(f"$B ln -sf /dev/null {_UNITS}/{name}.service\n" for name in _MASKED)
        # Where this computer is a container, systemd would take itself for one, and share no mounts with its units.
        prepare(["/lib/systemd/systemd", "--unit=keystead-guest.service"], before=write + masked + _BE_A_MACHINE)
        return _watch(_PLAYS["systemd"])


def _browser(name: str) -> bool:
    """One machine for each: nothing that the first leaves behind helps the second."""
    with somebody_is_invited() as link:
        _prepare_module("browsers", name, link)
        return _watch(_PLAYS["browsers"])


def _prepare_module(name: str, *arguments: str) -> None:
    command = shlex.join([python(), "-m", f"tools.guest.{name}", *arguments])
    prepare(["/bin/sh", "-c", shlex.quote(f"cd {ROOT} && exec {command}")])


def _watch(size: Size) -> bool:
    began = time.monotonic()
    passed = False
    for line in boot(size):
        print(f"[{time.monotonic() - began:5.0f} s] {line}", flush=True)
        passed = passed or line.endswith(PASSED)
    return passed


if __name__ == "__main__":
    sys.exit(main())
