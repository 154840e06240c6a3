"""Ask through pinentry, the program that GnuPG users know: its own window, its own grab of the keyboard."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from keystead_agent.gesture import assuan
from keystead_agent.gesture.assuan import AssuanError, Comment, Data, Err, Ok, Status, command, visible
from keystead_agent.gesture.interface import Cancelled, GestureUnavailable, Prompt, Purpose

TITLE: Final = "Keystead"
_START_SECONDS: Final = 10.0
_OTHER_WAY: Final = "Another way"
_MISMATCH: Final = "The two PINs were not the same. Type the new PIN again."


@dataclass(frozen=True, slots=True)
class Pinentry:
    """The Protocol `Gesture`, by one process per question.

    Attributes:
        program: the program, found on PATH or by its full path.
        timeout: after which an unanswered question counts as refused.
        options: said before each question, such as {"ttyname": "/dev/pts/3"}.
        environment: of the program; it needs DISPLAY or WAYLAND_DISPLAY, and a language.
        beware: said below every question: that its keys are in no chip, say.
    """

    program: str
    timeout: timedelta
    options: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] | None = None
    beware: str = ""

    @property
    def offers_more(self) -> bool:
        return False

    async def ask_pin(self, prompt: Prompt) -> str | Cancelled:
        async with self._conversation() as pinentry:
            await pinentry.describe(prompt)
            return await pinentry.pin("PIN:")

    async def ask_new_pin(self, prompt: Prompt) -> str | Cancelled:
        while True:
            async with self._conversation() as pinentry:
                await pinentry.describe(prompt)
                repeats = isinstance(await pinentry.say("SETREPEAT", "Again:"), Ok)
                first = await pinentry.pin("New PIN:")
                if isinstance(first, Cancelled) or (repeats and pinentry.pin_was_repeated):
                    return first
            # This pinentry has one field only, so it is asked twice.
            second = await self._ask_once_more(prompt)
            if isinstance(second, Cancelled) or second == first:
                return second
            prompt = prompt.again(_MISMATCH)

    async def _ask_once_more(self, prompt: Prompt) -> str | Cancelled:
        async with self._conversation() as pinentry:
            await pinentry.describe(prompt.again(""))
            return await pinentry.pin("The same PIN again:")

    async def choose(self, prompt: Prompt, accounts: Sequence[str]) -> int | Cancelled:
        """One question per account: pinentry has buttons and no list."""
        while True:
            for index, account in enumerate(accounts):
                question = f"Sign in to {visible(prompt.site)} as {visible(account)}?"
                answer = await self._button(prompt, question, other="Another account")
                if answer is True:
                    return index
                if isinstance(answer, Cancelled):
                    return answer

    async def confirm(self, prompt: Prompt, question: str) -> bool:
        return await self._button(prompt, question, other="") is True

    async def _button(self, prompt: Prompt, question: str, *, other: str) -> bool | Cancelled:
        async with self._conversation() as pinentry:
            await pinentry.require("SETDESC", "\n\n".join(filter(None, (question, _asked_by(prompt), self.beware))))
            await pinentry.require("SETOK", "Yes")
            await pinentry.require("SETCANCEL", _OTHER_WAY if prompt.other_ways else "No")
            if other:
                await pinentry.say("SETNOTOK", other)
            reply = await pinentry.say("CONFIRM")
        if isinstance(reply, Ok):
            return True
        return False if reply.is_not_confirmed else Cancelled(timed_out=reply.is_timeout)

    @asynccontextmanager
    async def _conversation(self) -> AsyncIterator["_Conversation"]:
        try:
            process = await asyncio.create_subprocess_exec(
                self.program,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,
                env=dict(self.environment) if self.environment is not None else None,
            )
        except OSError as error:
            raise GestureUnavailable(
                f"{self.program} cannot be started ({error.strerror}): install pinentry-gnome3, "
                "pinentry-qt or pinentry-curses, or name the program in the setting pinentry."
            ) from error
        try:
            conversation = _Conversation(process, self.beware)
            async with asyncio.timeout(_START_SECONDS):
                await conversation.reply()
            for name, value in self.options.items():
                await conversation.say("OPTION", f"{name}={value}")
            await conversation.require("SETTITLE", TITLE)
            await conversation.require("SETTIMEOUT", str(int(self.timeout.total_seconds())))
            yield conversation
        except (AssuanError, ConnectionError, TimeoutError) as error:
            because = str(error) or f"it said nothing within {_START_SECONDS:.0f} seconds"
            raise GestureUnavailable(f"{self.program} does not do as pinentry does: {because}.") from error
        finally:
            # However we leave, and above all when the page has gone: the window goes too.
            await _end(process)


@dataclass(slots=True)
class _Conversation:
    process: asyncio.subprocess.Process
    beware: str
    pin_was_repeated: bool = False

    async def say(self, verb: str, text: str = "") -> Ok | Err:
        _, reply = await self._exchange(verb, text)
        return reply

    async def require(self, verb: str, text: str) -> None:
        reply = await self.say(verb, text)
        if isinstance(reply, Err):
            raise AssuanError(f"{verb} is answered by {reply.text!r}")

    async def describe(self, prompt: Prompt) -> None:
        await self.require("SETDESC", "\n".join(filter(None, (description(prompt), self.beware))))
        if prompt.error:
            await self.require("SETERROR", prompt.error)
        if prompt.other_ways:
            await self.require("SETCANCEL", _OTHER_WAY)

    async def pin(self, label: str) -> str | Cancelled:
        await self.require("SETPROMPT", label)
        data, reply = await self._exchange("GETPIN")
        if isinstance(reply, Ok):
            return data.decode("utf-8", "replace")
        if reply.is_cancelled or reply.is_timeout:
            return Cancelled(timed_out=reply.is_timeout)
        raise AssuanError(f"GETPIN is answered by {reply.text!r}")

    async def _exchange(self, verb: str, text: str = "") -> tuple[bytes, Ok | Err]:
        assert self.process.stdin is not None  # noqa: S101 (made with a pipe)
        self.process.stdin.write(command(verb, text))
        await self.process.stdin.drain()
        return await self.reply()

    async def reply(self) -> tuple[bytes, Ok | Err]:
        assert self.process.stdout is not None  # noqa: S101 (made with a pipe)
        data = b""
        while True:
            line = await self.process.stdout.readline()
            if not line.endswith(b"\n"):
                raise AssuanError("it ended")
            match assuan.parse_line(line[:-1]):
                case Data(value):
                    data += value
                case Status(keyword):
                    self.pin_was_repeated |= keyword == "PIN_REPEATED"
                case Comment():
                    pass
                case Ok() | Err() as reply:
                    return data, reply


def description(prompt: Prompt) -> str:
    """What stands above the field, a line each: for what, where, who, at whose request, tries left."""
    lines = [_headline(prompt)]
    if prompt.account:
        lines.append(f"Account: {visible(prompt.account)}")
    lines += prompt.hints
    lines.append(_asked_by(prompt))
    if prompt.tries_left is not None:
        lines.append(f"Wrong PINs until it locks: {prompt.tries_left}")
    return "\n".join(filter(None, lines))


def _headline(prompt: Prompt) -> str:
    site = visible(prompt.site, most=253)
    match prompt.purpose:
        case Purpose.CREATE:
            return f"Type your PIN to create a passkey for {site} on this computer."
        case Purpose.SIGN_IN:
            return f"Type your PIN to sign in to {site}."
        case Purpose.SET_PIN:
            return "Choose a new PIN for the passkeys on this computer."
        case Purpose.CHANGE_PIN:
            return "To change your PIN, type the one that you have used until now."
        case Purpose.MANAGE:
            where = f" for {site}" if site else ""
            return f"Type your PIN to let a program list, rename and delete the passkeys{where} on this computer."
        case Purpose.SELECT | Purpose.RESET:
            return f"Type your PIN to {prompt.purpose.value}."
        case Purpose.UNLOCK_PIN:
            return "Type your PIN, which the security chip is to count again from now on."


def _asked_by(prompt: Prompt) -> str:
    return f"Asked by: {visible(prompt.requester)}" if prompt.requester else ""


async def _end(process: asyncio.subprocess.Process) -> None:
    # The whole group: what is called pinentry may be a script, and the window its child's.
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    await asyncio.shield(process.wait())


# For a screen, what draws windows; for a terminal, what draws in it. Debian's `pinentry` is whichever was chosen.
_ON_A_SCREEN: Final = ("pinentry", "pinentry-gnome3", "pinentry-gtk-2", "pinentry-qt", "pinentry-x11")
_IN_A_TERMINAL: Final = ("pinentry-curses", "pinentry-tty", "pinentry")


def pinentry_for(environment: Mapping[str, str]) -> str | None:
    """The pinentry that fits where the person is, of those that are installed."""
    has_screen = "DISPLAY" in environment or "WAYLAND_DISPLAY" in environment
    order = (*_ON_A_SCREEN, *_IN_A_TERMINAL) if has_screen else (*_IN_A_TERMINAL, *_ON_A_SCREEN)
    return find_pinentry(environment.get("PATH", ""), order)


def find_pinentry(path: str, candidates: Sequence[str]) -> str | None:
    """The first of *candidates* that a directory of *path* (as in PATH) has."""
    for candidate in candidates:
        for directory in path.split(os.pathsep):
            full = os.path.join(directory, candidate)
            if directory and os.access(full, os.X_OK):
                return full
    return None
