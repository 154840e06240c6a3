"""What schemathesis sends besides what it invents: a tenant that exists, and whatever a browser adds of itself."""

import os
from typing import Any

import schemathesis


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    return {**path_parameters, "tenant": os.environ["FUZZ_TENANT"]} if path_parameters else path_parameters


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    headers = dict(case.headers or {})
    headers |= {"Origin": os.environ["FUZZ_ORIGIN"], "Sec-Fetch-Site": "same-origin"}
    if os.environ["FUZZ_COOKIE"]:
        headers["Cookie"] = os.environ["FUZZ_COOKIE"]
    case.headers = headers
    if isinstance(case.body, dict) and os.environ["FUZZ_FORM_TOKEN"]:
        case.body = {**case.body, "form_token": os.environ["FUZZ_FORM_TOKEN"]}
