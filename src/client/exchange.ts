// One request to the server and its whole answer, as text. Never elsewhere: no redirect is followed, and nothing of the page (cookies,
// referrer, cache) goes along. An answer that does not end, or is too large, is none.
import { type Deadline, endOf, inWords } from './deadline.ts';
import { NoAnswer, type Phase } from './errors.ts';

export type Fetch = typeof globalThis.fetch;

export interface Outgoing {
  readonly method: string;
  /** On the server's origin. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

export interface Incoming {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly text: string;
  readonly isRedirect: boolean;
}

/** Far above the largest list of ours: 500 rows of a kilobyte. */
export const MAX_ANSWER_BYTES = 16 * 2 ** 20;

/** Rejects with NoAnswer or Aborted, and nothing else. */
export async function exchange(fetch: Fetch, request: Outgoing, deadline: Deadline): Promise<Incoming> {
  let phase: Phase = 'unsent';
  try {
    const { method, url, headers, body } = request;
    const response = await deadline.race(() => {
      const sending = fetch(url, {
        method,
        headers,
        ...(body === undefined ? {} : { body }),
        signal: deadline.signal,
        redirect: 'manual',
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
      });
      phase = 'unknown';
      return sending;
    });
    // A refusal that is cut off may be of a proxy, after the server has acted or before.
    phase = response.ok ? 'sent' : 'unknown';
    const { status } = response;
    const isRedirect = response.type === 'opaqueredirect' || (status >= 300 && status < 400);
    // Of a redirect nothing is read: its body may never end.
    if (isRedirect) response.body?.cancel().catch(() => undefined);
    const text = isRedirect ? '' : await textOf(response, deadline);
    return { status, headers: response.headers, text, isRedirect };
  } catch (error) {
    if (deadline.ended() !== undefined) throw endOf(deadline, phase);
    throw lost(error, phase);
  }
}

async function textOf({ body }: Response, deadline: Deadline): Promise<string> {
  if (body === null) return '';
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let [text, length] = ['', 0];
  try {
    for (;;) {
      const { done, value } = await deadline.race(() => reader.read());
      if (done) return text + decoder.decode();
      length += value.length;
      if (length > MAX_ANSWER_BYTES) throw new TooLarge();
      text += decoder.decode(value, { stream: true });
    }
  } catch (error) {
    reader.cancel().catch(() => undefined);
    throw error;
  }
}

class TooLarge extends Error {}

/** What fetch of Node.js says of a connection that never stood. Browsers do not say. */
const neverStood =
  /^(?:UND_ERR_CONNECT_TIMEOUT|ERR_TLS_CERT_\w+|CERT_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_\w+)$/;

/** The system gives a connection that stood, and carried the request, the same codes: what it was at tells them apart. */
function isUnsent(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false;
  if ('errors' in error && Array.isArray(error.errors) && error.errors.length > 0) return error.errors.every(isUnsent);
  if ('syscall' in error) return error.syscall === 'connect' || error.syscall === 'getaddrinfo';
  if ('code' in error && typeof error.code === 'string') return neverStood.test(error.code);
  return 'cause' in error && isUnsent(error.cause);
}

/** The texts of other errors are not repeated: they may hold a header. */
function lost(error: unknown, phase: Phase): NoAnswer {
  if (error instanceof TooLarge) {
    return new NoAnswer(`the answer is longer than ${MAX_ANSWER_BYTES} bytes${inWords[phase]}`, phase);
  }
  const code = codeOf(error);
  const known = phase === 'unknown' && isUnsent(error) ? 'unsent' : phase;
  return new NoAnswer(`no answer${code === undefined ? '' : ` (${code})`}${inWords[known]}`, known);
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if ('code' in error && typeof error.code === 'string' && /^[A-Z][A-Z0-9_]{2,39}$/.test(error.code)) return error.code;
  return 'cause' in error ? codeOf(error.cause) : undefined;
}
