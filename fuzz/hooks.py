"""What schemathesis sends besides what it invents: a tenant that exists, and whatever a browser adds of itself."""

import os
from typing import Any

import schemathesis


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    if not path_parameters:
        return path_parameters
    known = {"tenant": os.environ["FUZZ_TENANT"]}
    # Every other time somebody who is there: for the rest the API says that it does not know them, and no more.
    if os.environ["FUZZ_USER"] and "user" in path_parameters and len(str(path_parameters["user"])) % 2:
        known["user"] = os.environ["FUZZ_USER"]
    return path_parameters | known


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    headers = dict(case.headers or {})
    headers |= {"Origin": os.environ["FUZZ_ORIGIN"], "Sec-Fetch-Site": "same-origin"}
    if os.environ["FUZZ_COOKIE"]:
        headers["Cookie"] = os.environ["FUZZ_COOKIE"]
    if os.environ["FUZZ_BEARER"]:
        headers["Authorization"] = f"Bearer {os.environ['FUZZ_BEARER']}"
    case.headers = headers
    if isinstance(case.body, dict) and os.environ["FUZZ_FORM_TOKEN"]:
        case.body = {**case.body, "form_token": os.environ["FUZZ_FORM_TOKEN"]}
