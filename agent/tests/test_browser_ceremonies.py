"""Passkey calls of an enrolled identity provider's page, in real browsers, through extension and host."""

import base64
import json
import secrets
from collections.abc import Iterator
from typing import Any

import pytest
from keystead_core.link.messages import Create, Get, Providers
from keystead_testkit.claimed_site import BROWSERS, ClaimedSite, claimed_site, missing_browser
from keystead_testkit.passkey_page import ChromiumTab, Tab
from keystead_testkit.socket_agent import SocketAgent
from webauthn import verify_authentication_response, verify_registration_response

pytestmark = pytest.mark.browser

REGISTER = "return register(...arguments)"
REGISTER_LATER = "window.later = register(...arguments); return"
ANSWER = "return later"
SIGN_IN = "return signIn(...arguments)"


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
    assert site.problems == []


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def creation(challenge: bytes = b"c" * 16, **members: Any) -> dict[str, Any]:
    user = {"id": base64url(b"alice's handle"), "name": "alice", "displayName": "Alice"}
    options = {
        "challenge": base64url(challenge),
        "rp": {"id": "localhost", "name": "Test"},
        "user": user,
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    }
    return {**options, **members}


def request(challenge: bytes = b"g" * 16, **members: Any) -> dict[str, Any]:
    return {"challenge": base64url(challenge), "rpId": "localhost", **members}


def descriptor(credential: str) -> dict[str, str]:
    return {"type": "public-key", "id": credential}


def test_registers_and_signs_in(site: ClaimedSite, agent: SocketAgent, tab: Tab) -> None:
    first, second = secrets.token_bytes(32), secrets.token_bytes(32)
    expected: dict[str, Any] = {"expected_rp_id": "localhost", "expected_origin": site.pages.origin}

    made = tab.run(REGISTER, creation(first, extensions={"credProps": True}))["ok"]
    answered = tab.run(SIGN_IN, request(second, allowCredentials=[descriptor(made["id"])]))["ok"]

    registration = verify_registration_response(credential=made, expected_challenge=first, **expected)
    assertion = verify_authentication_response(
        credential=answered,
        expected_challenge=second,
        credential_public_key=registration.credential_public_key,
        credential_current_sign_count=0,
        require_user_verification=True,
        **expected,
    )
    assert assertion.credential_id == registration.credential_id
    assert made["clientExtensionResults"] == {"credProps": {"rk": True}}


def test_what_a_page_gets_looks_as_from_the_browser(agent: SocketAgent, tab: Tab) -> None:
    seen = tab.run("return appearance(...arguments)", creation(), request())

    assert all(seen["classes"])
    assert seen["attachment"] == ["platform", "platform"]
    assert seen["transports"] == ["internal"]
    assert (seen["algorithm"], seen["curve"]) == (-7, "P-256")
    assert seen["extensions"] == {}
    assert seen["sameJson"]


def test_the_origin_is_the_browsers_word_and_not_the_pages(site: ClaimedSite, agent: SocketAgent, tab: Tab) -> None:
    forged = {
        "id": 1000,
        "verb": "get",
        "options": request(),
        "origin": "https://id.example.org",
        "credential": agent.add_passkey("alice"),
    }

    tab.run("dispatchEvent(new CustomEvent('keystead:ask', {detail: arguments[0]}))", json.dumps(forged))
    agent.wait_for(SocketAgent.ceremonies)

    (asked,) = agent.ceremonies()
    assert isinstance(asked, Get)
    assert asked.origin == site.pages.origin
    # Nor can it name the account, as autofill does once a person has chosen one.
    assert asked.credential is None


def test_a_page_of_another_domain_that_is_enrolled_with_the_relying_party_may_use_it(
    site: ClaimedSite, tab: Tab
) -> None:
    related = SocketAgent(site.agent_socket, rp_id="example.org", origins=[site.pages.origin])
    with related as agent:
        agent.add_passkey("alice")

        answered = tab.run(SIGN_IN, request(rpId="example.org"))["ok"]

        (asked,) = agent.ceremonies()
        assert isinstance(asked, Get)
        assert (asked.origin, asked.options["rpId"]) == (site.pages.origin, "example.org")
        assert answered["authenticatorAttachment"] == "platform"


