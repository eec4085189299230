// What a script, or developer tools, could read of a page by going from one object to the next: everything that hangs on the window and on
// React, whose state, properties and query cache among it. What only a closure has is not found.
import type { Page } from 'playwright-core';

const WALK = `(texts) => {
  const wanted = texts.map((text) => text.toLowerCase());
  const seen = new Set();
  const found = [];
  const queue = [['window', window], ['document', document]];
  seen.add(window).add(document);
  const look = (path, value) => {
    if (typeof value === 'string') {
      const text = value.toLowerCase();
      if (wanted.some((one) => text.includes(one))) found.push(path);
    } else if (typeof value === 'bigint') {
      const digits = value.toString(16);
      if (wanted.some((one) => one.includes(digits) && digits.length > 16)) found.push(path);
    } else if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
      if (!seen.has(value)) {
        seen.add(value);
        queue.push([path, value]);
      }
    }
  };
  while (queue.length > 0) {
    const [path, value] = queue.shift();
    if (path.length > 600) continue;
    try {
      if (value instanceof Map) {
        for (const [key, member] of value) {
          look(path + '.key', key);
          look(path + '.get(' + (typeof key === 'string' ? key : '') + ')', member);
        }
      } else if (value instanceof Set) {
        for (const member of value) look(path + '.has', member);
      } else if (value instanceof Node) {
        for (const child of value.childNodes) look(path + '>' + child.nodeName, child);
        if (value instanceof CharacterData) look(path + '>data', value.data);
      }
    } catch {
      // A prototype is of the kind that it makes, and is none.
    }
    for (const name of Reflect.ownKeys(value)) {
      const member = Object.getOwnPropertyDescriptor(value, name);
      if (member !== undefined && 'value' in member) look(path + '.' + String(name).slice(0, 24), member.value);
    }
  }
  return { found, count: seen.size, fibers: [...seen].filter((one) => 'memoizedState' in one && 'alternate' in one).length };
}`;

export interface Reachable {
  /** Where one of the texts is part of a text, a path each. */
  readonly found: readonly string[];
  /** Objects of React's own, of which there must be many: else nothing was looked at. */
  readonly fibers: number;
}

export const reachableTexts = (page: Page, texts: readonly string[]): Promise<Reachable> =>
  page.evaluate<Reachable>(`(${WALK})(${JSON.stringify(texts)})`);

/** Texts of the page's heap that have one of these in them, after everything that nobody holds is gone. The page's own workers are another heap. */
export async function heapTexts(page: Page, texts: readonly string[]): Promise<readonly string[]> {
  const session = await page.context().newCDPSession(page);
  const parts: string[] = [];
  session.on('HeapProfiler.addHeapSnapshotChunk', ({ chunk }) => parts.push(chunk));
  await session.send('HeapProfiler.enable');
  await session.send('HeapProfiler.collectGarbage');
  await session.send('HeapProfiler.takeHeapSnapshot', { reportProgress: false });
  await session.detach();
  const snapshot: unknown = JSON.parse(parts.join(''));
  const { strings } = snapshot as { readonly strings: readonly string[] };
  return strings.filter((one) => texts.some((text) => one.toLowerCase().includes(text.toLowerCase())));
}
