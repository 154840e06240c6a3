"""What is not ours is left to the browser: its own passkeys answer, and the agent is not asked to."""

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from keystead_agent.browser_host.manifests import Browser
from keystead_testkit.claimed_site import BROWSERS, ClaimedSite, claimed_site, missing_browser
from keystead_testkit.passkey_page import Tab
from keystead_testkit.socket_agent import SocketAgent

pytestmark = pytest.mark.browser

REGISTER = "return register(...arguments)"
SIGN_IN = "return signIn(...arguments)"
IS_NATIVE = "return [navigator.credentials.create, navigator.credentials.get].every((each) => /native code/.test(each))"
CHALLENGE = base64.urlsafe_b64encode(b"c" * 18).decode()


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
    tab.use_browsers_own_passkeys()
    yield tab
    tab.close()


def creation(**members: Any) -> dict[str, Any]:
    options = {
        "challenge": CHALLENGE,
        "rp": {"id": "localhost", "name": "Test"},
        "user": {"id": CHALLENGE, "name": "alice", "displayName": "Alice"},
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    }
    return {**options, **members}


def request(**members: Any) -> dict[str, Any]:
    return {"challenge": CHALLENGE, "rpId": "localhost", **members}


def descriptor(credential: str) -> dict[str, str]:
    return {"type": "public-key", "id": credential}


def browsers_own(tab: Tab) -> str:
    """Register a passkey of the browser's own, as a site does that asks for another device."""
    elsewhere = {"residentKey": "required", "userVerification": "required"}
    made = tab.run(REGISTER, creation(authenticatorSelection=elsewhere, hints=["hybrid"]))
    return str(made["ok"]["id"])


def test_an_agent_that_is_not_running_is_no_obstacle(site: ClaimedSite, tab: Tab) -> None:
    made = tab.run(REGISTER, creation())["ok"]
    answered = tab.run(SIGN_IN, request(allowCredentials=[descriptor(made["id"])]))["ok"]

    assert answered["id"] == made["id"]


def test_an_agent_started_later_is_found(site: ClaimedSite, tab: Tab) -> None:
    tab.run(REGISTER, creation())

    with site.agent() as agent:
        tab.run(REGISTER, creation())

        assert len(agent.ceremonies()) == 1


@pytest.mark.parametrize("browser", BROWSERS)
def test_a_native_host_that_is_missing_is_no_obstacle(browser: Browser, tmp_path: Path) -> None:
    if why := missing_browser(browser):
        pytest.skip(why)
    with claimed_site(browser, tmp_path) as site, site.agent() as agent:
        (tmp_path / "extensions" / "keystead-browser-host").unlink()
        tab = site.open_tab()
        tab.use_browsers_own_passkeys()

        assert "ok" in tab.run(REGISTER, creation())
        assert agent.received == []
        tab.close()


def test_another_port_of_the_same_host_keeps_the_browsers_own_functions(site: ClaimedSite, tab: Tab) -> None:
    assert not tab.run(IS_NATIVE)

    tab.go(site.neighbour.origin)

    assert tab.run(IS_NATIVE)
    # And nobody listens there: an event that a script of ours would acknowledge is not.
    assert tab.run("return dispatchEvent(new CustomEvent('keystead:ask', {detail: '{}', cancelable: true}))")


def test_another_host_keeps_the_browsers_own_functions(site: ClaimedSite, tab: Tab) -> None:
    tab.go(site.pages.other_host_origin)

    assert tab.run(IS_NATIVE)


def test_a_provider_that_the_agent_no_longer_knows_is_left_alone(site: ClaimedSite, tab: Tab) -> None:
    with SocketAgent(site.agent_socket, rp_id="localhost", origins=["https://id.example.org"]) as agent:
        assert "ok" in tab.run(REGISTER, creation())
        assert agent.ceremonies() == []


def test_another_relying_party_id_is_left_to_the_browser_to_refuse(agent: SocketAgent, tab: Tab) -> None:
    refused = tab.run(REGISTER, creation(rp={"id": "example.org", "name": "Test"}))

    assert refused["error"]["name"] == "SecurityError"
    assert agent.ceremonies() == []


@pytest.mark.parametrize(
    "asked",
    [{"hints": ["security-key"]}, {"hints": ["hybrid"]}],
    ids=["a security key", "a telephone"],
)
def test_what_is_asked_of_another_authenticator(agent: SocketAgent, tab: Tab, asked: dict[str, Any]) -> None:
    assert "ok" in tab.run(REGISTER, creation(**asked))
    assert agent.received == []


