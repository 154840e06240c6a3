/* The extension's background: pages on one side, the agent on the other.

   A page is a port. Everything it has open is cancelled when the port closes,
   which the browser does when the page is closed or left. The origin is taken
   from the browser's record of the port's sender and from nowhere else. */
import { Agent, fits } from "./agent.js";
import { acceptable, isEnrolled, knowsOrigin, originOf, outcomeOf, rpIdOf } from "./claims.js";

const api = globalThis.browser ?? globalThis.chrome;
const agent = new Agent();

const NATIVE = { outcome: "native" };

class Page {
  #port;
  #origin;
  #open = new Map(); // the page's id -> {request: the agent's id once asked, cancelled}

  constructor(port) {
    this.#port = port;
    this.#origin = originOf(port.sender);
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
    const outcome = await (verb === "available" ? this.#available() : this.#ceremony(message, call));
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

  async #available() {
    const providers = await this.#providers();
    return this.#origin && knowsOrigin(providers, this.#origin) ? { outcome: "available" } : NATIVE;
  }

  async #providers() {
    const { ok } = await agent.ask("providers").reply;
    return ok?.providers ?? [];
  }

  async #ceremony({ verb, options, mediation, credential }, call) {
    const origin = this.#origin;
    if (!origin || !fits(options)) return NATIVE;
    const rpId = rpIdOf(verb, options, origin);
    if (!isEnrolled(await this.#providers(), origin, rpId)) return NATIVE;
    if (verb === "create") return this.#ask(call, "create", { origin, options: withRpId(options, rpId) });
    if (!credential) {
      const accounts = acceptable(await this.#accounts(rpId), options.allowCredentials);
      if (!accounts.length) return NATIVE;
      if (mediation === "conditional") return { outcome: "offered", accounts };
    }
    const members = { origin, options: { ...options, rpId }, mediation };
    return this.#ask(call, "get", credential ? { ...members, credential } : members);
  }

  async #accounts(rpId) {
    const { ok } = await agent.ask("accounts", { rp_id: rpId, origin: this.#origin }).reply;
    return ok?.accounts ?? [];
  }

  async #ask(call, verb, members) {
    // The page may have gone while we asked what is enrolled: no prompt for nobody.
    if (call.cancelled) return NATIVE;
    const { id, reply } = agent.ask(verb, members);
    call.request = id;
    return outcomeOf(await reply);
  }
}

const withRpId = (options, id) => ({ ...options, rp: { ...options.rp, id } });

api.runtime.onConnect.addListener((port) => new Page(port));
