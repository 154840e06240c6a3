/* Which calls are ours, and what a page is told. Values in, values out. */

/* The agent's codes that mean "not mine": the browser is asked instead. What
   the chip refused is not among them, nor is a page that is not the
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

/* Who asks: {origin} or, in a frame of another site's page, {origin, topOrigin}; null when the call
   is left to the browser. The origin is the browser's record of the sender. So is the outermost
   page where the record has it; where it has not, that page is no enrolled one, and what the
   frame says about it (*claimed*) is believed: it could only call itself framed by a stranger. */
export function callerOf(sender, claimed) {
  const { tab, origin, frameId } = sender;
  if (!tab || !origin || origin === "null") return null;
  const known = frameId === 0 ? origin : tab.url && new URL(tab.url).origin;
  if (!claimed) return known === origin ? { origin } : null;
  if (frameId === 0 || (known && known !== claimed)) return null;
  return { origin, topOrigin: claimed };
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

/* The agent's window has a button "Another way", and closing it means the same: the browser's own
   dialog, with its security keys and telephones, is next. An account that was *chosen* in autofill
   stays on offer instead, beside the browser's. */
export function outcomeOf(reply, { chosen }) {
  // `sentence` is for our own list of accounts; the relay keeps it from the page.
  if (reply.ok) return { outcome: "credential", credential: reply.ok.credential };
  const declined = reply.error.code === "not_approved" && !chosen;
  if (declined || LEFT_TO_THE_BROWSER.has(reply.error.code)) return { outcome: "native" };
  const name = reply.error.name in SENTENCES ? reply.error.name : "NotAllowedError";
  return { outcome: "refused", name, message: SENTENCES[name], sentence: reply.error.message };
}
