// Files of pages: loaded once, and again only where they did not arrive.
import { expect, test } from 'vitest';
import { loadedOnce } from '../../../console/app/loaded-once.ts';

test('a file is loaded once, whoever asks for it, and is there from then on', async () => {
  let loads = 0;
  const once = loadedOnce(async () => {
    loads += 1;
    return { number: loads };
  });
  expect(once.file).toBeUndefined();
  const [first, second] = await Promise.all([once.load(), once.load()]);
  expect(second).toBe(first);
  expect(await once.load()).toBe(first);
  expect(once.file).toBe(first);
  expect(loads).toBe(1);
});

test('a file that did not arrive is asked for again by the next who needs it', async () => {
  let isThere = false;
  const once = loadedOnce(async () => {
    if (!isThere) throw new Error('no network');
    return 'file';
  });
  await expect(once.load()).rejects.toThrow('no network');
  expect(once.file).toBeUndefined();
  isThere = true;
  expect(await once.load()).toBe('file');
});
