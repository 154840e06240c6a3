// The sign-in page: passkeys in the username's autofill, and the button.

import { Refusal, Report, answerJson, forget, hasPasskeys, post, requestOptions } from "./ceremony.js";

// A challenge lives for five minutes; autofill may wait for hours, so it gets a new one in time.
const AUTOFILL_REFRESH_MS = 4 * 60 * 1000;

const WORDS = {
  NotAllowedError: "No passkey was used: the request was cancelled, took too long, or there is none for this site on this device.",
  InvalidStateError: "This device has no passkey that can be used here.",
  NotSupportedError: "This device cannot use the passkeys that are accepted here.",
  SecurityError: "Your browser does not allow passkeys at this address. Check that it is the address you were given.",
  NetworkError: "The other device did not answer. Check that Bluetooth is on, and try again.",
};

const form = document.getElementById("sign-in");
const report = new Report(form);
// Not awaited here: a form without its listener would go to the address for browsers that run no script.
const canAutofill = hasPasskeys() && PublicKeyCredential.isConditionalMediationAvailable?.();
let autofill = null;

async function finish(credential, rpId) {
  report.busy("Signing in…");
  try {
    const { redirect } = await post(form.dataset.assertion, answerJson(credential));
    location.assign(redirect);
  } catch (error) {
    if (error.code === "passkey_unknown") await forget(credential, rpId);
    throw error;
  }
}

function tell(error) {
  if (error.name === "AbortError") return report.ready();
  if (error instanceof Refusal) return report.problem(error.message, error.number);
  return report.problem(WORDS[error.name] ?? "Your browser could not use a passkey. Try again.");
}

async function signIn() {
  if (report.isBusy) return;
  report.busy("Waiting for your passkey…");
  await stopAutofill();
  try {
    const username = form.elements.user.value.trim();
    const options = await post(form.dataset.options, username ? { username } : {});
    await finish(await navigator.credentials.get({ publicKey: requestOptions(options) }), options.rpId);
  } catch (error) {
    tell(error);
    startAutofill();
  }
}

async function startAutofill() {
  if (!(await canAutofill) || report.isBusy || autofill) return;
  const controller = new AbortController();
  const refresh = setTimeout(restartAutofill, AUTOFILL_REFRESH_MS);
  autofill = { controller, refresh, done: offer(controller.signal) };
}

async function offer(signal) {
  let credential = null;
  let options;
  try {
    options = await post(form.dataset.options, {});
    signal.throwIfAborted();
    credential = await navigator.credentials.get({ publicKey: requestOptions(options), mediation: "conditional", signal });
  } catch {
    // Nobody asked for anything yet, so there is nothing to complain about.
  }
  if (!credential) return;
  finish(credential, options.rpId).catch((error) => {
    tell(error);
    restartAutofill();
  });
}

// Browsers take one request at a time: the next may only start when this one is over.
async function stopAutofill() {
  if (!autofill) return;
  const { controller, refresh, done } = autofill;
  autofill = null;
  clearTimeout(refresh);
  controller.abort();
  await done;
}

async function restartAutofill() {
  if (report.isBusy) return;
  await stopAutofill();
  startAutofill();
}

if (hasPasskeys()) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    signIn();
  });
  startAutofill();
  // Coming back with the back button finds the page as it was left: busy.
  addEventListener("pageshow", (event) => event.persisted && report.ready());
} else {
  report.problem("This browser has no passkeys. Use a newer one, or a Temporary Access Pass.");
}
