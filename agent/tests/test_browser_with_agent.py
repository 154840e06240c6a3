"""From a page to a chip and back: real browsers, the real daemon, a software TPM, a pinentry that types."""

import base64
import secrets
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from keystead_agent.browser_host.manifests import Browser
from keystead_agent.client.client import AgentRefused
from keystead_core.link.messages import ListPasskeys, request_from_json
from keystead_testkit import software_tpm
from keystead_testkit.claimed_site import BROWSERS, OpenBrowser, browser_with_extension, missing_browser
from keystead_testkit.passkey_page import PasskeyPages, Tab
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import SoftwareTpm
from webauthn import verify_authentication_response, verify_registration_response

pytestmark = [pytest.mark.browser, pytest.mark.tpm]

PIN = "739146"
REGISTER = "return register(...arguments)"
SIGN_IN = "return signIn(...arguments)"


@pytest.fixture(scope="module")
def pages() -> Iterator[PasskeyPages]:
    with PasskeyPages() as pages:
        yield pages


@pytest.fixture(scope="module", params=BROWSERS)
def browser(request: pytest.FixtureRequest) -> Browser:
    if why := missing_browser(request.param):
        pytest.skip(why)
    if not software_tpm.is_available():
        pytest.skip(software_tpm.MISSING)
    return request.param  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def agent(browser: Browser, pages: PasskeyPages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningAgent]:
    """Set up as a person does: enrol, choose a PIN, connect the browsers."""
    with SoftwareTpm() as tpm, RunningAgent(tmp_path_factory.mktemp("home"), tpm.address) as agent:
        agent.pinentry.answer({"pin": PIN})
        for words in (["enrol", pages.provider], ["pin", "set"], ["browser", "install", "--browser", browser]):
            done = agent.cli(*words)
            assert done.returncode == 0, done.stderr
        yield agent


@pytest.fixture(scope="module")
def opened(browser: Browser, agent: RunningAgent) -> Iterator[OpenBrowser]:
    with browser_with_extension(browser, agent.home, agent.state / "browser") as opened:
        yield opened


@pytest.fixture
def tab(opened: OpenBrowser, pages: PasskeyPages, agent: RunningAgent) -> Iterator[Tab]:
    tab = opened.new_tab()
    tab.go(pages.origin)
    yield tab
    tab.close()


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def creation(challenge: bytes = b"c" * 16, *, user: str = "alice") -> dict[str, Any]:
    return {
        "challenge": base64url(challenge),
        "rp": {"id": "localhost", "name": "Test"},
        "user": {"id": base64url(user.encode()), "name": user, "displayName": user.title()},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
        "authenticatorSelection": {"residentKey": "required", "userVerification": "required"},
        "attestation": "direct",
    }


def request(challenge: bytes = b"g" * 16) -> dict[str, Any]:
    return {"challenge": base64url(challenge), "rpId": "localhost", "userVerification": "required"}


def test_registers_and_signs_in_with_a_key_in_the_chip(agent: RunningAgent, pages: PasskeyPages, tab: Tab) -> None:
    first, second = secrets.token_bytes(32), secrets.token_bytes(32)
    expected: dict[str, Any] = {"expected_rp_id": "localhost", "expected_origin": pages.origin}
    agent.pinentry.answer({"pin": PIN}, {"pin": PIN})

    made = tab.run(REGISTER, creation(first))["ok"]
    got = tab.run(SIGN_IN, request(second))["ok"]

    registration = verify_registration_response(
        credential=made, expected_challenge=first, require_user_verification=True, **expected
    )
    verify_authentication_response(
        credential=got,
        expected_challenge=second,
        credential_public_key=registration.credential_public_key,
        credential_current_sign_count=registration.sign_count,
        require_user_verification=True,
        **expected,
    )
    assert registration.credential_device_type == "single_device"
    assert not registration.credential_backed_up


