"""A page that registers and signs in with passkeys, under the strictest policy, and its web server.

    PasskeyPages   serves it on a free port of this computer, under every host name of it
    Tab            what a test does with the page, the same in each browser
    ChromiumTab, FirefoxTab

The page's script offers `register(options, how)` and `signIn(options, how)`,
with JSON options; each resolves to {ok: the credential's JSON} or
{error: {name, message}}. *how* may have `mediation`, and one of `aborted` (before the
call), `abortable` (by `giveUp()`) and `abortAfterMs`. The page at /#asks signs in by itself, once it is loaded. `appearance(creation, request)` does both and tells what
the objects look like to a script; `overheard` has what the extension told the page.
"""

import base64
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Protocol, Self

from playwright.sync_api import Page

from keystead_testkit.browser import add_virtual_authenticator
from keystead_testkit.firefox import Firefox

_PAGE = """<!doctype html>
<html lang="en"><title>Passkeys</title><meta name="color-scheme" content="light dark">
<script src="/page.js"></script>
<form><label>Name <input id="name" autocomplete="username webauthn"></label> <button type="button">Go</button></form>
</html>"""

_SCRIPT = """
const settled = (promise) => promise.then(
  (credential) => ({ok: credential.toJSON()}),
  ({name, message}) => ({error: {name, message}}));
const signalFor = ({aborted, abortable, abortAfterMs}) => {
  const controller = new AbortController();
  if (aborted) controller.abort();
  if (abortable) window.giveUp = () => controller.abort();
  if (abortAfterMs) setTimeout(() => controller.abort(), abortAfterMs);
  return controller.signal;
};
window.register = (json, how = {}) => settled(navigator.credentials.create({
  publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(json), signal: signalFor(how)}));
window.signIn = (json, how = {}) => settled(navigator.credentials.get({
  publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(json), mediation: how.mediation, signal: signalFor(how)}));
window.appearance = async (creation, request) => {
  const made = await navigator.credentials.create({
    publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(creation)});
  const got = await navigator.credentials.get({
    publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(request)});
  const buffers = [made.rawId, made.response.clientDataJSON, made.response.attestationObject,
    made.response.getAuthenticatorData(), made.response.getPublicKey(),
    got.rawId, got.response.clientDataJSON, got.response.authenticatorData, got.response.signature,
    got.response.userHandle];
  const key = await crypto.subtle.importKey(
    "spki", made.response.getPublicKey(), {name: "ECDSA", namedCurve: "P-256"}, true, ["verify"]);
  return {
    classes: [made instanceof PublicKeyCredential, made.response instanceof AuthenticatorAttestationResponse,
      got instanceof PublicKeyCredential, got.response instanceof AuthenticatorAssertionResponse,
      ...buffers.map((each) => each instanceof ArrayBuffer)],
    attachment: [made.authenticatorAttachment, got.authenticatorAttachment],
    transports: made.response.getTransports(),
    algorithm: made.response.getPublicKeyAlgorithm(),
    curve: key.algorithm.namedCurve,
    extensions: got.getClientExtensionResults(),
    sameJson: JSON.stringify(made) === JSON.stringify(made.toJSON()),
  };
};
// At /#asks nobody has touched the page when it asks.
if (location.hash === "#asks") addEventListener("load", () => {
  window.later = signIn({challenge: "Y2hhbGxlbmdl", rpId: "localhost"}, {abortAfterMs: 400});
});
// A sandboxed frame at /#tells tries, and tells the page around it what came of it.
if (location.hash === "#tells") addEventListener("load", () => {
  signIn({challenge: "Y2hhbGxlbmdl", rpId: "localhost"}).then((said) => parent.postMessage(said, "*"));
});
window.overheard = [];
addEventListener("keystead:answer", ({detail}) => overheard.push(detail));
"""

_POLICY = "default-src 'none'; script-src 'self'; frame-src *; require-trusted-types-for 'script'"


