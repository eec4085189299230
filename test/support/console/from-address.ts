// Requests that come from another address than this machine's: of a service that trusts 127.0.0.1 as its proxy.

/** A setting of the service. */
export const trustsThisMachine = { 'proxy.trusted': '127.0.0.1/32' } as const;

/** For `createClient`: as if a proxy had passed the request on for `address`. */
export const fetchFrom =
  (address: string): typeof fetch =>
  (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set('X-Forwarded-For', address);
    return fetch(input, { ...init, headers });
  };
