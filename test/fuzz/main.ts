// `npm run test:fuzz -- 600 --seed 1`: the fuzz of `npm test`, for as many seconds as are named (600), with another seed each time.
// Exit code 0: everything held, or it was left out, which it says.
import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { pythonEnvironment } from '../support/python/environment.ts';
import { fuzz } from './fuzz.ts';

const { values, positionals } = parseArgs({ options: { seed: { type: 'string' } }, allowPositionals: true });
const [seconds = '600'] = positionals;
const seed = values.seed ?? String(randomInt(2 ** 32));
for (const text of [seconds, seed]) {
  if (!/^[0-9]{1,10}$/.test(text) || positionals.length > 1) {
    process.stderr.write('test:fuzz: takes whole seconds and --seed, a whole number\n');
    process.exit(2);
  }
}
const { python } = await pythonEnvironment('schemathesis');
if (python !== undefined) {
  process.stdout.write(`fuzz: ${seconds} s, seed ${seed}\n`);
  const say = (text: string): unknown => process.stdout.write(text);
  const failures = await fuzz({ python, seconds: Number(seconds), seed: Number(seed), say });
  for (const failure of failures) process.stdout.write(`fuzz: ${failure}\n`);
  process.exitCode = failures.length === 0 ? 0 : 1;
}