class _Handler(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, text = "text/html; charset=utf-8", _PAGE
        if self.path == "/page.js":
            kind, text = "text/javascript", _SCRIPT
        elif self.path == "/tenant/.well-known/keystead":
            kind, text = "application/json", json.dumps(self._description())
        body = text.encode()
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Security-Policy", _POLICY)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _description(self) -> dict[str, object]:
        origin = f"http://{self.headers['Host']}"
        tenant = {"id": "tenant", "name": "Test tenant"}
        return {
            "issuer": f"{origin}/tenant",
            "tenant": tenant,
            "rp_id": "localhost",
            "origins": [origin],
            "name": "Test",
        }

    def log_message(self, format: str, *args: object) -> None:
        pass


class PasskeyPages:
    """Serves from `with` to the end of the block.

    Attributes:
        provider: what an agent is told to enrol: an identity provider at these pages.
        origin: at localhost, where passkeys work without TLS.
        other_host_origin: the same pages at 127.0.0.1, another site.
    """

    def __init__(self) -> None:
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.daemon_threads = True
        port = self._server.server_port
        self.origin = f"http://localhost:{port}"
        self.provider = f"{self.origin}/tenant"
        self.other_host_origin = f"http://127.0.0.1:{port}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()


class Tab(Protocol):
    def go(self, address: str) -> None: ...

    def go_back(self) -> None: ...

    def run(self, script: str, *arguments: object) -> Any:
        """Run *script*, a function's body, in the page as if a person had just touched it.

        A promise that it returns is waited for.
        """

    def click(self, selector: str) -> None: ...

    def click_at(self, x: int, y: int) -> None: ...

    def press(self, key: str) -> None:
        """Press one of ArrowDown, ArrowUp, Enter, Escape, wherever the focus is."""

    def use_browsers_own_passkeys(self) -> None:
        """Let the browser answer what is left to it, without asking anybody."""

    def close(self) -> None: ...


# A challenge of 18 bytes, and what a page asks with it.
CHALLENGE = b"challenge-of-a-tes"
REQUEST = {"challenge": base64.urlsafe_b64encode(CHALLENGE).decode(), "rpId": "localhost"}
CREATION = {
    "challenge": REQUEST["challenge"],
    "rp": {"id": "localhost", "name": "Test"},
    "user": {"id": REQUEST["challenge"], "name": "alice", "displayName": "Alice"},
    "pubKeyCredParams": [{"type": "public-key", "alg": -7}],
}
# A frame, once it is loaded.
FRAMED = """async ([address, attributes]) => {
const frame = document.createElement("iframe");
for (const [name, value] of Object.entries(attributes)) frame.setAttribute(name, value);
const loaded = new Promise((resolve) => frame.addEventListener("load", resolve));
frame.src = address;
document.body.append(frame);
await loaded;
}"""
# Attributes of a frame that may use passkeys, as far as the page around it has the say.
ALLOWED = {"allow": "publickey-credentials-get *; publickey-credentials-create *"}


class ChromiumTab:
    def __init__(self, page: Page) -> None:
        self.page = page

    def go(self, address: str) -> None:
        self.page.goto(address)

    def go_back(self) -> None:
        self.page.go_back()

    def run(self, script: str, *arguments: object) -> Any:
        function = f"(given) => (async function () {{ {script} }}).apply(null, given)"
        return self.page.evaluate(function, list(arguments))

    def click(self, selector: str) -> None:
        self.page.click(selector)

    def click_at(self, x: int, y: int) -> None:
        self.page.mouse.click(x, y)

    def press(self, key: str) -> None:
        self.page.keyboard.press(key)

    def use_browsers_own_passkeys(self) -> None:
        add_virtual_authenticator(self.page)

    def in_frame(self, around: list[str], attributes: dict[str, str], call: str, options: object) -> Any:
        """Call `register` or `signIn` in the innermost of *around*, a page and the frames in it."""
        self.go(around[0])
        for address in around[1:]:
            self.page.frames[-1].evaluate(FRAMED, [address, attributes])
        return self.page.frames[-1].evaluate(f"(options) => {call}(options)", options)

    def announced(self) -> list[tuple[str, str]]:
        """Role and name of everything that a screen reader is told, closed shadow trees included."""
        session = self.page.context.new_cdp_session(self.page)
        nodes = session.send("Accessibility.getFullAXTree")["nodes"]
        session.detach()
        told = [node for node in nodes if not node["ignored"]]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in told]

    def stop_extension(self) -> None:
        """Stop the extension's service worker, as Chromium does when it likes."""
        session = self.page.context.new_cdp_session(self.page)
        for target in session.send("Target.getTargets", {"filter": [{"type": "service_worker"}]})["targetInfos"]:
            session.send("Target.closeTarget", {"targetId": target["targetId"]})
        session.detach()

    def close(self) -> None:
        self.page.close()


# WebDriver's code points for keys.
_KEYS = {"ArrowDown": "\ue015", "ArrowUp": "\ue013", "Enter": "\ue007", "Escape": "\ue00c"}


class FirefoxTab:
    def __init__(self, firefox: Firefox) -> None:
        self.firefox = firefox
        self._authenticator: str | None = None
        self._handle = firefox.new_tab()

    def go(self, address: str) -> None:
        self._to_front().go(address)

    def go_back(self) -> None:
        self._to_front().command("WebDriver:Back", {})

    def run(self, script: str, *arguments: object) -> Any:
        # Playwright does the same in Chromium.
        self._to_front().touch()
        return self.firefox.run(script, *arguments)

    def click(self, selector: str) -> None:
        self._to_front().click(selector)

    def click_at(self, x: int, y: int) -> None:
        self._to_front().click_at(x, y)

    def press(self, key: str) -> None:
        self._to_front().press(_KEYS[key])

    def use_browsers_own_passkeys(self) -> None:
        self._authenticator = self.firefox.add_virtual_authenticator()

    def close(self) -> None:
        if self._authenticator is not None:
            self.firefox.remove_virtual_authenticator(self._authenticator)
        self._to_front().close_tab()
        self.firefox.switch_to(self.firefox.first_tab)

    def _to_front(self) -> Firefox:
        self.firefox.switch_to(self._handle)
        return self.firefox
