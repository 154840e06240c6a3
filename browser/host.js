/* What the browser knows the agent's native host by. An extension for everybody on a computer has an identity
   of that computer's, and so another host, which lets in that one alone: its installer writes this file anew. */
export const HOST = "keystead.agent";
