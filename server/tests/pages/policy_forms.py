"""The editor's form as a browser would read and send it."""

import re
from html import unescape
from typing import Any

PAGE = "/example/admin/passkey-policy"


def shown(page: Any) -> list[tuple[str, str]]:
    """The fields of the form as a browser would send them."""
    form = page.text.partition('<form class="stack"')[2].partition("</form>")[0]
    found: list[tuple[str, str]] = []
    pattern = r'<input ([^>]*)>|<select id="[^"]*" name="([^"]*)".*?</select>|<textarea [^>]*name="([^"]*)"[^>]*>\n(.*?)</textarea>'
    for match in re.finditer(pattern, form, re.DOTALL):
        if match[2]:
            selected = re.search(r'<option value="([^"]*)" selected>', match[0])
            found.append((match[2], selected[1] if selected else ""))
        elif match[3]:
            found.append((match[3], unescape(match[4])))
        elif 'type="checkbox"' not in match[1] or "checked" in match[1]:
            name, value = re.search(r' name="([^"]*)"', f" {match[1]}"), re.search(r'value="([^"]*)"', match[1])
            # A box to search with has no name, and is not sent.
            if name and value:
                found.append((name[1], unescape(value[1])))
    return [pair for pair in found if pair[0] != "form_token"]


def changed(fields: list[tuple[str, str]], **changes: str | list[str] | None) -> list[tuple[str, str]]:
    """*fields* with some taken away (None), exchanged, or repeated."""
    by_name = {name.replace("_", "-"): value for name, value in changes.items()}
    kept = [pair for pair in fields if pair[0] not in by_name]
    for name, value in by_name.items():
        kept += [(name, each) for each in ([value] if isinstance(value, str) else value or [])]
    return kept


def save(browser: Any, fields: list[tuple[str, str]], action: str = "save") -> Any:
    return browser.submit(PAGE, PAGE, [*fields, ("action", action)])


def draft(page: Any) -> str:
    """The sealed policy on a preview."""
    found = re.search(r'name="draft" value="([^"]+)"', page.text)
    assert found, page.text
    return found[1]


def words(page: Any) -> str:
    """What the page says, without its frame."""
    text = re.sub(r"<[^>]+>", " ", page.text.partition("<main")[2])
    return re.sub(r" (?=[.,:;])", "", " ".join(unescape(text).split()))
