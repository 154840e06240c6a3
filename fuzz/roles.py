"""Whom the API is fuzzed as, and what is there for them: accounts, groups, policies, passkeys, two of each."""

import json
import os
import re
import subprocess
from dataclasses import asdict, dataclass, field
from typing import Any

import httpx2
from keystead_server.policy.api_permissions import API_PERMISSIONS
from keystead_testkit.running_server import RunningServer, keystead
from keystead_testkit.soft_passkey import SoftPasskey

_ACCESS = "/identity/conditionalAccess"
_NOBODY = {"users": {"includeUsers": ["None"]}, "applications": {"includeApplications": ["All"]}}
_RANGE = {"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "192.0.2.0/24"}
# Two of each are made, so that one can be removed.
_MADE = {
    "/users": {
        "accountEnabled": True, "displayName": "Grace", "userPrincipalName": "grace{}@home.example",
        "mailNickname": "grace",
    },
    "/groups": {
        "displayName": "Group {}", "mailEnabled": False, "mailNickname": "group", "securityEnabled": True,
    },
    f"{_ACCESS}/policies": {
        "displayName": "Policy {}", "state": "disabled", "conditions": _NOBODY,
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
    },
    f"{_ACCESS}/namedLocations": {
        "@odata.type": "#microsoft.graph.ipNamedLocation", "displayName": "Place {}", "ipRanges": [_RANGE],
    },
    f"{_ACCESS}/authenticationStrength/policies": {
        "displayName": "Strength {}", "allowedCombinations": ["fido2"],
    },
    f"{_ACCESS}/authenticationContextClassReferences": {
        "id": "c{}", "displayName": "Context {}", "isAvailable": True,
    },
}  # fmt: skip

_KEYS = {
    "@odata.type": "#microsoft.graph.fido2CombinationConfiguration",
    "allowedAAGUIDs": ["00000000-0000-0000-0000-000000000001"],
    "appliesToCombinations": ["fido2"],
}


@dataclass(frozen=True, slots=True)
class Role:
    """What requests carry, and ids of things by the end of the address where they stand."""

    tenant: str
    origin: str
    cookie: str = ""
    form_token: str = ""
    page_token: str = ""
    bearer: str = ""
    things: dict[str, list[str]] = field(default_factory=dict)

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class Browser:
    """A browser at *server*, with the headers that one adds of itself."""

    def __init__(self, server: RunningServer) -> None:
        self._client = httpx2.Client(base_url=server.url, follow_redirects=True)
        self._ours = {"origin": server.url, "sec-fetch-site": "same-origin"}

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def token_on(self, path: str) -> str:
        page = self._client.get(path).text
        found = re.search(r'name="form_token" value="([^"]+)"', page)
        assert found, page
        return found[1]

    def post(self, path: str, **sent: Any) -> Any:
        return self._client.post(path, headers=self._ours, **sent).raise_for_status()

    @property
    def cookie(self) -> str:
        return "; ".join(f"{each.name}={each.value}" for each in self._client.cookies.jar)


def stranger(server: RunningServer) -> Role:
    with Browser(server) as browser:
        token = browser.token_on("/home/sign-in/pass")
        return Role("home", server.url, browser.cookie, token, token)


def administrator(server: RunningServer, things: dict[str, list[str]]) -> Role:
    """Somebody who signed in with a passkey: a session by a pass alone is for registering one, and for nothing else."""
    with Browser(server) as browser:
        page_token = browser.token_on("/home/sign-in/pass")
        form = {"user": "admin", "pass": server.one_time_pass(), "form_token": page_token}
        browser.post("/home/sign-in/pass", data=form)
        passkey = SoftPasskey(rp_id="localhost", origin=server.url)
        options = browser.post("/home/account/passkeys/options", json={}).json()
        browser.post("/home/account/passkeys", json=passkey.register_with(options))
        options = browser.post("/home/sign-in/options", json={}).json()
        browser.post("/home/sign-in/assertion", json=passkey.answer_to(options))
        return Role("home", server.url, browser.cookie, browser.token_on("/home/account"), page_token, things=things)


def app(server: RunningServer) -> Role:
    """An app that may do by itself whatever an app may, and what it can do that to."""
    registered = _keystead(server, "app", "register", "Fuzzer", "--by-itself")
    permitted = [name for name, permission in API_PERMISSIONS.items() if permission.application]
    _keystead(server, "app", "permit", registered["client_id"], *permitted, "--by-itself")
    grant = {
        "grant_type": "client_credentials", "client_id": registered["client_id"],
        "client_secret": registered["client_secret"], "scope": f"{server.url}/graph/.default",
    }  # fmt: skip
    with httpx2.Client(base_url=server.url) as client:
        token = client.post("/home/oauth2/v2.0/token", data=grant).raise_for_status().json()["access_token"]
    return Role("home", server.url, bearer=token, things=_things(server, token, registered["client_id"]))


def _keystead(server: RunningServer, *arguments: str) -> dict[str, str]:
    command = [*keystead(*arguments, data=server.data), "--json"]
    settings = os.environ | {"KEYSTEAD_PUBLIC_URL": server.url}
    said: dict[str, str] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=settings).stdout)
    return said