def test_what_another_relay_has_taken_is_not_asked_twice(agent: SocketAgent, tab: Tab) -> None:
    # As when somebody has the extension twice, loaded by hand and for everybody: the other one comes first.
    if isinstance(tab, ChromiumTab):
        pytest.skip("in Chromium no script of the page's hears an event before the extension does")
    tab.run(
        """const take = (event) => event.preventDefault();
        addEventListener("keystead:ask", take, {capture: true});
        void register(...arguments);
        removeEventListener("keystead:ask", take, {capture: true});
        // What this asks comes after whatever the first call would have asked.
        await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable();""",
        creation(),
    )

    assert [type(request) for request in agent.received] == [Providers]


def test_a_refusal_reaches_the_page_without_the_agents_sentence(agent: SocketAgent, tab: Tab) -> None:
    agent.refusal = ("pin_wrong", "Wrong PIN, 2 tries left.", "NotAllowedError")
    refused = tab.run(REGISTER, creation())
    agent.refusal = ("excluded", "alice is here already.", "InvalidStateError")
    excluded = tab.run(REGISTER, creation())

    assert refused["error"]["name"] == "NotAllowedError"
    assert "2" not in refused["error"]["message"]
    assert excluded["error"]["name"] == "InvalidStateError"
    assert "alice" not in excluded["error"]["message"]
    overheard = tab.run("return overheard.join()")
    assert "Wrong PIN" not in overheard
    assert "alice" not in overheard


def test_the_agents_own_judgement_of_the_origin_stands(agent: SocketAgent, tab: Tab) -> None:
    agent.refusal = ("origin_not_allowed", "Not an origin of this provider.", "SecurityError")

    assert tab.run(REGISTER, creation())["error"]["name"] == "SecurityError"


def test_an_abort_cancels_and_rejects_with_the_reason(agent: SocketAgent, tab: Tab) -> None:
    agent.hold()

    tab.run(REGISTER_LATER, creation(), {"abortable": True})
    agent.wait_for(SocketAgent.ceremonies)
    tab.run("giveUp()")

    agent.wait_for(lambda agent: agent.given_up)
    assert tab.run(ANSWER)["error"]["name"] == "AbortError"


def test_an_abort_before_the_call_asks_nobody(agent: SocketAgent, tab: Tab) -> None:
    answer = tab.run(REGISTER, creation(), {"aborted": True})

    assert answer["error"]["name"] == "AbortError"
    assert agent.received == []


def test_an_abort_while_we_ask_what_is_enrolled_raises_no_prompt_later(agent: SocketAgent, tab: Tab) -> None:
    agent.hold(Providers)

    tab.run(REGISTER_LATER, creation(), {"abortable": True})
    agent.wait_for(lambda agent: agent.received)
    tab.run("giveUp()")
    assert tab.run(ANSWER)["error"]["name"] == "AbortError"
    agent.release(agent.received[0].id)
    agent.hold(Create)
    # What this asks comes after whatever the first call would still have asked.
    tab.run("return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable()")

    assert agent.ceremonies() == []


def test_a_page_that_nobody_looks_at_raises_no_prompt(site: ClaimedSite, agent: SocketAgent) -> None:
    tab = site.open_tab()
    tab.run(
        """window.hidden = new Promise((resolve) => setTimeout(async () => {
            resolve([document.visibilityState, await register(arguments[0], {abortAfterMs: 100})]); }, 400));
            return""",
        creation(),
    )
    front = site.open_tab()
    front.run("return new Promise((resolve) => setTimeout(resolve, 800))")
    visibility, _ = tab.run("return hidden")
    tab.close()
    front.close()

    if visibility == "visible":
        pytest.skip("this browser without a screen shows every page")
    assert agent.ceremonies() == []


def test_an_interrupted_background_ends_the_call_and_keeps_the_browser_working(
    site: ClaimedSite, agent: SocketAgent, tab: Tab
) -> None:
    if not isinstance(tab, ChromiumTab):
        pytest.skip("the extension's background can be stopped from outside in Chromium only")
    agent.hold()
    tab.run(REGISTER_LATER, creation())
    agent.wait_for(SocketAgent.ceremonies)

    tab.stop_extension()

    assert tab.run(ANSWER)["error"]["name"] == "NotAllowedError"
    agent.wait_for(lambda agent: agent.given_up)
    agent.hold(Providers)
    tab.run(REGISTER_LATER, creation())
    agent.wait_for(lambda agent: isinstance(agent.received[-1], Providers))


