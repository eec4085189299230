// Lists of a server that lies: reading one ends, whatever the pages say comes next.
import { describe, expect, test } from 'vitest';
import { bearer } from '../../src/client/bearer-auth.ts';
import { createClient } from '../../src/client/create-client.ts';
import { Aborted } from '../../src/client/errors.ts';
import { MOST_EMPTY_PAGES, MOST_PAGES } from '../../src/client/list.ts';

interface Told {
  readonly rows: number;
  readonly next: string | null;
}

/** A client whose server gives these pages, by their number from 1. */
function listing(page: (number: number) => Told) {
  let pages = 0;
  const client = createClient({
    url: 'http://127.0.0.1:1',
    auth: bearer('a.b.c'),
    fetch: async () => {
      pages += 1;
      const { rows, next } = page(pages);
      const body = { results: Array.from({ length: rows }, (_, at) => ({ name: `${pages}.${at}` })), next };
      return new Response(JSON.stringify(body), { headers: { 'Content-Type': 'application/json' } });
    },
  });
  return { client, asked: () => pages };
}

/** How many rows were read, and what ended it. */
async function read(list: AsyncIterable<unknown>): Promise<{ rows: number; error?: unknown }> {
  let rows = 0;
  try {
    for await (const _ of list) rows += 1;
    return { rows };
  } catch (error) {
    return { rows, error };
  }
}

const endless = { name: 'CountersignError', code: 'NOT_COUNTERSIGN', message: expect.stringContaining('does not end') };

describe('a list of a server that lies', () => {
  test('cursors that are always new, of pages without rows, end after 1,000 pages', async () => {
    const { client, asked } = listing((number) => ({ rows: 0, next: `c${number}` }));
    expect(await read(client.activity.list())).toEqual({ rows: 0, error: expect.objectContaining(endless) });
    expect(asked()).toBe(MOST_EMPTY_PAGES);
  });

  test('cursors that are always new, of pages with rows, end after 100,000 pages', async () => {
    const { client, asked } = listing((number) => ({ rows: 1, next: `c${number}` }));
    expect(await read(client.activity.list())).toEqual({ rows: MOST_PAGES, error: expect.objectContaining(endless) });
    expect(asked()).toBe(MOST_PAGES);
  });

  test.each([1, 2, 3, 7, 100])('cursors that come round after %i pages end soon', async (length) => {
    const { client, asked } = listing((number) => ({ rows: 1, next: `c${number % length}` }));
    expect((await read(client.tokens.list())).error).toMatchObject(endless);
    expect(asked()).toBeLessThanOrEqual(3 * length + 2);
  });

  test('a page that names itself as the next ends at once, however late it comes', async () => {
    const { client, asked } = listing((number) => ({ rows: 1, next: `c${Math.min(number, 50)}` }));
    expect(await read(client.tokens.list())).toEqual({ rows: 51, error: expect.objectContaining(endless) });
    expect(asked()).toBe(51);
  });
});

describe('a list of a server that says the truth', () => {
  test('pages that come short, and hundreds without a row between two with one, are read to their end', async () => {
    const pages = 5 * MOST_EMPTY_PAGES;
    const { client } = listing((number) => ({
      rows: number % (MOST_EMPTY_PAGES - 1) === 0 ? 1 : 0,
      next: number === pages ? null : `c${number}`,
    }));
    expect(await read(client.activity.list())).toEqual({ rows: 5 });
  });

  test('an empty list is one page', async () => {
    const { client, asked } = listing(() => ({ rows: 0, next: null }));
    expect(await read(client.usage.list())).toEqual({ rows: 0 });
    expect(asked()).toBe(1);
  });

  test('a caller that reads no further asks for no page more, and one that aborts is told so', async () => {
    const { client, asked } = listing((number) => ({ rows: 2, next: `c${number}` }));
    for await (const _ of client.tokens.list()) break;
    expect(asked()).toBe(1);
    const controller = new AbortController();
    let rows = 0;
    const reading = (async () => {
      for await (const _ of client.tokens.list({ signal: controller.signal })) if (++rows === 3) controller.abort();
    })();
    await expect(reading).rejects.toBeInstanceOf(Aborted);
    expect(rows).toBe(4);
  });
});
