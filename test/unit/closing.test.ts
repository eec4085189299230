import { expect, test } from 'vitest';
import { createClosing } from '../../src/closing.ts';
import { NotClosed } from '../../src/errors.ts';

test('everything is closed, the last first, though some of it throws or rejects; each failure is told at once, and all at the end', async () => {
  const said: string[] = [];
  const closing = createClosing((error) => said.push(`told: ${error instanceof Error ? error.message : error}`));
  closing.push(() => void said.push('log'));
  closing.push(() => {
    throw new Error('EACCES');
  });
  closing.push(async () => void said.push('journal'));
  closing.push(() => Promise.reject(new Error('EIO')));
  closing.push(() => void said.push('listener'));
  await expect(closing.closeAll()).rejects.toEqual(new NotClosed([new Error('EIO'), new Error('EACCES')]));
  expect(said).toEqual(['listener', 'told: EIO', 'journal', 'told: EACCES', 'log']);
  await expect(closing.closeAll()).rejects.toThrow('not everything could be closed: EIO; EACCES');
  expect(said).toHaveLength(5);
});

test('whoever asks again while it is being closed waits for the same end', async () => {
  const slow = Promise.withResolvers<void>();
  const closing = createClosing(() => expect.unreachable());
  closing.push(() => slow.promise);
  const first = closing.closeAll();
  let secondEnded = false;
  const second = closing.closeAll().then(() => {
    secondEnded = true;
  });
  await new Promise(setImmediate);
  expect(secondEnded).toBe(false);
  slow.resolve();
  await Promise.all([first, second]);
});
