// A main session is for one request: another one with its bearer does not leave.

/** Of a client with such sessions: its repeat would have the same bearer, not leave, and tell of a refusal as of an answer that got lost. */
export const eachOnce = (send: typeof globalThis.fetch) => ({ retries: 0, fetch: bearerOnce(send) });

export function bearerOnce(send: typeof globalThis.fetch): typeof globalThis.fetch {
  const used = new Set<string>();
  return async (input, init) => {
    const bearer = new Headers(init?.headers).get('Authorization');
    if (bearer !== null) {
      if (used.has(bearer)) throw new TypeError('a main session is for one request');
      used.add(bearer);
    }
    // fetch of a browser works as a function of its page alone.
    return send(input, init);
  };
}
