// Decides which headers cross the gateway, in both directions. Every list is built from scratch: what is not copied on purpose
// does not pass, so nothing a client writes can wedge an upstream connection, change what was matched, or speak for us.

import { toldToVenue } from '../domain/permission.ts';
import type { Principal } from '../domain/principal.ts';
import { alias, hopByHop, isSignatureHeader, mayNeverPass, type PassedHeaders } from '../domain/request-headers.ts';
import { asksForPassword, hasNoBody, originState, SANDBOX, UNTYPED } from './origin-state.ts';

/** Facts about a request from us or a trusted proxy; nothing here was written by the client. */
export interface OutgoingContext {
  /** Absent on public routes without a good bearer: the identity headers are then sent empty. */
  readonly principal: Principal | undefined;
  /** Canonical text of the client's address as the gateway decided it; empty when unknown. */
  readonly clientIp: string;
  readonly requestId: string;
  readonly protocol: 'http' | 'https';
  readonly upstreamSecret: string | undefined;
  /** The client's headers that pass. */
  readonly passed: PassedHeaders;
  /** `forward`: signature headers pass. */
  readonly signatureHeaders?: 'forward' | undefined;
}

export type HeaderList =
  | { readonly ok: true; readonly headers: string[] }
  | { readonly ok: false; readonly problem: string };

// RFC 9110 5.6.2 (token) and 5.5 (field-value: visible characters, obs-text, space and tab; no other control character).
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const fieldValue = /^[\t\x20-\x7e\x80-\xff]*$/;

const isOurs = (aliased: string): boolean => aliased.startsWith('countersign');

/** What depends on a header's name alone. */
interface NameRules {
  readonly lower: string;
  readonly aliased: string;
  readonly isToken: boolean;
  readonly mayPass: boolean;
  readonly isSignature: boolean;
  readonly setsOriginState: boolean;
}

// Clients and venues use few names. Bounded, as they choose them.
const KEPT_NAMES = 1024;
const LONGEST_KEPT_NAME = 64;
const keptRules = new Map<string, NameRules>();

function rulesOf(name: string): NameRules {
  const kept = keptRules.get(name);
  if (kept !== undefined) return kept;
  const aliased = alias(name);
  const lower = name.toLowerCase();
  const rules = {
    lower,
    aliased,
    isToken: token.test(name),
    mayPass: !mayNeverPass(aliased),
    isSignature: isSignatureHeader(aliased),
    setsOriginState: originState.has(lower),
  };
  if (keptRules.size < KEPT_NAMES && name.length <= LONGEST_KEPT_NAME) keptRules.set(name, rules);
  return rules;
}

const isOurCookie = (pair: string): boolean =>
  alias((pair.split('=', 1)[0] ?? '').trim())
    .replace(/^(--host-|--secure-)+/, '')
    .startsWith('countersign');

/** The pairs of a Cookie header that are not ours; undefined when none is left. Untouched when none of them is ours. */
function foreignCookies(value: string): string | undefined {
  const pairs = value.split(';');
  const kept = pairs.filter((pair) => !isOurCookie(pair));
  if (kept.length === pairs.length) return value;
  const rest = kept
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .join('; ');
  return rest === '' ? undefined : rest;
}

const noNames: ReadonlySet<string> = new Set();

/** RFC 9110 7.6.1: the names that Connection lists belong to this hop only. */
function namedByConnection(raw: readonly string[]): ReadonlySet<string> {
  let named: Set<string> | undefined;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    if (rulesOf(raw[i] ?? '').aliased !== 'connection') continue;
    named ??= new Set();
    for (const option of (raw[i + 1] ?? '').split(',')) named.add(alias(option.trim()));
  }
  return named ?? noNames;
}

function identityHeaders(context: OutgoingContext): [string, string][] {
  const { principal } = context;
  return [
    ['Countersign-Account', principal?.credential.account ?? ''],
    ['Countersign-Credential', principal?.label ?? ''],
    ['Countersign-Credential-Kind', principal?.credential.kind ?? ''],
    ['Countersign-Permissions', principal === undefined ? '' : toldToVenue(principal.permissions)],
    ['Countersign-Client-Ip', context.clientIp],
    ['Countersign-Request-Id', context.requestId],
    ['Countersign-Isolated-Markets', principal === undefined ? '' : String(principal.isolated)],
  ];
}

