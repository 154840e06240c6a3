"""What the documents show is true: commands are understood and run, links lead somewhere."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import chdir, suppress
from dataclasses import dataclass
from pathlib import Path

import click
import pytest
from click.exceptions import NoArgsIsHelpError
from click.testing import CliRunner
from keystead_agent.main.config import KNOWN, PREFIX
from keystead_server.main.cli import main as keystead

ROOT = Path(__file__).resolve().parents[2]
KEYSTEAD = Path(sys.executable).parent / "keystead"
NOT_OURS = {".venv", ".git", "data", "demo", "build", "dist"}
GUIDES = ("run", "administrators", "apps", "container")
SETTINGS_FILE = "/etc/keystead.toml"
AGENT_VARIABLES = {PREFIX + name.upper() for name in KNOWN}

_CONSOLE = re.compile(r"^ *```console\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_PROMPT = re.compile(r"^ *\$ (.+)$", re.MULTILINE)
_SPAN = re.compile(r"`(?:([A-Z_]+)=\S+ )?(keystead(?:-agent)? [^`…]+)`")
_FENCE = re.compile(r"^ *```.*?^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_URL_HOST = re.compile(r"https?://([A-Za-z0-9.-]*[A-Za-z0-9])")

# Whom documents may send people to: this computer, names that belong to nobody, and projects we build on.
_HOSTS = re.compile(r"localhost|127\.0\.0\.1|(?:[a-z0-9-]+\.)*example(?:\.(?:org|com|net|test))?|authlib\.org")


def documents() -> list[Path]:
    return sorted(path for path in ROOT.rglob("*.md") if not NOT_OURS.intersection(path.relative_to(ROOT).parts[:-1]))


DOCUMENTS = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in documents()]


def console_lines(page: Path) -> Iterator[str]:
    """What a person is shown to type at a prompt, without what only a shell sees."""
    for block in _CONSOLE.findall(page.read_text(encoding="utf-8")):
        for line in _PROMPT.findall(block):
            yield " ".join(shlex.quote(word) for word in shlex.split(line, comments=True) if word != "&")


def own_lines(page: Path) -> list[str]:
    return [line for line in console_lines(page) if line.startswith(("keystead ", "keystead-agent "))]


# -- commands ------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", DOCUMENTS)
def test_commands_at_a_prompt_are_understood(page: Path, understood: Callable[[str], str]) -> None:
    for line in own_lines(page):
        assert understood(line), line


@pytest.mark.parametrize("page", DOCUMENTS)
def test_commands_in_the_text_name_verbs_and_settings_that_exist(page: Path, understood: Callable[[str], str]) -> None:
    for setting, command in _SPAN.findall(page.read_text(encoding="utf-8")):
        assert not setting or setting in AGENT_VARIABLES
        # A sentence may name a verb or an option without what it needs.
        with suppress(click.MissingParameter, click.BadOptionUsage, NoArgsIsHelpError):
            understood(command)


def test_the_targets_of_make_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    named = {
        line.split()[1] for path in documents() for line in console_lines(path) if line.startswith("make ")
    }  # fmt: skip

    assert {"run", "test", "demo"} <= named <= targets


@dataclass(frozen=True, slots=True)
class Guided:
    """An empty folder in which the guides were followed.

    Attributes:
        answers: what each `keystead` line of the guides printed, in their order.
    """

    settings: Path
    answers: dict[str, str]


@pytest.fixture(scope="module")
def guided(tmp_path_factory: pytest.TempPathFactory) -> Guided:
    folder = tmp_path_factory.mktemp("guided")
    settings = folder / "keystead.toml"
    settings.write_text(f'public_url = "https://id.example.org"\ndata = "{folder / "data"}"\n')
    return Guided(settings, {line: _typed(line, settings) for line in _lines_of_the_guides()})


def _lines_of_the_guides() -> list[str]:
    pages = [ROOT / "docs" / "guides" / f"{name}.md" for name in GUIDES]
    lines = [line for page in pages for line in own_lines(page) if line.startswith("keystead ")]
    # It runs until it is stopped; the tests of the server start it.
    return [line for line in lines if not line.endswith(" serve")]


def _typed(line: str, settings: Path) -> str:
    """What *line* prints, run through the command's own root in this process: reading the server takes a second."""
    arguments = shlex.split(line.replace(f"--config {SETTINGS_FILE} ", ""))[1:]
    with chdir(settings.parent):
        done = CliRunner().invoke(keystead, ["--config", str(settings), *arguments])
    assert done.exit_code == 0, f"{line}\n{done.output}"
    return done.stdout


def _run(settings: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [KEYSTEAD, "--config", settings, *arguments], capture_output=True, text=True, timeout=60, cwd=settings.parent
    )


def test_the_guides_can_be_followed_from_an_empty_folder(guided: Guided, understood: Callable[[str], str]) -> None:
    verbs = {understood(line).removeprefix("keystead ") for line in guided.answers}

    assert verbs == {
        "init", "user create", "pass issue", "passkey list", "method list", "app register", "log sign-ins", "log audit", "log verify",
        "log export",
        "policy show", "policy plan", "policy apply", "policy history", "policy rollback", "policy explain",
        "user mail", "passkey check", "passkey begin",
        "policy defaults", "policy campaign",
        "device list", "authority show",
    }  # fmt: skip
    assert all(guided.answers.values())


def test_what_following_the_guides_prints_is_what_they_promise(guided: Guided) -> None:
    said = "\n".join(guided.answers.values())

    assert "https://id.example.org/contoso/sign-in/pass?user=ada%40contoso.example" in said
    assert "https://id.example.org/contoso/sign-in/pass?user=grace%40contoso.example" in said
    assert "issuer         https://id.example.org/contoso/v2.0" in said
    assert "client secret" in said
    assert said.count("The log is whole.") == 3


def test_after_the_guides_the_doctor_misses_only_the_administrators_passkey(guided: Guided) -> None:
    done = _run(guided.settings, "doctor", "--json")

    assert done.returncode == 1
    assert [finding["check"] for finding in json.loads(done.stdout) if not finding["ok"]] == ["organisation"]


# -- links ---------------------------------------------------------------------------------------


def anchors(page: Path) -> set[str]:
    """The names under which a page's headings can be reached, as forges make them."""
    text = _FENCE.sub("", page.read_text(encoding="utf-8"))
    titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("page", DOCUMENTS)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for link in _LINK.findall(_FENCE.sub("", page.read_text(encoding="utf-8"))):
        if "://" in link:
            continue
        file, _, anchor = link.partition("#")
        target = page if not file else (page.parent / file).resolve()
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


@pytest.mark.parametrize("page", DOCUMENTS)
def test_no_document_leads_to_a_host_that_nobody_chose(page: Path) -> None:
    hosts = set(_URL_HOST.findall(page.read_text(encoding="utf-8")))

    assert not [host for host in hosts if not _HOSTS.fullmatch(host)]


@pytest.mark.parametrize("page", DOCUMENTS)
def test_no_document_names_a_folder_of_somebodys_computer(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    # Where the tests run now is one of those; the examples' Ada is nobody.
    here = [f"{folder}/" for folder in (ROOT, Path.home()) if len(folder.parts) > 2 or folder == ROOT]

    assert not [folder for folder in here if re.search(rf"(?<![\w.]){re.escape(folder)}", text)]
    assert not re.findall(r"(?<![\w.])/(?:home|Users)/(?!ada/)", text)
