/* In the extension's isolated world of a page: between page.js and background.js.

     page -> relay        create | get | cancel | available    (events with a JSON text)
     relay -> background  create | get | cancel | available    (a port; its closing is the page's closing)
     relay -> page        credential | refused | native | offered | available

   The page may forge its events, and gains nothing: what it can ask here it
   can ask by calling navigator.credentials. What it must not learn stops here:
   the accounts that autofill offers, and which of them was chosen. */
(() => {
  "use strict";
  const api = globalThis.browser ?? globalThis.chrome;
  const asked = new Map(); // id -> the page's message, until it is answered
  let port = null;

  const INTERRUPTED = { outcome: "refused", name: "NotAllowedError", message: "The operation was interrupted." };

  const answer = (message) => {
    dispatchEvent(new CustomEvent("keystead:answer", { detail: JSON.stringify(message) }));
  };

  function finish(message) {
    if (!asked.delete(message.id)) return;
    keysteadAutofill.withdraw(message.id);
    answer(message);
  }

  // -- the background -------------------------------------------------------

  function background() {
    if (port) return port;
    port = api.runtime.connect({ name: "page" });
    port.onMessage.addListener(receive);
    // The background was stopped or replaced.
    port.onDisconnect.addListener(endOpenCalls);
    return port;
  }

  /* An offer needs nobody there until somebody chooses; whatever else is open
     will get no answer any more, and its prompt is closed by the agent. */
  function endOpenCalls() {
    port = null;
    for (const message of [...asked.values()]) {
      if (!message.offered || message.chosen) finish({ id: message.id, ...INTERRUPTED });
    }
  }

  /* A page that is left may be kept for the way back, and then its port stays
     open: the prompt of a page that nobody sees any more has to be closed by us. */
  addEventListener("pagehide", () => {
    port?.disconnect();
    endOpenCalls();
  });

  function receive({ id, outcome, accounts, sentence, ...rest }) {
    const message = asked.get(id);
    if (!message) return;
    if (outcome === "offered") offer(message, accounts);
    else if (outcome === "refused" && message.chosen) {
      // A mistyped PIN does not end an autofill request: §5.1.4 ends it by a credential or by its signal.
      message.chosen = false;
      show(message, sentence);
    } else finish({ id, outcome, ...rest });
  }

  // -- autofill -------------------------------------------------------------

  function offer(message, accounts) {
    message.offered = true;
    message.accounts = accounts;
    show(message);
    answer({ id: message.id, outcome: "offered" });
  }

  function show(message, notice = "") {
    keysteadAutofill.offer(message.id, message.accounts, (credential) => choose(message, credential), notice);
  }

  function choose(message, credential) {
    if (!asked.has(message.id) || message.chosen) return;
    message.chosen = true;
    const { id, verb, options, mediation } = message;
    background().postMessage({ id, verb, options, mediation, credential });
  }

  // -- the page -------------------------------------------------------------

  function sameOriginWithAncestors() {
    try {
      for (let frame = window; frame !== frame.parent; frame = frame.parent) {
        if (frame.parent.location.origin !== location.origin) return false;
      }
      return true;
    } catch {
      return false; // the browser does not let us look: another origin
    }
  }

  const FEATURES = { create: "publickey-credentials-create", get: "publickey-credentials-get" };

  /* §5.10: a frame in another site's page needs the permissions policy's leave. Only Chromium
     tells it to scripts; elsewhere the call is left to the browser, which knows. So is
     autofill, whose list another site's page could cover. What is left to the browser
     is refused there when the policy forbids it. */
  const mayAskFrom = ({ verb, mediation }) =>
    verb in FEATURES && mediation !== "conditional" && Boolean(document.featurePolicy?.allowsFeature(FEATURES[verb]));

  /* Whose page is around ours: null when it is our own, undefined when the call is not ours.
     The outermost page is the renderer's word where the browser's record does not say it. */
  function topOriginFor(message) {
    if (sameOriginWithAncestors()) return null;
    const top = [...(location.ancestorOrigins ?? [])].at(-1);
    return message.verb === "cancel" ? null : mayAskFrom(message) && top !== "null" ? top : undefined;
  }

  /* A window over a page that nobody looks at, or that asks by itself, would be
     a question that no person has caused. */
  const isWanted = ({ verb, mediation }) =>
    !(verb in FEATURES) || mediation === "conditional" ||
    (document.visibilityState === "visible" && navigator.userActivation.isActive);

  function ask({ id, verb, options, mediation }, topOrigin) {
    asked.set(id, { id, verb, options, mediation });
    background().postMessage({ id, verb, options, mediation, topOrigin });
  }

  function cancel(id) {
    if (!asked.delete(id)) return;
    keysteadAutofill.withdraw(id);
    port?.postMessage({ id, verb: "cancel" });
  }

  addEventListener("keystead:ask", (event) => {
    // Gone when the extension was removed or updated while the page stayed: leave the call to the browser.
    // Taken when the same extension was installed twice, for this person and for everybody.
    if (!api.runtime?.id || event.defaultPrevented) return;
    const message = JSON.parse(event.detail);
    const topOrigin = topOriginFor(message);
    if (topOrigin === undefined || !isWanted(message)) return;
    event.preventDefault();
    if (message.verb === "cancel") cancel(message.id);
    else ask(message, topOrigin);
  });
})();
