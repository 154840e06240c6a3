"""Terms of use: texts that people accept before a policy lets them on.

What was accepted is a text, not a name: another text, or the same one after its time, is asked for again.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from keystead_server.domain.invalid import Invalid
from keystead_server.policy.loose import Members, Notes, malformed

MAX_NAME_CHARACTERS, MAX_TEXT_CHARACTERS = 100, 50_000
MAX_DAYS = 3650


@dataclass(frozen=True, slots=True)
class Terms:
    """Attributes:
    version: for people to speak of; another text is the next one.
    good_for: how long an acceptance counts; None for as long as the text stays.
    """

    id: str
    name: str
    text: str
    version: int = 1
    good_for: timedelta | None = None

    @property
    def digest(self) -> str:
        return sha256(self.text.encode()).hexdigest()

    @property
    def paragraphs(self) -> tuple[tuple[str, ...], ...]:
        """Each as its lines."""
        blocks = self.text.replace("\r\n", "\n").strip().split("\n\n")
        return tuple(tuple(block.strip("\n").split("\n")) for block in blocks)

    def saved(self, text: str, good_for: timedelta | None) -> "Terms":
        """With another text, or another time that an acceptance is good for."""
        if tidied(text) == tidied(self.text):
            # A form sends other ends of lines than a file has: nobody is asked again for those.
            return replace(self, good_for=good_for)
        return replace(self, text=tidied(text), version=self.version + 1, good_for=good_for)

    def called(self, name: str) -> "Terms":
        return replace(self, name=name)


@dataclass(frozen=True, slots=True)
class Acceptance:
    terms_id: str
    digest: str
    at: datetime


def accepted(terms: Iterable[Terms], acceptances: Iterable[Acceptance], now: datetime) -> frozenset[str]:
    """Ids of the *terms* whose present text was accepted, and not too long ago."""
    latest: dict[tuple[str, str], datetime] = {}
    for one in acceptances:
        key = one.terms_id, one.digest
        latest[key] = max(one.at, latest.get(key, one.at))
    return frozenset(
        one.id
        for one in terms
        if (at := latest.get((one.id, one.digest))) is not None and (one.good_for is None or now - at < one.good_for)
    )


def tidied(text: str) -> str:
    """As it is kept."""
    return text.replace("\r\n", "\n").strip()


def check_terms(name: str, text: str, days: int | None) -> None:
    """Raises Invalid: `terms_malformed`; `target` names the property."""
    if not name.strip() or len(name) > MAX_NAME_CHARACTERS or not name.isprintable():
        raise Invalid(
            "terms_malformed", f"a name is one line of at most {MAX_NAME_CHARACTERS} characters", target="displayName"
        )
    if not text.strip() or len(text) > MAX_TEXT_CHARACTERS:
        raise Invalid("terms_malformed", f"a text has at most {MAX_TEXT_CHARACTERS} characters", target="text")
    if not all(one.isprintable() or one in "\n\r\t" for one in text):
        raise Invalid("terms_malformed", "a text has no control characters", target="text")
    if days is not None and not 1 <= days <= MAX_DAYS:
        raise Invalid("terms_malformed", f"an acceptance is good for 1 to {MAX_DAYS} days", target="goodForDays")


def read_terms(body: object, *, where: str = "") -> Terms:
    """Read what `terms_to_json` wrote.

    Raises:
        Invalid: it is none; `target` names the property.
    """
    members = Members(body, where, Notes())
    own_id, name, text = members.id("id"), members.must_text("displayName"), members.must_text("text")
    version, days = members.number("version") or 1, members.number("goodForDays")
    members.refuse_left()
    if own_id is None:
        raise malformed("terms have an id", members.at("id"))
    check_terms(name, text, days)
    return Terms(own_id, name, text, version, None if days is None else timedelta(days=days))


def terms_to_json(terms: Terms) -> dict[str, Any]:
    return {
        "id": terms.id,
        "displayName": terms.name,
        "text": terms.text,
        "version": terms.version,
        "goodForDays": None if terms.good_for is None else terms.good_for.days,
    }
