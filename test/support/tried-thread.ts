// A worker thread that verifies like ours, over a kernel that cannot decide everything, until it is asked for the address of one of
// these wallets.
import { parentPort, workerData } from 'node:worker_threads';
import { openAnswers } from '../../src/verification/open-answers.ts';
import { outcomesOf } from '../../src/verification/outcome.ts';
import type { Batch, FromThread, ThreadData } from '../../src/verification/threads.ts';
import { openUndecided } from './undecided.ts';

export const deaths = {
  exit: 0xdead1n,
  error: 0xdead2n,
  memory: 0xdead3n,
  silence: 0xdead4n,
  short: 0xdead5n,
  swapped: 0xdead6n,
};

function die(wallet: bigint): boolean {
  if (wallet === deaths.exit) process.exit(1);
  if (wallet === deaths.error) throw new Error('a defect in the thread');
  if (wallet === deaths.memory) {
    const hoard: unknown[] = [];
    for (;;) hoard.push(new Array(1_000_000).fill(hoard.length));
  }
  return wallet === deaths.silence;
}

if (parentPort !== null) {
  const port = parentPort;
  const { settings, tableBytes }: ThreadData = workerData;
  const answers = openAnswers(settings, { tableBytes, open: openUndecided });
  const send = (message: FromThread): void => port.postMessage(message);
  port.on('message', ({ effort, asked }: Batch) => {
    const wallets = asked.map(({ question }) => (question.kind === 'wallet_address' ? question.wallet : 0n));
    if (wallets.some(die)) return;
    let outcomes = outcomesOf(answers, asked, effort);
    if (wallets.includes(deaths.short)) outcomes = outcomes.slice(1);
    if (wallets.includes(deaths.swapped)) outcomes = outcomes.toReversed();
    send({ kind: 'answered', outcomes, engine: answers.stats() });
  });
  send({ kind: 'ready' });
}
