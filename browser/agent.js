/* The agent, through its native-messaging host: requests out, replies back by their id.

   The host is started with the first request and let go when nothing has been
   asked for a while: the browser then ends it, and the agent cancels whatever
   it still had open. */
import { HOST } from "./host.js";

const api = globalThis.browser ?? globalThis.chrome;

const IDLE_LIMIT_MS = 20_000;
// The agent reads no longer message; room is left for the members around the options.
const MAX_OPTIONS_CHARACTERS = 60_000;

const UNREACHABLE = { error: { code: "agent_unreachable", message: "The agent is not running.", name: "NotAllowedError" } };

export class Agent {
  #port = null;
  #waiting = new Map();
  #idle = null;

  /* Send a request. `reply` never rejects: it is {ok} or {error: {code, message, name}}. */
  ask(verb, members) {
    const id = crypto.randomUUID();
    const { promise, resolve } = Promise.withResolvers();
    this.#waiting.set(id, resolve);
    this.#send({ id, verb, ...members });
    return { id, reply: promise };
  }

  /* Ask the agent to give up *target*, whose reply is then an AbortError. */
  async cancel(target) {
    if (this.#waiting.has(target)) await this.ask("cancel", { target }).reply;
  }

  #send(message) {
    clearTimeout(this.#idle);
    try {
      this.#connected().postMessage(message);
    } catch {
      this.#settle(message.id, UNREACHABLE);
    }
  }

  #connected() {
    if (this.#port) return this.#port;
    const port = api.runtime.connectNative(HOST);
    port.onMessage.addListener((reply) => this.#settle(reply.id, reply));
    port.onDisconnect.addListener(() => {
      void api.runtime.lastError; // read, or Chromium reports it as unhandled
      if (this.#port === port) this.#lost();
    });
    this.#port = port;
    return port;
  }

  #lost() {
    this.#port = null;
    for (const id of [...this.#waiting.keys()]) this.#settle(id, UNREACHABLE);
  }

  #settle(id, reply) {
    this.#waiting.get(id)?.(reply);
    this.#waiting.delete(id);
    if (this.#waiting.size) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => this.#letGo(), IDLE_LIMIT_MS);
  }

  #letGo() {
    this.#port?.disconnect();
    this.#port = null;
  }
}

export const fits = (options) => JSON.stringify(options).length <= MAX_OPTIONS_CHARACTERS;
