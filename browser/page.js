/* In the page's own world, on enrolled identity providers only: navigator.credentials.create and get.

   A call goes one of two ways:

     claimed   asked of the relay; the agent's answer becomes a PublicKeyCredential
     native    the browser's own function, with the caller's own arguments

   Nothing secret is here and nothing is decided here that the page could turn
   to its advantage: the page can change every function in this world. Which
   origin is asking, which accounts exist and which one was chosen never pass
   through this file. */
(() => {
  "use strict";
  // Absent in insecure contexts, where there is nothing to replace.
  if (!globalThis.PublicKeyCredential || !globalThis.CredentialsContainer) return;

  const container = CredentialsContainer.prototype;
  const nativeCreate = container.create;
  const nativeGet = container.get;

  // -- the relay ------------------------------------------------------------

  const waiting = new Map();
  let lastId = 0;

  addEventListener("keystead:answer", (event) => {
    const answer = JSON.parse(event.detail);
    waiting.get(answer.id)?.(answer);
  });

  /* The relay acknowledges by preventDefault, synchronously. No relay (the
     extension was removed or updated under this page) means no acknowledgement,
     and the caller goes to the browser instead of waiting for ever. */
  function tell(message) {
    const detail = JSON.stringify(message);
    return !dispatchEvent(new CustomEvent("keystead:ask", { detail, cancelable: true }));
  }

  // -- values to JSON -------------------------------------------------------

  /* A wrong type throws, and then the browser is called to refuse it in its own words. */
  function base64url(source) {
    if (ArrayBuffer.isView(source)) source = source.buffer.slice(source.byteOffset, source.byteOffset + source.byteLength);
    if (Object.prototype.toString.call(source) !== "[object ArrayBuffer]") throw new TypeError("not a BufferSource");
    return new Uint8Array(source).toBase64({ alphabet: "base64url", omitPadding: true });
  }

  function text(value) {
    if (value === undefined) throw new TypeError("a required text is missing");
    return String(value);
  }

  const descriptors = (list) =>
    [...(list ?? [])].map(({ type, id, transports }) => ({ type, id: base64url(id), ...(transports && { transports: [...transports] }) }));

  /* Members that are not there stay away: JSON.stringify drops what is undefined. */
  const common = ({ timeout, hints, extensions }) => ({
    timeout,
    hints: hints && [...hints],
    extensions: extensions?.credProps ? { credProps: true } : undefined,
  });

  function creationOptions(asked) {
    const { rp, user, authenticatorSelection: selection } = asked;
    const params = [...asked.pubKeyCredParams].map(({ type, alg }) => ({ type, alg }));
    return {
      ...common(asked),
      rp: { id: rp.id, name: text(rp.name) },
      user: { id: base64url(user.id), name: text(user.name), displayName: text(user.displayName) },
      challenge: base64url(asked.challenge),
      // §5.1.3: "If pkOptions.pubKeyCredParams's size is zero, append the following pairs": ES256, RS256.
      pubKeyCredParams: params.length ? params : [-7, -257].map((alg) => ({ type: "public-key", alg })),
      excludeCredentials: descriptors(asked.excludeCredentials),
      authenticatorSelection: selection && {
        authenticatorAttachment: selection.authenticatorAttachment,
        residentKey: selection.residentKey,
        requireResidentKey: selection.requireResidentKey,
        userVerification: selection.userVerification,
      },
      attestation: asked.attestation,
    };
  }

  const requestOptions = (asked) => ({
    ...common(asked),
    challenge: base64url(asked.challenge),
    rpId: asked.rpId,
    allowCredentials: descriptors(asked.allowCredentials),
    userVerification: asked.userVerification,
  });

  // -- JSON to credentials --------------------------------------------------

  const buffer = (text) => Uint8Array.fromBase64(text, { alphabet: "base64url" }).buffer;

  /* The prototype's own getters demand an object made by the browser, so own
     properties go before them; instanceof still holds. */
  function dressed(prototype, values) {
    const object = Object.create(prototype);
    for (const [name, value] of Object.entries(values)) {
      Object.defineProperty(object, name, { value, enumerable: typeof value !== "function" });
    }
    return object;
  }

  const attestationResponse = (json) =>
    dressed(AuthenticatorAttestationResponse.prototype, {
      clientDataJSON: buffer(json.clientDataJSON),
      attestationObject: buffer(json.attestationObject),
      getTransports: () => [...json.transports],
      getAuthenticatorData: () => buffer(json.authenticatorData),
      getPublicKey: () => (json.publicKey ? buffer(json.publicKey) : null),
      getPublicKeyAlgorithm: () => json.publicKeyAlgorithm,
    });

  const assertionResponse = (json) =>
    dressed(AuthenticatorAssertionResponse.prototype, {
      clientDataJSON: buffer(json.clientDataJSON),
      authenticatorData: buffer(json.authenticatorData),
      signature: buffer(json.signature),
      userHandle: json.userHandle ? buffer(json.userHandle) : null,
    });

  const publicKeyCredential = (json) =>
    dressed(PublicKeyCredential.prototype, {
      id: json.id,
      rawId: buffer(json.rawId),
      type: "public-key",
      authenticatorAttachment: json.authenticatorAttachment,
      response: json.response.attestationObject ? attestationResponse(json.response) : assertionResponse(json.response),
      getClientExtensionResults: () => structuredClone(json.clientExtensionResults),
      toJSON: () => structuredClone(json),
    });

  // -- one ceremony ---------------------------------------------------------

  /* Ask the agent; settle with its credential, its refusal, or the browser's own answer.

     With autofill both are asked: the relay offers our accounts and the
     browser offers its own. The first credential wins and the other side is
     cancelled; that the browser finds nothing does not end our offer. */
  function claim(message, native, signal) {
    return new Promise((resolve, reject) => {
      const id = ++lastId;
      const browsersOwn = new AbortController();
      const settle = (how, value) => {
        waiting.delete(id);
        signal?.removeEventListener("abort", abandon);
        browsersOwn.abort();
        how(value);
      };
      const withdraw = () => tell({ id, verb: "cancel" });
      const abandon = () => {
        withdraw();
        settle(reject, signal.reason);
      };
      const offerBoth = () =>
        native(browsersOwn.signal).then(
          (credential) => waiting.has(id) && (withdraw(), settle(resolve, credential)),
          () => undefined,
        );
      waiting.set(id, (answer) => {
        if (answer.outcome === "offered") offerBoth();
        else if (answer.outcome === "credential") settle(resolve, publicKeyCredential(answer.credential));
        else if (answer.outcome === "refused") settle(reject, new DOMException(answer.message, answer.name));
        else settle(resolve, native(signal));
      });
      signal?.addEventListener("abort", abandon);
      if (!tell({ ...message, id })) settle(resolve, native(signal));
    });
  }

  /* What a page asks of other authenticators is theirs: security keys, telephones,
     passwords, and answers given without anybody being asked. */
  function meantForOthers(options, mediations) {
    const asked = options.publicKey;
    const attachment = asked.authenticatorSelection?.authenticatorAttachment;
    return (
      attachment === "cross-platform" ||
      ["security-key", "hybrid"].includes(asked.hints?.[0]) ||
      !mediations.includes(options.mediation ?? "optional") ||
      options.password || options.federated || options.identity || options.otp || options.digital
    );
  }

  function claimable(options, mediations, toJSON) {
    try {
      if (!options?.publicKey || options.signal?.aborted || meantForOthers(options, mediations)) return null;
      return JSON.parse(JSON.stringify(toJSON(options.publicKey)));
    } catch {
      return null; // not what the types say: the browser will tell the caller
    }
  }

  const replacements = {
    async create(options) {
      const asked = claimable(options, ["optional", "required"], creationOptions);
      if (!asked) return nativeCreate.apply(this, arguments);
      const native = () => nativeCreate.call(this, options);
      return claim({ verb: "create", options: asked }, native, options.signal);
    },

    async get(options) {
      const asked = claimable(options, ["optional", "required", "conditional"], requestOptions);
      if (!asked) return nativeGet.apply(this, arguments);
      const { publicKey, mediation = "optional" } = options;
      const native = (signal) => nativeGet.call(this, { publicKey, mediation, signal });
      return claim({ verb: "get", options: asked, mediation }, native, options.signal);
    },
  };

  // -- what this browser can do ---------------------------------------------

  const agentIsThere = () =>
    new Promise((resolve) => {
      const id = ++lastId;
      waiting.set(id, (answer) => resolve(waiting.delete(id) && answer.outcome === "available"));
      if (!tell({ id, verb: "available" })) resolve(false);
    });

  const orNative = (name) => {
    const native = PublicKeyCredential[name];
    if (!native) return;
    replace(PublicKeyCredential, name, {
      async [name]() {
        return (await agentIsThere()) || native.call(this);
      },
    });
  };

  const capabilities = PublicKeyCredential.getClientCapabilities;
  const ours = { conditionalGet: true, passkeyPlatformAuthenticator: true, userVerifyingPlatformAuthenticator: true };

  function replace(holder, name, methods) {
    const { enumerable, configurable, writable } = Object.getOwnPropertyDescriptor(holder, name);
    Object.defineProperty(holder, name, { value: methods[name], enumerable, configurable, writable });
  }

  replace(container, "create", replacements);
  replace(container, "get", replacements);
  orNative("isUserVerifyingPlatformAuthenticatorAvailable");
  orNative("isConditionalMediationAvailable");
  if (capabilities) {
    replace(PublicKeyCredential, "getClientCapabilities", {
      async getClientCapabilities() {
        const [native, there] = await Promise.all([capabilities.call(this), agentIsThere()]);
        return there ? { ...native, ...ours } : native;
      },
    });
  }
})();
