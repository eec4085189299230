// One request and its answer over plain HTTP, bounded in time and size. It follows no redirect: what is signed for one server
// must not travel to another.

export interface DemoRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly bearer?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. */
  readonly body?: unknown;
}

export interface Answer {
  readonly status: number;
  readonly text: string;
  /** The text as JSON; undefined when it is none. */
  readonly body: unknown;
}

export type Ask = (request: DemoRequest) => Promise<Answer>;

/** No answer, or none that can be used. The message completes "the server ...": "refused the connection". */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/** A member that the story needs is missing in a body. */
export class Unexpected extends Error {
  override readonly name = 'Unexpected';
}

const TIMEOUT_MS = 5_000;
/** The list of markets of a large venue is below 1 MiB. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;

/** Asks the server at `origin`, at most 5 s for one answer. Throws NoAnswer, or the reason of `stopped` once that is aborted. */
export function createAsk(origin: string, stopped: AbortSignal): Ask {
  return async function ask({ method, path, bearer, headers, body }) {
    try {
      const response = await fetch(`${origin}${path}`, {
        method,
        redirect: 'manual',
        signal: AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT_MS)]),
        headers: {
          ...(bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` }),
          ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await readText(response);
      return { status: response.status, text, body: parsed(text) };
    } catch (error) {
      stopped.throwIfAborted();
      if (error instanceof NoAnswer) throw error;
      throw new NoAnswer(reasonOf(error), { cause: error });
    }
  };
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new NoAnswer('sends an answer without end');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return `gave no answer within ${TIMEOUT_MS / 1000} s`;
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  switch (code) {
    case 'ECONNREFUSED':
      return 'refused the connection';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'cannot be found under that name';
    case 'ECONNRESET':
    case 'UND_ERR_SOCKET':
      return 'closed the connection without an answer';
    default:
      return `cannot be reached or does not speak HTTP${code === undefined ? '' : ` (${String(code)})`}`;
  }
}

/** The text at a path of member names and indexes, e.g. `textAt(body, 'results', 0, 'symbol')`. Throws Unexpected. */
export function textAt(body: unknown, ...path: readonly (string | number)[]): string {
  let value = body;
  for (const name of path) {
    value =
      typeof value === 'object' && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
  }
  if (typeof value === 'string' && value !== '') return value;
  throw new Unexpected(`the answer has no text ${path.join('.')}`);
}
