"""Autofill (conditional mediation): our accounts under the input, beside the browser's own."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from keystead_core.link.messages import Accounts, Get
from keystead_testkit.claimed_site import BROWSERS, ClaimedSite, claimed_site, missing_browser
from keystead_testkit.passkey_page import ChromiumTab, Tab
from keystead_testkit.socket_agent import SocketAgent

pytestmark = pytest.mark.browser

CHALLENGE = base64.urlsafe_b64encode(b"g" * 18).decode()
OFFER = "window.later = signIn(arguments[0], {mediation: 'conditional', ...arguments[1]}); return"
ANSWER = "return later"
INPUT = "#name"


@pytest.fixture(scope="module", params=BROWSERS)
def site(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClaimedSite]:
    if why := missing_browser(request.param):
        pytest.skip(why)
    with claimed_site(request.param, tmp_path_factory.mktemp("home")) as site:
        yield site


@pytest.fixture
def agent(site: ClaimedSite) -> Iterator[SocketAgent]:
    with site.agent() as agent:
        yield agent


@pytest.fixture
def tab(site: ClaimedSite) -> Iterator[Tab]:
    tab = site.open_tab()
    yield tab
    tab.close()
    # Drawn under a policy that allows no inline style, and nothing was violated.
    assert site.problems == []


def request(**members: Any) -> dict[str, Any]:
    return {"challenge": CHALLENGE, "rpId": "localhost", **members}


def offer(tab: Tab, how: dict[str, Any] | None = None, **members: Any) -> None:
    """Ask as a sign-in page does when it is loaded, and wait until accounts are on offer."""
    tab.run(OFFER, request(**members), how or {})
    tab.run("""const offered = () => overheard.some((each) => JSON.parse(each).outcome === "offered");
        while (!offered()) await new Promise((resolve) => setTimeout(resolve, 10));""")


def list_is_open(tab: Tab) -> bool:
    return bool(tab.run("return document.querySelector('[popover]')?.matches(':popover-open') ?? false"))


def asked(agent: SocketAgent) -> Get:
    agent.wait_for(SocketAgent.ceremonies)
    (get,) = agent.ceremonies()
    assert isinstance(get, Get)
    return get


def test_by_keyboard(agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice")
    bob = agent.add_passkey("bob")

    offer(tab)
    tab.click(INPUT)
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        tab.press(key)

    assert tab.run(ANSWER)["ok"]["id"] == bob
    assert (asked(agent).credential, asked(agent).mediation) == (bob, "conditional")
    tab.click(INPUT)
    assert not list_is_open(tab)


def test_by_click(agent: SocketAgent, tab: Tab) -> None:
    alice = agent.add_passkey("alice")

    offer(tab)
    tab.click(INPUT)
    where = tab.run("""const {x, y} = document.querySelector('[popover]').getBoundingClientRect();
        return [x + 40, y + 30].map(Math.round)""")
    tab.click_at(*where)

    assert tab.run(ANSWER)["ok"]["id"] == alice


def test_an_input_that_already_has_the_focus(agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice")

    tab.click(INPUT)
    offer(tab)

    assert list_is_open(tab)


def test_nothing_is_chosen_by_a_script(agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice")

    offer(tab)
    tab.run("""const input = document.querySelector('#name');
        input.click();
        input.dispatchEvent(new FocusEvent('focusin', {bubbles: true}));
        input.dispatchEvent(new KeyboardEvent('keydown', {key: 'ArrowDown', bubbles: true}));""")
    opened = list_is_open(tab)
    tab.click(INPUT)
    tab.run("""const list = document.querySelector('[popover]');
        for (const target of [list, document.querySelector('#name')]) {
          target.click();
          for (const key of ['ArrowDown', 'Enter'])
            target.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, composed: true}));
        }
        await new Promise((resolve) => setTimeout(resolve, 200));""")

    assert not opened
    assert agent.ceremonies() == []
    assert tab.run("return document.querySelector('[popover]').shadowRoot") is None


def test_escape_closes_the_list_and_keeps_the_offer(agent: SocketAgent, tab: Tab) -> None:
    alice = agent.add_passkey("alice")

    offer(tab)
    tab.click(INPUT)
    tab.press("ArrowDown")
    tab.press("Escape")
    closed = not list_is_open(tab)
    focused = tab.run("return document.activeElement.id")
    tab.press("ArrowDown")
    tab.press("Enter")

    assert closed
    assert focused == "name"
    assert tab.run(ANSWER)["ok"]["id"] == alice


def test_leaving_the_input_and_coming_back_to_it(agent: SocketAgent, tab: Tab) -> None:
    alice = agent.add_passkey("alice")

    offer(tab)
    tab.click(INPUT)
    tab.click("button")
    closed = not list_is_open(tab)
    tab.click(INPUT)
    tab.press("ArrowDown")
    tab.press("Enter")

    assert closed
    assert tab.run(ANSWER)["ok"]["id"] == alice


def test_leaving_the_page_and_coming_back_to_it(site: ClaimedSite, agent: SocketAgent, tab: Tab) -> None:
    alice = agent.add_passkey("alice")

    offer(tab)
    tab.go(site.pages.other_host_origin)
    tab.go_back()
    # A browser that kept the page for the way back kept what it had asked; else the page asks as it did at first.
    if not tab.run("return 'later' in window"):
        offer(tab)
    tab.click(INPUT)
    tab.press("ArrowDown")
    tab.press("Enter")

    assert tab.run(ANSWER)["ok"]["id"] == alice
    assert asked(agent).credential == alice


def test_the_page_learns_no_account_before_one_is_chosen(agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice@example.org", "Alice Example")

    offer(tab)
    tab.click(INPUT)

    seen = tab.run("return [...overheard, document.documentElement.outerHTML].join()")
    assert "lice" not in seen


def test_a_mistyped_pin_leaves_the_offer_open(agent: SocketAgent, tab: Tab) -> None:
    alice = agent.add_passkey("alice")
    agent.refusal = ("pin_wrong", "Wrong PIN.", "NotAllowedError")

    offer(tab)
    tab.click(INPUT)
    tab.press("ArrowDown")
    tab.press("Enter")
    agent.wait_for(SocketAgent.ceremonies)
    agent.refusal = None
    tab.run("while (!document.querySelector('[popover]')) await new Promise((then) => setTimeout(then, 10))")
    tab.press("ArrowDown")
    tab.press("Enter")

    assert tab.run(ANSWER)["ok"]["id"] == alice
    assert len(agent.ceremonies()) == 2


def test_a_screen_reader_is_told_what_the_list_is_and_why_it_is_back(agent: SocketAgent, tab: Tab) -> None:
    if not isinstance(tab, ChromiumTab):
        pytest.skip("the accessibility tree is read in Chromium only")
    agent.add_passkey("alice@example.org", "Alice Example")
    agent.refusal = ("pin_locked", "Try again in 10 minutes.", "NotAllowedError")

    offer(tab)
    tab.click(INPUT)
    first = tab.announced()
    tab.press("ArrowDown")
    tab.press("Enter")
    agent.wait_for(SocketAgent.ceremonies)
    tab.run("while (!document.querySelector('[popover]')) await new Promise((then) => setTimeout(then, 10))")
    again = tab.announced()

    assert ("listbox", "Passkeys on this computer") in first
    assert ("option", "Alice Example alice@example.org · Passkey on this computer") in first
    assert ("StaticText", "1 passkey on this computer. Press the down arrow to choose.") in first
    assert ("StaticText", "Try again in 10 minutes.") in again
    # That sentence is for the person; the page is not told.
    assert "10 minutes" not in tab.run("return overheard.join()")


def test_keys_in_a_file_are_offered_as_such(agent: SocketAgent, tab: Tab) -> None:
    if not isinstance(tab, ChromiumTab):
        pytest.skip("the accessibility tree is read in Chromium only")
    agent.add_passkey("alice")
    agent.beware = "SOFTWARE KEYSTORE: keys are in a file, not in a chip"

    offer(tab)
    tab.click(INPUT)

    assert ("option", f"alice Passkey on this computer {agent.beware}") in tab.announced()


def test_an_offer_outlives_the_extensions_background(agent: SocketAgent, tab: Tab) -> None:
    if not isinstance(tab, ChromiumTab):
        pytest.skip("the extension's background can be stopped from outside in Chromium only")
    alice = agent.add_passkey("alice")

    offer(tab)
    tab.stop_extension()
    tab.click(INPUT)
    tab.press("ArrowDown")
    tab.press("Enter")

    assert tab.run(ANSWER)["ok"]["id"] == alice


def test_an_abort_takes_the_list_away(agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice")

    offer(tab, {"abortable": True})
    tab.click(INPUT)
    opened = list_is_open(tab)
    tab.run("giveUp()")

    assert opened
    assert tab.run(ANSWER)["error"]["name"] == "AbortError"
    assert not list_is_open(tab)


def test_an_abort_while_the_pin_is_asked_closes_the_prompt(agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice")
    agent.hold()

    offer(tab, {"abortable": True})
    tab.click(INPUT)
    tab.press("ArrowDown")
    tab.press("Enter")
    agent.wait_for(SocketAgent.ceremonies)
    tab.run("giveUp()")

    agent.wait_for(lambda agent: agent.given_up)
    assert tab.run(ANSWER)["error"]["name"] == "AbortError"


def test_only_what_the_page_would_accept_is_offered(agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice")
    bob = agent.add_passkey("bob")

    offer(tab, allowCredentials=[{"type": "public-key", "id": bob}])
    tab.click(INPUT)
    tab.press("ArrowDown")
    tab.press("ArrowDown")
    tab.press("Enter")

    assert tab.run(ANSWER)["ok"]["id"] == bob


def test_without_an_account_of_ours_nothing_is_shown(agent: SocketAgent, tab: Tab) -> None:
    tab.run(OFFER, request(), {"abortable": True})
    agent.wait_for(lambda agent: any(isinstance(request, Accounts) for request in agent.received))
    tab.click(INPUT)
    opened = list_is_open(tab)
    tab.run("giveUp()")

    assert not opened
    assert tab.run(ANSWER)["error"]["name"] == "AbortError"


def test_the_browsers_own_passkey_may_win(site: ClaimedSite, agent: SocketAgent, tab: Tab) -> None:
    if site.browser == "firefox":
        pytest.skip("Firefox waits for a choice in its own list, which no script can make")
    tab.use_browsers_own_passkeys()
    theirs = tab.run(
        "return register(arguments[0])",
        {
            "challenge": CHALLENGE,
            "rp": {"id": "localhost", "name": "Test"},
            "user": {"id": CHALLENGE, "name": "carol", "displayName": "Carol"},
            "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
            "authenticatorSelection": {"residentKey": "required"},
            "hints": ["hybrid"],
        },
    )["ok"]["id"]
    agent.add_passkey("alice")

    tab.click(INPUT)
    offer(tab)

    assert tab.run(ANSWER)["ok"]["id"] == theirs
    assert not list_is_open(tab)
    assert agent.ceremonies() == []


def test_a_forged_answer_fools_only_the_page_that_forges_it(agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice")

    offer(tab)
    refused = json.dumps({"id": 1, "outcome": "refused", "name": "NotAllowedError", "message": "forged"})
    tab.run("dispatchEvent(new CustomEvent('keystead:answer', {detail: arguments[0]}))", refused)

    assert tab.run(ANSWER)["error"]["message"] == "forged"
    assert agent.ceremonies() == []
