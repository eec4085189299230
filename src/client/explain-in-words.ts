// Why a request was refused, in sentences for the owner of the key: a headline, the cause with the values of that request, and what mends it.
import type { DenyReason, Explanation } from './shapes.ts';

/** What would mend it. Whoever shows it says it in words of its own, as a button or a command. */
export type Remedy =
  | { readonly kind: 'add_address'; readonly address: string }
  | { readonly kind: 'change_addresses' }
  | { readonly kind: 'add_subkey' }
  | { readonly kind: 'add_a_key_like_it' };

export interface ExplanationInWords {
  readonly headline: string;
  readonly cause: string;
  readonly remedy: Remedy | undefined;
}

/** Reasons that are found before anything is proven: nothing is kept of them, so nobody can ask. */
type Unproven =
  | 'route_unknown'
  | 'target_malformed'
  | 'method_not_allowed'
  | 'bearer_missing'
  | 'bearer_malformed'
  | 'bearer_repeated'
  | 'bearer_wrong_kind'
  | 'bearer_unknown_key'
  | 'bearer_signature'
  | 'bearer_claims'
  | 'bearer_and_signature';

type Words = readonly [
  headline: string,
  cause: (e: Explanation) => string,
  remedy?: (e: Explanation) => Remedy | undefined,
];

const kindWords: Readonly<Record<string, string>> = {
  main: 'the main key',
  evm: 'the wallet',
  subkey: 'a subkey',
  token: 'a read-only key',
  device: 'a signed-in device',
};
const neededWords: Readonly<Record<string, string>> = {
  trade: 'Trading needs a subkey',
  'keys:manage': 'Making or widening keys needs the main key',
  'keys:narrow': 'Ending or narrowing keys needs the main key or a signed-in device',
  'keys:read': 'Looking at keys needs a subkey, the main key or a signed-in device',
  'audit:read': 'Looking at the activity needs the main key or a signed-in device',
  'account:manage': 'Changing the account needs the main key',
  'account:read': 'Reading the account needs a key of it, not a signed-in device',
  'funds:transfer': 'Moving funds needs the main key',
};

const cameFrom = ({ client_ip }: Explanation): string => client_ip || 'an address that could not be told';
const stillUsed = (e: Explanation): string => `Something still uses it: ${cameFrom(e)}.`;
const seconds = (value: number): string => `${value} s`;
/** A subkey holds these: whoever lacks one of them may use a subkey. */
const ofSubkeys: readonly string[] = ['trade', 'account:read', 'keys:read'];
const byASubkey = ({ permission_needed }: Explanation): Remedy | undefined =>
  ofSubkeys.includes(permission_needed ?? '') ? { kind: 'add_subkey' } : undefined;

const orderWords: Readonly<Record<string, string>> = {
  POST: 'Placing an order',
  PUT: 'Changing an order',
  DELETE: 'Cancelling an order',
};

/** `Placing an order needs a subkey`. */
function needed({ permission_needed, route, method }: Explanation): string {
  const isOrder = permission_needed === 'trade' && /\/orders(?:\/|$)/.test(route) && Object.hasOwn(orderWords, method);
  if (isOrder) return `${orderWords[method]} needs a subkey`;
  return neededWords[permission_needed ?? ''] ?? `That needs ${permission_needed ?? 'another permission'}`;
}

function missing(e: Explanation): string {
  const { credential } = e;
  return `${needed(e)}; this is ${kindWords[credential.kind] ?? credential.kind}.`;
}

const countedWords: Readonly<Record<string, string>> = {
  orders: 'orders',
  'interactive-orders': 'interactive orders',
  'private-read': 'reads',
  sessions: 'sessions',
  login: 'logins',
};
const spanWords: Readonly<Record<number, string>> = {
  1: 'a second',
  60: 'a minute',
  3600: 'an hour',
  86400: 'a day',
};
const numbers = new Intl.NumberFormat('en');

/** `800 orders a second for this account; it tried again 1 s too early.` */
function limited({ limit, message }: Explanation): string {
  if (limit === null) return 'Wait, and try again.';
  const { bucket, limit: most, window_seconds, retry_after_seconds } = limit;
  const counted = Object.hasOwn(countedWords, bucket) ? countedWords[bucket] : 'requests';
  const span = spanWords[window_seconds] ?? `in ${seconds(window_seconds)}`;
  const [, scope = 'account'] = / for this (account|address|credential);/.exec(message) ?? [];
  return `${numbers.format(most)} ${counted} ${span} for this ${scope === 'credential' ? 'key' : scope}; it tried again ${seconds(retry_after_seconds)} too early.`;
}

