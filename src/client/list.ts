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

/** Far more than an account has. A page may be empty though another follows: the server looks at 10,000 rows for each. */
export const MOST_PAGES = 100_000;
export const MOST_EMPTY_PAGES = 1000;

/**
 * `for await (const row of list)` asks for page after page; a page may come short though another follows. It rejects with CountersignError
 * NOT_COUNTERSIGN where the pages of a server do not end: they come round, are 100,000, or 1,000 without a row one after the other.
 */
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
      // The cursor of page 1, 2, 4, 8, ...: pages that come round are told without all of their cursors (R. Brent's algorithm).
      let [marked, mark]: [string | null, number] = [null, 1];
      for (let [pages, empty] = [1, 0]; ; pages += 1) {
        const { results, next }: Page<T> = await page(cursor);
        yield* results;
        if (next === null) return;
        empty = results.length === 0 ? empty + 1 : 0;
        if (next === cursor || next === marked || empty >= MOST_EMPTY_PAGES || pages >= MOST_PAGES) endless();
        if (pages === mark) [marked, mark] = [next, mark * 2];
        cursor = next;
      }
    },
  };
}

const endless = (): never =>
  notCountersign(
    { status: 200, requestId: undefined },
    'the list of the server does not end: narrow it, or read it page by page',
  );
