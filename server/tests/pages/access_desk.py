"""The policy editor's form as a browser reads and sends it, and the ways through its preview."""

from typing import Any

from .policy_forms import changed, draft, shown

BASE = "/example/admin/access"
NEW = f"{BASE}/new"
MFA = ("controls", "mfa")


def written(browser: Any, *fields: tuple[str, str], path: str = NEW, action: str = "save", **changes: Any) -> Any:
    """The editor at *path* with *fields* ticked or typed besides what it shows, and its button *action* pressed."""
    editor = browser.get(path)
    token = editor.text.partition('name="form_token" value="')[2].partition('"')[0]
    body = [*changed(shown(editor), **changes), *fields, ("action", action)]
    return browser.post_form(path.partition("?")[0], body, token=token)


def everybody(name: str = "For everybody", state: str = "enabled") -> list[tuple[str, str]]:
    return [("name", name), ("state", state), ("include-words", "All"), ("apps", "All")]


def confirm(browser: Any, preview: Any, **how: str) -> Any:
    token = preview.text.partition('name="form_token" value="')[2].partition('"')[0]
    return browser.post_form(f"{BASE}/confirm", {"draft": draft(preview), "how": "save", **how}, token=token)


def press(browser: Any, page: str, action: str, **fields: str) -> Any:
    return browser.submit(page, f"{BASE}/{action}", fields)
