// The code that a phone scans.
import { expect, test } from 'vitest';
import { qrModules } from '../../../console/pages/hand-off/qr-modules.ts';
import { handOffLink } from '../../../src/client/hand-off.ts';
import { randomPrivateKey } from '../../../src/client/private-key.ts';
import { createStarkKey } from '../../../src/client/stark-key.ts';
import { feltOf } from '../../../src/domain/felt.ts';
import { readQr, SIDE } from '../../support/console/qr-reader.ts';

const link = () => {
  const ephemeralKey = randomPrivateKey();
  const { publicKey } = createStarkKey(randomPrivateKey());
  return handOffLink({ account: feltOf(0x4a1fn), publicKey, ephemeralKey }, 'https://keys.venue.example');
};

/** The path draws runs of modules, each of one row. */
function blackIn(path: string): ReadonlySet<string> {
  const runs = [...path.matchAll(/M(\d+) (\d+)h(\d+)v1h-(\d+)z/g)];
  expect(runs.map(([text]) => text).join('')).toBe(path);
  return new Set(
    runs.flatMap(([, x, y, length, back]) => {
      expect(back).toBe(length);
      return Array.from({ length: Number(length) }, (_, i) => `${Number(x) + i} ${y}`);
    }),
  );
}

test('a code holds the link of a hand-off, as another reading of the standard finds it, within 4 modules of white', () => {
  for (let i = 0; i < 20; i += 1) {
    const text = link();
    const { size, path } = qrModules(text);
    expect(size).toBe(SIDE + 8);
    const black = blackIn(path);
    for (const module of black) {
      const [x, y] = module.split(' ').map(Number);
      for (const at of [x, y]) expect(at).toSatisfy((n: number) => n >= 4 && n < 4 + SIDE);
    }
    expect(readQr((x, y) => black.has(`${x + 4} ${y + 4}`))).toBe(text);
  }
});

test('the reading tells a code with one module changed', () => {
  const text = link();
  const black = new Set(blackIn(qrModules(text).path));
  // The last module of the first column of data.
  const place = `${4 + SIDE - 1} ${4 + SIDE - 7}`;
  if (!black.delete(place)) black.add(place);
  expect(readQr((x, y) => black.has(`${x + 4} ${y + 4}`))).not.toBe(text);
});
