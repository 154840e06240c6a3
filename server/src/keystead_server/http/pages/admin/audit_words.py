"""What a line of the audit log is about, as its reader knows it: no code where there is a word."""

from collections.abc import Iterator
from datetime import datetime

from markupsafe import Markup

from keystead_server.domain.audit import AuditEvent
from keystead_server.domain.passkey import Proof
from keystead_server.http.pages import words
from keystead_server.http.pages.render import moment

_TITLES = {"aaguid": "Model (AAGUID)", "proof": "Proof of binding"}
_ANSWERS = {"True": "Yes", "False": "No", "": "–"}


def details(event: AuditEvent) -> Iterator[tuple[str, str | Markup]]:
    """Title and value of each detail, in order of the titles' codes."""
    for code, value in sorted(event.detail.items()):
        yield _TITLES.get(code, code.replace("_", " ").capitalize()), _said(code, value)


def _said(code: str, value: str) -> str | Markup:
    if code == "proof" and value in set(Proof):
        return words.bound(Proof(value))
    if code.endswith("_at"):
        try:
            return moment(datetime.fromisoformat(value))
        except ValueError:
            return value
    return _ANSWERS.get(value, value)
