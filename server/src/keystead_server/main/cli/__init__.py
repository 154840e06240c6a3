"""The `keystead` command. Every verb has `--json`, help that shows an example, and an honest exit code.

0  done          1  refused or failed, with the reason          2  the call itself is wrong
"""

from keystead_server.main.cli.root import main

__all__ = ["main"]
