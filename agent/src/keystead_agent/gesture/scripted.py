"""A gesture without a person, for tests only: answers come from a list, questions are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keystead_agent.gesture.interface import Cancelled, Prompt, Verified


@dataclass(slots=True)
class ScriptedGesture:
    """The Protocol `Gesture`. Running out of answers is an error of the test, not a refusal."""

    dangerous_answers_without_a_person: list[str | int | bool | Verified | Cancelled]
    prompts: list[Prompt] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)
    offers_more: bool = False

    async def ask_pin(self, prompt: Prompt) -> str | Verified | Cancelled:
        answer = self._answer(prompt)
        return answer if isinstance(answer, Verified | Cancelled) else str(answer)

    async def ask_new_pin(self, prompt: Prompt) -> str | Cancelled:
        answer = self._answer(prompt)
        return answer if isinstance(answer, Cancelled) else str(answer)

    async def choose(self, prompt: Prompt, accounts: Sequence[str]) -> int | Cancelled:
        self.prompts.append(prompt)
        self.questions.extend(accounts)
        answer = self.dangerous_answers_without_a_person.pop(0)
        return answer if isinstance(answer, Cancelled) else int(str(answer))

    async def confirm(self, prompt: Prompt, question: str) -> bool:
        self.prompts.append(prompt)
        self.questions.append(question)
        return self.dangerous_answers_without_a_person.pop(0) is True

    def _answer(self, prompt: Prompt) -> str | int | bool | Verified | Cancelled:
        self.prompts.append(prompt)
        return self.dangerous_answers_without_a_person.pop(0)