/**
 * The header list of a forwarded request, flat (name, value, ...): the end-to-end headers of the client that may pass, duplicates as they
 * came; then ours. Every name is a token and no value holds a control character, so undici cannot refuse one. Host and Content-Length are
 * set later, from the connection and the body that is really sent.
 */
export function outgoingHeaders(rawHeaders: readonly string[], context: OutgoingContext): HeaderList {
  const headers: string[] = [];
  const hop = namedByConnection(rawHeaders);
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const [name, value] = [rawHeaders[i] ?? '', rawHeaders[i + 1] ?? ''];
    const { aliased, isToken, mayPass, isSignature } = rulesOf(name);
    if (!isToken) return { ok: false, problem: 'a header name is not a token' };
    if (!fieldValue.test(value)) return { ok: false, problem: `the header ${name} holds a control character` };
    // Node undoes `chunked` only: any other coding would be lost with the header that announces it (RFC 9112 6.1).
    if (aliased === 'transfer-encoding' && value.trim().toLowerCase() !== 'chunked') {
      return { ok: false, problem: 'the only transfer coding understood is chunked' };
    }
    if (!mayPass || hop.has(aliased)) continue;
    if (context.passed !== 'every other' && !context.passed.has(aliased)) continue;
    if (isSignature && context.signatureHeaders !== 'forward') continue;
    const said = aliased === 'cookie' ? foreignCookies(value) : value;
    if (said !== undefined) headers.push(name, said);
  }

  const ours = identityHeaders(context);
  if (context.clientIp !== '') ours.push(['X-Forwarded-For', context.clientIp], ['X-Real-IP', context.clientIp]);
  ours.push(['X-Forwarded-Proto', context.protocol]);
  if (context.upstreamSecret !== undefined) ours.push(['Countersign-Upstream-Secret', context.upstreamSecret]);
  for (const [name, value] of ours) {
    if (!fieldValue.test(value)) return { ok: false, problem: `the value for ${name} holds a control character` };
    headers.push(name, value);
  }
  return { ok: true, headers };
}

/**
 * The header list of an answer, flat: the venue's headers untouched and in order, without hop-by-hop headers, without names and cookies that
 * only we may set, without what sets state for the whole origin, and without those that `ours` sets; then a type where there is none, and `ours`.
 * `sandboxed`: also the policy by which a browser shows it as a page of no origin, and nothing that has a browser ask for a password.
 */
export function responseHeaders(
  raw: readonly string[],
  status: number,
  ours: Readonly<Record<string, string>>,
  sandboxed: boolean,
): HeaderList {
  const headers: string[] = [];
  const hop = namedByConnection(raw);
  const replaced = new Set(Object.keys(ours).map((name) => name.toLowerCase()));
  // RFC 9112 6.3: with a transfer coding the length is not to be believed; RFC 9110 8.6: a 204 has none.
  const dropLength =
    status === 204 || raw.some((name, i) => i % 2 === 0 && rulesOf(name).lower === 'transfer-encoding');
  let typed = hasNoBody(status);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const [name, value] = [raw[i] ?? '', raw[i + 1] ?? ''];
    const { lower, aliased, isToken, setsOriginState } = rulesOf(name);
    if (!isToken || !fieldValue.test(value)) return { ok: false, problem: 'the venue sent a malformed header' };
    if (hopByHop.has(lower) || lower.startsWith('proxy-') || hop.has(aliased) || isOurs(aliased)) continue;
    if (replaced.has(lower) || (lower === 'content-length' && dropLength) || setsOriginState) continue;
    if (lower === 'set-cookie' && isOurCookie(value)) continue;
    if (sandboxed && lower === 'www-authenticate' && asksForPassword(value)) continue;
    if (lower === 'content-type') {
      if (value.trim() === '') continue;
      typed = true;
    }
    headers.push(name, value);
  }
  if (!typed) headers.push('Content-Type', UNTYPED);
  if (sandboxed) headers.push('Content-Security-Policy', SANDBOX);
  for (const [name, value] of Object.entries(ours)) headers.push(name, value);
  return { ok: true, headers };
}
