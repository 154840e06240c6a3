"""`python -m keystead_agent.browser_host --socket PATH`: started by a browser, never by a person."""

import argparse
import sys
from pathlib import Path

from keystead_core.link.errors import LinkError

from keystead_agent.browser_host.host import Host


def main() -> int:
    parser = argparse.ArgumentParser(prog="keystead-browser-host", description=__doc__)
    parser.add_argument("--socket", type=Path, required=True, help="the daemon's socket")
    # Chromium names the extension's origin, Firefox the manifest and the extension. Each starts us
    # for the extension in the manifest only, so there is nothing to check here.
    parser.add_argument("caller", nargs="*", help="what the browser says about the extension")
    arguments = parser.parse_args()
    try:
        Host(arguments.socket, sys.stdin.fileno(), sys.stdout.fileno()).run()
    except LinkError as refused:
        print(f"keystead-browser-host: {refused.code}: {refused}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        pass  # the browser went while we were answering it
    return 0


if __name__ == "__main__":
    sys.exit(main())
