"""Installing: the files that browsers look for, and exactly the origins that were asked for."""

import base64
import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from keystead_agent.browser_host.install import (
    Browsers,
    ExtensionMissing,
    NothingToClaim,
    extension_source,
    install,
)
from keystead_agent.browser_host.manifests import FIREFOX_ID, OriginNotClaimable, chromium_id

ORIGIN = "https://id.example.org"


def installed(home: Path, *origins: str, browser: Browsers = "all", command: str = "true") -> list[Path]:
    return install(browser, list(origins), home=home, extension_dir=home / "extension", host_command=command)


def manifest(home: Path, browser: str) -> dict[str, Any]:
    return dict(json.loads((home / "extension" / browser / "manifest.json").read_text()))


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_claims_exactly_the_given_origins(tmp_path: Path, browser: str) -> None:
    installed(tmp_path, ORIGIN, "http://localhost:8400")

    claimed = manifest(tmp_path, browser)
    for script in claimed["content_scripts"]:
        assert script["matches"] == ["http://localhost/*", "https://id.example.org/*"]
        # The patterns are about hosts only; these say which port.
        assert script["include_globs"] == ["http://localhost:8400/*", "https://id.example.org/*"]
    assert claimed["host_permissions"] == ["http://localhost/*", "https://id.example.org/*"]
    assert claimed["permissions"] == ["nativeMessaging"]


def test_installing_again_claims_what_is_asked_now_and_no_more(tmp_path: Path) -> None:
    installed(tmp_path, ORIGIN, "https://other.example.org")
    installed(tmp_path, ORIGIN)

    assert "other.example" not in json.dumps(manifest(tmp_path, "chromium"))


@pytest.mark.parametrize(
    "origin",
    [
        "https://*.example.org",
        "https://*",
        "*://id.example.org",
        "http://id.example.org",
        "https://id.example.org/",
        "https://id.example.org/tenant",
        "https://id.example.org?",
        "https://user@id.example.org",
        "https://ID.example.org",
        "https://",
        "file://",
        "null",
        "",
    ],
)
def test_refuses_what_is_not_the_origin_of_one_secure_site(tmp_path: Path, origin: str) -> None:
    with pytest.raises(OriginNotClaimable) as refused:
        installed(tmp_path, ORIGIN, origin)

    assert refused.value.origin == origin
    assert list(tmp_path.iterdir()) == []


def test_nothing_enrolled_means_nothing_to_install(tmp_path: Path) -> None:
    with pytest.raises(NothingToClaim):
        installed(tmp_path)


def test_only_our_extension_may_start_the_host(tmp_path: Path) -> None:
    installed(tmp_path, ORIGIN)

    chromium = json.loads((tmp_path / ".config/chromium/NativeMessagingHosts/keystead.agent.json").read_text())
    chrome = json.loads((tmp_path / ".config/google-chrome/NativeMessagingHosts/keystead.agent.json").read_text())
    firefox = json.loads((tmp_path / ".mozilla/native-messaging-hosts/keystead.agent.json").read_text())
    assert chromium["allowed_origins"] == [f"chrome-extension://{chromium_id()}/"]
    assert chrome == chromium
    assert firefox["allowed_extensions"] == [FIREFOX_ID]
    assert manifest(tmp_path, "firefox")["browser_specific_settings"]["gecko"]["id"] == FIREFOX_ID


def test_the_chromium_extensions_id_follows_from_its_key(tmp_path: Path) -> None:
    installed(tmp_path, ORIGIN)

    digest = hashlib.sha256(base64.b64decode(manifest(tmp_path, "chromium")["key"])).hexdigest()
    assert "".join(chr(ord("a") + int(digit, 16)) for digit in digest[:32]) == chromium_id()


def test_the_host_is_started_with_its_command_and_what_the_browser_adds(tmp_path: Path) -> None:
    executable, *_ = installed(tmp_path, ORIGIN, command="echo --socket '/a path/agent.sock'")

    said = subprocess.run([executable, "chrome-extension://id/"], capture_output=True, text=True, check=True).stdout

    assert said == "--socket /a path/agent.sock chrome-extension://id/\n"
    host = json.loads((tmp_path / ".mozilla/native-messaging-hosts/keystead.agent.json").read_text())
    assert host["path"] == str(executable)


def test_tells_everything_that_it_wrote_and_writes_for_the_chosen_browser_only(tmp_path: Path) -> None:
    written = installed(tmp_path, ORIGIN, browser="firefox")

    assert sorted(written) == sorted(path for path in tmp_path.rglob("*") if path.is_file())
    assert not (tmp_path / ".config").exists()


@pytest.mark.parametrize("browser", ["chromium", "firefox"])
def test_every_script_that_a_manifest_or_a_script_names_is_there(tmp_path: Path, browser: str) -> None:
    installed(tmp_path, ORIGIN)
    folder = tmp_path / "extension" / browser

    named = {name for script in manifest(tmp_path, browser)["content_scripts"] for name in script["js"]}
    background = manifest(tmp_path, browser)["background"]
    named |= {background.get("service_worker"), *background.get("scripts", [])} - {None}

    assert named <= {path.name for path in folder.iterdir()}


def test_no_script_evaluates_text_or_fetches() -> None:
    banned = ("eval(", "new Function", "innerHTML", "insertAdjacent", "fetch(", "importScripts", "XMLHttpRequest")

    for script in extension_source().glob("*.js"):
        assert [word for word in banned if word in script.read_text()] == [], script.name


def test_a_folder_without_the_extension_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ExtensionMissing):
        install("all", [ORIGIN], home=tmp_path, extension_dir=tmp_path / "x", host_command="true", source=tmp_path)
