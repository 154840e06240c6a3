/* The background of kiosk mode, in the place of background.js: Chromium passes it every passkey call of every site.

   No script of ours is in any page then. Chromium says who asks, and has judged the
   relying-party id; but nothing is left to the browser, so what is not for an enrolled
   provider is refused, security keys too. It does not say when a page has gone, nor
   which page is around a frame: a frame of another site's page is refused, and a window
   of a page that went stays until the agent's own time is up. */
import { Agent, fits } from "./agent.js";
import { isEnrolled, outcomeOf, rpIdOf } from "./claims.js";

const proxy = chrome.webAuthenticationProxy;
const agent = new Agent();
const open = new Map(); // Chromium's id -> the agent's

const REFUSED = { name: "NotAllowedError", message: "The operation either timed out or was not allowed." };

async function providers() {
  const { ok } = await agent.ask("providers").reply;
  return ok?.providers ?? [];
}

/* The credential as {credential}, or {name, message} for the page. */
async function ask(verb, requestId, json) {
  const { extensions = {}, ...rest } = JSON.parse(json);
  const { remoteDesktopClientOverride: caller, ...others } = extensions;
  const options = { ...rest, extensions: others };
  if (!caller?.sameOriginWithAncestors || !fits(options)) return REFUSED;
  const { origin } = caller;
  if (!isEnrolled(await providers(), origin, rpIdOf(verb, options, origin))) return REFUSED;
  const { id, reply } = agent.ask(verb, { origin, options });
  open.set(requestId, id);
  const outcome = outcomeOf(await reply, { chosen: true });
  return outcome.outcome === "native" ? REFUSED : outcome;
}

const answering = (verb, complete) => async ({ requestId, requestDetailsJson }) => {
  const { credential, name, message } = await ask(verb, requestId, requestDetailsJson);
  open.delete(requestId);
  const answer = credential ? { responseJson: JSON.stringify(credential) } : { error: { name, message } };
  // Refused when the page has taken its call back meanwhile.
  await complete.call(proxy, { requestId, ...answer }).catch(() => undefined);
};

proxy.onCreateRequest.addListener(answering("create", proxy.completeCreateRequest));
proxy.onGetRequest.addListener(answering("get", proxy.completeGetRequest));
proxy.onIsUvpaaRequest.addListener(({ requestId }) => proxy.completeIsUvpaaRequest({ requestId, isUvpaa: true }));
proxy.onRequestCanceled.addListener((requestId) => open.has(requestId) && agent.cancel(open.get(requestId)));
proxy.attach();
