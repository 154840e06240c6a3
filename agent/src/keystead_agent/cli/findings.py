"""What `doctor` found and `setup` did, as values: made by who may look at the machine, printed by the command line.

Finding   one check: ok, beware or broken, and how to mend it
Step      one part of an installation: done, already, would, skipped or failed
"""

from dataclasses import asdict, dataclass
from typing import Literal, TypeAlias

State: TypeAlias = Literal["ok", "beware", "broken"]
Outcome: TypeAlias = Literal["done", "already", "would", "skipped", "failed"]


@dataclass(frozen=True, slots=True)
class Finding:
    """Attributes:
    mend: what to do, as a sentence or a command; "" when there is nothing.
    """

    check: str
    state: State
    says: str
    mend: str = ""

    def to_json(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Step:
    step: str
    outcome: Outcome
    says: str

    def to_json(self) -> dict[str, object]:
        return asdict(self)
