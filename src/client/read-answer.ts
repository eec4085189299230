// What came, as an Answer or as the error that it is. An answer of the server's own that cannot be read is a lost one.
import type { Answer } from './call.ts';
import { inWords } from './deadline.ts';
import { CountersignError, type MaybeMade, NoAnswer, type Phase } from './errors.ts';
import type { Incoming, Outgoing } from './exchange.ts';
import { parseWide, writeWide } from './json.ts';

const MAX_MESSAGE = 500;
/** A proxy in front of the server answered in its place. */
const OF_A_PROXY = new Set([502, 504]);

/** Throws CountersignError or NoAnswer unless it is a success (2xx). `isOwn`: of a route of the server's own. */
export function readAnswer(incoming: Incoming, sent: Outgoing, isOwn: boolean): Answer {
  const { status, headers, text, isRedirect } = incoming;
  const requestId = headers.get('Countersign-Request-Id') ?? undefined;
  if (isRedirect) {
    const message = 'the server answered with a redirect, and none is followed: is its address right?';
    throw new CountersignError({ status, code: 'REDIRECTED', message, requestId });
  }
  if (status < 200 || status > 299) throw refusal(incoming, sent, requestId);
  const isJson = /\bjson\b/i.test(headers.get('Content-Type') ?? '');
  if (text === '') return { status, headers, body: undefined, text, requestId };
  if (!isJson && !isOwn) return { status, headers, body: text, text, requestId };
  const body = parsed(text, isOwn);
  if (body === undefined) throw unreadable('the answer is no JSON', 'sent');
  return { status, headers, body, text, requestId };
}

const unreadable = (what: string, phase: Phase): NoAnswer => new NoAnswer(`${what}${inWords[phase]}`, phase);

function parsed(text: string, isOwn: boolean): unknown {
  try {
    return isOwn ? parseWide(text) : JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The same JSON with nothing escaped that need not be: an escaped secret is one, too. */
function plain(text: string): string {
  try {
    return writeWide(parseWide(text));
  } catch {
    return text;
  }
}

function refusal({ status, headers, text }: Incoming, sent: Outgoing, requestId: string | undefined): Error {
  const body = parsed(withoutSecrets(plain(text), sent), true);
  const said = typeof body === 'object' && body !== null ? body : undefined;
  if (said === undefined && OF_A_PROXY.has(status)) {
    return unreadable(`a proxy answered ${status} in place of the server`, 'unknown');
  }
  const { error, message, data }: { error?: unknown; message?: unknown; data?: unknown } = said ?? {};
  return new CountersignError({
    status,
    code: codeOf(status, error),
    message: typeof message === 'string' ? printable(message) : `the server answered ${status}`,
    data,
    requestId,
    retryAfterSeconds: retryAfter(headers),
  });
}

function codeOf(status: number, error: unknown): string {
  if (typeof error === 'string' && /^[A-Z][A-Z0-9_]{0,63}$/.test(error)) return error;
  // A 429 of the wire has no code.
  return status === 429 ? 'RATE_LIMITED' : `HTTP_${status}`;
}

/** A proxy may send a date: it is counted from the date of its answer, as this machine's clock may be off. */
function retryAfter(headers: Incoming['headers']): number | undefined {
  const text = headers.get('Retry-After') ?? '';
  if (/^[0-9]{1,30}$/.test(text)) return Number(text);
  const [until, from] = [text, headers.get('Date') ?? ''].map((date) => (/ GMT$/.test(date) ? Date.parse(date) : NaN));
  const seconds = Math.ceil(((until ?? NaN) - (from ?? NaN)) / 1000);
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

/** A server that lies may send terminal escapes, or text that turns the line around. */
const printable = (text: string): string =>
  text.slice(0, MAX_MESSAGE).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu, ' ');

const secretHeader = /^(?:authorization|dpop|.*-signature)$/i;
const secretMember = /"(?:evm_)?signature"\s*:\s*("(?:[^"\\]|\\.)*"|\[[^\]]*\])/g;

/** Without the bearer and signatures that were sent, which a server that lies may send back. */
function withoutSecrets(text: string, { headers, body }: Outgoing): string {
  const values = Object.entries(headers).flatMap(([name, value]) => (secretHeader.test(name) ? [value] : []));
  const members = [...(body ?? '').matchAll(secretMember)].map(([, value = '']) => value);
  const secrets = [...values, ...members].flatMap((value) => value.match(/[\w.+/=-]{16,}/g) ?? []);
  return secrets.reduce((left, secret) => left.replaceAll(secret, '[redacted]'), text);
}

/** The same error, with what a create may have made. */
export function withMaybeMade(error: CountersignError, maybeMade: MaybeMade): CountersignError {
  return new CountersignError({ ...error, message: error.message, maybeMade });
}
