"""Class 11: what is good once is good once, at the same moment and after a restart too, over a real database."""

import json
from collections import Counter
from typing import Any
from urllib.parse import urlencode

import httpx2
from keystead_server.main.wiring import build_app
from keystead_testkit.loop import run, run_together
from keystead_testkit.office import Office, reason_of
from keystead_testkit.relying_party import token_parameters

AT_ONCE = 16


def post_together(office: Office, path: str, headers: dict[str, str], bodies: list[bytes]) -> list[httpx2.Response]:
    app = build_app(office.services, office.config)

    async def post(body: bytes) -> httpx2.Response:
        transport = httpx2.ASGITransport(app=app, client=("192.0.2.7", 40000))
        async with httpx2.AsyncClient(transport=transport, base_url=office.config.public_url) as client:
            return await client.post(path, content=body, headers=headers)

    return run_together(*map(post, bodies))


def test_of_many_requests_with_one_code_one_is_served_and_then_none_is_good(office_on_disk: Office) -> None:
    office = office_on_disk
    app = office.app()
    body = urlencode(token_parameters(app, office.code(app))).encode()
    form = {"content-type": "application/x-www-form-urlencoded"}

    answers = post_together(office, "/contoso/oauth2/v2.0/token", form, [body] * AT_ONCE)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 400: AT_ONCE - 1}
    (served,) = (answer.json() for answer in answers if answer.status_code == 200)
    info = run(office.services.user_info(office.tenant, served["access_token"], issuer=office.issuer()))
    assert reason_of(info) == "grant_revoked"


def test_of_many_posts_of_one_assertion_one_opens_a_session(office_on_disk: Office) -> None:
    office = office_on_disk
    browser = office.http()
    browser.get("/contoso/sign-in")
    answer = office.passkey.answer_to(browser.post_json("/contoso/sign-in/options", {}).json())
    headers = {
        "content-type": "application/json", "origin": browser.origin,
        "cookie": f"__Host-keystead-browser={browser.cookies['__Host-keystead-browser']}",
    }  # fmt: skip

    answers = post_together(office, "/contoso/sign-in/assertion", headers, [_json(answer)] * AT_ONCE)

    assert Counter(answer.status_code for answer in answers) == {200: 1, 401: AT_ONCE - 1}
    assert sum("set-cookie" in answer.headers for answer in answers) == 1
    assert Counter(office.log) == {"granted": 1, "challenge_spent": AT_ONCE - 1}


def test_of_many_registrations_with_one_answer_one_is_kept(office_on_disk: Office) -> None:
    office = office_on_disk
    browser = office.http()
    browser.sign_in("contoso", office.passkey)
    answer = office.new_passkey().register_with(browser.post_json("/contoso/account/passkeys/options", {}).json())
    cookie = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    headers = {"content-type": "application/json", "origin": browser.origin, "cookie": cookie}

    answers = post_together(office, "/contoso/account/passkeys", headers, [_json(answer)] * AT_ONCE)

    assert Counter(answer.status_code for answer in answers) == {201: 1, 422: AT_ONCE - 1}
    assert len(run(office.store.passkeys.of_user(office.tenant.id, office.ada.id))) == 2


def test_what_was_spent_stays_spent_after_a_restart(office_on_disk: Office) -> None:
    office = office_on_disk
    app = office.app()
    code, one_time = office.code(app), office.issue_pass(usable_once=True).code
    answer = office.passkey.answer_to(office.begin())
    office.redeem(app, code)
    office.sign_in_with_pass(one_time)
    office.finish(answer)

    office.services = office.started()

    outcomes = [office.redeem(app, code), office.sign_in_with_pass(one_time), office.finish(answer)]
    assert [reason_of(outcome) for outcome in outcomes] == ["code_spent", "pass_already_used", "challenge_spent"]


def _json(answer: Any) -> bytes:
    return json.dumps(answer).encode()