def test_a_cross_platform_authenticator_is_not_us(agent: SocketAgent, tab: Tab) -> None:
    selection = {"authenticatorAttachment": "cross-platform"}

    # Whether the browser's own test passkey will do is the browser's affair.
    tab.run(REGISTER, creation(authenticatorSelection=selection), {"abortAfterMs": 300})

    assert agent.received == []


@pytest.mark.parametrize(
    "call",
    [
        "get({publicKey, password: true, signal})",
        "get({publicKey, mediation: 'silent', signal})",
        "create({publicKey: {...publicKey, ...creation}, mediation: 'conditional', signal})",
    ],
    ids=["a password will do", "nobody is to be asked", "nobody is to notice"],
)
def test_calls_of_other_kinds(agent: SocketAgent, tab: Tab, call: str) -> None:
    agent.add_passkey("alice")

    tab.run(
        f"""const creation = PublicKeyCredential.parseCreationOptionsFromJSON(arguments[0]);
        const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(arguments[1]);
        const controller = new AbortController();
        const {{signal}} = controller;
        setTimeout(() => controller.abort(), 200);
        await navigator.credentials.{call}.catch(() => null);""",
        creation(),
        request(),
    )

    assert agent.received == []


def test_passkeys_that_are_not_ours(agent: SocketAgent, tab: Tab) -> None:
    agent.add_passkey("alice")
    theirs = browsers_own(tab)

    answered = tab.run(SIGN_IN, request(allowCredentials=[descriptor(theirs)]))

    assert answered["ok"]["id"] == theirs
    assert agent.ceremonies() == []


def test_one_of_ours_among_others_is_ours_to_answer(agent: SocketAgent, tab: Tab) -> None:
    ours, theirs = agent.add_passkey("alice"), browsers_own(tab)

    answered = tab.run(SIGN_IN, request(allowCredentials=[descriptor(theirs), descriptor(ours)]))

    assert answered["ok"]["id"] == ours


def test_a_sign_in_without_a_passkey_of_ours(agent: SocketAgent, tab: Tab) -> None:
    theirs = browsers_own(tab)

    assert tab.run(SIGN_IN, request())["ok"]["id"] == theirs
    assert agent.ceremonies() == []


@pytest.mark.parametrize(
    "code",
    ["algorithm_not_supported", "attachment_not_ours", "no_passkey", "pin_not_set"],
)
def test_what_the_agent_leaves_to_others(agent: SocketAgent, tab: Tab, code: str) -> None:
    theirs = browsers_own(tab)
    agent.add_passkey("alice")
    agent.refusal = (code, "Not mine.", "NotAllowedError")

    assert tab.run(SIGN_IN, request())["ok"]["id"] == theirs


def test_options_longer_than_the_link_carries(agent: SocketAgent, tab: Tab) -> None:
    excluded = [descriptor(CHALLENGE * 40)] * 70

    # What the browser makes of them is its own affair.
    tab.run(REGISTER, creation(excludeCredentials=excluded), {"abortAfterMs": 300})

    assert agent.received == []


def test_a_page_that_nobody_has_touched_raises_no_prompt_of_ours(
    site: ClaimedSite, agent: SocketAgent, tab: Tab
) -> None:
    agent.add_passkey("alice")
    theirs = browsers_own(tab)

    tab.go(f"{site.pages.origin}/another-page#asks")
    answered = tab.run("while (!window.later) await new Promise((then) => setTimeout(then, 10)); return later")

    assert answered["ok"]["id"] == theirs
    assert agent.ceremonies() == []


def test_another_way_is_the_browsers_own_dialog(agent: SocketAgent, tab: Tab) -> None:
    theirs = browsers_own(tab)
    agent.add_passkey("alice")
    agent.refusal = ("not_approved", "You did not approve it.", "NotAllowedError")

    assert tab.run(SIGN_IN, request())["ok"]["id"] == theirs
    assert len(agent.ceremonies()) == 1


@pytest.mark.parametrize("code", ["pin_locked", "nobody_answered", "busy", "too_many_prompts"])
def test_what_is_no_choice_of_the_persons_is_a_refusal(agent: SocketAgent, tab: Tab, code: str) -> None:
    browsers_own(tab)
    agent.add_passkey("alice")
    agent.refusal = (code, "No.", "NotAllowedError")

    assert tab.run(SIGN_IN, request())["error"]["name"] == "NotAllowedError"
