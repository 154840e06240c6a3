"""Questions of the service, as messages: what a prompter says is a PIN or a no, and nothing else is an approval."""

import asyncio
from collections.abc import Mapping
from pathlib import Path

import pytest
from keystead_agent.gesture.interface import Cancelled, GestureUnavailable, Prompt, Purpose
from keystead_agent.gesture.scripted import ScriptedGesture
from keystead_agent.gesture.session import (
    PrompterRefused,
    Prompters,
    QuestionUnknown,
    SessionGesture,
    ask_here,
)
from keystead_agent.session.prompter import Prompter
from keystead_core.link.errors import LinkError
from keystead_core.link.framing import Framer, frame
from keystead_core.link.prompting import Dismiss, Question

PROMPT = Prompt(
    Purpose.SIGN_IN,
    site="example.org",
    account="ada",
    requester="firefox (7)",
    tries_left=3,
    error="Wrong PIN.",
    hints=("Or touch the reader.",),
    other_ways=True,
)


class Session:
    """A prompter that answers each question with what the test says."""

    def __init__(self, *answers: Mapping[str, object] | None) -> None:
        self.prompters = Prompters()
        self.said: list[Question | Dismiss] = []
        self._answers = list(answers)
        self.prompters.register(self._hear)

    def _hear(self, said: Question | Dismiss) -> None:
        self.said.append(said)
        answer = self._answers.pop(0) if isinstance(said, Question) else None
        if isinstance(said, Question) and answer is not None:
            asyncio.get_running_loop().call_soon(self.prompters.answered, said.number, answer)

    @property
    def gesture(self) -> SessionGesture:
        return SessionGesture(self.prompters, "Keys are in a file.")


def test_the_prompt_comes_through_whole_with_what_stands_below_it() -> None:
    here, beneath = ScriptedGesture(["137946"]), []

    async def ask() -> None:
        session = Session({"pin": "137946"})
        assert await session.gesture.ask_pin(PROMPT) == "137946"
        (question,) = session.said
        assert isinstance(question, Question)
        assert await ask_here(lambda beware: beneath.append(beware) or here, question) == {"pin": "137946"}

    asyncio.run(ask())
    assert here.prompts == [PROMPT]
    assert beneath == ["Keys are in a file."]


def test_each_way_of_asking_has_its_answer() -> None:
    async def ask() -> None:
        gesture = Session({"pin": "246801"}, {"account": 1}, {"confirmed": True}, {"confirmed": False}).gesture
        assert await gesture.ask_new_pin(PROMPT) == "246801"
        assert await gesture.choose(PROMPT, ["ada", "grace"]) == 1
        assert await gesture.confirm(PROMPT, "Delete everything?")
        assert not await gesture.confirm(PROMPT, "Delete everything?")

    asyncio.run(ask())


@pytest.mark.parametrize(
    "answer",
    [
        {},
        {"pin": None},
        {"pin": 137946},
        {"verified": "fingerprint"},
        {"account": 2},
        {"account": -1},
        {"account": True},
        {"account": "0"},
        {"confirmed": 1},
        {"confirmed": "true"},
        {"cancelled": "declined"},
    ],
)
def test_what_is_no_approval_is_taken_as_a_no(answer: Mapping[str, object]) -> None:
    async def ask() -> None:
        gesture = Session(answer, answer, answer).gesture
        assert await gesture.ask_pin(PROMPT) == Cancelled()
        assert await gesture.choose(PROMPT, ["ada", "grace"]) == Cancelled()
        assert not await gesture.confirm(PROMPT, "Delete everything?")

    asyncio.run(ask())


def test_nobody_there_and_a_prompter_that_cannot_ask_are_said() -> None:
    async def ask() -> None:
        with pytest.raises(GestureUnavailable, match="keystead-session"):
            await SessionGesture(Prompters()).ask_pin(PROMPT)
        with pytest.raises(GestureUnavailable, match="no pinentry"):
            await Session({"unavailable": "There is no pinentry."}).gesture.ask_pin(PROMPT)
        assert await Session({"cancelled": "timed_out"}).gesture.ask_pin(PROMPT) == Cancelled(timed_out=True)

    asyncio.run(ask())


def test_a_question_that_is_given_up_is_dismissed_and_a_late_answer_refused() -> None:
    async def ask() -> None:
        session = Session(None)
        asking = asyncio.create_task(session.gesture.ask_pin(PROMPT))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)

        assert session.said[-1] == Dismiss(1)
        with pytest.raises(QuestionUnknown):
            session.prompters.answered(1, {"pin": "137946"})

    asyncio.run(ask())


def test_a_prompter_that_hangs_up_declines_what_it_was_asked() -> None:
    async def ask() -> None:
        session = Session(None)
        asking = asyncio.create_task(session.gesture.ask_pin(PROMPT))
        await asyncio.sleep(0)
        with pytest.raises(PrompterRefused):
            session.prompters.register(lambda said: None)
        session.prompters.gone()

        assert await asking == Cancelled()
        assert not session.prompters.is_there

    asyncio.run(ask())


@pytest.mark.parametrize(
    "asks",
    [{}, {"purpose": "SPY"}, {"purpose": "SIGN_IN", "site": 1}, {"purpose": "SIGN_IN", "tries_left": "3"}],
)
def test_a_service_of_another_version_is_not_guessed_at(asks: Mapping[str, object]) -> None:
    with pytest.raises(LinkError):
        asyncio.run(ask_here(lambda _: ScriptedGesture([]), Question(1, "pin", asks)))


def test_a_prompter_that_cannot_read_a_question_says_so_and_lets_nobody_wait(tmp_path: Path) -> None:
    heard: list[dict[str, object]] = []

    async def ask() -> None:
        answered = asyncio.Event()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(frame(Question(1, "pin", {"purpose": "SPY"}).to_json()))
            framer = Framer()
            while len(heard) < 2:
                heard.extend(framer.feed(await reader.read(1024)))
            answered.set()
            writer.close()

        path = tmp_path / "service.sock"
        async with await asyncio.start_unix_server(serve, path):
            asking = asyncio.create_task(Prompter(path, lambda _: ScriptedGesture([]), lambda _: None).run())
            await asyncio.wait_for(answered.wait(), 20)
            asking.cancel()
            await asyncio.wait([asking])

    asyncio.run(ask())
    assert heard[1]["verb"] == "answer"
    assert "restart both" in str(heard[1]["answer"])
