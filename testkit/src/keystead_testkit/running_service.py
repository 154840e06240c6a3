"""The service of a whole computer as it runs: one process, people who are told apart by the kernel.

RunningService   the service, in a folder that others may enter
as_somebody      a program of another user's, which only root can start

To be another user, a program loads what it needs first: they could not read the sources.
"""

import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from keystead_core.link.messages import Request

from keystead_testkit.running_agent import RunningAgent


class RunningService(RunningAgent):
    command = ("daemon", "--everybody")

    def __init__(self, home: Path, tpm: str | None, *, bus: str, **settings: str) -> None:
        super().__init__(home, tpm, bus=bus, **settings)
        home.chmod(0o711)
        self._settings["service_socket"] = self._settings.pop("socket")

    def log_of(self, uid: int) -> list[dict[str, Any]]:
        path = self.state / str(uid) / "agent.log"
        return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []

    @contextmanager
    def prompter(self) -> Iterator[subprocess.Popen[str]]:
        """`keystead-agent session` of the user that we are, with the scripted pinentry."""
        process = self.begin_cli("session")
        assert process.stdout is not None
        try:
            assert "are asked here" in process.stdout.readline()
            yield process
        finally:
            process.terminate()
            process.wait(timeout=20)
            process.stdout.close()

    def ask_as(self, uid: int, request: Request) -> dict[str, Any]:
        """What the service says to *request* of that user: what is asked for, or {"refused": code}."""
        program = f"""
            from keystead_agent.client.client import AgentClient, AgentRefused
            from keystead_core.link.messages import request_from_json
            become({uid})
            try:
                said = AgentClient(Path({str(self.socket)!r})).ask(request_from_json({request.to_json()!r}))
            except AgentRefused as refused:
                said = {{"refused": refused.code, "message": str(refused)}}
            print(json.dumps(said))
        """
        done = subprocess.run(as_somebody(program), capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return dict(json.loads(done.stdout))

    @contextmanager
    def prompter_as(self, uid: int, pin: str) -> Iterator[None]:
        """A prompter of that user, with a person who types *pin* at once."""
        program = f"""
            from keystead_agent.gesture.scripted import ScriptedGesture
            from keystead_agent.session.prompter import Prompter
            become({uid})
            note = lambda said: print(said, flush=True)
            asyncio.run(Prompter(Path({str(self.socket)!r}), lambda beware: ScriptedGesture([{pin!r}] * 9), note).run())
        """
        process = subprocess.Popen(as_somebody(program), stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        try:
            assert "are asked here" in process.stdout.readline()
            yield
        finally:
            process.kill()
            process.wait(timeout=10)
            process.stdout.close()


def as_somebody(program: str) -> list[str]:
    """The command that runs *program*, which has `become(uid)`."""
    opening = """
        import asyncio, json, os
        from pathlib import Path
        def become(uid):
            os.setgroups([]); os.setgid(uid); os.setuid(uid)
    """
    return [sys.executable, "-c", textwrap.dedent(opening) + textwrap.dedent(program)]
