/* The extension's background: pages on one side, the agent on the other.

   A page is a port. Everything it has open is cancelled when the port closes,
   which the browser does when the page is closed or left. The origin is taken
   from the browser's record of the port's sender and from nowhere else. */
import { Agent, fits } from "./agent.js";
import { acceptable, callerOf, isEnrolled, knowsOrigin, outcomeOf, rpIdOf } from "./claims.js";

const api = globalThis.browser ?? globalThis.chrome;
const agent = new Agent();

const NATIVE = { outcome: "native" };

class Page {
  #port;
  #open = new Map(); // the page's id -> {request: the agent's id once asked, cancelled}

  constructor(port) {
    this.#port = port;
    port.onMessage.addListener((message) => this.#receive(message));
    port.onDisconnect.addListener(() => {
      void api.runtime.lastError;
      for (const id of [...this.#open.keys()]) this.#cancel(id);
    });
  }

  async #receive(message) {
    const { id, verb } = message;
    if (verb === "cancel") return this.#cancel(id);
    const call = { request: null, cancelled: false };
    this.#open.set(id, call);
    const caller = callerOf(this.#port.sender, message.topOrigin);
    const outcome = caller ? await this.#answered(caller, message, call) : NATIVE;
    if (this.#open.get(id) !== call) return; // cancelled meanwhile: nobody waits
    this.#open.delete(id);
    this.#port.postMessage({ id, ...outcome });
  }

  #cancel(id) {
    const call = this.#open.get(id);
    if (!call) return;
    this.#open.delete(id);
    call.cancelled = true;
    if (call.request) agent.cancel(call.request);
  }

  #answered(caller, message, call) {
    return message.verb === "available" ? this.#available(caller) : this.#ceremony(caller, message, call);
  }

  async #available({ origin }) {
    return knowsOrigin(await this.#providers(), origin) ? { outcome: "available" } : NATIVE;
  }

  async #providers() {
    const { ok } = await agent.ask("providers").reply;
    return ok?.providers ?? [];
  }

  async #ceremony({ origin, topOrigin }, { verb, options, mediation, credential }, call) {
    if (!fits(options)) return NATIVE;
    const rpId = rpIdOf(verb, options, origin);
    if (!isEnrolled(await this.#providers(), origin, rpId)) return NATIVE;
    const from = topOrigin ? { origin, top_origin: topOrigin } : { origin };
    if (verb === "create") return this.#ask(call, "create", { ...from, options: withRpId(options, rpId) });
    if (!credential) {
      const accounts = acceptable(await this.#accounts(origin, rpId), options.allowCredentials);
      if (!accounts.length) return NATIVE;
      if (mediation === "conditional") return { outcome: "offered", accounts };
    }
    const members = { ...from, options: { ...options, rpId }, mediation };
    return this.#ask(call, "get", credential ? { ...members, credential } : members);
  }

  async #accounts(origin, rpId) {
    const { ok } = await agent.ask("accounts", { rp_id: rpId, origin }).reply;
    return (ok?.accounts ?? []).map((account) => ({ ...account, beware: ok.beware ?? "" }));
  }

  async #ask(call, verb, members) {
    // The page may have gone while we asked what is enrolled: no prompt for nobody.
    if (call.cancelled) return NATIVE;
    const { id, reply } = agent.ask(verb, members);
    call.request = id;
    return outcomeOf(await reply, { chosen: Boolean(members.credential) });
  }
}

const withRpId = (options, id) => ({ ...options, rp: { ...options.rp, id } });

api.runtime.onConnect.addListener((port) => new Page(port));
