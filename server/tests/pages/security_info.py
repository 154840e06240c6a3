"""A password and an authenticator app, set up and used as their pages have it."""

import re
from base64 import b32decode
from typing import Any

from keystead_server.domain.totp import code_at, step_at

ACCOUNT = "/example/account"
PASSWORD = "correct horse battery"


def words(page: Any) -> str:
    return re.sub(r" ([.,:])", r"\1", " ".join(re.sub(r"<[^>]+>", " ", page.text).split()))


def set_password(browser: Any, password: str = PASSWORD) -> Any:
    page = f"{ACCOUNT}/password"
    return browser.submit(page, page, {"password": password, "repeated": password})


def set_up_totp(office: Any, browser: Any, name: str = "") -> bytes:
    page = browser.get(f"{ACCOUNT}/authenticator-apps/new")
    secret = b32decode(re.search(r'class="secret long">([^<]+)<', page.text)[1].replace(" ", ""))  # type: ignore[index]
    sealed = re.search(r'name="set_up" value="([^"]+)"', page.text)[1]  # type: ignore[index]
    answer = browser.post_form(
        f"{ACCOUNT}/authenticator-apps",
        {"set_up": sealed, "code": totp(office, secret, -1), "name": name},
        token=office.form_token(page),
    )
    assert answer.headers["location"] == f"{ACCOUNT}?done=totp_added", answer.text
    return secret


def totp(office: Any, secret: bytes, steps: int = 0) -> str:
    return code_at(secret, step_at(office.clock.now()) + steps)


def sign_in(office: Any, username: str, code: str, browser: Any = None) -> Any:
    browser = browser or office.browser()
    page = "/example/sign-in/password"
    half = browser.submit(page, page, {"user": username, "password": PASSWORD})
    assert half.status_code == 200, half.text
    partial = re.search(r'name="partial" value="([^"]+)"', half.text)[1]  # type: ignore[index]
    fields = {"partial": partial, "code": code, "methods": "softwareOath"}
    answer = browser.post_form("/example/sign-in/code", fields, token=office.form_token(half))
    return browser, answer
