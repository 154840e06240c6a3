"""docs/reference/errors.md has a line for every stable code in the sources, and for nothing else.

Codes are found in the syntax tree, by where they stand:

    class attributes and variables named code or error     code = "origin_not_allowed"
    arguments of what refuses                               Invalid("username_taken", …), Problem(404, "not_found", …)
    rules and tables                                        Broken("aaguid_blocked", …);  _STATE_CODES = {…}
    reasons that a flow's helper, or step-up, returns       return "pass_wrong"
    members of an answer                                    {"error": "invalid_request"}
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "errors.md").read_text(encoding="utf-8")

# Which argument of a call is the code; what is not here takes none.
POSITIONS = {
    "Invalid": 0,
    "Broken": 0,
    "NotAllowed": 0,
    "NotOffered": 0,
    "NotRefreshed": 0,
    "NotDone": 0,
    "NotVouched": 0,
    "DeviceRefused": 0,
    "NotSafe": 0,
    "_NoGrant": 0,
    "TokenInvalid": 0,
    "_Refused": 0,
    "_fail": 0,
    "fail": 0,
    "refuse": 0,
    "refuse_guess": 2,
    "Failed": 0,
    "Problem": 1,
    "_error": 1,
    "_log_refusal": 1,
    "row": 1,
}
# `link.messages.Failed` is a message, and begins with the request's id.
MESSAGE_FAILED = 1
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
# Names that look like codes where a code may stand, and are none.
NOT_CODES = {"granted", "ok", "phr", "phrh"}


class Codes(ast.NodeVisitor):
    """Collects the codes of one file; an f-string counts as a pattern."""

    def __init__(self, file: str, source: str) -> None:
        self.found: set[str] = set()
        self.patterns: set[str] = set()
        self._is_flow = "/flows/" in file or file.endswith("/step_up.py")
        self._is_door = "/conformance/" in file
        self._failed = MESSAGE_FAILED if "keystead_agent" in file else POSITIONS["Failed"]
        self.visit(ast.parse(source))

    def visit_Assign(self, node: ast.Assign) -> None:
        names = [target.id for target in node.targets if isinstance(target, ast.Name)]
        self._assigned(names, node.value)
        self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if isinstance(node.target, ast.Name) and node.value is not None:
            self._assigned([node.target.id], node.value)
        self.generic_visit(node)

    def _assigned(self, names: list[str], value: ast.expr) -> None:
        if {"code", "error"} & set(names):
            self._take(value)
        if isinstance(value, ast.Dict) and any(name.endswith(("_CODES", "_ERRORS")) for name in names):
            for one in value.values:
                self._take(one)

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        position = self._failed if name == "Failed" else POSITIONS.get(name)
        if position is not None and len(node.args) > position:
            self._take(node.args[position])
        for keyword in node.keywords:
            if keyword.arg == "code":
                self._take(keyword.value)
        self.generic_visit(node)

    def visit_Dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in ("code", "error"):
                self._take(value)
        self.generic_visit(node)

    def visit_Yield(self, node: ast.Yield) -> None:
        if isinstance(node.value, ast.Tuple) and len(node.value.elts) == 2:
            self._take(node.value.elts[0])
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        if self._is_flow and node.value is not None:
            self._take(node.value)
        if self._is_door and isinstance(node.value, ast.Tuple):
            self._take(node.value.elts[-1])
        self.generic_visit(node)

    def _take(self, value: ast.expr) -> None:
        match value:
            case ast.Constant(value=str(text)) if CODE.fullmatch(text) and text not in NOT_CODES:
                self.found.add(text)
            case ast.IfExp(body=one, orelse=other):
                self._take(one)
                self._take(other)
            case ast.JoinedStr(values=parts):
                self._take_pattern(parts)

    def _take_pattern(self, parts: list[ast.expr]) -> None:
        texts = [part.value if isinstance(part, ast.Constant) else "" for part in parts]
        if all(re.fullmatch(r"[a-z_]*", str(text)) for text in texts):
            self.patterns.add("".join(str(text) or "[a-z_]+" for text in texts))


def sources() -> Iterator[Path]:
    for wheel in ("core", "server", "agent"):
        yield from sorted((ROOT / wheel / "src").rglob("*.py"))


FILES = {str(path.relative_to(ROOT)): Codes(str(path), path.read_text(encoding="utf-8")) for path in sources()}
DOCUMENTED = set(re.findall(r"^\| `([a-z_]+)` \|", PAGE, re.MULTILINE))
FAMILIES = set(re.findall(r"`([a-z_]+)`", next(line for line in PAGE.splitlines() if line.startswith("Families"))))


@pytest.mark.parametrize("file", [name for name, codes in FILES.items() if codes.found or codes.patterns])
def test_every_code_in_the_sources_is_in_the_document(file: str) -> None:
    missing = sorted(FILES[file].found - DOCUMENTED - FAMILIES)
    unmatched = [p for p in FILES[file].patterns if not any(re.fullmatch(p, code) for code in DOCUMENTED)]

    assert not missing, f"{file}: not in docs/reference/errors.md: {', '.join(missing)}"
    assert not unmatched, f"{file}: no code in docs/reference/errors.md looks like {', '.join(unmatched)}"


def test_every_code_in_the_document_is_in_the_sources() -> None:
    known = set().union(*(codes.found for codes in FILES.values()))
    patterns = set().union(*(codes.patterns for codes in FILES.values()))

    gone = [code for code in sorted(DOCUMENTED - known) if not any(re.fullmatch(p, code) for p in patterns)]

    assert not gone, f"docs/reference/errors.md names codes that are nowhere in the sources: {', '.join(gone)}"
    assert known >= FAMILIES


def test_every_line_says_what_happened_what_to_do_and_where_it_shows() -> None:
    rows = re.findall(r"^\| `[a-z_]+` \|.*$", PAGE, re.MULTILINE)

    incomplete = [row for row in rows if len([cell for cell in row.split("|") if cell.strip()]) != 4]

    assert not incomplete


def test_no_code_stands_twice_under_one_heading() -> None:
    for section in PAGE.split("\n## "):
        codes = re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)

        assert len(set(codes)) == len(codes), section.partition("\n")[0]


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ('class Odd(Exception):\n    code = "odd_thing"', "odd_thing"),
        ('class Odd(Exception):\n    code: ClassVar[str] = "odd_thing"', "odd_thing"),
        ('raise Refuse(Problem(404, "odd_thing", "Odd."))', "odd_thing"),
        ('fail("odd_thing", "odd")', "odd_thing"),
        ('raise Invalid("odd_thing" if odd else "even_thing", "odd")', "even_thing"),
        ('def rules():\n    yield ("odd_thing", "odd")', "odd_thing"),
        ('_STATE_CODES = {1: "odd_thing"}', "odd_thing"),
        ('link.Failed(id="1", code="odd_thing")', "odd_thing"),
        ('body = {"error": "odd_thing"}', "odd_thing"),
    ],
)
def test_the_scan_sees_a_code_wherever_one_may_stand(source: str, code: str) -> None:
    assert code in Codes("server/src/keystead_server/odd.py", source).found


def test_the_scan_sees_what_a_flow_returns_to_be_refused() -> None:
    source = 'def _judge():\n    return None if fits else "odd_thing"'

    assert Codes("server/src/keystead_server/flows/odd.py", source).found == {"odd_thing"}
