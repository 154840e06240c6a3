"""What must not work, shown not to work, each with its reason."""

import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from keystead_agent.client.client import AgentRefused
from keystead_core.link.messages import Create, Get
from keystead_core.wire import b64url_encode
from keystead_testkit.browser import Chromium, add_virtual_authenticator
from keystead_testkit.running_agent import RunningAgent
from keystead_testkit.software_tpm import SoftwareTpm
from keystead_testkit.town import machine_id
from playwright.sync_api import Page, Request, expect

from tools.demo.stage import Laptop, Narrator
from tools.demo.story import PIN, press_sign_in

_ASKED_AGAIN_SECONDS = 10.0


def wrong_pin(tell: Narrator, laptop: Laptop, page: Page, base: str) -> None:
    # The window asks again, and stays open until the page is left.
    laptop.agent.pinentry.answer({"pin": "000111"}, {"wait": True})
    page.goto(f"{base}/sign-in")
    press_sign_in(page)
    deadline = time.monotonic() + _ASKED_AGAIN_SECONDS
    while not (said := laptop.agent.pinentry.asked[-1].get("error") or "") and time.monotonic() < deadline:
        page.wait_for_timeout(50)
    tell.picture(page, "wrong-pin")
    tell.refused("the wrong PIN", str(said), expected="left")
    page.goto(f"{base}/sign-in")


def another_site(tell: Narrator, laptop: Laptop) -> None:
    options = {
        "rp": {"id": "evil.example", "name": "Evil"},
        "user": {"id": b64url_encode(b"u" * 16), "name": "grace", "displayName": "Grace"},
        "challenge": b64url_encode(b"c" * 32),
        "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
    }
    answer = _ask(laptop.agent, Create("demo-evil", "https://evil.example", options))
    tell.refused("the same container asked by another site", answer, expected="rp_not_enrolled")


def copied_key_file(tell: Narrator, laptop: Laptop, folder: Path, origin: str) -> None:
    """Everything that is on the disk of Grace's laptop, on a computer with another TPM."""
    thief = folder / "another-machine"
    shutil.copytree(laptop.agent.state, thief / "state")
    with SoftwareTpm() as other_tpm:
        agent = RunningAgent(thief, other_tpm.address, machine_id=str(machine_id(thief, "another machine")))
        agent.pinentry.answer({"pin": PIN, "forever": True})
        with agent:
            options = {"challenge": b64url_encode(b"c" * 32), "rpId": "localhost", "userVerification": "required"}
            answer = _ask(agent, Get("demo-copy", origin, options))
    tell.refused("the key file copied to another machine", answer, expected="other_machine")


def disabled_computer(tell: Narrator, laptop: Laptop, page: Page, admin: Page, base: str) -> None:
    """Lost or stolen: the administrator refuses whatever the computer vouched for, then finds it again."""
    admin.goto(f"{base}/admin/devices")
    tell.picture(admin, "computers")
    admin.get_by_role("main").get_by_role("listitem").get_by_role("link").first.click()
    admin.get_by_text("Disable this computer").click()
    tell.picture(admin, "a-computer")
    admin.get_by_role("button", name="Disable the computer").click()
    expect(admin.get_by_role("button", name="Enable this computer")).to_be_visible()
    laptop.agent.pinentry.answer({"pin": PIN})
    page.goto(f"{base}/sign-in")
    press_sign_in(page)
    expect(page.locator("#problem")).not_to_be_empty()
    tell.picture(page, "computer-disabled")
    tell.refused("a computer that the administrator disabled", page.locator("#problem").inner_text(), expected="computer")
    admin.get_by_role("button", name="Enable this computer").click()
    expect(admin.get_by_text("Disable this computer")).to_be_visible()


def same_assertion_twice(tell: Narrator, laptop: Laptop, page: Page, base: str) -> None:
    seen: list[Request] = []
    page.context.on("request", lambda request: seen.append(request) if "/sign-in/assertion" in request.url else None)
    laptop.agent.pinentry.answer({"pin": PIN})
    page.goto(f"{base}/sign-in")
    press_sign_in(page)
    expect(page.get_by_role("heading", name="Grace Hopper").or_(page.get_by_text("Grace's laptop")).first).to_be_visible()
    first = seen[-1]
    again = page.context.request.post(
        first.url,
        data=first.post_data_buffer or b"",
        headers={"content-type": "application/json", "origin": origin_of(base), "sec-fetch-site": "same-origin"},
    )
    tell.refused("the same assertion sent twice", f"{again.status} {_code(again.json())}", expected="challenge_spent")


def synced_passkey(tell: Narrator, admin: Page, base: str, link: str) -> None:
    """The administrator allows device-bound passkeys only; somebody tries a synced one."""
    admin.goto(f"{base}/admin/passkey-policy")
    admin.get_by_label("Synced").uncheck()
    tell.picture(admin, "passkey-policy")
    admin.get_by_role("button", name="Save the policy").first.click()
    expect(admin.get_by_text("The policy is in force.")).to_be_visible()
    tell.done("the administrator allows device-bound passkeys only; the policy is in force at once")
    with Chromium() as phone:
        page = phone.new_page()
        add_virtual_authenticator(page, backup_eligible=True, backup_state=True)
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.goto(f"{base}/account/passkeys/new")
        page.get_by_role("button", name="Add a passkey").click()
        expect(page.locator("#problem")).not_to_be_empty()
        tell.picture(page, "synced-refused")
        tell.refused("a synced passkey where the policy wants device-bound", page.locator("#problem").inner_text(), expected="synced")


def in_the_log(tell: Narrator, admin: Page, base: str) -> None:
    admin.goto(f"{base}/admin/sign-ins")
    tell.picture(admin, "sign-in-log")
    tell.done("every attempt is in the sign-in log, with its reason")


def origin_of(base: str) -> str:
    return base.rsplit("/", 1)[0]


def _code(body: Mapping[str, Any]) -> str:
    return str(body.get("code"))


def _ask(agent: RunningAgent, request: Create | Get) -> str:
    try:
        agent.client.ask(request)
    except AgentRefused as refused:
        return f"{refused.code}: {refused}"
    return "it answered"
