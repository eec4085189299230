// For `node --import`: ends the process with SIGKILL, or the signal that DIE_BY names, right before its n-th database statement, n being
// DIE_AT. Without one it says at the end how many there were.
import { DatabaseSync, StatementSync } from 'node:sqlite';
import { isMainThread } from 'node:worker_threads';

const dieAt = Number(process.env.DIE_AT ?? 0);
const dieBy = process.env.DIE_BY ?? 'SIGKILL';
let statements = 0;

function counting<Arguments extends unknown[], Result>(
  original: (this: unknown, ...given: Arguments) => Result,
): (this: unknown, ...given: Arguments) => Result {
  return function counted(...given) {
    statements += 1;
    if (statements === dieAt) process.kill(process.pid, dieBy);
    return original.apply(this, given);
  };
}

if (isMainThread) {
  for (const [prototype, names] of [
    [DatabaseSync.prototype, ['exec', 'close']],
    [StatementSync.prototype, ['run', 'all']],
  ] as const) {
    for (const name of names) {
      const original: (...given: unknown[]) => unknown = Reflect.get(prototype, name);
      Reflect.set(prototype, name, counting(original));
    }
  }
  process.once('exit', () => {
    if (dieAt === 0) process.stdout.write(`statements ${statements}\n`);
  });
}
