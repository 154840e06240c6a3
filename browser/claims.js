/* Which calls are ours, and what a page is told. Values in, values out. */

/* The agent's codes that mean "not mine": the browser is asked instead. What a
   person or the chip refused is not among them, nor is a page that is not the
   provider's own. */
const LEFT_TO_THE_BROWSER = new Set([
  "agent_unreachable",
  "algorithm_not_supported",
  "attachment_not_ours",
  "no_passkey",
  "pin_not_set",
  "rp_not_enrolled",
]);

/* §5.1.3, §5.1.4: a page is told the kind of failure and no more. The agent's
   own sentence (tries left, which account) was for the person, in its prompt. */
const SENTENCES = {
  NotAllowedError: "The operation either timed out or was not allowed.",
  InvalidStateError: "A passkey of this account is already registered on this computer.",
  AbortError: "The operation was aborted.",
  SecurityError: "The relying party id is not allowed here.",
  NotSupportedError: "None of the requested algorithms is supported.",
  ConstraintError: "The authenticator cannot do what was required.",
  UnknownError: "The authenticator failed.",
};

/* The origin that asks, from the browser's record of the sender, or null when
   the call is left to the browser: a frame inside another origin's page, a
   sandboxed frame, or a sender that is not a page. */
export function originOf(sender) {
  if (!sender.tab || sender.origin === "null") return null;
  const outermost = sender.frameId === 0 ? sender.origin : new URL(sender.tab.url ?? "about:blank").origin;
  return outermost === sender.origin ? sender.origin : null;
}

/* §5.1.3, §5.1.4: the relying-party id is the caller's effective domain when none is given. */
export function rpIdOf(verb, options, origin) {
  const given = verb === "create" ? options.rp.id : options.rpId;
  return given ?? new URL(origin).hostname;
}

export const isEnrolled = (providers, origin, rpId) =>
  providers.some((provider) => provider.rp_id === rpId && provider.origins.includes(origin));

export const knowsOrigin = (providers, origin) => providers.some((provider) => provider.origins.includes(origin));

/* Those of *accounts* that the page would accept; an empty list of the page accepts all. */
export function acceptable(accounts, allowCredentials) {
  if (!allowCredentials?.length) return accounts;
  const allowed = new Set(allowCredentials.map(({ id }) => id));
  return accounts.filter(({ credential }) => allowed.has(credential));
}

export function outcomeOf(reply) {
  // `sentence` is for our own list of accounts; the relay keeps it from the page.
  if (reply.ok) return { outcome: "credential", credential: reply.ok.credential };
  if (LEFT_TO_THE_BROWSER.has(reply.error.code)) return { outcome: "native" };
  const name = reply.error.name in SENTENCES ? reply.error.name : "NotAllowedError";
  return { outcome: "refused", name, message: SENTENCES[name], sentence: reply.error.message };
}
