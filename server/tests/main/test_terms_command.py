"""keystead terms …"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Keystead = Callable[..., Any]


def test_terms_are_kept_shown_changed_and_removed(keystead: Keystead, tmp_path: Path) -> None:
    text = tmp_path / "rules.txt"
    text.write_text("Be kind.", encoding="utf-8")
    first = keystead("terms", "save", "House rules", str(text), "--days", "365")
    assert first["version"] == 1

    text.write_text("Be kinder.", encoding="utf-8")
    assert keystead("terms", "save", "House rules", str(text))["version"] == 2
    assert keystead("terms", "save", "House rules", str(text))["version"] == 2

    shown = keystead("terms", "show", first["id"])
    assert (shown["text"], shown["goodForDays"]) == ("Be kinder.", None)
    assert [one["name"] for one in keystead("terms", "list")] == ["House rules"]
    keystead("terms", "remove", "House rules")
    assert keystead("terms", "list") == []


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"a\x00b", b"x" * 50_001])
def test_what_is_no_text_is_refused(keystead: Keystead, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "rules.txt"
    file.write_bytes(content)

    assert keystead("terms", "save", "Rules", str(file), fails=True) == "terms_malformed"


def test_terms_that_are_not_there_are_named(keystead: Keystead) -> None:
    assert keystead("terms", "show", "Nothing", fails=True) == "terms_unknown"
