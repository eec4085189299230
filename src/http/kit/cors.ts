// Which web pages may call this API from a browser: only the origins the operator named, and never with cookies.

export interface Cors {
  /** The answer to a preflight, or undefined when the origin is not allowed. */
  preflight(origin: string | undefined, allow: readonly string[]): Record<string, string> | undefined;
  /** Headers of any other answer. */
  headers(origin: string | undefined): Record<string, string>;
}

const allowedHeaders = [
  'authorization',
  'content-type',
  // The proof of a device.
  'dpop',
  'paradex-starknet-account',
  'paradex-starknet-signature',
  'paradex-ethereum-account',
  'paradex-evm-signature',
  'paradex-siwe-message',
  'paradex-timestamp',
  'paradex-signature-expiration',
  'paradex-authorize-isolated-markets',
  // ccxt sends it with every request.
  'paradex-partner',
];

const EXPOSED_HEADERS = [
  'Countersign-Request-Id',
  'Countersign-Revocation',
  'Retry-After',
  'X-RateLimit-Limit',
  'X-RateLimit-Remaining',
  'X-RateLimit-Reset',
  'X-Ratelimit-Window',
].join(', ');

/** CORS protocol of the Fetch standard. Origins are compared as whole strings. `further`: more request headers that pages may send. */
export function createCors(origins: readonly string[], further: readonly string[]): Cors {
  const allowed = new Set(origins);
  const headers = [...new Set([...allowedHeaders, ...further])].join(', ');
  return {
    preflight(origin, allow) {
      if (origin === undefined || !allowed.has(origin)) return undefined;
      return {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Allow-Methods': allow.join(', '),
        'Access-Control-Allow-Headers': headers,
        'Access-Control-Max-Age': '600',
        Vary: 'Origin',
      };
    },
    headers(origin) {
      if (allowed.size === 0) return {};
      if (origin === undefined || !allowed.has(origin)) return { Vary: 'Origin' };
      return {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': EXPOSED_HEADERS,
        Vary: 'Origin',
      };
    },
  };
}
