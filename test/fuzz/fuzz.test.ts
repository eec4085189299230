// Three minutes of schemathesis. `npm run test:fuzz` goes on for longer, and with another seed each time.
import { describe, expect, test } from 'vitest';
import { pythonEnvironment } from '../support/python/environment.ts';
import { fuzz } from './fuzz.ts';

const SECONDS = 180;
const SEED = 8;

const { python } = await pythonEnvironment('schemathesis');

describe.skipIf(python === undefined)(`schemathesis, seed ${SEED}`, () => {
  test('finds no 5xx, no answer that openapi.json does not describe and no lost connection, whatever it sends with every kind of bearer', {
    timeout: (SECONDS + 180) * 1000,
  }, async () => {
    const output: string[] = [];
    const options = {
      python: python ?? '',
      seconds: SECONDS,
      seed: SEED,
      say: (text: string) => void output.push(text),
    };
    expect(await fuzz(options), output.join('')).toEqual([]);
  });
});
