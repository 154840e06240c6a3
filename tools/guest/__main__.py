"""`make guest`, `make guest-systemd`"""

import argparse
import sys
import time

from tools import deb
from tools.guest.desk import PASSED
from tools.guest.machine import BUILD, ROOT, Size, boot, prepare, python

_PLAYS = {
    "clients": Size(),
    "systemd": Size(memory_mib=2048, seconds=1200),
}
# Nothing of this computer's own services but what these need.
_UNIT = f"""[Unit]
Description=What the guest is for
Requires=basic.target dbus.socket systemd-logind.service
After=basic.target dbus.socket systemd-logind.service systemd-user-sessions.service
Wants=systemd-user-sessions.service
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
WorkingDirectory={ROOT}
ExecStart={python()} -m tools.guest.systemd
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
    play = parser.parse_args().play
    began = time.monotonic()
    if play == "systemd":
        deb.build(BUILD)
        write = f"$B cat > {_UNITS}/keystead-guest.service <<'END'\n{_UNIT}END\n"
        # They would go through all of this computer's /tmp, emulated.
        masked = "".join(f"$B ln -sf /dev/null {_UNITS}/{name}.service\n" for name in _MASKED)
        # Where this computer is a container, systemd would take itself for one, and share no mounts with its units.
        prepare(["/lib/systemd/systemd", "--unit=keystead-guest.service"], before=write + masked + _BE_A_MACHINE)
    else:
        prepare(["/bin/sh", "-c", f"'cd {ROOT} && exec {python()} -m tools.guest.{play}'"])
    passed = False
    for line in boot(_PLAYS[play]):
        print(f"[{time.monotonic() - began:5.0f} s] {line}", flush=True)
        passed = passed or line.endswith(PASSED)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
