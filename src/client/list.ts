// Lists: read row by row to their end, or page by page.
import type { Core, Query } from './call.ts';
import { notCountersign } from './not-countersign.ts';

/** What every call takes besides. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for all of it, sign-in and repeats included. Default: the client's. */
  readonly timeoutMs?: number | undefined;
}

export interface ListOptions extends CallOptions {
  /** Rows of a page, 1 to 500; default 100. */
  readonly limit?: number | undefined;
}

export interface Page<T> {
  readonly results: T[];
  /** For the next call of `page`; null on the last one. */
  readonly next: string | null;
}

/** `for await (const row of list)` asks for page after page; a page may come short though another follows. */
export interface List<T> extends AsyncIterable<T> {
  /** The first page, or the one after it: `page(next)`. */
  page(cursor?: string | null): Promise<Page<T>>;
}

export function listOf<T>(core: Pick<Core, 'call'>, path: string, query: Query, options: ListOptions = {}): List<T> {
  const { limit, signal, timeoutMs } = options;
  const page = async (cursor?: string | null): Promise<Page<T>> => {
    const asked = { ...query, limit, cursor: cursor ?? undefined };
    const answer = await core.call<Page<T> | undefined>({ method: 'GET', path, query: asked, signal, timeoutMs });
    const { results, next } = answer.body ?? {};
    const isPage = Array.isArray(results) && (next === null || typeof next === 'string');
    return isPage ? { ...answer.body, results, next } : notCountersign(answer);
  };
  return {
    page,
    async *[Symbol.asyncIterator]() {
      let cursor: string | null = null;
      do {
        const { results, next }: Page<T> = await page(cursor);
        yield* results;
        if (next !== null && next === cursor) throw new TypeError('the list of the server does not end');
        cursor = next;
      } while (cursor !== null);
    },
  };
}
