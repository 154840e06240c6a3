"""Feed one target, or each in turn, under atheris: `python -m fuzz [target …] [--seconds N]`.

What was found stays in the folder `crashes/`, one file each; feeding it again shows the same:
`python -m fuzz cbor --again crashes/cbor-…`.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

import structlog


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", help="all when none is named; one that does not exist lists them")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--again", type=Path, help="feed this file once, to see a finding again")
    parser.add_argument("--here", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.here:
        _feed(asked.targets[0], asked.seconds)
    from fuzz.targets import TARGETS  # not before: what atheris watches must be imported under its eyes

    if find_spec("atheris") is None:
        parser.error("atheris is not here: run this by `make fuzz`, on Python 3.11 to 3.13")
    unknown = [name for name in asked.targets if name not in TARGETS]
    if unknown:
        parser.error(f"there is no target {', '.join(unknown)}; there are {', '.join(TARGETS)}")
    if asked.again is not None:
        for name in asked.targets:
            TARGETS[name](asked.again.read_bytes())
        return 0
    return max([_apart(name, asked.seconds) for name in asked.targets or TARGETS])


def _apart(name: str, seconds: int) -> int:
    """libFuzzer ends its process with the run, so each target gets one of its own."""
    command = [sys.executable, "-m", "fuzz", name, "--seconds", str(seconds), "--here"]
    ran = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    # It says how often each input was tried; what it found is said last.
    tried = re.findall(r"number_of_executed_units: +(\d+)", ran.stderr)
    print(
        f"{name}: {tried[-1] if tried else '?'} inputs in {seconds} s, {'a finding' if ran.returncode else 'nothing found'}",
        flush=True,
    )
    if ran.returncode:
        print(ran.stdout[-4000:] + ran.stderr[-8000:], file=sys.stderr)
    return ran.returncode


def _feed(name: str, seconds: int) -> NoReturn:
    """Ends the process: libFuzzer does."""
    import atheris  # only the machine that fuzzes has it

    # Refusals are what is expected; telling each would cost more than the parsing.
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    with atheris.instrument_imports(include=["keystead_core", "keystead_server", "keystead_agent"]):
        from fuzz.targets import TARGETS

    target = TARGETS[name]
    crashes = Path("crashes")
    crashes.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as corpus:
        for number, seed in enumerate(target.seeds):
            (Path(corpus) / str(number)).write_bytes(seed)
        flags = [
            f"-max_total_time={seconds}",
            f"-artifact_prefix={crashes}/{name}-",
            "-print_final_stats=1",
            "-verbosity=0",
        ]
        atheris.Setup([sys.argv[0], *flags, "-max_len=4096", corpus], target)
        atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
