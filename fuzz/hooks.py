"""What schemathesis sends besides what it invents, as `FUZZ_AS` says: a tenant that exists, things that are
there, and whatever a browser adds of itself. What came back is counted in the file `FUZZ_TALLY`.
"""

import atexit
import json
import os
import re
from collections import Counter, defaultdict
from pathlib import Path
from typing import Any

import schemathesis

_AS = json.loads(os.environ["FUZZ_AS"])
_VARIABLE = re.compile(r"{(\w+)}")
_counted: dict[str, Counter[int]] = defaultdict(Counter)


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: dict[str, Any] | None) -> dict[str, Any] | None:
    if not path_parameters:
        return path_parameters
    operation = context.operation
    # Every other time something that is there: for the rest the server says that it does not know it, and no more.
    wanted = any(len(str(value)) % 2 for value in path_parameters.values())
    known = _known(operation.path, operation.method.upper() == "DELETE") if wanted else {}
    return {**path_parameters, **known, "tenant": _AS["tenant"]}


def _known(path: str, removes: bool) -> dict[str, str]:
    """What stands for the variables of *path*: by the collection it is in, such as `groups/{group}`.

    Of each there are two: what is removed is the second, so that the others go on finding the first.
    """
    variables = list(_VARIABLE.finditer(path))
    found: dict[str, str] = {}
    for variable in variables:
        before = path[: variable.end()]
        there = next((ids for end, ids in _AS["things"].items() if before.endswith(end)), None)
        if there:
            found[variable[1]] = there[-1] if removes and variable is variables[-1] else there[0]
    return found


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    headers = {**(case.headers or {}), "Origin": _AS["origin"], "Sec-Fetch-Site": "same-origin"}
    if _AS["cookie"]:
        headers["Cookie"] = _AS["cookie"]
    if _AS["bearer"]:
        headers["Authorization"] = f"Bearer {_AS['bearer']}"
    case.headers = headers
    if isinstance(case.body, dict):
        # A page that anybody may open gives a token that is the browser's alone.
        token = _AS["page_token"] if "/sign-in/" in case.operation.path else _AS["form_token"]
        case.body = {**case.body, "form_token": token}


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    _counted[case.operation.label][response.status_code] += 1


@atexit.register
def _tell() -> None:
    Path(os.environ["FUZZ_TALLY"]).write_text(json.dumps(_counted))
