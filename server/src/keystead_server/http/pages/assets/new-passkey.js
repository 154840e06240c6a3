// Adding a passkey: options, the browser's own dialogue, and the answer back to us.
// Where a page has another way on for devices that cannot, it is shown once one could not.

import { Refusal, Report, answerJson, creationOptions, hasPasskeys, post } from "./ceremony.js";

const WORDS = {
  NotAllowedError: "No passkey was made: the request was cancelled or took too long. Try again.",
  InvalidStateError: "This device already has a passkey for your account.",
  NotSupportedError: "This device cannot make a passkey that is accepted here.",
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

async function register() {
  if (report.isBusy) return;
  report.busy("Waiting for your device…");
  try {
    const options = await post(form.dataset.options, {});
    const credential = await navigator.credentials.create({ publicKey: creationOptions(options) });
    report.busy("Saving…");
    const finish = new URL(form.dataset.finish, location);
    finish.searchParams.set("name", form.elements.name.value.trim());
    const { redirect } = await post(finish, answerJson(credential));
    location.assign(redirect);
  } catch (error) {
    if (error instanceof Refusal) problem(error.message, error.number);
    else problem(WORDS[error.name] ?? "Your browser could not make a passkey. Try again.");
  }
}

if (hasPasskeys()) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    register();
  });
  addEventListener("pageshow", (event) => event.persisted && report.ready());
} else {
  problem("This browser has no passkeys. Use a newer one.");
}