@pytest.mark.parametrize("leave", ["close", "navigate"])
def test_a_page_that_goes_away_cancels_what_it_asked(site: ClaimedSite, agent: SocketAgent, leave: str) -> None:
    tab, other = site.open_tab(), site.open_tab()
    agent.hold()
    agent.add_passkey("alice")

    tab.run("void signIn(arguments[0])", request())
    agent.wait_for(SocketAgent.ceremonies)
    tab.close() if leave == "close" else tab.go(site.pages.other_host_origin)

    agent.wait_for(lambda agent: agent.given_up)
    other.close()
    if leave == "navigate":
        tab.close()


def test_a_person_may_take_longer_than_a_browser_keeps_an_idle_extension(agent: SocketAgent, tab: Tab) -> None:
    # Firefox runs with a limit of three seconds here; Chromium's, of thirty, cannot be set.
    agent.hold()
    tab.run(REGISTER_LATER, creation())
    agent.wait_for(SocketAgent.ceremonies)

    tab.run("return new Promise((resolve) => setTimeout(resolve, 4000))")
    agent.release(agent.ceremonies()[0].id)

    assert "ok" in tab.run(ANSWER)


def test_two_tabs_each_get_their_own_answer(site: ClaimedSite, agent: SocketAgent) -> None:
    first, second = site.open_tab(), site.open_tab()
    challenges = [b"1" * 16, b"2" * 16]
    agent.hold()

    first.run(REGISTER_LATER, creation(challenges[0]))
    agent.wait_for(lambda agent: len(agent.ceremonies()) == 1)
    second.run(REGISTER_LATER, creation(challenges[1]))
    agent.wait_for(lambda agent: len(agent.ceremonies()) == 2)
    for held in reversed(agent.ceremonies()):
        agent.release(held.id)

    for tab, challenge in zip([first, second], challenges, strict=True):
        client_data = tab.run(ANSWER)["ok"]["response"]["clientDataJSON"]
        signed = json.loads(base64.urlsafe_b64decode(client_data + "=="))
        assert signed["challenge"] == base64url(challenge)
        tab.close()


def test_says_that_this_computer_has_an_authenticator(agent: SocketAgent, tab: Tab) -> None:
    seen = tab.run("""
        const {conditionalGet, userVerifyingPlatformAuthenticator} = await PublicKeyCredential.getClientCapabilities();
        return [await PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable(),
          await PublicKeyCredential.isConditionalMediationAvailable(),
          conditionalGet, userVerifyingPlatformAuthenticator];""")

    assert seen == [True] * 4


def test_a_call_the_types_forbid_is_refused_in_the_browsers_own_words(agent: SocketAgent, tab: Tab) -> None:
    refused = tab.run(
        """const options = PublicKeyCredential.parseCreationOptionsFromJSON(arguments[0]);
        const wrong = [{}, {rp: {id: "localhost"}}, {challenge: "text"}, {user: {...options.user, id: 5}}];
        return Promise.all(wrong.map((change, index) =>
          navigator.credentials.create({publicKey: index ? {...options, ...change} : change}).catch(({name}) => name)))""",
        creation(),
    )

    assert refused == ["TypeError"] * 4
    assert agent.received == []


def test_an_empty_list_of_algorithms_means_the_defaults(agent: SocketAgent, tab: Tab) -> None:
    tab.run(REGISTER, creation(pubKeyCredParams=[]))

    (asked,) = agent.ceremonies()
    assert isinstance(asked, Create)
    assert asked.options["pubKeyCredParams"] == [{"type": "public-key", "alg": alg} for alg in (-7, -257)]


def test_the_relying_party_is_the_pages_host_when_none_is_named(agent: SocketAgent, tab: Tab) -> None:
    tab.run(REGISTER, creation(rp={"name": "Test"}))

    (asked,) = agent.ceremonies()
    assert isinstance(asked, Create)
    assert asked.options["rp"] == {"id": "localhost", "name": "Test"}