def _things(server: RunningServer, token: str, client_id: str) -> dict[str, list[str]]:
    base = f"{server.url}/graph/v1.0"
    with httpx2.Client(headers={"authorization": f"Bearer {token}"}) as graph:

        def post(path: str, body: dict[str, Any]) -> Any:
            return graph.post(f"{base}{path}", json=body).raise_for_status().json()

        def first(path: str) -> list[str]:
            return [graph.get(f"{base}{path}?$top=1").raise_for_status().json()["value"][0]["id"]]

        made = {path: [post(path, _numbered(body, n))["id"] for n in (1, 2)] for path, body in _MADE.items()}
        grace, group = made["/users"][0], made["/groups"][0]
        methods = f"/users/{grace}/authentication"
        passkeys = []
        for number in (1, 2):
            asked = f"{base}{methods}/fido2Methods/creationOptions(challengeTimeoutInMinutes=5)"
            options = graph.get(asked).raise_for_status().json()["publicKey"]
            answer = SoftPasskey(rp_id="localhost", origin=server.url).register_with(options)
            named = {"displayName": f"Key {number}", "publicKeyCredential": answer}
            passkeys.append(post(f"{methods}/fido2Methods", named)["id"])
        issued = post(f"{methods}/temporaryAccessPassMethods", {})["id"]
        for member in made["/users"]:
            reference = {"@odata.id": f"{base}/directoryObjects/{member}"}
            graph.post(f"{base}/groups/{group}/members/$ref", json=reference).raise_for_status()
        strengths = f"{_ACCESS}/authenticationStrength/policies"
        configurations = [
            post(f"{strengths}/{made[strengths][0]}/combinationConfigurations", _KEYS)["id"] for _ in "12"
        ]
        return {
            "/combinationConfigurations/{configuration}": configurations,
            "/authenticationMethodModes/{mode}": ["fido2"],
            "temporaryAccessPassMethods/{method}": [issued],
            "Methods/{method}": passkeys,
            "/methods/{method}": passkeys,
            "/{passkey}": passkeys,
            "/authenticationMethodConfigurations/{configuration}": ["fido2"],
            "/signIns/{signIn}": first("/auditLogs/signIns"),
            "/directoryAudits/{directoryAudit}": first("/auditLogs/directoryAudits"),
            "/organization/{organization}": first("/organization"),
            "creationOptions({arguments}": ["challengeTimeoutInMinutes=5"],
            "/{user}": made["/users"],
            "/{member}": made["/users"],
            "/{group}": made["/groups"],
            "/{app}": [client_id],
            **{f"{path}/{{item}}": ids for path, ids in made.items()},
        }


def _numbered(body: dict[str, Any], number: int) -> dict[str, Any]:
    return {name: value.format(number) if isinstance(value, str) else value for name, value in body.items()}
