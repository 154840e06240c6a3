"""What the commands share: the doors that the program's entry opens for them, and options of each."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeAlias

import click
from keystead_core.link import messages as link

from keystead_agent.cli.findings import Finding, Step
from keystead_agent.cli.output import EXIT_UNREACHABLE, fail
from keystead_agent.client.client import AgentClient, AgentRefused, AgentUnreachable
from keystead_agent.client.log_file import last_lines

Ok: TypeAlias = Mapping[str, Any]
Browsers: TypeAlias = Literal["chromium", "firefox", "all"]


@dataclass(frozen=True, slots=True)
class SetUp:
    """What `setup` was told.

    Attributes:
        url: of the identity provider to enrol; None leaves that for later.
        with_pin: ask for the first PIN, if there is none.
        dry_run: say what would be done, and do nothing.
        undo: take away what setup put there; passkeys stay.
    """

    url: str | None
    with_pin: bool
    dry_run: bool
    undo: bool


@dataclass(frozen=True, slots=True)
class Doors:
    """What the program's entry opens for the command line, which may not reach for it itself.

    Attributes:
        log_path: None where the log is the service's, which reads it out.
    """

    socket_path: Callable[[], Path]
    run_daemon: Callable[[bool], None]
    run_prompter: Callable[[], None]
    run_hid: Callable[[str | None], None]
    install_browser: Callable[[Browsers, Sequence[str]], list[Path]]
    install_for_everybody: Callable[[Path, Sequence[str], bool], list[Path]]
    remove_for_everybody: Callable[[Path], list[Path]]
    log_path: Callable[[], Path | None]
    examine: Callable[[], list[Finding]]
    set_up: Callable[[SetUp], list[Step]]

    def ask(self, request: link.Request, *, as_json: bool) -> Ok:
        """Return the daemon's answer, or end the program with its refusal."""
        try:
            return AgentClient(self.socket_path()).ask(request)
        except AgentRefused as refused:
            fail(refused.code, str(refused), as_json=as_json)
        except AgentUnreachable as gone:
            message = f"{gone} Start it with: keystead-agent daemon"
            fail(gone.code, message, exit_code=EXIT_UNREACHABLE, as_json=as_json)

    def log_lines(self, last: int, *, as_json: bool) -> list[dict[str, object]]:
        """The last lines of the person's log, the newest at the end."""
        path = self.log_path()
        if path is not None:
            return last_lines(path, last)
        lines: list[dict[str, object]] = []
        while len(lines) < last:
            count = min(link.MOST_LOG_LINES, last - len(lines))
            more = self.ask(link.ReadLog(REQUEST_ID, count, len(lines)), as_json=as_json)["lines"]
            if not more:
                break
            lines = [*more, *lines]
        return lines


json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
pass_doors = click.make_pass_decorator(Doors)
REQUEST_ID: Final = "cli"
