"""docs/flows has a page for each ceremony, with a diagram that can be drawn."""

import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "flows"
PAGES = sorted(path for path in FOLDER.glob("*.md") if path.name != "README.md")


def test_the_folder_lists_its_pages() -> None:
    listed = re.findall(r"\]\(([a-z-]+\.md)\)", (FOLDER / "README.md").read_text(encoding="utf-8"))

    assert sorted(listed) == [page.name for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_has_diagram_data_and_log(page: Path) -> None:
    text = page.read_text(encoding="utf-8")

    assert text.count("```mermaid\nsequenceDiagram\n") == 1
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == ["What there is at each step", "What is logged"]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_diagram_speaks_only_of_those_it_introduces(page: Path) -> None:
    diagram = page.read_text(encoding="utf-8").partition("```mermaid\n")[2].partition("```")[0]
    introduced = set(re.findall(r"^    participant (\w+) as ", diagram, re.MULTILINE))
    messages = re.findall(r"^ +(\w+)(?:-->>|->>)(\w+): .", diagram, re.MULTILINE)

    assert {who for message in messages for who in message} == introduced
    # A semicolon ends a statement in Mermaid, in the middle of a sentence too.
    assert ";" not in diagram
    assert len(re.findall(r"^ +(?:opt|alt|loop)\b", diagram, re.MULTILINE)) == len(
        re.findall(r"^ +end$", diagram, re.MULTILINE)
    )