const before: Words = ['The key is not known here', () => 'It is from before a restore, or from another server.'];
const unsure: Words = ['The server was not sure, so it said no', () => 'It was overloaded or restarting. Try again.'];
const venueSilent: Words = [
  'The venue did not answer',
  () => 'It passed every check here. The venue may have acted: look there before you repeat it.',
];

const words: Readonly<Record<Exclude<DenyReason, Unproven>, Words>> = {
  ip_not_allowed: [
    'Address not in the list',
    (e) => `It came from ${cameFrom(e)}, which is not in this key's list. Everything before this check passed.`,
    ({ client_ip }) => (client_ip ? { kind: 'add_address', address: client_ip } : { kind: 'change_addresses' }),
  ],
  client_ip_unknown: [
    'Address could not be told',
    () => "Your venue's proxy did not say where it came from. Only the venue can mend this.",
  ],
  allowlist_damaged: [
    'The address list is damaged',
    () => 'Nobody is let in until you save it again.',
    () => ({ kind: 'change_addresses' }),
  ],
  permission_missing: ['Not allowed for this kind of key', missing, byASubkey],
  read_only_method: [
    'A read-only key can only read',
    ({ method }) => `It was a ${method}. Read-only keys can GET.`,
    () => ({ kind: 'add_subkey' }),
  ],
  credential_revoked: ['The key was deleted', stillUsed],
  credential_expired: ['The key has expired', stillUsed, () => ({ kind: 'add_a_key_like_it' })],
  credential_pending: ['The key was not taken yet', () => 'It waits for the phone.'],
  credential_unknown: before,
  account_unknown: before,
  signed_out: ['Signed out since', () => 'The session is older than your sign-out. The bot must sign in again.'],
  bearer_expired: [
    'The session had run out',
    ({ expired_seconds }) =>
      `Sessions live 5 minutes. The bot used one ${seconds(expired_seconds ?? 0)} after its end: it should sign in again earlier.`,
  ],
  signing_key_retired: ['The venue replaced its signing key', () => 'Sign in again.'],
  account_locked: ['The account is locked', () => 'Your venue locked it. Only the venue can unlock it.'],
  rate_limited: ['Too many requests', limited],
  order_refused: [
    "The order's signature was not accepted",
    ({ message, order_index }) =>
      order_index === null ? sentence(message) : sentence(`order ${order_index} of the list: ${message}`),
  ],
  route_unsigned: [
    'Only signed orders are accepted',
    () => 'This venue refuses requests that trade without a signature.',
  ],
  request_header_refused: ['A header could not be passed on', () => 'The venue would not understand it.'],
  upstream_unavailable: venueSilent,
  upstream_timeout: venueSilent,
  store_unavailable: unsure,
  store_lost: unsure,
  view_stale: unsure,
};

/** Of logins that proved their key: their code, or the audit log's word for it. */
const loginWords: Readonly<Record<string, Words>> = {
  INVALID_TIMESTAMP: ['The time of the signature was not accepted', said],
  INVALID_BLOCK_EXPIRATION: ['The time of the signature was not accepted', said],
  SIGNATURE_ALREADY_USED: ['The signature was used before', () => 'A signature is good once. Sign anew.'],
  signature_dated: [
    'The signature is from before the clock was set',
    () => "The server's clock was set after it was used. Sign anew.",
  ],
  proof_repeated: ['A sign-in of this device was repeated', () => 'Its proof is good once. Make a new one.'],
  device_over: ['The device is signed out', () => 'It was signed out, or its time was over. Sign in again.'],
};

const wordsOf = (reason: string): Words | undefined => {
  const table: Readonly<Record<string, Words>> = Object.hasOwn(words, reason) ? words : loginWords;
  return Object.hasOwn(table, reason) ? table[reason] : undefined;
};

/** What one reason is called, as rows of the audit log name it. Undefined for one that this release does not know. */
export const refusalHeadline = (reason: string): string | undefined => wordsOf(reason)?.[0];

/** A reason that this release does not know is told in the server's own words. */
export function explainInWords(explanation: Explanation): ExplanationInWords {
  const [headline, cause, remedy] = wordsOf(explanation.reason) ?? ['It was refused', said];
  return { headline, cause: cause(explanation), remedy: remedy?.(explanation) };
}

function said({ message }: Explanation): string {
  return sentence(message);
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.!?]$/.test(text) ? '' : '.'}`;
}
