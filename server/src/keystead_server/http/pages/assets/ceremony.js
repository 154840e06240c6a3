// What signing in and adding a passkey share: JSON to options, answers to JSON,
// asking the server, and saying on the page what happens.

export const hasPasskeys = () => typeof PublicKeyCredential === "function" && Boolean(navigator.credentials);

const bytes = (text) =>
  Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));

const text = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");

const described = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));

export function requestOptions(json) {
  if (PublicKeyCredential.parseRequestOptionsFromJSON) return PublicKeyCredential.parseRequestOptionsFromJSON(json);
  return { ...json, challenge: bytes(json.challenge), allowCredentials: described(json.allowCredentials) };
}

export function creationOptions(json) {
  if (PublicKeyCredential.parseCreationOptionsFromJSON) return PublicKeyCredential.parseCreationOptionsFromJSON(json);
  return {
    ...json,
    challenge: bytes(json.challenge),
    user: { ...json.user, id: bytes(json.user.id) },
    excludeCredentials: described(json.excludeCredentials),
  };
}

// Password managers that replace navigator.credentials often leave out toJSON.
export function answerJson(credential) {
  if (typeof credential.toJSON === "function") return credential.toJSON();
  const { response } = credential;
  const parts = {};
  for (const part of ["clientDataJSON", "authenticatorData", "signature", "userHandle", "attestationObject"]) {
    if (response[part]) parts[part] = text(response[part]);
  }
  if (response.getTransports) parts.transports = response.getTransports();
  return {
    id: credential.id,
    rawId: text(credential.rawId),
    type: credential.type,
    response: parts,
    authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
    clientExtensionResults: credential.getClientExtensionResults?.() ?? {},
  };
}

// The server said no. Its words are for the person.
export class Refusal extends Error {
  constructor({ code, message, correlationId, forget }) {
    super(message);
    this.code = code;
    // Whether the device should forget the passkey that was refused.
    this.forget = forget === true;
    this.number = correlationId;
  }
}

export async function post(address, body) {
  let response;
  try {
    response = await fetch(address, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  } catch {
    throw new Refusal({ code: "unreachable", message: "We cannot be reached just now. Check your connection and try again." });
  }
  if (response.status === 204) return {};
  const answer = await response.json().catch(() => ({}));
  if (!response.ok) {
    throw new Refusal({ code: answer.code, message: answer.message ?? "That did not work. Try again.", correlationId: answer.correlationId, forget: answer.forget });
  }
  return answer;
}

// So that the device stops offering a passkey that is not, or no longer, good here.
export const forget = async (credential, rpId) =>
  PublicKeyCredential.signalUnknownCredential?.({ rpId, credentialId: credential.id }).catch(() => {});

export class Report {
  constructor(form) {
    this.form = form;
    this.button = form.querySelector("button");
    this.label = this.button.textContent;
    this.alert = document.getElementById("problem");
    this.status = document.getElementById("progress");
  }

  busy(words) {
    this.alert.replaceChildren();
    this.status.textContent = words;
    this.button.textContent = words;
    this.button.setAttribute("aria-disabled", "true");
  }

  ready() {
    this.status.textContent = "";
    this.button.textContent = this.label;
    this.button.removeAttribute("aria-disabled");
  }

  get isBusy() {
    return this.button.hasAttribute("aria-disabled");
  }

  problem(message, number) {
    this.ready();
    const sentence = document.createElement("p");
    sentence.textContent = message;
    this.alert.replaceChildren(sentence);
    if (!number) return;
    const quote = document.createElement("p");
    quote.className = "small";
    const code = document.createElement("code");
    code.textContent = number;
    quote.append("If you ask for help, quote ", code);
    this.alert.append(quote);
  }
}
