"""Frames: same-origin ones ask as their page does, others with the permissions policy's leave, sandboxed ones never."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
from keystead_agent.browser_host.install import extension_source
from keystead_testkit.claimed_site import BROWSERS, ClaimedSite, claimed_site, missing_browser
from keystead_testkit.passkey_page import ALLOWED, CREATION, FRAMED, REQUEST, ChromiumTab, Tab
from keystead_testkit.socket_agent import SocketAgent

pytestmark = pytest.mark.browser


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


@pytest.fixture
def chromium(site: ClaimedSite, tab: Tab) -> ChromiumTab:
    if not isinstance(tab, ChromiumTab):
        # What it does there, leaving the call to Firefox, is what it does for a page of a stranger's.
        pytest.skip("Firefox tells no script its permissions policy: frames of other sites' pages are left to it")
    return tab


def client_data(credential: dict[str, Any]) -> dict[str, Any]:
    return dict(json.loads(base64.urlsafe_b64decode(credential["response"]["clientDataJSON"] + "==")))


@pytest.mark.parametrize(("call", "options"), [("register", CREATION), ("signIn", REQUEST)])
def test_a_frame_in_another_sites_page_asks_with_its_leave_and_says_where_it_is(
    site: ClaimedSite, agent: SocketAgent, chromium: ChromiumTab, call: str, options: dict[str, Any]
) -> None:
    agent.add_passkey("alice")
    stranger = site.pages.other_host_origin

    answered = chromium.in_frame([stranger, site.pages.origin], ALLOWED, call, options)

    (asked,) = agent.ceremonies()
    assert (asked.origin, asked.top_origin) == (site.pages.origin, stranger)
    said = client_data(answered["ok"])
    assert (said["origin"], said["crossOrigin"], said["topOrigin"]) == (site.pages.origin, True, stranger)


def test_a_strangers_page_between_two_of_ours_makes_it_cross_origin(
    site: ClaimedSite, agent: SocketAgent, chromium: ChromiumTab
) -> None:
    agent.add_passkey("alice")
    ours, stranger = site.pages.origin, site.pages.other_host_origin

    chromium.in_frame([ours, stranger, ours], ALLOWED, "signIn", REQUEST)

    (asked,) = agent.ceremonies()
    assert (asked.origin, asked.top_origin) == (ours, ours)


@pytest.mark.parametrize(
    ("call", "options", "leave"),
    [
        ("register", CREATION, {}),
        ("signIn", REQUEST, {}),
        ("register", CREATION, {"allow": "publickey-credentials-get *"}),
        ("signIn", REQUEST, {"allow": "publickey-credentials-create *"}),
    ],
)
def test_without_the_policys_leave_nothing_is_asked_and_the_browser_refuses(
    site: ClaimedSite,
    agent: SocketAgent,
    chromium: ChromiumTab,
    call: str,
    options: dict[str, Any],
    leave: dict[str, str],
) -> None:
    agent.add_passkey("alice")

    refused = chromium.in_frame([site.pages.other_host_origin, site.pages.origin], leave, call, options)

    assert refused["error"]["name"] == "NotAllowedError"
    assert agent.ceremonies() == []


def test_autofill_in_another_sites_page_is_left_to_the_browser(
    site: ClaimedSite, agent: SocketAgent, chromium: ChromiumTab
) -> None:
    agent.add_passkey("alice")
    around = [site.pages.other_host_origin, site.pages.origin]

    conditional = "(options) => signIn(options, {mediation: 'conditional', abortAfterMs: 300})"
    chromium.in_frame(around, ALLOWED, f"({conditional})", REQUEST)

    assert agent.received == []


def test_a_sandboxed_frame_is_nobodys(site: ClaimedSite, agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice")

    refused = tab.run(
        f"""window.said = new Promise((resolve) => addEventListener("message", (event) => resolve(event.data)));
        await ({FRAMED})(arguments[0]);
        return said""",
        [f"{site.pages.origin}/frame#tells", {**ALLOWED, "sandbox": "allow-scripts"}],
    )

    assert "ok" not in refused
    assert agent.ceremonies() == []


def test_a_sandboxed_frame_is_nobodys_even_when_touched_and_allowed(
    site: ClaimedSite, agent: SocketAgent, chromium: ChromiumTab
) -> None:
    agent.add_passkey("alice")

    sandboxed = {**ALLOWED, "sandbox": "allow-scripts"}
    refused = chromium.in_frame([site.pages.origin, site.pages.origin], sandboxed, "signIn", REQUEST)

    assert "ok" not in refused
    assert agent.ceremonies() == []


def test_a_frame_in_a_page_of_the_same_site_is_claimed(site: ClaimedSite, agent: SocketAgent, tab: Tab) -> None:
    tab.run(f"return ({FRAMED})(arguments[0])", [f"{site.pages.origin}/framed", {}])

    made = tab.run("return document.querySelector('iframe').contentWindow.register(...arguments)", CREATION)

    assert client_data(made["ok"])["crossOrigin"] is False
    assert len(agent.ceremonies()) == 1


OURS, STRANGER = "https://a.example", "https://b.example"
SENDERS = [
    ({"tab": {"url": f"{OURS}/x"}, "origin": OURS, "frameId": 0}, None, {"origin": OURS}),
    ({"tab": {"url": f"{OURS}/x"}, "origin": OURS, "frameId": 7}, None, {"origin": OURS}),
    # The browser does not say what is around a frame when it is a page that we may not see.
    ({"tab": {}, "origin": OURS, "frameId": 7}, STRANGER, {"origin": OURS, "topOrigin": STRANGER}),
    ({"tab": {"url": f"{OURS}/x"}, "origin": OURS, "frameId": 7}, OURS, {"origin": OURS, "topOrigin": OURS}),
    # What follows are lies, of a renderer that was taken over.
    ({"tab": {"url": f"{STRANGER}/x"}, "origin": OURS, "frameId": 7}, None, None),
    ({"tab": {}, "origin": OURS, "frameId": 7}, None, None),
    ({"tab": {"url": f"{STRANGER}/x"}, "origin": OURS, "frameId": 7}, OURS, None),
    ({"tab": {"url": f"{OURS}/x"}, "origin": OURS, "frameId": 0}, STRANGER, None),
    # Nobody's pages.
    ({"tab": {"url": f"{OURS}/x"}, "origin": "null", "frameId": 0}, None, None),
    ({"tab": {"url": f"{OURS}/x"}, "origin": "null", "frameId": 7}, STRANGER, None),
    ({"tab": {"url": f"{OURS}/x"}, "frameId": 0}, None, None),
    ({"origin": OURS, "frameId": 0}, None, None),
]


def test_whose_call_it_is_by_the_browsers_record(site: ClaimedSite, tab: Tab) -> None:
    # The relay has looked at the frames around it already; a renderer that was taken over may not have.
    claims = (extension_source() / "claims.js").read_text().replace("export ", "")
    function = f"return (() => {{ {claims}; return arguments[0].map((each) => callerOf(...each)); }})()"

    seen = tab.run(function, [[sender, claimed] for sender, claimed, _ in SENDERS])

    assert seen == [caller for _, _, caller in SENDERS]
