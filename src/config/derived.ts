// What follows from the settings, and figures that nobody needs to set.
import type { Config } from './schema.ts';

const KIB = 1024;

/** Largest request body on our own routes; more is answered 413. The largest that is used, an allowlist of 50 entries, has 3 KiB. */
export const MAX_OWN_BODY_BYTES = 64 * KIB;

/** A client that sends a streamed body or reads a large answer more slowly than this, over 10 s of waiting for it, is cut. */
export const MIN_BYTES_PER_SECOND = 16 * KIB;

/** How long a signature may wait to be verified; then 503: by then the client has given up. */
export const MAX_VERIFICATION_WAIT_MS = 5_000;

const CONNECT_TIMEOUT_SECONDS = 2;
const USUAL_LOGIN_AGE_SECONDS = 1_800;

/** Longest request target (path and query); more is answered 414. Half of the longest head: the target is part of the head, and a longer limit would never be reached. */
export const maxTargetBytes = (config: Pick<Config, 'http.max_header_bytes'>): number =>
  config['http.max_header_bytes'] / 2;

export const connectTimeoutMs = (config: Pick<Config, 'upstream.timeout'>): number =>
  Math.min(CONNECT_TIMEOUT_SECONDS, config['upstream.timeout']) * 1000;

/** Of upstream.memory: for request bodies, for answers that wait for their clients, and of the latter for one answer. */
export function upstreamMemory(config: Pick<Config, 'upstream.memory'>): {
  readonly bodies: number;
  readonly answers: number;
  readonly maxAnswerCopy: number;
} {
  const half = Math.floor(config['upstream.memory'] / 2);
  return { bodies: half, answers: half, maxAnswerCopy: Math.floor(half / 16) };
}

/** Of orders.max_marks, what one account may have. */
export const maxMarksPerAccount = (config: Pick<Config, 'orders.max_marks'>): number =>
  Math.floor((config['orders.max_marks'] * 3) / 10);

/** Life of a login signature that names no expiration. */
export const defaultLoginAge = (config: Pick<Config, 'login.max_age'>): number =>
  Math.min(USUAL_LOGIN_AGE_SECONDS, config['login.max_age']);

/** The Host of console.url as browsers send it; undefined where it is not set. */
export const consoleHost = (config: Pick<Config, 'console.url'>): string | undefined =>
  config['console.url'] === '' ? undefined : new URL(config['console.url']).host;

/** Where keys of the same derivation are used with real money elsewhere. */
const ETHEREUM_MAINNET = 1;

/** Whether the console may make a main key from a wallet's signature. */
export const derivesFromWallets = (config: Pick<Config, 'console.wallet_derivation' | 'wire.l1_chain_id'>): boolean =>
  config['console.wallet_derivation'] === 'auto'
    ? config['wire.l1_chain_id'] !== ETHEREUM_MAINNET
    : config['console.wallet_derivation'] === 'on';

/**
 * Whether answers of the venue may be on the origin of the console. Also where it was never built: only the operator's word that it is
 * nowhere, or on a host of its own, makes it false.
 */
export const sharesOrigin = (config: Pick<Config, 'console.enabled' | 'console.own_host'>): boolean =>
  config['console.enabled'] && !config['console.own_host'];
