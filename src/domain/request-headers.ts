// Which headers of a request may cross the gateway, by name. An allowlist: a list of all headers that some proxy or framework takes for an
// identity could never be complete.

/** CGI-like servers read `_`, and some of them any other character, as `-`: names that fold alike are one name here. */
export const alias = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '-');

// RFC 9110 7.6.1, RFC 7540 3.2.1 (HTTP2-Settings) and RFC 9110 10.1.1 (Expect: our own server has answered it already).
export const hopByHop: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
]);

const neverForwarded: ReadonlySet<string> = new Set([
  ...hopByHop,
  // Set from the connection and the body that is really sent.
  'host',
  'content-length',
  // The bearer is meant for us: a venue that never sees it can neither leak nor replay it.
  'authorization',
  // Frameworks that obey these act on another method or path than the matched one.
  'x-http-method-override',
  'x-http-method',
  'x-method-override',
  'x-method',
  'x-override-url',
  'x-override-uri',
  // The client's address and scheme, as proxies and content networks write them.
  'forwarded',
  'x-real-ip',
  'x-real-port',
  'x-client-ip',
  'client-ip',
  'true-client-ip',
  'x-true-client-ip',
  'x-cluster-client-ip',
  'x-remote-ip',
  'x-remote-addr',
  'x-originating-ip',
  'x-proxyuser-ip',
  'x-azure-clientip',
  'x-azure-socketip',
  'x-appengine-user-ip',
  'cf-connecting-ip',
  'cf-connecting-ipv6',
  'cf-pseudo-ipv4',
  'fastly-client-ip',
  'fly-client-ip',
  'do-connecting-ip',
]);

const neverForwardedPrefixes = ['countersign', 'proxy-', 'x-forwarded', 'x-original-', 'x-rewrite-', 'x-envoy-'];

// These can be replayed as a login until they expire: only a route with signature_headers `forward` passes them on.
const signatureHeaders: ReadonlySet<string> = new Set([
  'paradex-starknet-signature',
  'paradex-evm-signature',
  'paradex-siwe-message',
]);

/** No setting lets such a name pass. `aliased`: as `alias` gives it. */
export const mayNeverPass = (aliased: string): boolean =>
  neverForwarded.has(aliased) || neverForwardedPrefixes.some((prefix) => aliased.startsWith(prefix));

/** Whether it proves a login or an onboarding, and so passes on some routes only. */
export const isSignatureHeader = (aliased: string): boolean => signatureHeaders.has(aliased);

/** What clients of the Paradex API send: its own SDKs, ccxt, browsers and their HTTP libraries. docs/route-table.md lists them. */
export const usualHeaders: readonly string[] = [
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-type',
  'cookie',
  'dnt',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'origin',
  'paradex-authorize-isolated-markets',
  'paradex-ethereum-account',
  'paradex-evm-signature',
  'paradex-parent-account',
  'paradex-partner',
  'paradex-signature-expiration',
  'paradex-siwe-message',
  'paradex-starknet-account',
  'paradex-starknet-account-derivation-path',
  'paradex-starknet-message-hash',
  'paradex-starknet-signature',
  'paradex-timestamp',
  'pragma',
  'priority',
  'range',
  'referer',
  'save-data',
  'sec-ch-ua',
  'sec-ch-ua-arch',
  'sec-ch-ua-bitness',
  'sec-ch-ua-form-factors',
  'sec-ch-ua-full-version',
  'sec-ch-ua-full-version-list',
  'sec-ch-ua-mobile',
  'sec-ch-ua-model',
  'sec-ch-ua-platform',
  'sec-ch-ua-platform-version',
  'sec-ch-ua-wow64',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-storage-access',
  'sec-fetch-user',
  'sec-gpc',
  'sec-purpose',
  'traceparent',
  'tracestate',
  'user-agent',
  'x-request-id',
  'x-requested-with',
];

/** The names that pass, as `alias` gives them; or every name but those that may never pass. */
export type PassedHeaders = ReadonlySet<string> | 'every other';

/** Of setting `upstream.request_headers`: further names, or `*`. */
export const passedHeaders = (further: readonly string[]): PassedHeaders =>
  further.includes('*') ? 'every other' : new Set([...usualHeaders, ...further].map(alias));

// RFC 9110 5.6.2.
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,128}$/;

/** Whether an operator may add the name: it is a token, and it is not a name that may never pass. */
export const isAddable = (name: string): boolean =>
  token.test(name) && !/^[^0-9A-Za-z]+$/.test(name) && !mayNeverPass(alias(name)) && !isSignatureHeader(alias(name));

// Fetch standard, forbidden request-headers: no browser lets a page set these. Cookie is one: it is a credential.
const setByBrowsers =
  /^(accept-charset|accept-encoding|access-control-.*|cookie2?|date|dnt|origin|referer|sec-.*|set-cookie|via)$/;

/** Whether a page of another origin may send it: it may pass, and browsers let pages set it. */
export const isSentByPages = (name: string): boolean => isAddable(name) && !setByBrowsers.test(name.toLowerCase());
