"""`make guest`"""

import sys
import time

from tools.guest.inside import PASSED
from tools.guest.machine import ROOT, boot, prepare, python


def main() -> int:
    began = time.monotonic()
    prepare(["/bin/sh", "-c", f"'cd {ROOT} && exec {python()} -m tools.guest.inside'"])
    passed = False
    for line in boot():
        print(f"[{time.monotonic() - began:5.0f} s] {line}", flush=True)
        passed = passed or line.endswith(PASSED)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
