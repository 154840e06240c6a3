"""A gesture without a person, for tests only: answers come from a list, questions are kept."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from keystead_agent.gesture.interface import Cancelled, Prompt


@dataclass(slots=True)
class ScriptedGesture:
    """The Protocol `Gesture`. Running out of answers is an error of the test, not a refusal."""

    dangerous_answers_without_a_person: list[str | int | bool | Cancelled]
    prompts: list[Prompt] = field(default_factory=list)
    questions: list[str] = field(default_factory=list)

    async def ask_pin(self, prompt: Prompt) -> str | Cancelled:
        return self._text(prompt)

    async def ask_new_pin(self, prompt: Prompt) -> str | Cancelled:
        return self._text(prompt)

    async def choose(self, prompt: Prompt, accounts: Sequence[str]) -> int | Cancelled:
        self.prompts.append(prompt)
        self.questions.extend(accounts)
        answer = self.dangerous_answers_without_a_person.pop(0)
        return answer if isinstance(answer, Cancelled) else int(answer)

    async def confirm(self, prompt: Prompt, question: str) -> bool:
        self.prompts.append(prompt)
        self.questions.append(question)
        return self.dangerous_answers_without_a_person.pop(0) is True

    def _text(self, prompt: Prompt) -> str | Cancelled:
        self.prompts.append(prompt)
        answer = self.dangerous_answers_without_a_person.pop(0)
        return answer if isinstance(answer, Cancelled) else str(answer)
