"""Kiosk mode: Chromium asks the agent for every site, and what is not an enrolled provider's is refused."""

import json
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from keystead_agent.browser_host.install import extension_source, install, template_of
from keystead_agent.browser_host.manifests import kiosk_manifest
from keystead_testkit.browser import Chromium
from keystead_testkit.claimed_site import missing_browser
from keystead_testkit.passkey_page import ALLOWED, CHALLENGE, CREATION, REQUEST, ChromiumTab, PasskeyPages
from keystead_testkit.socket_agent import SocketAgent
from webauthn import verify_registration_response

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def pages() -> Iterator[PasskeyPages]:
    with PasskeyPages() as pages:
        yield pages


@pytest.fixture(scope="module")
def chromium(pages: PasskeyPages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Chromium, Path]]:
    if why := missing_browser("chromium"):
        pytest.skip(why)
    home = tmp_path_factory.mktemp("home")
    command = [sys.executable, "-m", "keystead_agent.browser_host", "--socket", str(home / "agent.sock")]
    folder = home / "extension"
    install("chromium", [pages.origin], home=home, extension_dir=folder, host_command=shlex.join(command))
    (folder / "chromium/manifest.json").write_text(json.dumps(kiosk_manifest(template_of(extension_source()))))
    with Chromium(home=home, extension=folder / "chromium") as chromium:
        yield chromium, home / "agent.sock"


@pytest.fixture
def agent(chromium: tuple[Chromium, Path], pages: PasskeyPages) -> Iterator[SocketAgent]:
    with SocketAgent(chromium[1], rp_id="localhost", origins=[pages.origin]) as agent:
        yield agent


@pytest.fixture
def tab(chromium: tuple[Chromium, Path], pages: PasskeyPages) -> Iterator[ChromiumTab]:
    tab = ChromiumTab(chromium[0].new_page())
    tab.go(pages.origin)
    yield tab
    tab.close()


def test_an_enrolled_provider_is_served_and_has_no_script_of_ours(
    agent: SocketAgent, tab: ChromiumTab, pages: PasskeyPages
) -> None:
    made = tab.run("return register(...arguments)", CREATION)["ok"]
    got = tab.run("return signIn(...arguments)", REQUEST)["ok"]

    expected = {"expected_rp_id": "localhost", "expected_origin": pages.origin}
    verify_registration_response(credential=made, expected_challenge=CHALLENGE, **expected)
    assert got["id"] == made["id"]
    assert [asked.origin for asked in agent.ceremonies()] == [pages.origin] * 2
    assert tab.run("return /native code/.test(navigator.credentials.get)")


def test_a_site_that_is_not_enrolled_is_refused(agent: SocketAgent, tab: ChromiumTab, pages: PasskeyPages) -> None:
    with PasskeyPages() as stranger:
        tab.go(stranger.origin)
        refused = tab.run("return signIn(...arguments)", REQUEST)

    assert refused["error"]["name"] == "NotAllowedError"
    assert agent.ceremonies() == []


def test_a_frame_in_another_sites_page_is_refused_for_nobody_says_whose(
    agent: SocketAgent, tab: ChromiumTab, pages: PasskeyPages
) -> None:
    agent.add_passkey("alice")

    refused = tab.in_frame([pages.other_host_origin, pages.origin], ALLOWED, "signIn", REQUEST)

    assert refused["error"]["name"] == "NotAllowedError"
    assert agent.ceremonies() == []


def test_a_call_that_is_taken_back_is_given_up(agent: SocketAgent, tab: ChromiumTab) -> None:
    agent.hold()

    tab.run("window.later = register(...arguments); return", CREATION, {"abortable": True})
    agent.wait_for(SocketAgent.ceremonies)
    tab.run("giveUp()")

    agent.wait_for(lambda agent: agent.given_up)
    assert tab.run("return later")["error"]["name"] == "AbortError"


def test_a_refusal_is_told_without_the_agents_sentence(agent: SocketAgent, tab: ChromiumTab) -> None:
    agent.add_passkey("alice")
    agent.refusal = ("pin_wrong", "Wrong PIN, 2 tries left.", "NotAllowedError")

    refused = tab.run("return signIn(...arguments)", REQUEST)

    assert refused["error"]["name"] == "NotAllowedError"
    assert "2" not in refused["error"]["message"]
