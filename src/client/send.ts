// Calls as the parts of the client make them: with a bearer, within a deadline, and sent again only where that can do nothing twice.
import type { Answer, Call, InnerRequest } from './call.ts';
import { createDeadline, type Deadline, DeadlineOver, endOf, inWords, within } from './deadline.ts';
import { Aborted, CountersignError, isCode, type MaybeMade, NoAnswer, type Phase } from './errors.ts';
import { exchange, type Fetch } from './exchange.ts';
import { outgoing, pathnameOf } from './outgoing.ts';
import { isOwnRoute } from './own-routes.ts';
import { readAnswer, withMaybeMade } from './read-answer.ts';
import type { Sessions } from './session.ts';

export interface SendDeps {
  readonly origin: string;
  readonly fetch: Fetch;
  readonly timeoutMs: number;
  readonly retries: number;
  /** Milliseconds, for intervals alone. */
  readonly monotonic: () => number;
  /** In [0, 1). */
  readonly random: () => number;
  /** Absent: no bearer but one that a request names. */
  readonly sessions?: Sessions | undefined;
  /** The server's time in Unix nanoseconds, or a little before it. */
  readonly since: () => Promise<bigint>;
}

const AT_ONCE_MS = 20;
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 8000;

export function createCall(deps: SendDeps): Call {
  const { origin, timeoutMs, retries, monotonic, sessions } = deps;

  return async <Body>(request: InnerRequest): Promise<Answer<Body>> => {
    const isOwn = isOwnRoute(pathnameOf(origin, request));
    const answer = await (request.deadline === undefined
      ? within(createDeadline(request, timeoutMs, monotonic), (deadline) => repeated(request, isOwn, deadline))
      : repeated(request, isOwn, request.deadline));
    // The caller says what the answer of its route is.
    return answer as Answer<Body>;
  };

  async function repeated(request: InnerRequest, isOwn: boolean, deadline: Deadline): Promise<Answer> {
    let before: Phase = 'unsent';
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await once(request, isOwn, deadline);
      } catch (thrown) {
        const error = told(thrown instanceof DeadlineOver ? endOf(deadline, 'unsent') : thrown, before);
        if (!mayRepeat(request, isOwn, error) || attempt >= retries) throw error;
        if (before === 'unsent') before = phaseOf(error);
        const wait = waitFor(error, attempt);
        if (wait >= deadline.left()) throw error;
        try {
          await deadline.sleep(wait);
        } catch {
          // The last answer says more than the end of waiting for the next, unless the caller gave up.
          throw deadline.ended() === 'aborted' ? new Aborted(before) : error;
        }
      }
    }
  }

  /** Once, or twice when the server knows the bearer no longer: it has acted on nothing. */
  async function once(request: InnerRequest, isOwn: boolean, deadline: Deadline): Promise<Answer> {
    const bearer = await bearerOf(request, deadline);
    try {
      return await sent(request, isOwn, bearer, deadline);
    } catch (error) {
      if (bearer === undefined || sessions === undefined || request.bearer !== undefined) throw error;
      if (!isCode(error, 'UNAUTHORIZED_ERROR')) throw error;
      sessions.forget(bearer);
      const isSafe = !request.once && (isOwn || request.method === 'GET');
      if (!isSafe) throw error;
      const next = await bearerOf(request, deadline);
      if (next === bearer) throw error;
      return await sent(request, isOwn, next, deadline);
    }
  }

  async function bearerOf(request: InnerRequest, deadline: Deadline): Promise<string | undefined> {
    if (request.bearer !== undefined) return request.bearer === 'none' ? undefined : request.bearer;
    if (sessions === undefined) return undefined;
    try {
      return (await deadline.race(sessions.get, sessions.attended)).bearer;
    } catch (error) {
      // Whatever became of the sign-in: the request itself did not leave.
      if (error instanceof NoAnswer)
        throw new NoAnswer(`the sign-in has ${error.message.replace(/: .*/, '')}${inWords.unsent}`, 'unsent');
      throw error;
    }
  }

  async function sent(
    request: InnerRequest,
    isOwn: boolean,
    bearer: string | undefined,
    deadline: Deadline,
  ): Promise<Answer> {
    const { makes } = request;
    const since = makes === undefined ? 0n : await sinceBefore(deadline);
    const out = outgoing(origin, request, bearer);
    try {
      const answer = readAnswer(await exchange(deps.fetch, out, deadline), out, isOwn);
      if (request.isMade?.(answer.body) === false)
        throw new NoAnswer(`the answer has another form than a Countersign's${inWords.sent}`, 'sent');
      return answer;
    } catch (error) {
      throw makes === undefined ? error : withWhatToLookFor(error, { ...makes, since });
    }
  }

  async function sinceBefore(deadline: Deadline): Promise<bigint> {
    try {
      return await deadline.race(deps.since);
    } catch (error) {
      if (error instanceof NoAnswer) throw new NoAnswer(`the server's clock is not known${inWords.unsent}`, 'unsent');
      throw error;
    }
  }

  function waitFor(error: unknown, attempt: number): number {
    const jitter = deps.random();
    const asked = error instanceof CountersignError ? error.retryAfterSeconds : undefined;
    // Never sooner than asked: the others that were refused come back then, too.
    if (asked !== undefined) return asked * 1000 * (1 + jitter / 10);
    // A connection that broke says nothing about the next one.
    if (attempt === 0 && error instanceof NoAnswer) return jitter * AT_ONCE_MS;
    return Math.min(FIRST_WAIT_MS * 2 ** attempt, LONGEST_WAIT_MS) * (0.5 + jitter / 2);
  }
}

/** DELETE and PUT of our own routes do nothing twice; those of the venue may be orders. */
function mayRepeat({ method, once }: InnerRequest, isOwn: boolean, error: unknown): boolean {
  if (once === true || method === 'POST' || (method !== 'GET' && !isOwn)) return false;
  if (error instanceof CountersignError) return error.status === 429 || error.status === 503;
  return error instanceof NoAnswer;
}

/** What an attempt that failed may have done. A 503 may come after it was done, a 429 comes before. */
function phaseOf(error: unknown): Phase {
  if (error instanceof CountersignError) return error.status < 500 ? 'unsent' : 'unknown';
  return error instanceof NoAnswer ? error.phase : 'unsent';
}

/** An attempt that did not leave says nothing of those before it. */
function told(error: unknown, before: Phase): unknown {
  if (before === 'unsent') return error;
  if (error instanceof Aborted && error.phase === 'unsent') return new Aborted(before);
  if (!(error instanceof NoAnswer) || error.phase !== 'unsent') return error;
  return new NoAnswer(error.message.replace(inWords.unsent, inWords[before]), before);
}

/** A refusal (4xx) has made nothing. */
function withWhatToLookFor(error: unknown, maybeMade: MaybeMade): unknown {
  if (error instanceof NoAnswer && error.phase !== 'unsent') return new NoAnswer(error.message, error.phase, maybeMade);
  if (error instanceof Aborted && error.phase !== 'unsent') return new Aborted(error.phase, maybeMade);
  if (error instanceof CountersignError && error.status >= 500) return withMaybeMade(error, maybeMade);
  return error;
}
