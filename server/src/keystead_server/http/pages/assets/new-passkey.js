// Adding a passkey: options, the browser's own dialogue, and the answer back to us.
// Where a page has another way on for devices that cannot, it is shown once one could not.

import { Refusal, Report, answerJson, creationOptions, forget, hasPasskeys, post } from "./ceremony.js";

const WORDS = {
  NotAllowedError: "No passkey was made: the request was cancelled or took too long. Try again.",
  InvalidStateError: "This device already has a passkey for your account. Sign in with that one, or use another device.",
  NotSupportedError: "This device cannot make a passkey that is accepted here. Use another device or a security key.",
  ConstraintError: "This device cannot check that it is you. Set a PIN, fingerprint or face for it first.",
  SecurityError: "Your browser does not allow passkeys at this address. Check that it is the address you were given.",
  AbortError: "No passkey was made: the request was cancelled.",
};

const form = document.getElementById("new-passkey");
const report = new Report(form);
const otherwise = document.getElementById(form.dataset.otherwise ?? "");
if (otherwise) otherwise.hidden = true;

function problem(words, number) {
  if (otherwise) otherwise.hidden = false;
  report.problem(words, number);
}

let quiet = null;

async function finish(credential, rpId) {
  report.busy("Saving…");
  const address = new URL(form.dataset.finish, location);
  address.searchParams.set("name", form.elements.name.value.trim());
  try {
    const { redirect } = await post(address, answerJson(credential));
    location.assign(redirect);
  } catch (error) {
    if (error.forget) await forget(credential, rpId);
    throw error;
  }
}

// What the browser said stays in our log too: whoever helps this person sees why it never works.
const abandon = (options, error) =>
  post(form.dataset.abandoned, { challenge: options.challenge, error: error.name }).catch(() => {});

async function register() {
  if (report.isBusy) return;
  report.busy("Waiting for your device…");
  await stopQuietly();
  try {
    const options = await post(form.dataset.options, "elsewhere" in form.dataset ? { elsewhere: true } : {});
    await finish(await create(options), options.rp.id);
  } catch (error) {
    if (error instanceof Refusal) problem(error.message, error.number);
    else problem(WORDS[error.name] ?? "Your browser could not make a passkey. Try again.");
  }
}

async function create(options) {
  try {
    return await navigator.credentials.create({ publicKey: creationOptions(options) });
  } catch (error) {
    abandon(options, error);
    throw error;
  }
}

// Where the browser can make a passkey beside a sign-in that just was, it may do so without asking. When it
// does not want to, nobody has asked for anything yet, and the button is still there.
async function registerQuietly(signal) {
  let credential;
  let options;
  try {
    const can = await PublicKeyCredential.getClientCapabilities?.();
    if (!can?.conditionalCreate) return;
    options = await post(form.dataset.options, { conditional: true });
    signal.throwIfAborted();
    credential = await navigator.credentials.create({ publicKey: creationOptions(options), mediation: "conditional", signal });
  } catch {
    return;
  }
  await finish(credential, options.rp.id).catch((error) => problem(error.message, error.number));
}

// Browsers take one request at a time: the next may only start when this one is over.
async function stopQuietly() {
  if (!quiet) return;
  const { controller, done } = quiet;
  quiet = null;
  controller.abort();
  await done;
}

if (hasPasskeys()) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    register();
  });
  addEventListener("pageshow", (event) => event.persisted && report.ready());
  if ("conditional" in form.dataset) {
    const controller = new AbortController();
    quiet = { controller, done: registerQuietly(controller.signal) };
  }
} else {
  problem("This browser has no passkeys. Use a newer one.");
}