def test_autofill_asks_for_the_pin_of_the_chosen_account_only(agent: RunningAgent, tab: Tab) -> None:
    agent.pinentry.answer({"pin": PIN}, {"pin": PIN}, {"pin": PIN})
    chosen = tab.run(REGISTER, creation(user="bob"))["ok"]["id"]
    tab.run(REGISTER, creation(user="carol"))

    tab.run("window.later = signIn(arguments[0], {mediation: 'conditional'}); return", request())
    tab.run("while (!overheard.join().includes('offered')) await new Promise((then) => setTimeout(then, 10))")
    tab.click("#name")
    # The latest is first.
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        tab.press(key)

    assert tab.run("return later")["ok"]["id"] == chosen
    assert [window["kind"] for window in agent.pinentry.asked[-3:]] == ["getpin"] * 3
    assert "bob" in agent.pinentry.asked[-1]["desc"]


def test_a_person_who_wants_another_way_gets_the_browsers_own(agent: RunningAgent, tab: Tab) -> None:
    tab.use_browsers_own_passkeys()
    ours = kept(agent)
    agent.pinentry.answer({"cancel": True})

    # Firefox would ask about an attestation, in a window of its own.
    made = tab.run(REGISTER, {**creation(), "attestation": "none"})["ok"]

    assert agent.pinentry.asked[-1]["cancel"] == "Another way"
    assert made["id"] not in ours
    assert kept(agent) == ours


def kept(agent: RunningAgent) -> list[str]:
    return [passkey["credential"] for passkey in agent.client.ask(ListPasskeys("1"))["passkeys"]]


def test_two_tabs_get_one_window_and_the_answer_goes_where_it_was_asked(
    agent: RunningAgent, pages: PasskeyPages, opened: OpenBrowser, tab: Tab, tmp_path: Path
) -> None:
    windows, typed = len(agent.pinentry.asked), tmp_path / "typed"
    first, second = secrets.token_bytes(32), secrets.token_bytes(32)
    agent.pinentry.answer({"pin": PIN, "when": str(typed)})

    tab.run("window.later = register(...arguments); return", creation(first, user="erin"))
    agent.pinentry.wait_until_asked(windows + 1)
    other = opened.new_tab()
    other.go(pages.origin)
    refused = other.run(REGISTER, creation(second, user="frank"))
    other.close()
    typed.touch()
    made = tab.run("return later")["ok"]

    assert refused["error"]["name"] == "NotAllowedError"
    (window,) = agent.pinentry.asked[windows:]
    assert "localhost" in window["desc"]
    assert "erin" in window["desc"]
    verify_registration_response(
        credential=made, expected_challenge=first, expected_rp_id="localhost", expected_origin=pages.origin
    )


@pytest.mark.parametrize("end", ["abort", "leave", "close"])
def test_the_window_goes_when_the_page_does_not_want_it_any_more(
    agent: RunningAgent, pages: PasskeyPages, opened: OpenBrowser, end: str
) -> None:
    tab, windows, ends, before = opened.new_tab(), len(agent.pinentry.asked), ended(agent), kept(agent)
    tab.go(pages.origin)
    agent.pinentry.answer({"wait": True})

    tab.run("void register(...arguments)", creation(user="dave"), {"abortable": True})
    window = agent.pinentry.wait_until_asked(windows + 1)
    if end == "abort":
        tab.run("giveUp()")
    if end == "leave":
        tab.go(pages.other_host_origin)
    if end == "close":
        tab.close()

    wait_until(lambda: ended(agent) > ends)
    if end != "close":
        tab.close()
    assert not Path(f"/proc/{window['pid']}").exists()
    assert kept(agent) == before


def ended(agent: RunningAgent) -> int:
    return sum(line.get("code") == "cancelled" for line in agent.log)


def wait_until(condition: Callable[[], bool], seconds: float = 10) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_page_of_another_port_is_refused_before_a_key_is_touched(agent: RunningAgent) -> None:
    stranger = {"id": "x", "verb": "create", "origin": "http://localhost:1", "options": creation()}
    windows = len(agent.pinentry.asked)

    with pytest.raises(AgentRefused) as refused:
        agent.client.ask(request_from_json(stranger))

    assert refused.value.code == "origin_not_enrolled"
    assert len(agent.pinentry.asked) == windows
