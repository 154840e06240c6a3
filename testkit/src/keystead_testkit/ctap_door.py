"""`python -m keystead_testkit.ctap_door`: a door for CTAP test suites that speak CTAPHID in UDP datagrams.

A new, empty container each time, in software, for the relying parties that are
named; a person who agrees to everything and types the PIN that is printed. It
is in no package, so no installed agent has such a door.
"""

import argparse
import tempfile
import threading
from pathlib import Path

from keystead_testkit.ctap_agent import PIN, CtapAgent


def main() -> None:
    parser = argparse.ArgumentParser(prog="keystead_testkit.ctap_door", description=__doc__)
    parser.add_argument("--port", type=int, default=8111, help="UDP port on 127.0.0.1; 0 for any")
    parser.add_argument("--rp", action="append", default=[], help="a relying-party id to allow; may be repeated")
    parser.add_argument("--without-pin", action="store_true", help="leave it to the suite to set one")
    chosen = parser.parse_args()
    pin = None if chosen.without_pin else PIN
    with (
        tempfile.TemporaryDirectory() as folder,
        CtapAgent(Path(folder), rp_ids=chosen.rp or ["example.org"], pin=pin) as agent,
    ):
        print(f"CTAPHID at udp://127.0.0.1:{agent.listen(chosen.port)}, PIN {pin or 'not set'}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
